"""Files that a user names: looked at before they are opened, and read as JSON within limits.

A pipe or a device would be waited for, or read without end; a file of gigabytes would fill the memory before
its first byte is checked.
"""

from __future__ import annotations

import json
import re
import stat
from itertools import accumulate
from pathlib import Path
from typing import Any

from inference_core.errors import UserError
from mivos_studio.system_errors import reason_of

LARGEST_TEXT_BYTES = 64 * 2**20
"""More than a script of a day's work or any list that this program reads has."""
_DEEPEST = 32
_LONGEST_NUMBER = 300  # digits; a float ends there, and Python's int at 4300
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[][{}]")
_STEPS = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}


class InputFileError(UserError):
    """A file that cannot be read as asked; the text says what to do about it."""


def check_input(
    path: Path, noun: str, *, largest_bytes: int | None = None, may_be_folder: bool = False
) -> None:
    """Raise an InputFileError with one sentence where a path is not that of a file to read.

    noun           what the file is to be, as "mask".
    may_be_folder  whether a folder will do.
    """
    try:
        facts = path.stat()
    except FileNotFoundError as error:
        raise InputFileError(f"There is no {noun} at {path}: check its name.") from error
    except OSError as error:
        raise InputFileError(f"The {noun} {path} cannot be read: {reason_of(error)}.") from error
    except ValueError as error:  # a name with the character NUL
        raise InputFileError(f"{str(path)!r} is no path of a file: choose another name.") from error
    if stat.S_ISDIR(facts.st_mode) and may_be_folder:
        return
    if stat.S_ISDIR(facts.st_mode):
        raise InputFileError(f"The {noun} {path} is a folder: name a file.")
    if not stat.S_ISREG(facts.st_mode):
        raise InputFileError(f"The {noun} {path} is a pipe or a device: save it as a file, and name that.")
    if largest_bytes is not None and facts.st_size > largest_bytes:
        raise InputFileError(
            f"The {noun} {path} has {facts.st_size / 2**20:.0f} MiB; at most {largest_bytes / 2**20:.0f} MiB"
            " are read: check that it is the right file."
        )


def read_json(path: Path, noun: str) -> Any:
    """Read a JSON file; raise an InputFileError with one sentence where it is none.

    Refused too: a key that stands twice in one object, more than 32 lists or objects inside one another, and
    more than 64 MiB. Whole numbers of more digits than a float has are read as infinite.
    """
    content = _read(path, noun)
    if _depth(content) > _DEEPEST:
        raise InputFileError(
            f"The {noun} {path} has lists over {_DEEPEST} deep: check that it is the right file."
        )
    try:
        return json.loads(
            content.decode("utf-8"), object_pairs_hook=_without_repeated_keys, parse_int=_whole_number
        )
    except UnicodeDecodeError as error:
        raise InputFileError(
            f"The {noun} {path} is not a text file in UTF-8: check that it is the right file."
        ) from error
    except ValueError as error:
        raise InputFileError(f"The {noun} {path} is not valid JSON ({error}): correct it there.") from error


def read_text(path: Path, noun: str) -> str:
    """Read a text file in UTF-8, at most 64 MiB; raise an InputFileError where it is none."""
    try:
        return _read(path, noun).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputFileError(
            f"The {noun} {path} is not a text file in UTF-8: check that it is the right file."
        ) from error


def _read(path: Path, noun: str) -> bytes:
    check_input(path, noun, largest_bytes=LARGEST_TEXT_BYTES)
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputFileError(f"The {noun} {path} cannot be read: {reason_of(error)}.") from error


def _depth(content: bytes) -> int:
    """Return how many lists and objects are inside one another, as if the text were valid."""
    brackets = _BRACKET.findall(_TEXT.sub(b"", content))
    return max(accumulate((_STEPS[bracket] for bracket in brackets), initial=0))


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else float(digits)


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return values
