"""A command as somebody would add one: it counts the frames of a clip."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("count", help="count frames", description="Print a clip's number of frames.")
    parser.add_argument("clip", type=Path, metavar="CLIP", help="video file or folder of images")
    parser.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Open the clip, print its length."""
    from mivos_studio.media.clip import open_clip

    print(len(open_clip(options.clip)))
