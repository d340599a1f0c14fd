"""Samples of the interactive protocol: clips with human scribbles where the data have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inference_core.types import Tool
from mivos_studio.evaluation.errors import EvaluationError
from mivos_studio.evaluation.folders import TrueClip
from mivos_studio.evaluation.robots.scribble import Scribble
from mivos_studio.input_files import InputFileError, read_json

SCRIBBLES = Path("Scribbles")


@dataclass(frozen=True, eq=False)
class InitialScribbles:
    """The first scribbles of a sample, all on one frame."""

    frame_index: int
    scribbles: tuple[Scribble, ...]


@dataclass(frozen=True, eq=False)
class Sample:
    """A clip to correct; number counts its human scribbles from 1. Without initial ones the robot begins."""

    clip: TrueClip
    name: str
    number: int = 1
    initial: InitialScribbles | None = None


def read_samples(folder: Path, clips: Iterable[TrueClip], tool: Tool) -> list[Sample]:
    """Pair each clip with each of its human scribbles, Scribbles/CLIP/*.json in `folder`.

    Scribbles on a frame behind the clip's last one are left out. A clip without any, and every clip where the
    tool is not the scribble, is one sample that the robot begins.
    """
    samples: list[Sample] = []
    for clip in clips:
        paths = sorted((folder / SCRIBBLES / clip.name).glob("*.json")) if tool == Tool.SCRIBBLE else []
        human = list(enumerate(map(read_scribbles, paths), 1))
        fitting = [(number, each) for number, each in human if each.frame_index < len(clip.frames)]
        is_alone = len(fitting) == 1
        samples.extend(
            Sample(clip, clip.name if is_alone else f"{clip.name} {number}", number, initial)
            for number, initial in fitting
        )
        if not fitting:
            samples.append(Sample(clip, clip.name))
    return samples


def read_scribbles(path: Path) -> InitialScribbles:
    """Read a file of scribbles in the protocol's format, drawn on one frame."""
    try:
        return parse_scribbles(read_json(path, "file of scribbles"))
    except InputFileError:
        raise
    except (ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
        raise EvaluationError(f"{path} does not hold scribbles in the form of DAVIS: {error!r}.") from error


def parse_scribbles(content: Mapping[str, Any]) -> InitialScribbles:
    """Parse scribbles in the protocol's format: {"scribbles": for each frame a list of lines}.

    A line is {"path": [[x, y], …] in 0…1, "object_id"}. Raises ValueError where nothing is drawn.
    """
    drawn = [frame_index for frame_index, lines in enumerate(content["scribbles"]) if lines]
    if not drawn:
        raise ValueError("no frame is scribbled on")
    # All lines of a file are on one frame; only the merged scribbles of a session would have several.
    frame_index = drawn[0]
    return InitialScribbles(frame_index, tuple(_scribble(line) for line in content["scribbles"][frame_index]))


def _scribble(line: Mapping[str, Any]) -> Scribble:
    path = np.asarray(line["path"], dtype=np.float64)
    if path.ndim != 2 or path.shape[1] != 2 or not ((path >= 0) & (path <= 1)).all():
        raise ValueError("a path is a list of points [x, y] between 0 and 1")
    return Scribble(int(line["object_id"]), path)
