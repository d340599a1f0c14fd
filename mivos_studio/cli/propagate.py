"""`mivos propagate`: given masks in, a mask for every frame out."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference_core.errors import UserError
from mivos_studio.cli.options import (
    add_format_option,
    add_network_options,
    add_report_options,
    add_result_options,
    given_mask,
)
from mivos_studio.cli.output import write_json
from mivos_studio.cli.progress import ProgressBar

if TYPE_CHECKING:
    from inference_core.session import Session


@dataclass(frozen=True)
class TimedRound:
    """One propagation: its anchor, the number of its frames and its duration."""

    anchor: int
    frames: int
    seconds: float


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "propagate",
        help="propagate given masks through a clip",
        description="Commit masks in the order given and propagate each through the clip; the second and"
        " later ones are corrections, fused with what is there. Writes a mask for every frame at the source's"
        " size.",
    )
    parser.add_argument("clip", metavar="CLIP", help="video file or folder of images")
    parser.add_argument(
        "--mask",
        dest="masks",
        type=given_mask,
        action="append",
        required=True,
        metavar="FRAME=FILE",
        help="mask of a frame, counted from 0: an indexed or grey PNG whose pixel values are object ids",
    )
    add_result_options(parser)
    add_format_option(parser)
    add_network_options(parser)
    add_report_options(parser)
    parser.add_argument("--timings", type=Path, metavar="FILE", help="write the same figures there, too")
    parser.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Check all input, propagate, write the masks."""
    from mivos_studio.cli import job

    files = [given.file for given in options.masks]
    clip, output = job.open_job(options, files)
    masks = [
        (given.frame_index, job.read_mask(clip, given.file, given.frame_index)) for given in options.masks
    ]
    if not any(ids.any() for _, ids in masks):
        raise UserError("None of the masks shows an object: all their pixels are 0.")
    with output:
        session, _ = job.open_session(clip, options)
        rounds = []
        for frame_index, ids in masks:
            session.set_ids(frame_index, ids)
            rounds.append(_propagate(session, frame_index, quiet=options.quiet))
        job.write_masks(session, clip, output, options)
    figures = {**_timings(rounds), **job.circumstances(session)}
    write_json(options, figures, [*files, Path(options.clip)], result=output.path)


def _propagate(session: Session, frame_index: int, *, quiet: bool) -> TimedRound:
    bar = ProgressBar(f"propagate from {frame_index}", quiet=quiet)
    started_s = time.perf_counter()
    frames = 0
    for change in session.propagate(frame_index):
        frames += 1
        if change.progress:
            bar.show(change.progress.done, change.progress.total)
    seconds = time.perf_counter() - started_s
    bar.clear()
    return TimedRound(frame_index, frames, seconds)


def _timings(rounds: Sequence[TimedRound]) -> dict[str, Any]:
    frames, seconds = sum(r.frames for r in rounds), sum(r.seconds for r in rounds)
    return {
        "frames": frames,
        "seconds": seconds,
        "fps": frames / seconds,
        "rounds": [asdict(timed) for timed in rounds],
    }
