"""What identifies a project and an output, so that they can be compared with what they should be."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from inference_core.state.snapshot import SessionSnapshot
from mivos_studio.media.output.manifest import MANIFEST_NAME
from mivos_studio.media.output.places import PROJECT_SUFFIX
from mivos_studio.project.file.project_file import ProjectFile

_LEFTOVERS = ("*.partial*", ".*.lock", "*-wal", "*-shm", "*-journal", ".mivos-*", "*-kept*")
_TIMES = frozenset({"done_at", "elapsed_s"})
"""Fields that differ from run to run."""


@dataclass(frozen=True)
class ProjectDigest:
    """What a project holds.

    whole    all of it, with the whole undo history and every mask.
    current  without the history.
    before   as current, before the newest undo step; "" where there is none.
    steps    steps that the user has performed.
    """

    whole: str
    current: str
    before: str
    steps: int


def digest_of(state: SessionSnapshot | None, read: Callable[[int], bytes], steps: int) -> ProjectDigest:
    """Return the digest of a session's state; read returns the bytes of a number. Raises KeyError."""
    if state is None:
        return ProjectDigest("", "", "", steps)
    canonical = _Canonical(read)
    before = ""
    if state.done:
        step = state.done[-1]
        records = {**state.records, **step.records_before}
        kept = {frame_index: record for frame_index, record in records.items() if record is not None}
        before = canonical.digest(_current(replace(state, state=step.before, records=kept)))
    whole = canonical.digest(replace(state, next_blob=0))
    return ProjectDigest(whole, canonical.digest(_current(state)), before, steps)


def project_digest(path: Path) -> ProjectDigest:
    """Read a project and return its digest. Raises a ProjectError."""
    with ProjectFile.open(path, writes=False) as project:
        return digest_of(project.state, project.storage.get, project.interaction_count)


def output_digest(path: Path) -> str:
    """Return the digest of a file, or of all files below a folder; "" where there is nothing.

    Leftovers are left out, see `leftovers`; so is the name of a project, which depends on whether an earlier
    copy succeeded. Raises a ProjectError where a project in it cannot be read.
    """
    if path.is_dir():
        files = (each for each in path.rglob("*") if each.is_file() and not is_leftover(each, path))
        found = sorted((_named(each.relative_to(path)), output_digest(each)) for each in files)
        return hashlib.sha256(repr(found).encode()).hexdigest() if found else ""
    if not path.exists():
        return ""
    if path.suffix == PROJECT_SUFFIX:
        return project_digest(path).whole
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _named(file: Path) -> str:
    return file.suffix if file.suffix == PROJECT_SUFFIX else file.as_posix()


def is_leftover(path: Path, folder: Path) -> bool:
    """Whether a file or folder below another one is what the program makes for a while only."""
    below = path.relative_to(folder)
    return path.name != MANIFEST_NAME and any(
        Path(part).match(pattern) for part in below.parts for pattern in _LEFTOVERS
    )


def leftovers(folder: Path) -> list[Path]:
    """Return what the program left below a folder of what it makes for a while only."""
    return [path for path in sorted(folder.rglob("*")) if is_leftover(path, folder)]


def _current(state: SessionSnapshot) -> tuple[Any, ...]:
    return (state.settings, state.size, state.frames, state.state, state.records)


class _Canonical:
    """Turns plain values into tuples that are equal where the values are; bytes of masks by their content."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._known: dict[int, tuple[Any, str]] = {}

    def digest(self, value: Any) -> str:
        return hashlib.sha256(repr(self._plain(value)).encode()).hexdigest()

    def _plain(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return (str(value.dtype), value.shape, value.tobytes())
        if isinstance(value, Mapping):
            return sorted((repr(key), self._plain(each)) for key, each in value.items())
        if dataclasses.is_dataclass(value):
            return self._of_fields(value)
        if hasattr(value, "_fields"):  # a NamedTuple
            return self._named(type(value).__name__, value._asdict())
        if isinstance(value, frozenset):
            return sorted(map(repr, value))
        if isinstance(value, tuple | list):
            return [self._plain(each) for each in value]
        return repr(value)

    def _of_fields(self, value: Any) -> str:
        """Return the digest of a dataclass; many share their parts, each of which is looked at once."""
        if id(value) not in self._known:
            named = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            plain = self._named(type(value).__name__, named)
            self._known[id(value)] = value, hashlib.sha256(repr(plain).encode()).hexdigest()
        return self._known[id(value)][1]

    def _named(self, name: str, fields: Mapping[str, Any]) -> Any:
        found = [(key, self._plain(value)) for key, value in fields.items() if key not in _TIMES | {"blob"}]
        has_bytes = "blob" in fields and fields.get("planes", True)
        return (name, found, hashlib.sha256(self._read(fields["blob"])).digest() if has_bytes else b"")
