"""A process that is killed loses nothing that it acknowledged, and its project opens again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from inference_core.session import Session
from mivos_studio.media.clip import open_clip
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.playback import play
from mivos_studio.project.script import Script, read_script
from mivos_studio.project.steps import Step
from tests.conftest import ClipOnDisk
from tests.inference_core.fakes import fake_networks
from tests.inference_core.snapshot import snapshot
from tests.mivos_studio.project.file.killed import STEPS, Work, warm_up

KILLS_IN_MAKE_TEST = 10
BLOCKS, KILLS_IN_A_BLOCK = 10, 30
"""Of the long test: one that was interrupted goes on with the next block."""


def restored(project: ProjectFile, clip: Path) -> Session:
    assert project.state is not None
    frames, networks = open_clip(clip), fake_networks()
    return Session.restore(project.state, project.storage, frames, networks, device="cpu", dtype="float32")


def new_session(clip: Path) -> Session:
    return Session(open_clip(clip), fake_networks(), device="cpu", dtype="float32", working_size=64)


def played(steps: Sequence[Step], clip: Path) -> Session:
    """Play the steps that a project holds."""
    session = new_session(clip)
    for _ in play(session, Script((), tuple(steps), Path()), lambda *_: np.zeros(0), lambda _: None):
        pass
    return session


def states_after_steps(clip: Path, script: Path) -> list[dict[str, object]]:
    """Return everything before the first step of the script and after each."""
    session = new_session(clip)
    document = read_script(script)
    states = [snapshot(session)]
    for number in play(session, document, lambda *_: np.zeros(0), lambda _: None):
        states.append(snapshot(session))
        assert number == len(states) - 1
    return states


def kill_again_and_again(count: int, seed: int, clip: Path, folder: Path) -> None:
    warm_up(clip, folder / "cold")  # starts the process that the others are forked from
    duration = warm_up(clip, folder / "warm")
    states = states_after_steps(clip, folder / "script.json")
    rng = np.random.default_rng(seed)
    reached = []
    for number in range(count):
        work = Work.in_folder(folder / f"kill{number}", clip)
        process = work.start()
        process.join(rng.uniform(0.02, duration))
        process.kill()
        process.join()
        acknowledged = work.acknowledgements
        reached.append(acknowledged)
        if acknowledged or (work.project.exists() and work.project.stat().st_size):
            check_survivor(work, acknowledged, states)
    assert 0 < np.mean(reached) < len(STEPS), "the moments are spread over the work"


def check_survivor(work: Work, acknowledged: int, states: list[dict[str, object]]) -> None:
    """Compare a project that a killed process left with what the session was after the step it got to."""
    with ProjectFile.open(work.project) as project:
        assert project._database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        steps = project.steps()
        if project.state is not None:
            session = restored(project, work.clip)
            assert snapshot(played(steps, work.clip)) == snapshot(session)
            possible = states[acknowledged:]
            if snapshot(session) not in possible:
                session.undo()  # what the next step had begun
                assert snapshot(session) in possible
        else:
            assert not acknowledged
    left = {path.name for path in work.project.parent.iterdir()}
    assert left == {work.project.name, work.acknowledged.name}


@pytest.fixture
def no_fork_server_stays() -> Iterator[None]:
    """Stop the process that the replays are forked from."""
    yield
    from multiprocessing.forkserver import _forkserver

    _forkserver._stop()  # type: ignore[attr-defined]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no forkserver")
@pytest.mark.usefixtures("no_fork_server_stays")
@pytest.mark.parametrize(
    ("count", "seed"),
    [
        (KILLS_IN_MAKE_TEST, BLOCKS),
        *(pytest.param(KILLS_IN_A_BLOCK, seed, marks=pytest.mark.long("kill")) for seed in range(BLOCKS)),
    ],
)
def test_nothing_that_was_acknowledged_is_lost(
    count: int, seed: int, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[4]))
    kill_again_and_again(count, seed, small_clip.images, tmp_path)
