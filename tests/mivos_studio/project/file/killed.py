"""Replays a script into a project in a process of its own, with tiny networks, to be killed meanwhile."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import model.checkpoint
from mivos_studio.cli import project_work
from mivos_studio.cli.main import main
from tests.inference_core.fakes import fake_networks

STEPS = (
    {"do": "scribble", "frame": 0, "object": 1, "points": [[16, 26], [26, 34]]},
    {"do": "propagate"},
    {"do": "brush", "frame": 4, "object": 2, "points": [[60, 20], [70, 40]], "radius_px": 6},
    {"do": "propagate", "stop_after": 3},
    {"do": "rename_object", "object": 2, "name": "second"},
    {"do": "lasso", "frame": 2, "object": 1, "points": [[10, 10], [40, 12], [30, 40]]},
    {"do": "undo"},
    {"do": "propagate"},
    {"do": "click", "frame": 5, "object": 2, "points": [[80, 50]]},
    {"do": "remove_object", "object": 1},
    {"do": "undo"},
    {"do": "propagate", "frame": 5, "direction": "backward"},
    {"do": "redo"},
    {"do": "reset", "frame": 3},
    {"do": "eraser", "frame": 1, "object": 1, "points": [[20, 30], [25, 30]], "radius_px": 4},
    {"do": "propagate"},
)
OBJECTS = ({"id": 1, "name": "first"}, {"id": 2, "name": "other"})


@dataclass(frozen=True)
class Work:
    """A replay: what it reads, and where it writes."""

    clip: Path
    script: Path
    project: Path
    acknowledged: Path

    @classmethod
    def in_folder(cls, folder: Path, clip: Path) -> Work:
        folder.mkdir()
        script = folder.parent / "script.json"
        script.write_text(json.dumps({"version": 1, "objects": OBJECTS, "steps": STEPS}))
        return cls(clip, script, folder / "work.mivos", folder / "acknowledged.txt")

    @property
    def acknowledgements(self) -> int:
        """The last step that was acknowledged."""
        if not self.acknowledged.exists():
            return 0
        lines = self.acknowledged.read_text().splitlines(keepends=True)
        return max((int(line.split()[1]) for line in lines if line.endswith("\n")), default=0)

    def start(self) -> BaseProcess:
        """Start to replay in another process, which has imported everything already."""
        process = _FORKS.Process(target=replay, args=(self,))
        process.start()
        return process


def replay(work: Work) -> None:
    """Replay; print the acknowledgements to a file."""
    descriptor = os.open(work.acknowledged, os.O_CREAT | os.O_WRONLY)
    os.dup2(descriptor, 1)
    sys.stdout = os.fdopen(1, "w")
    model.checkpoint.load_networks = lambda *_: fake_networks()  # type: ignore[assignment]
    project_work._SAVE_EVERY_S = 0.0  # every frame of a propagation
    words = ["replay", str(work.clip), "--script", str(work.script), "--project", str(work.project)]
    options = ["--device", "cpu", "--dtype", "float32", "--working-size", "64", "--acknowledge", "--quiet"]
    os._exit(main([*words, *options]))


def warm_up(clip: Path, folder: Path) -> float:
    """Replay once to the end; return how long it took."""
    work = Work.in_folder(folder, clip)
    started = time.perf_counter()
    process = work.start()
    process.join()
    assert process.exitcode == 0
    assert work.acknowledgements == len(STEPS)
    return time.perf_counter() - started


_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__, "inference_core.session"])
