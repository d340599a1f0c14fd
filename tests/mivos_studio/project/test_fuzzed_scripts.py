"""Random scripts, valid and damaged: only a UserError may be raised, undo is exact, ids and prob agree.

`make test-long PART=fuzz` runs them; each seed is a test of its own, so that an interrupted run goes on.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference_core.errors import UserError
from inference_core.session import Session
from inference_core.types import MemoryBudget
from mivos_studio.media.palette import read_ids
from mivos_studio.project.playable import found_in
from mivos_studio.project.script import check_script, read_script, write_script
from mivos_studio.project.steps import STEP_KINDS, Step
from tests.inference_core.fakes import MemoryScratch, fake_session, square_clip, square_ids

FRAMES, SIZE = 6, (32, 64)
STEPS, SEEDS = 24, 400
OBJECTS = (1, 2, 7)
DAMAGED_SHARE = 0.2
"""Of the steps."""
UNKNOWN_SHARE = 0.04
"""Of the frames, past the clip's end; and of the objects, not in the session."""

Value = Any
"""A JSON value."""

WRONG: tuple[Value, ...] = (
    *(None, True, -1, 0, 1.5, -0.0, 256, 10**9, 2**31, 2**63, 2**64, 10**400),
    *(1e308, float("nan"), float("inf")),
    *("", "1", "none.png", "/", "\0", "\ud800", "é" * 300),
    *([], [[]], [1], [[1, 2]], [[1, 2, 3]], [-1, 2], {}, {"do": "undo"}),
)
"""Values that hardly any key may have."""


class ScriptMaker:
    """Makes random steps as JSON values; damages some of them."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def document(self) -> dict[str, Value]:
        """Return a script of random steps of which some are damaged."""
        steps = [self._damaged(step) if self._chance(DAMAGED_SHARE) else step for step in self._steps()]
        return {"version": 1, "objects": [{"id": object_id} for object_id in OBJECTS], "steps": steps}

    def _steps(self) -> list[dict[str, Value]]:
        drawing = ("scribble", "brush", "click")
        verbs = [*STEP_KINDS, *3 * drawing, *6 * ("propagate",), *2 * ("undo", "redo")]
        return [self._step(str(self._rng.choice(verbs))) for _ in range(STEPS)]

    def _step(self, verb: str) -> dict[str, Value]:
        makers: dict[str, Callable[[], dict[str, Value]]] = {
            "propagate": self._propagation,
            "undo": dict,
            "redo": dict,
            "reset": lambda: {"frame": self._frame()},
            "add_object": lambda: {"object": self._number(1, 9), "name": "added"},
            "remove_object": lambda: {"object": self._object()},
            "rename_object": lambda: {"object": self._object(), "name": "renamed"},
            "lock": lambda: {"object": self._object()},
            "unlock": lambda: {"object": self._object()},
            "set_ids": lambda: {
                "frame": self._frame(),
                "file": self._pick(["mask.png", "large.png", "none.png"]),
            },
        }
        return {"do": verb, **makers.get(verb, lambda: self._stroke(verb))()}

    def _stroke(self, tool: str) -> dict[str, Value]:
        count = {"click": 1, "box": 2, "lasso": 5}.get(tool, self._number(1, 6))
        points = self._rng.uniform((-8, -8), (SIZE[1] + 8, SIZE[0] + 8), (count, 2)).round(2).tolist()
        step: dict[str, Value] = {"frame": self._frame(), "object": self._object(), "points": points}
        if self._chance(0.5):
            step["radius_px"] = round(float(self._rng.uniform(0.1, 12)), 2)
        if self._chance(0.4):
            step["positive"] = self._chance(0.4)
        if self._chance(0.2):
            step["region"] = [
                self._number(0, 20),
                self._number(0, 12),
                self._number(21, 80),
                self._number(13, 40),
            ]
        return step

    def _propagation(self) -> dict[str, Value]:
        step: dict[str, Value] = {}
        if self._chance(0.3):
            step["frame"] = self._frame()
        if self._chance(0.3):
            step["direction"] = self._pick(["forward", "backward", "both"])
        if self._chance(0.3):
            step["range"] = sorted([self._frame(), self._frame()])
        if self._chance(0.3):
            step["stop_after"] = self._number(1, 5)
        return step

    def _damaged(self, step: dict[str, Value]) -> Value:
        """Replace, remove or add a key; or replace one number in a list; or the whole step."""
        step = copy.deepcopy(step)
        key, wrong = self._pick(list(step)), WRONG[self._number(0, len(WRONG) - 1)]
        kind = self._number(0, 9)
        if kind == 0:
            return wrong
        if kind == 1:
            del step[key]
        elif kind == 2:
            step[self._pick(["frame", "object", "range", "colour", ""])] = wrong
        elif kind <= 5 and isinstance(step[key], list) and step[key]:
            step[key][self._number(0, len(step[key]) - 1)] = wrong
        else:
            step[key] = wrong
        return step

    def _chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def _number(self, least: int, most: int) -> int:
        return int(self._rng.integers(least, most + 1))

    def _frame(self) -> int:
        return FRAMES if self._chance(UNKNOWN_SHARE) else self._number(0, FRAMES - 1)

    def _object(self) -> int:
        return 3 if self._chance(UNKNOWN_SHARE) else int(self._pick([*OBJECTS]))

    def _pick(self, values: list[Value]) -> Value:
        return values[self._number(0, len(values) - 1)]


class Player:
    """Plays steps on a session, and knows the masks that each undo count stands for."""

    def __init__(self, session: Session, folder: Path) -> None:
        self.session = session
        self._read_ids = found_in(folder, lambda file, _: read_ids(file))
        self._masks = {session.undo_count: self._hashes()}

    def play(self, step: Step) -> None:
        """Play a step; a UserError is a valid answer, any other exception is not."""
        before = self.session.undo_count
        try:
            for _ in step.perform(self.session, self._read_ids):
                pass
        except UserError:
            pass
        self.session.finish()
        count, masks = self.session.undo_count, self._hashes()
        if count > before and step.verb != "redo":
            self._masks = {each: kept for each, kept in self._masks.items() if each <= before}
            self._masks[count] = masks
        assert masks == self._masks.setdefault(count, masks), f"{step.verb}: other masks than before"

    def undo_and_redo_all(self) -> None:
        """Undo to the start and redo as many steps; at each of them the masks are those of then."""
        count = self.session.undo_count
        while self.session.can_undo:
            self.session.undo()
            self._compare()
        while self.session.undo_count < count:
            self.session.redo()
            self._compare()

    def _compare(self) -> None:
        known = self._masks.get(self.session.undo_count)
        assert known is None or self._hashes() == known, f"other masks after {self.session.undo_count} steps"

    def _hashes(self) -> list[str]:
        """Return a hash of ids and prob for each frame, after a check that both agree."""
        labels = np.array([0, *(each.object_id for each in self.session.objects)], np.uint8)
        hashes = []
        for frame_index in range(FRAMES):
            ids, prob = self.session.ids(frame_index), self.session.prob(frame_index)
            np.testing.assert_array_equal(labels[prob.argmax(axis=0)], ids)
            np.testing.assert_allclose(prob.sum(axis=0), 1, atol=1e-4)
            hashes.append(hashlib.sha256(ids.tobytes() + prob.tobytes()).hexdigest())
        return hashes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts' folder, with a mask of the clip's size and one of another size."""
    folder = tmp_path_factory.mktemp("scripts")
    Image.fromarray(square_ids(1, SIZE)).save(folder / "mask.png")
    Image.fromarray(square_ids(1, (64, 96))).save(folder / "large.png")
    return folder


def new_session(seed: int) -> Session:
    """Return a session; every other one has such small stores that most masks go to the scratch store."""
    small = MemoryBudget(features=1 << 16, bank=1 << 12, contents=1 << 10, decoded=1 << 12)
    options: dict[str, object] = {"budget": small, "scratch": MemoryScratch()} if seed % 2 else {}
    session = fake_session(square_clip(FRAMES, SIZE), **options)
    for object_id in OBJECTS:
        session.add_object(f"Object {object_id}", object_id)
    return session


def read_step(folder: Path, document: dict[str, Value], step: Value) -> Step | None:
    """Read a script that has this step alone; None where it is refused."""
    path = folder / "script.json"
    path.write_text(json.dumps({**document, "steps": [step]}), encoding="utf-8")
    try:
        (read,) = read_script(path).steps
    except UserError:
        return None
    return read


@pytest.mark.long("fuzz")
@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_steps_raise_user_errors_alone_and_undo_restores_every_mask(seed: int, folder: Path) -> None:
    document = ScriptMaker(np.random.default_rng(seed)).document()
    print(f"seed {seed}: {json.dumps(document)}")  # pytest shows it where the test fails
    player = Player(new_session(seed), folder)
    for step in document["steps"]:
        read = read_step(folder, document, step)
        if read is not None:
            player.play(read)
    player.undo_and_redo_all()


@pytest.mark.long("fuzz")
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_script_with_damaged_bytes_is_refused_or_read_and_written_the_same(seed: int, folder: Path) -> None:
    rng = np.random.default_rng(seed)
    document = ScriptMaker(rng).document()
    content = bytearray(json.dumps(document, indent=1).encode())
    for _ in range(int(rng.integers(0, 4))):
        start, length = int(rng.integers(len(content))), int(rng.integers(0, 12))
        content[start : start + length] = rng.integers(0, 256, int(rng.integers(0, 12)), np.uint8).tobytes()
    print(f"seed {seed}: {bytes(content)!r}")  # pytest shows it where the test fails
    path, again = folder / "damaged.json", folder / "again.json"
    path.write_bytes(content)
    try:
        script = read_script(path)
        check_script(script, FRAMES)
    except UserError:
        return
    write_script(script, again)
    copied = read_script(again)
    assert [step.written() for step in copied.steps] == [step.written() for step in script.steps]
    assert copied.objects == script.objects
