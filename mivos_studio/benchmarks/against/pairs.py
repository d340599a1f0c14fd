"""Runs both builds in alternation, each case in a fresh process, and gathers their figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from inference_core.errors import UserError
from mivos_studio.benchmarks.against.builds import Build
from mivos_studio.benchmarks.against.ratios import Comparison, compare
from mivos_studio.benchmarks.against.worker import Request

OnProgress = Callable[[str], None]

_WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True)
class BuildPair:
    """Two builds and how they are measured.

    builds    by the names "old" and "new".
    cases     keys of `worker.CASES`.
    settings  what every `Request` holds beside checkout and case.
    folder    a temporary folder: where the processes run and keep their byte code.
    on_progress  called with what is being done, a line at a time.
    """

    builds: Mapping[str, Build]
    cases: Sequence[str]
    settings: Mapping[str, Any]
    folder: Path
    on_progress: OnProgress

    def run_case(self, side: str, case: str) -> dict[str, Any]:
        """Run a case with one build in a fresh process; return its figures or hashes.

        Raises a UserError, which names the build, where the process fails.
        """
        build = self.builds[side]
        request = Request(checkout=str(build.checkout), case=case, **self.settings)
        done = subprocess.run(
            [sys.executable, "-P", str(_WORKER), json.dumps(asdict(request))],
            cwd=self.folder,
            env=_environment(build, self.folder),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            reason = said[-1].strip() if said else f"exit code {done.returncode}"
            raise UserError(f"The {side} build ({build.name}) failed at {case}: {reason}")
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result


@dataclass
class _Values:
    """The values of one figure, in the order of the pairs."""

    old: list[float] = field(default_factory=list)
    new: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class MaskDifference:
    """How the masks of a case compare: so many hashes, how many differ, and where the first of these is."""

    hashes: int
    differing: int
    first: str | None


def order(pair: int) -> tuple[str, str]:
    """Return which build goes first and which second; pairs alternate, so that drift favours neither."""
    return ("new", "old") if pair % 2 else ("old", "new")


def measure(build_pair: BuildPair, pairs: int) -> dict[str, dict[str, Comparison]]:
    """Measure so many pairs; return the comparisons by row and figure.

    Both builds run a case right after one another, so that other work on the machine affects both alike.
    """
    for side in build_pair.builds:
        build_pair.on_progress(f"warming up: {side}")
        build_pair.run_case(side, "start")  # compiles, and finds out early whether the build runs at all
    measured: dict[tuple[str, str], _Values] = {}
    for pair in range(pairs):
        for case in build_pair.cases:
            build_pair.on_progress(f"pair {pair + 1} of {pairs}: {case}")
            for side in order(pair):
                for row, figures in build_pair.run_case(side, case)["figures"].items():
                    for name, value in figures.items():
                        values = measured.setdefault((f"{case}: {row}", name), _Values())
                        getattr(values, side).append(value)
    rows: dict[str, dict[str, Comparison]] = {}
    for (row, name), values in measured.items():
        rows.setdefault(row, {})[name] = compare(name, values.old, values.new)
    return rows


def compare_masks(build_pair: BuildPair) -> dict[str, MaskDifference]:
    """Compare the masks of both builds bit for bit; return what was found by case."""
    found = {}
    for case in build_pair.cases:
        if case == "start":
            continue  # it makes no masks
        build_pair.on_progress(f"masks: {case}")
        old, new = (build_pair.run_case(side, case)["hashes"] for side in ("old", "new"))
        found[case] = _difference(old, new)
    return found


def _difference(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> MaskDifference:
    """Compare (what, hash) of both builds; what only one of them has differs."""
    old_hashes, new_hashes = (dict(hashes) for hashes in (old, new))
    names = list(dict.fromkeys([*old_hashes, *new_hashes]))
    differing = [name for name in names if old_hashes.get(name) != new_hashes.get(name)]
    return MaskDifference(len(names), len(differing), differing[0] if differing else None)


def _environment(build: Build, folder: Path) -> dict[str, str]:
    """Return the environment of a build's processes.

    Byte code goes to the temporary folder: a checkout that was never run would compile anew every time.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **kept,
        "PYTHONPATH": str(build.checkout),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
    }
