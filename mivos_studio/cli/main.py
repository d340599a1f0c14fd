"""The `mivos` command: parses the command line, runs a command and turns errors into exit codes.

0 done · 1 a fault of ours · 2 bad input or usage: one sentence on stderr, nothing written · 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress

from mivos_studio.cli import gui
from mivos_studio.cli.options import BAD_INPUT, OneSentenceParser
from mivos_studio.cli.stderr import libraries_are_silent, say
from mivos_studio.system_errors import sentence_of

COMMANDS = {
    "propagate": "mivos_studio.cli.propagate",
    "replay": "mivos_studio.cli.replay",
    "export": "mivos_studio.cli.export",
    "script": "mivos_studio.cli.script",
    "formats": "mivos_studio.cli.formats",
    "check": "mivos_studio.cli.check",
    "evaluate": "mivos_studio.cli.evaluate",
    "bench": "mivos_studio.cli.bench",
    "synthesize": "mivos_studio.cli.synthesize",
    "train": "mivos_studio.cli.train",
    "weights": "mivos_studio.cli.weights",
    "gui": "mivos_studio.cli.gui",
    "doctor": "mivos_studio.cli.doctor",
}
"""Registry of the commands: the module of each, whose `add_parser` declares it. --help imports them all."""
_FAULT, _INTERRUPTED = 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["gui"]:  # has its own parser: `mivos gui --help` is the window's help
        return gui.run(words[1:])
    _let_any_name_be_printed()
    with libraries_are_silent():
        return _run(words)


def _run(words: Sequence[str]) -> int:
    try:
        options = command_parser(words).parse_args(words)
        if words[:1] != ["doctor"]:
            _clear_leftovers()
        options.run(options)
        if sys.stdout is not None:  # as where a service starts the command without one
            sys.stdout.flush()
    except KeyboardInterrupt:
        say("Interrupted.")
        return _INTERRUPTED
    except BrokenPipeError:  # the reader of the output, as `head`, has all that it wants
        _close_output()
    except Exception as error:
        sentence = str(error) if _is_user_error(error) else sentence_of(error)
        say(_fault(error) if sentence is None else sentence)
        if isinstance(error, OSError):
            _close_output()  # it may be what could not be written
        return _FAULT if sentence is None else BAD_INPUT
    return 0


def _let_any_name_be_printed() -> None:
    """Print names of files that are no valid Unicode with escapes, instead of failing at them."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _close_output() -> None:
    """Drop what was not printed yet: Python would try again at its exit, and report that."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _clear_leftovers() -> None:
    """Remove what killed runs left, if any did."""
    from mivos_studio.media.output.unfinished import has_notes

    if has_notes():
        from mivos_studio.project.file.leftovers import clear_leftovers

        clear_leftovers()


def command_parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of a command line; that of `mivos doctor` has no other command."""
    parser = OneSentenceParser(prog="mivos", description="Cut objects out of a clip.", allow_abbrev=False)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=OneSentenceParser)
    # `mivos doctor` has to start where what the other commands import is missing or shadowed.
    for name in ("doctor",) if words[:1] == ["doctor"] else COMMANDS:
        importlib.import_module(COMMANDS[name]).add_parser(commands)
    return parser


def _is_user_error(error: Exception) -> bool:
    try:
        from inference_core.errors import UserError  # here, since another package may shadow inference_core
    except ImportError:
        return False
    return isinstance(error, UserError)


def _fault(error: Exception) -> str:
    """Return the sentence about a fault of the program; its details go to a file where one can be written."""
    text = f"A fault in mivos stopped the command ({type(error).__name__})"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="mivos-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as details:
            traceback.print_exception(error, file=details)
        text += f"; the details are in {details.name}"
    except OSError:
        text += "; its details cannot be written: set TMPDIR to a folder on a disk with free space"
    if isinstance(error, ImportError):
        return f"{text}; `mivos doctor` says what is wrong with the installation"
    return text
