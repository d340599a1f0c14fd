"""Random commands in random order: what the user drew, locked or did is never lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from inference_core.errors import UserError
from inference_core.session import Session
from tests.inference_core.fakes import MemoryScratch, fake_networks, fake_session, square_clip, stroke
from tests.inference_core.snapshot import differences, snapshot

FRAMES = 7
STEPS = 25


@dataclass
class Editor:
    """Gives one random command after the other; refused ones are part of it."""

    session: Session
    rng: np.random.Generator
    done: list[str] = field(default_factory=list)

    def act(self) -> None:
        """Give one command; what must stay is checked around it."""
        session = self.session
        name = self.rng.choice(["draw", "draw", "draw", "propagate", "propagate", "stop", "lock", "rest"])
        before = [session.ids(frame_index) for frame_index in range(FRAMES)]
        locked = [each.object_id for each in session.objects if each.is_locked]
        given = {frame: self._given(frame) for frame in session.anchors}
        commands: dict[str, Callable[[], object]] = {
            "draw": self._draw,
            "propagate": self._propagate,
            "stop": self._stop,
            "lock": self._lock,
            "rest": self._rest,
        }
        try:
            self.done.append(f"{name} {commands[name]()}")
        except UserError as refused:
            self.done.append(f"{name}: {refused}")
        for frame_index in range(FRAMES):
            now = session.ids(frame_index)
            for object_id in locked:
                same = (now == object_id) == (before[frame_index] == object_id)
                assert same.all(), (frame_index, object_id, self.done)
        if name in ("propagate", "stop"):
            for frame_index, object_ids in given.items():
                for object_id in object_ids - {*self._given_by_draft(frame_index)}:
                    same = (session.ids(frame_index) == object_id) == (before[frame_index] == object_id)
                    assert same.all(), (frame_index, object_id, self.done)

    def _given(self, frame_index: int) -> set[int]:
        anchor = self.session._store.state.anchor_frame(frame_index)
        return {key.object_id for key in anchor.objects} if anchor else set()

    def _given_by_draft(self, frame_index: int) -> set[int]:
        draft = self.session._store.state.draft(frame_index)
        return {key.object_id for key in draft.objects} if draft else set()

    def _frame(self) -> int:
        return int(self.rng.integers(FRAMES))

    def _object(self) -> int:
        return int(self.rng.integers(1, 4))

    def _draw(self) -> object:
        frame, object_id = self._frame(), self._object()
        tool = str(self.rng.choice(["scribble", "brush", "eraser", "lasso", "click"]))
        points = self.rng.integers(0, 64, (3, 2)).tolist()
        list(self.session.interact(stroke(tool, points, frame=frame, object_id=object_id, radius=5)))
        return tool, frame, object_id

    def _range(self) -> tuple[int, int] | None:
        first, last = sorted(self.rng.integers(0, FRAMES, 2).tolist())
        return None if self.rng.random() < 0.5 else (first, last)

    def _propagate(self) -> object:
        frame_range = self._range()
        list(self.session.propagate(frame_range=frame_range))
        return frame_range

    def _stop(self) -> object:
        running, count = self.session.propagate(), int(self.rng.integers(1, 5))
        for _ in zip(range(count), running, strict=False):
            pass
        running.close()
        return count

    def _lock(self) -> object:
        object_id, is_locked = self._object(), bool(self.rng.random() < 0.6)
        self.session.lock(object_id, is_locked)
        return object_id, is_locked

    def _rest(self) -> object:
        frame = self._frame()
        if self.rng.random() < 0.7:
            self.session.reset(frame)
            return "reset", frame
        object_id = self._object()
        self.session.remove_object(object_id)
        self.session.add_object("again", object_id)
        return "removed", object_id


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_done_locked_objects_and_anchors_stay_and_undo_is_exact(seed: int) -> None:
    clip, scratch = square_clip(FRAMES, size=(32, 64)), MemoryScratch()
    session = fake_session(clip, scratch=scratch)
    for _ in range(3):
        session.add_object()
    editor = Editor(session, np.random.default_rng(seed))
    states = {session.undo_count: snapshot(session)}
    for _ in range(STEPS):
        editor.act()
        states[session.undo_count] = snapshot(session)
    last = session.undo_count
    session.flush()
    again = Session.restore(session.state, scratch, clip, fake_networks(), device="cpu", dtype="float32")
    assert differences(snapshot(again), states[last]) == [], editor.done
    for count in range(last - 1, 2, -1):
        session.undo()
        if count in states:
            assert differences(snapshot(session), states[count]) == [], editor.done
    while session.can_redo:
        session.redo()
    assert differences(snapshot(session), states[last]) == [], editor.done
