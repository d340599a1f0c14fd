"""Run our sessions in the official package's evaluation.

The package is not imported: any object with the three methods of its session is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from inference_core.session import Session
from inference_core.types import Tool, UInt8Array
from mivos_studio.evaluation.errors import EvaluationError
from mivos_studio.evaluation.folders import TrueClip
from mivos_studio.evaluation.interactive.protocol import Protocol as Rules
from mivos_studio.evaluation.interactive.samples import InitialScribbles, parse_scribbles
from mivos_studio.evaluation.interactive.simulate import initial_strokes, propagate
from mivos_studio.evaluation.robots.strokes import apply
from mivos_studio.evaluation.settings import Settings


class OfficialSession(Protocol):
    """The methods used of `davisinteractive.session.DavisInteractiveSession`, inside of its `with`."""

    def next(self) -> bool:
        """Return whether an interaction is left."""
        ...

    def get_scribbles(self, only_last: bool = False) -> tuple[str, Mapping[str, Any], bool]:
        """Return the clip's name, scribbles in the protocol's format, and whether a sample begins."""
        ...

    def submit_masks(
        self, pred_masks: UInt8Array, next_scribble_frame_candidates: Sequence[int] | None = None
    ) -> None:
        """Submit ids (T, H, W); the next scribbles will be on one of the candidates, None means any frame."""
        ...


def run_official(
    official: OfficialSession, clips: Mapping[str, TrueClip], settings: Settings, rules: Rules
) -> int:
    """Apply every interaction until the official session ends; return how many there were.

    The official session measures, counts interactions and takes the time itself; of the rules only the
    schedule and, for its end, the number of interactions are used.
    """
    session: Session | None = None
    number = total = 0
    while official.next():
        name, content, is_new = official.get_scribbles(only_last=True)
        clip = _clip(clips, name)
        if is_new or session is None:
            session, number = _open(clip, settings), 0
        number, total = number + 1, total + 1
        candidates = _interact(session, clip, content, rules.propagates_after(number))
        masks = np.stack([session.ids(frame_index) for frame_index in range(session.frame_count)])
        official.submit_masks(masks, candidates)
    return total


def _interact(
    session: Session, clip: TrueClip, content: Mapping[str, Any], propagates: bool
) -> list[int] | None:
    """Draw the scribbles; return the candidate frames of the next ones."""
    scribbled = _scribbled(content)
    if scribbled is None:
        return None
    frame_index = scribbled.frame_index
    for stroke in initial_strokes(scribbled, session.ids(frame_index), clip.object_ids):
        apply(session, Tool.SCRIBBLE, stroke)
    if not propagates:
        return [frame_index]
    if frame_index in session.drafts:
        propagate(session, frame_index)
    return None


def _scribbled(content: Mapping[str, Any]) -> InitialScribbles | None:
    """Return None where the robot found nothing to correct."""
    return parse_scribbles(content) if any(content["scribbles"]) else None


def _clip(clips: Mapping[str, TrueClip], name: str) -> TrueClip:
    if name not in clips:
        raise EvaluationError(f"The official session plays the clip {name}, which is not in the folder.")
    return clips[name]


def _open(clip: TrueClip, settings: Settings) -> Session:
    session = settings.open(clip.frames)
    for object_id in clip.object_ids:
        session.add_object(object_id=object_id)
    return session
