"""Kill the program at random moments and count what is lost: nothing that it acknowledged may be.

`mivos replay` plays a seeded script of strokes, propagations, undo, locks and resets in a project and writes
the masks at its end. It is killed with SIGKILL at a random moment; then the project is opened again, compared
with what the session was after each step, checked, and exported.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from inference_core.errors import UserError
from inference_core.types import Interaction, Stroke, Tool
from mivos_studio.benchmarks.long_clip import make_loop, write_clip
from mivos_studio.media.clip import open_clip
from mivos_studio.media.errors import MediaError
from mivos_studio.project.file.check import check_project
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.playback import play
from mivos_studio.project.script import Script, ScriptObject, write_script
from mivos_studio.project.steps import Draw, Propagate, Redo, Reset, SetLock, Step, Undo
from mivos_studio.session_options import SessionOptions

OBJECTS = (1, 2)
_SIZE = (120, 160)
_TOOLS = (Tool.SCRIBBLE, Tool.CLICK, Tool.BRUSH, Tool.ERASER, Tool.LASSO, Tool.BOX)
_POINTS = {Tool.CLICK: 1, Tool.BOX: 2}
_STEP_S, _START_S = 0.3, 4.0
"""How long after the step that was waited for the program is killed at most; and before the first one."""


@dataclass(frozen=True, kw_only=True)
class KillOptions(SessionOptions):
    """Options: how often to kill, the seed of script and moments, the clip's frames, the script's steps."""

    kills: int = 20
    seed: int = 0
    frames: int = 8
    steps: int = 12
    working_size: int = 96
    device: str = "cpu"
    dtype: str = "float32"


@dataclass
class KillCount:
    """What happened.

    lost, corrupt  projects that lack what was acknowledged, or cannot be opened, read or exported.
    half_written   results of which some files are there.
    leftovers      files that are still there after the next start.
    """

    kills: int = 0
    lost: int = 0
    corrupt: int = 0
    half_written: int = 0
    leftovers: int = 0
    acknowledged: int = 0
    sentences: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Job:
    """The files of one run: the clip and the script are shared, project and masks are its own."""

    clip: Path
    script: Path
    folder: Path

    @property
    def project(self) -> Path:
        return self.folder / "work.mivos"

    @property
    def out(self) -> Path:
        return self.folder / "masks"

    def start(self, options: KillOptions) -> subprocess.Popen[str]:
        """Start the program on it."""
        self.folder.mkdir()
        words = ["replay", str(self.clip), "--script", str(self.script), "--project", str(self.project)]
        words += ["--acknowledge", "--out", str(self.out), "--quiet", "--models", options.models]
        words += ["--device", options.device, "--dtype", options.dtype]
        words += ["--working-size", str(options.working_size)]
        words += ["--weights", str(options.weights)] if options.weights else []
        # One thread, as in this process: sums in another order would give other masks.
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "mivos_studio.cli", *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def measure_kills(options: KillOptions) -> dict[str, Any]:
    """Kill the program so often; return what was lost, see `KillCount`, and the options."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    rng, count = random.Random(options.seed), KillCount()
    try:
        with tempfile.TemporaryDirectory(prefix="mivos-") as name:
            folder = Path(name)
            clip, script = folder / "clip.mp4", folder / "script.json"
            write_clip(make_loop(_SIZE, len(OBJECTS)), clip, options.frames)
            states = _write_work(options, clip, script)
            for number in range(options.kills):
                _kill_once(_Job(clip, script, folder / f"kill{number}"), options, rng, states, count)
    finally:
        torch.set_num_threads(threads)
    chosen = {"kills": options.kills, "seed": options.seed, "frames": options.frames, "steps": options.steps}
    return {**asdict(count), "options": chosen}


def table(figures: dict[str, Any]) -> Iterator[str]:
    """Format the figures as lines of a Markdown table."""
    names = ("kills", "acknowledged", "lost", "corrupt", "half_written", "leftovers")
    yield "| kills | steps acknowledged | lost | corrupt | half-written | leftovers |"
    yield "|---:" * len(names) + "|"
    yield "| " + " | ".join(str(figures[name]) for name in names) + " |"
    yield from figures["sentences"]


def _write_work(options: KillOptions, clip: Path, script: Path) -> list[str]:
    """Write a random script; return what identifies the session before its steps and after each."""
    rng = np.random.default_rng(options.seed)
    objects = tuple(ScriptObject(object_id, f"Object {object_id}") for object_id in OBJECTS)
    steps: list[Step] = []
    with open_clip(clip) as frames:
        session = options.open(frames, options.load())
        for declared in objects:
            session.add_object(declared.name, declared.object_id)
        states = [_state_of(session)]
        while len(steps) < options.steps:
            step = _random_step(rng, options.frames, frames.size)
            with contextlib.suppress(UserError):  # what cannot be done now is no step of the script
                for _ in play(session, Script((), (step,), script.parent), _no_mask, lambda _: None):
                    steps.append(step)
                    states.append(_state_of(session))
    write_script(Script(objects, tuple(steps), script.parent), script)
    return states


def _random_step(rng: np.random.Generator, frames: int, size: tuple[int, int]) -> Step:
    kind = rng.choice(["draw", "draw", "draw", "propagate", "undo", "redo", "reset", "lock"])
    frame_index, object_id = int(rng.integers(frames)), int(rng.choice(OBJECTS))
    if kind == "draw":
        tool = _TOOLS[int(rng.integers(len(_TOOLS)))]
        points = rng.uniform((0, 0), (size[1], size[0]), (_POINTS.get(tool, 4), 2)).astype(np.float32)
        stroke = Stroke(frame_index, object_id, points, 4.0, bool(rng.random() < 0.8))
        return Draw(Interaction(tool, stroke))
    if kind == "propagate":
        return Propagate()
    if kind == "lock":
        return SetLock(object_id, is_locked=bool(rng.random() < 0.3))
    return Reset(frame_index) if kind == "reset" else Undo() if kind == "undo" else Redo()


def _kill_once(
    job: _Job, options: KillOptions, rng: random.Random, states: list[str], count: KillCount
) -> None:
    acknowledged, enough = 0, rng.randint(0, options.steps)
    with job.start(options) as process:
        assert process.stdout is not None
        while acknowledged < enough and (line := process.stdout.readline()):
            acknowledged = int(line.split()[1])
        time.sleep(rng.uniform(0, _STEP_S if enough else _START_S))
        process.kill()
        acknowledged += len(process.stdout.read().splitlines())  # printed before it was killed, not read yet
    count.kills += 1
    count.acknowledged += acknowledged
    try:
        _compare(job, options, states, acknowledged, count)
    except UserError as error:
        count.corrupt += 1
        count.sentences.append(f"kill {count.kills}: {error}")


def _compare(job: _Job, options: KillOptions, states: list[str], acknowledged: int, count: KillCount) -> None:
    """Open what the killed program left, compare it with the states from the last acknowledged step on."""
    if job.out.exists() and len(list(job.out.glob("*.png"))) != options.frames:
        count.half_written += 1
    if not job.project.exists() or not job.project.stat().st_size:
        count.lost += acknowledged > 0
        return
    with ProjectFile.open(job.project) as project, open_clip(job.clip) as frames:
        if project.state is None:
            count.lost += acknowledged > 0
            return
        session = options.restore(project.state, project.storage, frames, options.load())
        possible = states[acknowledged:]
        if _state_of(session) not in possible:
            session.undo()  # what was saved of the next step, a propagation
            if _state_of(session) not in possible:
                count.lost += 1
                count.sentences.append(f"kill {count.kills}: {acknowledged} steps were acknowledged")
    count.corrupt += not check_project(job.project).is_ok
    _export(job)
    count.leftovers += len({path.name for path in job.folder.iterdir()} - {job.project.name, job.out.name})


def _export(job: _Job) -> None:
    """Export the project where the killed program was to write, as the next start."""
    from mivos_studio.cli.main import main

    out = ["--out", str(job.out), "--force"]
    with contextlib.redirect_stderr(io.StringIO()) as said:
        code = main(["export", str(job.project), "--format", "png-indexed", *out, "--quiet"])
    if code:
        raise UserError(f"The project could not be exported: {said.getvalue().strip()}")


def _state_of(session: Any) -> str:
    """Return what identifies a session: its masks, objects, drafts, anchors and history."""
    digest = hashlib.sha256()
    for frame_index in range(session.frame_count):
        digest.update(session.ids(frame_index).tobytes())
    history = [(entry.label, entry.frames, entry.is_undone) for entry in session.history]
    rest = (session.objects, session.drafts, session.anchors, session.unfinished, history)
    digest.update(repr(rest).encode())
    return digest.hexdigest()


def _no_mask(file: Path, frame_index: int) -> Any:
    raise MediaError(f"No mask can be read for frame {frame_index}: {file}.")
