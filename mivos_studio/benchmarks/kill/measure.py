"""Run the program, kill it, start it again, and count what is lost.

It plays a seeded script of strokes, propagations, undo, locks and resets in a project without a name, saves
it under names, collects it, and writes masks and scripts in between. It is killed with SIGKILL at a random
moment of a random action; then it is started again, and everything that is there is compared with a run that
was not killed.
"""

from __future__ import annotations

import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np

from inference_core.errors import UserError
from inference_core.types import Interaction, Stroke, Tool
from mivos_studio.benchmarks.kill import program
from mivos_studio.benchmarks.kill.compare import Expectation, Reference
from mivos_studio.benchmarks.kill.digest import leftovers, output_digest, project_digest
from mivos_studio.benchmarks.kill.disk import SmallDisk
from mivos_studio.benchmarks.kill.script import OBJECTS, make_actions
from mivos_studio.benchmarks.kill.work import Do, Output, Report, Work
from mivos_studio.benchmarks.long_clip import make_loop, write_clip
from mivos_studio.media.clip import open_clip
from mivos_studio.project.file.check import check_project
from mivos_studio.project.steps import AddObject, Draw, Undo
from mivos_studio.session_options import SessionOptions

_SIZE = (120, 160)
_WAIT_S = 120.0
_LATER = 1.5
"""The program is killed within this share of the time that an action takes when nothing else runs."""
_MOST_REPORTS_WHILE_FULL = 6
_NEW_OBJECT = 9
_FULL_S = 0.5


@dataclass(frozen=True, kw_only=True)
class KillOptions(SessionOptions):
    """Options: how often to kill, the seed of script and moments, the clip's frames, the script's steps.

    full_disk  whether the program works on a disk of 4 MiB that fills up in the middle.
    """

    kills: int = 20
    seed: int = 0
    frames: int = 8
    steps: int = 12
    full_disk: bool = False
    working_size: int = 96
    device: str = "cpu"
    dtype: str = "float32"


@dataclass
class KillCount:
    """What happened.

    acknowledged   actions that were done and saved before a kill.
    refused        actions that failed with a sentence, as on a full disk.
    during_output  kills while a copy, an export or a script was written.
    lost, corrupt  projects that lack what was acknowledged, or cannot be opened, read or exported.
    half_written   outputs that are neither what they were nor what they should become.
    leftovers      files that are still there after the next start.
    faults         programs that ended by themselves, or wrote where they should only read.
    """

    kills: int = 0
    acknowledged: int = 0
    refused: int = 0
    during_output: int = 0
    lost: int = 0
    corrupt: int = 0
    half_written: int = 0
    leftovers: int = 0
    faults: int = 0
    sentences: list[str] = field(default_factory=list)

    def add(self, what: str, sentence: str) -> None:
        """Count one more of a kind, and say which."""
        setattr(self, what, getattr(self, what) + 1)
        self.sentences.append(f"kill {self.kills}: {what}: {sentence}")

    @property
    def is_ok(self) -> bool:
        """Whether nothing is lost, and nothing else is wrong."""
        return not (self.lost or self.corrupt or self.half_written or self.leftovers or self.faults)


def measure_kills(options: KillOptions) -> dict[str, Any]:
    """Kill the program so often; return what was lost, see `KillCount`, and the options.

    Raises a UserError where a small disk is wanted and this user may not mount one.
    """
    count = KillCount()
    with tempfile.TemporaryDirectory(prefix="mivos-kill-") as name:
        folder = Path(name)
        clip = folder / "clip" / "clip.mp4"
        clip.parent.mkdir()
        write_clip(make_loop(_SIZE, len(OBJECTS)), clip, options.frames)
        with open_clip(clip) as frames:
            actions = make_actions(options, frames, options.steps, options.seed)
        work = Work(clip, folder / "reference", actions, options)
        killer = _Killer(options, work, count)
        for number in range(options.kills):
            killer.kill(folder / f"kill{number}")
    chosen = {name: getattr(options, name) for name in ("kills", "seed", "frames", "steps", "full_disk")}
    return {**asdict(count), "is_ok": count.is_ok, "options": chosen}


def table(figures: dict[str, Any]) -> Iterator[str]:
    """Format the figures as lines of a Markdown table."""
    yield from table_of([figures])
    yield from figures["sentences"]


_COLUMNS = {
    "kills": "kills",
    "during_output": "while writing an output",
    "acknowledged": "actions acknowledged",
    "refused": "refused with a sentence",
    "lost": "lost",
    "corrupt": "corrupt",
    "half_written": "half-written",
    "leftovers": "leftovers",
    "faults": "faults",
}


def table_of(measured: list[dict[str, Any]]) -> Iterator[str]:
    """Format the figures of several measurements as a Markdown table."""
    yield f"| disk | {' | '.join(_COLUMNS.values())} |"
    yield "|---|" + "---:|" * len(_COLUMNS)
    for figures in measured:
        disk = "full in between" if figures["options"]["full_disk"] else "with space"
        yield f"| {disk} | {' | '.join(str(figures[name]) for name in _COLUMNS)} |"


class _Killer:
    """Kills the program again and again, at other moments."""

    def __init__(self, options: KillOptions, work: Work, count: KillCount) -> None:
        self._options = options
        self._work = work
        self._count = count
        self._rng = random.Random(options.seed)
        self._context = _context()
        reports = self._reports_of(replace(work, describes=True))
        self._reference = Reference(work.actions, tuple(reports))
        failures = [each.failure or each.scratch_failure for each in reports]
        if any(failures) or len(reports) != len(work.actions) + 1:
            raise RuntimeError(f"The program does not come to its end: {failures}")

    def kill(self, folder: Path) -> None:
        """Kill it once, start it again, compare."""
        count = self._count
        count.kills += 1
        folder.mkdir()
        with ExitStack() as stack:
            disk = stack.enter_context(SmallDisk(folder)) if self._options.full_disk else None
            work = replace(self._work, folder=folder)
            reports = self._killed(work, disk)
            expectation = Expectation(self._reference, reports, work.outputs)
            count.acknowledged += sum(not report.failure for report in reports)
            count.refused += sum(
                bool(said) for each in reports for said in (each.failure, each.scratch_failure)
            )
            count.during_output += isinstance(self._reference.action(expectation.running), Output)
            self._read(work, expectation, is_full=disk is not None and disk.is_full)
            if disk is not None:
                disk.free_space()
            place = self._check_work(expectation)
            self._start_again(work, place, expectation)
            self._check_outputs(work, expectation, place)

    def _killed(self, work: Work, disk: SmallDisk | None) -> list[Report]:
        """Run the program until it is killed; return what it reported."""
        last = self._rng.randint(0, len(work.actions))
        process, receiver = self._start(work)
        reports: list[Report] = []

        def wait_for(number: int, within_s: float = _WAIT_S, most: int = sys.maxsize) -> None:
            """Wait until an action was reported, or so many more were, or the time is over."""
            until, first = time.monotonic() + within_s, len(reports)
            while reports[-1].number < number if reports else number >= 0:
                left_s = until - time.monotonic()
                if left_s <= 0 or len(reports) - first >= most or not receiver.poll(left_s):
                    return
                reports.append(receiver.recv())

        with suppress(EOFError):
            if disk is not None:
                wait_for(last - 1 - self._rng.randint(0, _MOST_REPORTS_WHILE_FULL))
                disk.fill(self._rng.randrange(16))
                wait_for(last - 1, _FULL_S)
                if self._rng.random() < 0.5:
                    disk.free_space()
            wait_for(last - 1, _WAIT_S if disk is None or not disk.is_full else _FULL_S)
            time.sleep(self._rng.uniform(0, _LATER * self._reference.reports[last].seconds))
        process.kill()
        process.join()
        with suppress(EOFError, OSError):
            while True:
                reports.append(receiver.recv())  # sent before it was killed, not read yet
        receiver.close()
        if process.exitcode not in (0, -9):
            self._count.add("faults", f"it ended with {process.exitcode} after {reports[-1:]}")
        return reports

    def _read(self, work: Work, expectation: Expectation, *, is_full: bool) -> None:
        """Read the work before anything is repaired: nothing may be written."""
        before = _listing(work.folder)
        for place in expectation.places():
            try:
                if place.exists():
                    project_digest(place)
            except UserError as error:
                if not is_full and place.stat().st_size:
                    self._count.add("corrupt", str(error))
        if _listing(work.folder) != before:
            self._count.add("faults", "reading wrote")

    def _check_work(self, expectation: Expectation) -> Path | None:
        """Compare the work with what was acknowledged; return where it is, None where there is none."""
        count = self._count
        places = [place for place in expectation.places() if place.exists() and place.stat().st_size]
        if not places:
            if expectation.saved >= 0:
                count.add("lost", f"{expectation.saved} actions were acknowledged, and no project is there")
            return None
        try:
            found = project_digest(places[0])
        except UserError as error:
            count.add("corrupt", str(error))
            return None
        is_new = expectation.saved < 0 and not found.whole
        if not is_new and not expectation.is_possible(found):
            count.add(
                "lost", f"{expectation.saved} actions were acknowledged, and it holds {found.steps} steps"
            )
        return places[0]

    def _start_again(self, work: Work, place: Path | None, expectation: Expectation) -> None:
        """Start the program again; draw a new object, undo that, and close it."""
        stroke = Stroke(0, _NEW_OBJECT, np.array([[40, 40], [60, 50]], np.float32), 4.0)
        draw = Draw(Interaction(Tool.BRUSH, stroke))
        steps = tuple(map(Do, (AddObject(_NEW_OBJECT), draw, Undo(), Undo()))) if place else ()
        again = replace(work, project=place, actions=steps, describes=True)
        reports = self._reports_of(again)
        failures = [report.failure for report in reports if report.failure]
        if failures or len(reports) != len(steps) + 1:
            self._count.add("corrupt", f"the next start came to {len(reports)} reports: {failures}")
        elif place and reports[0].holds and reports[-1].holds:
            if not expectation.is_possible(reports[0].holds) and expectation.saved >= 0:
                self._count.add("lost", "the next start holds something else")
            if reports[0].holds.current != reports[-1].holds.current:
                self._count.add("corrupt", "a stroke that is undone leaves something else")

    def _check_outputs(self, work: Work, expectation: Expectation, place: Path | None) -> None:
        count = self._count
        known = {place}
        for path, allowed in expectation.outputs():
            known.add(path)
            if path == place:
                continue  # the work itself
            try:
                found = output_digest(path)
            except UserError as error:
                count.add("corrupt", str(error))
                continue
            if found not in allowed:
                count.add("half_written", str(path.relative_to(work.folder)))
        left = leftovers(work.folder)
        for path in [path for path in work.folder.rglob("*.mivos") if path not in left]:
            try:
                problems = check_project(path).problems
            except UserError as error:
                problems = (str(error),)
            if problems:
                count.add("corrupt", f"{path.name}: {problems}")
        left += [path for path in work.outputs.iterdir() if path not in known and path not in left]
        left += [path for path in work.temporary.iterdir() if path not in left]
        # Where it was killed while the work got a name, the project without one may be offered to the user.
        unnamed = (work.cache / "recovery").glob("*.mivos")
        left += [path for path in unnamed if path not in (place, expectation.project)]
        for path in left:
            count.add("leftovers", str(path.relative_to(work.folder)))

    def _reports_of(self, work: Work) -> list[Report]:
        """Run the program to its end; return what it reported."""
        process, receiver = self._start(work)
        reports: list[Report] = []
        with suppress(EOFError):
            while receiver.poll(_WAIT_S):
                reports.append(receiver.recv())
        process.join(_WAIT_S)
        if process.exitcode != 0:
            process.kill()
            self._count.add("faults", f"it ended with {process.exitcode}")
        receiver.close()
        return reports

    def _start(self, work: Work) -> tuple[BaseProcess, Connection]:
        receiver, sender = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_run, args=(work, sender))  # type: ignore[attr-defined]
        process.start()
        sender.close()  # the other end is the program's alone: it ends with it
        return process, receiver


def _run(work: Work, sender: Connection) -> None:
    program.run(work, sender.send)


def _listing(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return size and time of every file."""
    facts = {path: path.stat() for path in folder.rglob("*")}
    return {path: (fact.st_size, fact.st_mtime_ns) for path, fact in facts.items() if path.is_file()}


def _context() -> BaseContext:
    """Return how processes are started: from one that has imported everything, where there is such."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([program.__name__])
    return context
