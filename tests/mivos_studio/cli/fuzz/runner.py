"""Runs cases in a worker process and says what is wrong with how each ended.

A case is fine where it ends with 0, or with 2 and one sentence on stderr; within 10 seconds of computing;
with nothing written but what it named for its results, and with 2 not even that.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

LIMIT_CPU_S = 10.0
LIMIT_WALL_S = 60.0
"""Machines that run tests are loaded: a case may wait for a core, but not compute for longer."""
LIMIT_BYTES = 4 * 2**30
"""Of memory: what a decompression bomb would take is stopped before the machine is out of it."""
LONGEST_LINE = 500

_REPOSITORY = Path(__file__).resolve().parents[4]
_START_S = 300.0
_POLL_S = 0.05
_HASHED_BYTES = 4 * 2**20
_CASES_A_WORKER = 400
_OF_LIBRARIES = ("tmp/torchinductor_",)
"""An empty folder that torch makes when its optimizers are imported first."""
_UNSAFE = ("Cc", "Cs", "Zl", "Zp")


@dataclass(frozen=True)
class Case:
    """A command line, run in a folder that holds its input.

    outputs  what it may write on success, by name from its folder; so may files beside it, as NAME-wal.
    keeps    those of them that may stay where it fails: a project, in which every step is saved once done.
    sacred   what has to stay as it is even inside an output.
    """

    words: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    sacred: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a case ended; wrong holds a sentence for each rule that it broke."""

    code: int
    stdout: str
    stderr: str
    cpu_s: float
    wrong: tuple[str, ...]


@dataclass
class Worker:
    """The process, and what it runs."""

    root: Path
    target: str
    process: subprocess.Popen[str] | None = None
    cases: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def request(self, words: Sequence[str], folder: Path) -> dict[str, Any] | str:
        """Run a command line; return the report, or what is wrong where there is none."""
        process = self._running()
        self.cases += 1
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps({"words": list(words), "folder": str(folder)}) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            return self._end()
        return self._awaited(process, LIMIT_CPU_S, LIMIT_WALL_S)

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    stream.close()
            self.process = None

    def _running(self) -> subprocess.Popen[str]:
        if self.process is not None and self.cases >= _CASES_A_WORKER:
            self.close()
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.mivos_studio.cli.fuzz.worker", str(self.root), self.target],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                cwd=_REPOSITORY, env=self.environment, start_new_session=True,
            )  # fmt: skip
            self.cases = 0
            ready = self._awaited(self.process, _START_S, _START_S)
            assert isinstance(ready, dict), f"the worker does not start: {ready}"
        return self.process

    def _awaited(
        self, process: subprocess.Popen[str], limit_cpu_s: float, limit_wall_s: float
    ) -> dict[str, Any] | str:
        assert process.stdout is not None
        started_s, cpu_before_s = time.monotonic(), _cpu_s(process.pid)
        while not select.select([process.stdout], [], [], _POLL_S)[0]:
            wall_s, cpu_s = time.monotonic() - started_s, _cpu_s(process.pid) - cpu_before_s
            if wall_s > limit_wall_s or cpu_s > limit_cpu_s:
                return f"hangs: {wall_s:.0f} s, of CPU {cpu_s:.0f} s\n{self._end(signal.SIGUSR1)}"
            if _bytes(process.pid) > LIMIT_BYTES:
                return f"takes over {LIMIT_BYTES / 2**30:.0f} GiB of memory\n{self._end(signal.SIGUSR1)}"
        line = process.stdout.readline()
        report: dict[str, Any] | str = json.loads(line) if line else f"crashes\n{self._end()}"
        return report

    def _end(self, number: signal.Signals | None = None) -> str:
        """End the process; return where its threads were."""
        assert self.process is not None
        if number is not None:
            self.process.send_signal(number)
            time.sleep(1)
        code = self.process.poll()
        self.close()
        trace = self.root.parent / "trace"
        return f"exit code {code}\n{trace.read_text(errors='replace') if trace.exists() else ''}"


class Runner:
    """Gives each case an empty folder, `case`, runs it there, and compares before and after."""

    def __init__(self, folder: Path, target: str = "tests.mivos_studio.cli.fuzz.commands:main") -> None:
        self._root = folder.resolve() / "root"
        self.case_folder = self._root / "case"
        places = {"HOME": "home", "TMPDIR": "tmp", "MPLCONFIGDIR": "home/matplotlib"}
        places |= {
            f"XDG_{name}_HOME": f"home/{name.lower()}" for name in ("CACHE", "CONFIG", "DATA", "STATE")
        }
        for place in ("case", "home/cache/MiVOS Studio", *places.values()):
            (self._root / place).mkdir(parents=True, exist_ok=True)
        closed = "http://127.0.0.1:9"  # nothing leaves the computer
        self._worker = Worker(
            self._root,
            target,
            environment={
                **{name: value for name, value in os.environ.items() if not name.startswith("XDG_")},
                **{name: str(self._root / place) for name, place in places.items()},
                **{f"{kind}_proxy": closed for kind in ("http", "https", "all")},
                "PYTHONPATH": str(_REPOSITORY),
                "PYTHONDONTWRITEBYTECODE": "1",
                "QT_QPA_PLATFORM": "offscreen",
                "OMP_NUM_THREADS": "1",
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.close()

    def clear(self) -> Path:
        """Empty the folder of the case and that of temporary files; return the former."""
        for folder in (self.case_folder, self._root / "tmp"):
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        return self.case_folder

    def run(self, case: Case) -> Outcome:
        """Run a case whose input is in the folder by now."""
        before = listing(self._root)
        report = self._worker.request(case.words, self.case_folder)
        if isinstance(report, str):
            return Outcome(-1, "", "", 0.0, (report,))
        printed, said = (
            (self._root.parent / name).read_text(encoding="utf-8", errors="surrogateescape")
            for name in ("stdout", "stderr")
        )
        wrong = [
            *wrong_ending(report["code"], printed, said),
            *([report["fault"]] if report["fault"] else ()),
            *(f"writes to {path}" for path in report["foreign"]),
            *self._faults(),
            *_wrong_files(case, report["code"], before, listing(self._root)),
        ]
        return Outcome(report["code"], printed, said, report["cpu_s"], tuple(wrong))

    def _faults(self) -> list[str]:
        """Return the details of faults that the command left."""
        return [path.read_text(errors="replace") for path in sorted((self._root / "tmp").glob("mivos-*.txt"))]


def wrong_ending(code: int, printed: str, said: str) -> list[str]:
    """Return which rules an exit code and what was printed break."""
    lines = said.split("\n")
    wrong = []
    if code not in (0, 2):
        wrong.append(f"exit code {code}")
    if code == 2 and (len(lines) != 2 or not lines[0].strip() or lines[1]):
        wrong.append("stderr is not one sentence on one line")
    if code == 0 and lines[-1]:
        wrong.append("stderr ends within a line")
    if any(len(line) > LONGEST_LINE for line in lines):
        wrong.append("a line of stderr is too long")
    if any(unicodedata.category(character) in _UNSAFE for line in lines for character in line):
        wrong.append("stderr holds control characters")
    if "Traceback" in said + printed or "A fault in mivos" in said:
        wrong.append("it reports a fault")
    return [f"{each}: {said!r}" for each in wrong]


Listing = dict[str, tuple[Any, ...]]


_NOTES = "unfinished"


def listing(folder: Path) -> Listing:
    """Return what is in a folder: kind, rights, and of files size, time of change and SHA-256."""
    found: Listing = {}
    for place, folders, files in os.walk(folder):
        if _NOTES in folders:  # the program's own, of what it is writing; blank ones stay for full disks
            folders.remove(_NOTES)
        for name in (*folders, *files):
            path = Path(place, name)
            facts = path.lstat()
            kind = (stat.S_IFMT(facts.st_mode), stat.S_IMODE(facts.st_mode))
            details: tuple[Any, ...] = ()
            if stat.S_ISREG(facts.st_mode):
                details = (facts.st_size, facts.st_mtime_ns, _sha256(path, facts))
            elif stat.S_ISLNK(facts.st_mode):
                details = (os.readlink(path),)  # noqa: PTH115
            found[path.relative_to(folder).as_posix()] = (*kind, *details)
    return found


def _sha256(path: Path, facts: os.stat_result) -> str:
    is_readable = facts.st_size <= _HASHED_BYTES and facts.st_mode & stat.S_IRUSR
    return hashlib.sha256(path.read_bytes()).hexdigest() if is_readable else ""


def _wrong_files(case: Case, code: int, before: Listing, after: Listing) -> list[str]:
    allowed = case.outputs if code == 0 else case.keeps
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    return [
        f"{'writes' if path not in before else 'changes' if path in after else 'removes'} {path}"
        for path in changed
        if (not _is_allowed(path, allowed) or _is_allowed(path, case.sacred))
        and not path.startswith(_OF_LIBRARIES)
    ]


def _is_allowed(path: str, names: tuple[str, ...]) -> bool:
    """Whether a path below the root is one of these in the case's folder, inside it, or a file beside it."""
    place = path.removeprefix("case/")
    return any(
        place == name or place.startswith((f"{name}/", f"{name}-", f"{name}.", f".{name}."))
        for name in names
        if name
    )


def _cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _bytes(pid: int) -> int:
    """Return the memory that a process holds; 0 where the system does not say."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0
