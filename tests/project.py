"""Where the project lies, what belongs to it, and where data that it does not hold may be found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("MIVOS_SHARED", PROJECT.parent / "shared"))
PACKAGES = ("gui", "inference_core", "model", "mivos_studio")


def python_files(*places: str) -> Iterator[Path]:
    """Give the Python files of packages, subpackages or single modules, named by their paths."""
    for place in places:
        path = PROJECT / place
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def tracked_files(*endings: str) -> list[Path]:
    """Return the project's files with one of these endings, caches and environments aside."""
    unwanted = (".", "build", "dist", "runs", "sample", "__pycache__")
    return [
        path
        for ending in endings
        for path in sorted(PROJECT.rglob(f"*{ending}"))
        if not any(
            part.startswith(unwanted) or part.endswith(".egg-info")
            for part in path.relative_to(PROJECT).parts[:-1]
        )
    ]


def program_files() -> list[Path]:
    """Return every Python file that the program is made of."""
    return [*python_files(*PACKAGES), PROJECT / "interactive_gui.py"]


def name_of(path: Path) -> str:
    """Return a file's path from the project's folder."""
    return path.relative_to(PROJECT).as_posix()


def module_of(path: Path) -> str:
    """Return the dotted name under which a file is imported."""
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")
