"""`mivos gui`: the window, with the options of interactive_gui.py."""

from __future__ import annotations

from argparse import _SubParsersAction
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Name the command in --help; its words go to the window's own parser."""
    commands.add_parser("gui", help="open the window", add_help=False)


def run(words: Sequence[str]) -> int:
    """Open the window and return its exit code."""
    from mivos_studio.app import main

    return main(words)
