"""The `mivos` command: finds the command that is meant, and turns whatever goes wrong into an exit code.

0 done · 1 a fault of ours · 2 bad input or usage: one sentence on stderr, nothing written · 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import NoReturn

from mivos_studio.cli import gui

_COMMANDS = ("propagate", "replay", "evaluate", "bench", "synthesize", "train", "weights", "gui", "doctor")
_ROOMS = frozenset({"inference_core", "mivos_studio", "model"})
_FAULT, _BAD_INPUT, _INTERRUPTED = 1, 2, 130


class _Parser(argparse.ArgumentParser):
    """A parser that complains in one sentence, without reciting the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(_BAD_INPUT, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words[:1] == ["gui"]:
            return gui.run(
                words[1:]
            )  # the window has its own parser: `mivos gui --help` is the window's help
        options = _parser(words).parse_args(words)
        options.run(options)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return _INTERRUPTED
    except Exception as error:
        if _is_bad_input(error):
            print(error, file=sys.stderr)
            return _BAD_INPUT
        print(_fault(error), file=sys.stderr)
        return _FAULT
    return 0


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(prog="mivos", description="Cut objects out of a clip.", allow_abbrev=False)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    # The doctor has to start where what the other commands import is missing or hidden.
    for name in ("doctor",) if words[:1] == ["doctor"] else _COMMANDS:
        importlib.import_module(f"mivos_studio.cli.{name}").add_parser(commands)
    return parser


def _is_bad_input(error: Exception) -> bool:
    """Tell the caller's errors from ours: every room raises its own kind of ValueError for bad input.

    Asked by where the class was made, since importing them all would import torch to print a sentence.
    """
    return isinstance(error, ValueError) and type(error).__module__.partition(".")[0] in _ROOMS


def _fault(error: Exception) -> str:
    with tempfile.NamedTemporaryFile(
        "w", prefix="mivos-", suffix=".txt", delete=False, encoding="utf-8"
    ) as details:
        traceback.print_exception(error, file=details)
    sentence = (
        f"A fault in mivos stopped the command ({type(error).__name__}); the details are in {details.name}"
    )
    is_installation = isinstance(error, ImportError)
    return (
        f"{sentence}; `mivos doctor` says what is wrong with the installation"
        if is_installation
        else sentence
    )
