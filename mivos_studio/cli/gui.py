"""`mivos gui`, and `python interactive_gui.py`: the options of the window."""

from __future__ import annotations

import argparse
import sys
from argparse import _SubParsersAction
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mivos_studio.cli.options import (
    DEVICES,
    OneSentenceParser,
    add_models_option,
    positive_number,
    whole_number,
)
from mivos_studio.cli.stderr import libraries_are_silent, say

if TYPE_CHECKING:
    from mivos_studio.app import WindowOptions


def add_parser(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """List the command in --help; its arguments are parsed by `parse`."""
    commands.add_parser("gui", help="open the window", add_help=False)


def run(arguments: Sequence[str] | None = None) -> int:
    """Open the window with the options of a command line, by default sys.argv; return the exit code."""
    from mivos_studio import app

    options = parse(sys.argv[1:] if arguments is None else arguments)
    with libraries_are_silent():
        return app.run(options, say)


def parse(arguments: Sequence[str]) -> WindowOptions:
    """Parse the command line; exit with a sentence and code 2 if it is not valid."""
    from mivos_studio.app import WindowOptions  # here, since every command imports this module for its --help

    parser = OneSentenceParser(
        prog="interactive_gui.py", description="Cut objects out of a clip.", allow_abbrev=False
    )
    parser.add_argument(
        "clip", nargs="?", type=Path, metavar="CLIP|PROJECT", help="video, folder of images, or project"
    )
    parser.add_argument("--video", type=Path, metavar="FILE", help="open a video")
    parser.add_argument("--images", type=Path, metavar="DIR", help="open a folder of images")
    add_models_option(parser)
    parser.add_argument("--weights", type=Path, metavar="DIR", help="folder of weights")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where to compute")
    parser.add_argument(
        "--working-size", type=whole_number(least=64), default=480, metavar="PIXELS",
        help="short side at which the networks process a frame (default: 480)",
    )  # fmt: skip
    parser.add_argument("--script", type=Path, metavar="FILE", help="play a script once the clip is open")
    parser.add_argument(
        "--screenshot", type=Path, metavar="PNG", help="save a screenshot of the window at the end"
    )
    parser.add_argument(
        "--exit-after", type=positive_number, metavar="SECONDS", help="close the window by itself"
    )
    given = parser.parse_args(list(arguments))
    clips = [path for path in (given.clip, given.video, given.images) if path is not None]
    error = _error_in(given, clips)
    if error:
        parser.error(error)
    return WindowOptions(
        clip=clips[0] if clips else None,
        models=given.models,
        weights=given.weights,
        device=given.device,
        working_size=given.working_size,
        script=given.script,
        screenshot=given.screenshot,
        exit_after_s=given.exit_after,
        offers_recovery=given.exit_after is None,
    )


def _error_in(given: argparse.Namespace, clips: list[Path]) -> str | None:
    if len(clips) > 1:
        return "name one clip: CLIP, --video or --images"
    if clips and not clips[0].exists():
        return f"there is no file or folder at {clips[0]}"
    if given.video is not None and given.video.is_dir():
        return f"{given.video} is a folder: open it with --images"
    if given.images is not None and not given.images.is_dir():
        return f"{given.images} is not a folder: open it with --video"
    if given.script is not None and not given.script.is_file():
        return f"there is no script at {given.script}"
    if given.weights is not None and not given.weights.is_dir():
        return f"there is no folder of weights at {given.weights}"
    if given.screenshot is not None and not given.screenshot.absolute().parent.is_dir():
        return f"there is no folder to save {given.screenshot} in"
    return _error_in_screenshot(given.screenshot, [*clips, given.script])


def _error_in_screenshot(screenshot: Path | None, inputs: Iterable[Path | None]) -> str | None:
    if screenshot is None:
        return None
    from gui.screenshot import SCREENSHOT
    from mivos_studio.media.errors import MediaError
    from mivos_studio.media.output.file import check_file

    try:
        check_file(screenshot, SCREENSHOT, inputs=[path for path in inputs if path is not None])
    except MediaError as error:
        return str(error)
    return None
