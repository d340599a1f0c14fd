"""The `mivos` command: parses the command line, runs a command and turns errors into exit codes.

0 done · 1 a fault of ours · 2 bad input or usage: one sentence on stderr, nothing written · 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from collections.abc import Sequence

from inference_core.errors import UserError
from mivos_studio.cli import bench, evaluate, gui, propagate, replay, synthesize, train, weights
from mivos_studio.cli.options import BAD_INPUT, OneSentenceParser

_COMMANDS = (propagate, replay, evaluate, bench, synthesize, train, weights, gui)
_FAULT, _INTERRUPTED = 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words[:1] == ["gui"]:
            return gui.run(
                words[1:]
            )  # the window has its own parser: `mivos gui --help` is the window's help
        options = _parser().parse_args(words)
        options.run(options)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return _INTERRUPTED
    except UserError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except Exception as error:
        print(_fault(error), file=sys.stderr)
        return _FAULT
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = OneSentenceParser(prog="mivos", description="Cut objects out of a clip.", allow_abbrev=False)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=OneSentenceParser)
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def _fault(error: Exception) -> str:
    with tempfile.NamedTemporaryFile(
        "w", prefix="mivos-", suffix=".txt", delete=False, encoding="utf-8"
    ) as details:
        traceback.print_exception(error, file=details)
    return f"A fault in mivos stopped the command ({type(error).__name__}); the details are in {details.name}"
