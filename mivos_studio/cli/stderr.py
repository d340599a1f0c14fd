"""What a command prints on stderr: its own sentences, a line each, and nothing that libraries write there."""

from __future__ import annotations

import io
import logging
import os
import sys
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

LONGEST_LINE = 500
"""Characters of the longest line. A path of 4096 characters, or a name from a file, is cut in the middle."""
_DESCRIPTOR = 2
_CUT = " … "
_KEPT_END = 200  # says what to do
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories of what a terminal interprets or cannot show: controls, half surrogate pairs, breaks."""
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of the text around them."""


def say(sentence: object) -> None:
    """Print a sentence on stderr, as one line; nothing where stderr is closed or its disk is full."""
    with suppress(OSError, ValueError, AttributeError):
        print(one_line(str(sentence)), file=sys.stderr, flush=True)


def one_line(text: str) -> str:
    """Return a text as a line of at most LONGEST_LINE characters that a terminal shows as they are."""
    line = "".join(_shown(character) for character in " ".join(text.split()))
    if len(line) <= LONGEST_LINE:
        return line
    return line[: LONGEST_LINE - _KEPT_END - len(_CUT)] + _CUT + line[-_KEPT_END:]


def _shown(character: str) -> str:
    is_unsafe = character in _DIRECTIONS or unicodedata.category(character) in _UNPRINTABLE
    return "�" if is_unsafe else character


@contextmanager
def libraries_are_silent() -> Iterator[None]:
    """Keep stderr for this program: what libraries write there, in Python or in C, is dropped.

    Libraries of images and video report each oddity of a file there, and some do it for every frame. Where
    stderr is not the process's own, as in tests, that of Python alone is silenced. The environment variable
    MIVOS_LIBRARY_MESSAGES=1 leaves everything as it is, to look into a fault.
    """
    if os.environ.get("MIVOS_LIBRARY_MESSAGES"):
        yield
        return
    root, handler = logging.getLogger(), logging.NullHandler()
    root.addHandler(handler)  # without any, logging writes warnings to stderr itself
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")
            with _own_descriptor():
                yield
    finally:
        root.removeHandler(handler)


@contextmanager
def _own_descriptor() -> Iterator[None]:
    """Give sys.stderr a descriptor of its own, and lead the one that C libraries know nowhere."""
    before = sys.stderr
    if not _is_of_the_process(before):
        yield
        return
    before.flush()
    kept = os.dup(_DESCRIPTOR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _DESCRIPTOR)
    os.close(nowhere)
    # Not closed at the end: threads that outlive the command may still write to it.
    sys.stderr = io.TextIOWrapper(
        io.FileIO(os.dup(kept), "w"),
        encoding=before.encoding,
        errors="backslashreplace",
        line_buffering=True,
        write_through=True,
    )
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        sys.stderr = before
        os.dup2(kept, _DESCRIPTOR)
        os.close(kept)


def _is_of_the_process(stream: TextIO) -> bool:
    try:
        return stream.fileno() == _DESCRIPTOR
    except (OSError, ValueError, AttributeError):
        return False
