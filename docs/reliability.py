"""Measure what docs/reliability.md says, and write it.

Usage: python docs/reliability.py [--kills N] [--seed N]. A kill takes about five seconds.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from mivos_studio.benchmarks.kill.measure import KillOptions, measure_kills, table  # noqa: E402 the path comes first
from mivos_studio.benchmarks.project_file import measure  # noqa: E402
from mivos_studio.cli.options import whole_number  # noqa: E402
from mivos_studio.evaluation.machine import describe_machine, format_machine  # noqa: E402

FRAMES, OBJECTS, ROUNDS, STROKES = 2000, 5, 10, 20


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description="Measure reliability and write docs/reliability.md.")
    parser.add_argument("--kills", type=whole_number(least=1), default=300, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    options = parser.parse_args()
    kills = measure_kills(KillOptions(kills=options.kills, seed=options.seed))
    with tempfile.TemporaryDirectory(prefix="mivos-") as folder:
        project = measure(Path(folder), FRAMES, OBJECTS, ROUNDS, STROKES)
    (PROJECT / "docs" / "reliability.md").write_text(_page(kills, project), encoding="utf-8")


_PAGE = """\
# Reliability

Written by `python docs/reliability.py --kills {kills} --seed {seed}`
at commit {commit} on {machine}

## Killed at random moments

The program plays a random script in a project (strokes with every tool, propagations, undo, redo, resets,
locks), acknowledges each step once it is saved, and writes the masks at its end. It is killed with SIGKILL at
a random moment. Then the project is opened, compared with what the session was after each step, checked, and
exported where the killed program was to write. Lost: it has less than was acknowledged. `mivos bench kill`
measures it; `make test` has ten kills, `make test-long PART=kill` hundreds.

{table}

## A long project

{frames} frames of 1080p, {objects} objects, {rounds} propagations through all frames, made of records of the
usual size: `python -m mivos_studio.benchmarks.project_file`. Warm disk.

| | |
|---|---:|
{rows}

## How it is done

[The project file](project-file.md), [a session's state is data](adr/0038-state-is-data.md), [undo belongs to
the core](adr/0012-undo-in-the-core.md).
"""
_UNITS = {"_ms": " ms", "_s": " s", "_mb": " MB"}


def _page(kills: dict[str, Any], project: dict[str, Any]) -> str:
    words = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.strip()
    return _PAGE.format(
        kills=kills["options"]["kills"],
        seed=kills["options"]["seed"],
        commit=commit,
        machine=format_machine(describe_machine()),
        table="\n".join(table(kills)),
        frames=FRAMES,
        objects=OBJECTS,
        rounds=ROUNDS,
        rows="\n".join(_rows(project)),
    )


def _rows(project: dict[str, Any]) -> Iterator[str]:
    for name, value in project.items():
        unit = next((ending for ending in _UNITS if name.endswith(ending)), "")
        shown = f"{value:.1f}" if isinstance(value, float) else str(value)
        yield f"| {name.removesuffix(unit).replace('_', ' ')} | {shown}{_UNITS.get(unit, '')} |"


if __name__ == "__main__":
    main()
