"""Options that several commands share, and the types of their values."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NoReturn

from mivos_studio.one_line import one_line
from mivos_studio.session_options import SessionOptions

BAD_INPUT = 2
"""Exit code of bad input or usage."""

DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = ("auto", "float32", "bfloat16", "float16")
_DEFAULT_FORMAT = "png-indexed"


class OneSentenceParser(argparse.ArgumentParser):
    """A parser that reports errors in one sentence, without the usage, and exits with code 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, one_line(f"{self.prog}: {message} (see {self.prog} --help)") + "\n")


@dataclass(frozen=True)
class GivenMask:
    """A mask that the caller gives for one frame."""

    frame_index: int
    file: Path


def add_models_option(parser: argparse._ActionsContainer) -> None:
    """Add the option of the family of networks."""
    from model.families import BEST_FIRST, FAMILIES  # here, since another package may shadow model

    families = ", ".join(f"{family.name} ({family.summary})" for family in FAMILIES.values())
    first = ", ".join(family.name for family in BEST_FIRST)
    parser.add_argument(
        "--models",
        choices=("auto", *FAMILIES),
        default="auto",
        help=f"family of networks: {families}; auto is the first of {first} whose files are all there"
        " (default: auto)",
    )


def add_network_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of networks and device."""
    group = parser.add_argument_group("networks")
    add_models_option(group)
    group.add_argument(
        "--weights", type=Path, metavar="DIR", help="folder of weights (default: those shipped)"
    )
    group.add_argument("--device", choices=DEVICES, default="auto", help="where to compute (default: auto)")
    group.add_argument("--dtype", choices=DTYPES, default="auto", help="precision (default: auto)")
    group.add_argument(
        "--working-size",
        type=whole_number(least=64),
        default=480,
        metavar="PIXELS",
        help="short side at which the networks look at a frame (default: 480)",
    )
    group.add_argument(
        "--seed", type=whole_number(least=0), default=0, help="seed of everything random (default: 0)"
    )


def session_options(options: argparse.Namespace) -> SessionOptions:
    """Return what the options of `add_network_options` say, but the seed."""
    return SessionOptions(**network_values(options))


def network_values(options: argparse.Namespace) -> dict[str, Any]:
    """Return the fields of SessionOptions by name, for options that have others too."""
    return {field.name: getattr(options, field.name) for field in fields(SessionOptions)}


def add_result_options(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the options of the result's place."""
    parser.add_argument("--out", type=Path, required=required, metavar="DIR", help="folder to write")
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace an earlier result in that folder; other files there stay",
    )


def add_format_option(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add the option of the export formats, as `mivos_studio.media.export.formats.find_formats` reads it."""
    parser.add_argument(
        "--format",
        required=required,
        default=None if required else _DEFAULT_FORMAT,
        metavar="NAME[,NAME]",
        help="formats of the masks, as `mivos formats` lists them; several are written into a folder each"
        + ("" if required else f" (default: {_DEFAULT_FORMAT})"),
    )


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of figures and progress."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--quiet", action="store_true", help="show no progress")


LARGEST_NUMBER = 2**31 - 1
"""Above every count, size and seed that means something, and within what the libraries hold."""


def whole_number(*, least: int, most: int = LARGEST_NUMBER) -> Callable[[str], int]:
    """Make an argument type: a whole number between two bounds."""

    def parse(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"{number} is less than {least}")
        if number > most:
            raise argparse.ArgumentTypeError(f"{number} is more than {most}")
        return number

    parse.__name__ = "whole number"  # what argparse calls it when int() refuses
    return parse


def positive_number(text: str) -> float:
    """Read a number above 0."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return number


def given_mask(text: str) -> GivenMask:
    """Read FRAME=FILE."""
    frame, separator, file = text.partition("=")
    if not separator or not file or not re.fullmatch(r"[0-9]{1,18}", frame):
        raise argparse.ArgumentTypeError(f"{text!r} is not FRAME=FILE, as in 0=first.png")
    return GivenMask(int(frame), Path(file))


def image_size(text: str) -> tuple[int, int]:
    """Read WIDTHxHEIGHT and give (height, width)."""
    match = re.fullmatch(r"([0-9]{1,9})x([0-9]{1,9})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT, as in 768x512")
    return int(match[2]), int(match[1])
