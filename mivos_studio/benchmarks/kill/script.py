"""What the killed program does: a random script, with copies, exports and scripts written in between."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inference_core.errors import UserError
from inference_core.types import Interaction, Stroke, Tool
from mivos_studio.benchmarks.kill.work import Action, Collect, Do, Export, Output, SaveAs, SaveScript
from mivos_studio.media.clip import Clip
from mivos_studio.media.errors import MediaError
from mivos_studio.project.playback import play
from mivos_studio.project.script import Script
from mivos_studio.project.steps import AddObject, Draw, Propagate, Redo, Reset, SetLock, Step, Undo
from mivos_studio.session_options import SessionOptions

if TYPE_CHECKING:
    from inference_core.session import Session

OBJECTS = (1, 2)
"""The window makes the first; the second is added by the first step."""
_TOOLS = (Tool.SCRIBBLE, Tool.CLICK, Tool.BRUSH, Tool.ERASER, Tool.LASSO, Tool.BOX)
_POINTS = {Tool.CLICK: 1, Tool.BOX: 2}
_KINDS = ("draw", "draw", "draw", "propagate", "undo", "redo", "reset", "lock")
_OUTPUTS: tuple[Output, ...] = (
    Export("masks", "png-indexed"),
    SaveAs("first.mivos"),
    SaveScript("script.json"),
    Export("mattes", "png-matte"),
    Collect("collected"),
    Export("masks", "png-indexed"),
    SaveAs("second.mivos"),
    SaveScript("script.json"),
    Export("mattes", "png-matte"),
    SaveAs("first.mivos"),
    Export("masks", "png-matte"),
    Collect("collected again"),
)
"""Each folder, script and project that is written twice replaces an earlier one."""


def make_actions(options: SessionOptions, clip: Clip, steps: int, seed: int) -> tuple[Action, ...]:
    """Return so many random steps that can all be done in this order, and the outputs spread among them."""
    rng = np.random.default_rng(seed)
    session = options.open(clip, options.load())
    session.add_object()
    chosen: list[Step] = [*map(AddObject, OBJECTS[1:]), _draw(rng, len(clip), clip.size), Propagate()]
    actions: list[Action] = []
    for step in chosen:
        _play(session, step)
    while len(chosen) < steps:
        step = _random_step(rng, len(clip), clip.size)
        with contextlib.suppress(UserError):  # what cannot be done now is no step of the script
            _play(session, step)
            chosen.append(step)
    places = sorted(rng.integers(0, len(chosen) + 1, len(_OUTPUTS)).tolist())
    outputs = dict(enumerate(zip(places, _OUTPUTS, strict=True)))
    for number in range(len(chosen) + 1):
        actions += [output for place, output in outputs.values() if place == number]
        actions += [Do(step) for step in chosen[number : number + 1]]
    return tuple(actions)


def _play(session: Session, step: Step) -> None:
    for _ in play(session, Script((), (step,), Path()), _no_mask, lambda _: None):
        pass


def _random_step(rng: np.random.Generator, frames: int, size: tuple[int, int]) -> Step:
    frame_index, object_id = int(rng.integers(frames)), int(rng.choice(OBJECTS))
    match rng.choice(_KINDS):
        case "draw":
            return _draw(rng, frames, size)
        case "propagate":
            return Propagate()
        case "lock":
            return SetLock(object_id, is_locked=bool(rng.random() < 0.3))
        case "reset":
            return Reset(frame_index)
        case "undo":
            return Undo()
    return Redo()


def _draw(rng: np.random.Generator, frames: int, size: tuple[int, int]) -> Draw:
    tool = _TOOLS[int(rng.integers(len(_TOOLS)))]
    points = rng.uniform((0, 0), (size[1], size[0]), (_POINTS.get(tool, 4), 2)).astype(np.float32)
    frame_index, object_id = int(rng.integers(frames)), int(rng.choice(OBJECTS))
    return Draw(Interaction(tool, Stroke(frame_index, object_id, points, 4.0, bool(rng.random() < 0.8))))


def _no_mask(file: Path, frame_index: int) -> Any:
    raise MediaError(f"No mask can be read for frame {frame_index}: {file}.")
