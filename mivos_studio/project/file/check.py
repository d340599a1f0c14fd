"""Checks a project: the database, every mask's bytes, every state, every step of the script."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from inference_core.state.frame_record import Blob, FrameRecord, PackedProb
from inference_core.state.segments import Segment
from inference_core.state.snapshot import SessionSnapshot
from mivos_studio.project.file.errors import SQLITE_ERRORS, DamagedError, ProjectError, project_error
from mivos_studio.project.file.opening import ReadOnlyDatabase, check_is_file, check_tables, check_version
from mivos_studio.project.file.project_file import ProjectFile

_MOST_PROBLEMS = 20
_RUN_BYTES = 5
_LARGEST_PADDING = 256


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    interactions  steps that the user performed; rounds of propagation; frames that have masks.
    sizes         bytes: "file", and of it "history", which is all that undo needs; "masks" and "prob" of the
                  frames as they are; "unused" space, which is used again; and "rest".
    """

    problems: tuple[str, ...]
    interactions: int = 0
    rounds: int = 0
    frames: int = 0
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        return not self.problems


def check_project(path: Path) -> CheckReport:
    """Read all of a project. Raises a ProjectError where it is not one, or cannot be opened at all."""
    check_is_file(path)
    problems = _database_problems(path)
    try:
        project = ProjectFile.open(path, writes=False, needs_masks=False)
    except DamagedError as error:
        return CheckReport((*problems, error.what))
    with project:
        try:
            return _check_content(project, problems)
        except DamagedError as error:
            return CheckReport((*problems, error.what))


def _check_content(project: ProjectFile, problems: list[str]) -> CheckReport:
    state = project.state
    if state is None:
        return CheckReport(tuple(problems), project.interaction_count, sizes=project.sizes())
    masks = MaskChecker(state.size, state.settings.prob_dtype, _reader(project))
    records, segments = _all_masks(state)
    damaged = sum(not masks.is_readable(record) for record in records)
    damaged += sum(not masks.is_whole(segment) for segment in segments)
    if damaged:
        problems.append(f"{damaged} masks cannot be read")
    try:
        project.steps()
    except DamagedError as error:
        problems.append(error.what)
    sizes = project.sizes()
    return CheckReport(
        tuple(problems), project.interaction_count, len(state.state.rounds), len(state.records), sizes
    )


def _database_problems(path: Path) -> list[str]:
    """Return what SQLite finds wrong."""
    try:
        reader = ReadOnlyDatabase(path)
    except DamagedError as error:
        return [error.what]
    try:
        check_version(reader.connection, path)
        check_tables(reader.connection, path)
        found = reader.connection.execute(f"PRAGMA integrity_check({_MOST_PROBLEMS})").fetchall()
        return [" ".join(str(line).split()) for (line,) in found if line != "ok"]
    except DamagedError as error:
        return [error.what]
    except SQLITE_ERRORS as error:
        return [str(project_error(path, error))]
    finally:
        reader.close()


class MaskChecker:
    """Whether the bytes of records are there and can be decoded; each is read once.

    size  (H, W) of the masks. read returns the bytes of a number, None where they cannot be read.
    """

    def __init__(self, size: tuple[int, int], prob_dtype: str, read: Callable[[Blob], bytes | None]) -> None:
        self._size = size
        self._dtype = np.dtype(prob_dtype)
        self._read = read
        self._found: dict[Blob, bool] = {}
        height, width = size
        # A small source is enlarged for the networks, twofold at most, and padded.
        self._largest_plane = (2 * height + _LARGEST_PADDING) * (2 * width + _LARGEST_PADDING)
        self._plane_bytes: int | None = None

    def is_readable(self, record: FrameRecord) -> bool:
        """Whether all masks of a record can be read."""
        return self._is_prob(record.prob) and all(self._is_ids(layer.blob) for layer in record.layers)

    def is_whole(self, segment: Segment) -> bool:
        """Whether all that a stopped propagation had memorized can be read."""
        frames = (*segment.memorized, *((segment.last,) if segment.last else ()))
        return all(self._is_prob(frame.prob) for frame in frames)

    def _is_ids(self, blob: Blob) -> bool:
        if blob not in self._found:
            height, width = self._size
            packed = self._unpacked(blob, _RUN_BYTES * height * width)
            self._found[blob] = packed is not None and self._is_runs(packed)
        return self._found[blob]

    def _is_runs(self, packed: bytes) -> bool:
        count, rest = divmod(len(packed), _RUN_BYTES)
        lengths = np.frombuffer(packed, np.uint32, count)
        return rest == 0 and int(lengths.sum(dtype=np.uint64)) == self._size[0] * self._size[1]

    def _is_prob(self, prob: PackedProb) -> bool:
        if not prob.planes:
            return True  # its bytes are never read
        if prob.blob not in self._found:
            count = len(prob.planes)
            packed = self._unpacked(prob.blob, count * self._largest_plane * self._dtype.itemsize)
            self._found[prob.blob] = packed is not None and self._is_planes(packed, count)
        return self._found[prob.blob]

    def _is_planes(self, packed: bytes, count: int) -> bool:
        """Whether this is as many planes, of the size that all have."""
        plane_bytes, rest = divmod(len(packed), count)
        if self._plane_bytes is None:
            self._plane_bytes = plane_bytes
        return rest == 0 and plane_bytes == self._plane_bytes

    def _unpacked(self, blob: Blob, most_bytes: int) -> bytes | None:
        content = self._read(blob)
        if content is None:
            return None
        unpacking = zlib.decompressobj()
        try:
            packed = unpacking.decompress(content, most_bytes)
        except zlib.error:
            return None
        return packed if unpacking.eof else None


def _reader(project: ProjectFile) -> Callable[[Blob], bytes | None]:
    def read(blob: Blob) -> bytes | None:
        try:
            return project.storage.get(blob)
        except (KeyError, ProjectError):
            return None

    return read


def _all_masks(state: SessionSnapshot) -> tuple[Iterable[FrameRecord], Iterable[Segment]]:
    """Return every record that a session names, and every segment, once each."""
    records: dict[int, FrameRecord] = {}
    segments: dict[int, Segment] = {}

    def add(found: Iterable[FrameRecord | None]) -> None:
        records.update((id(record), record) for record in found if record is not None)

    add(state.records.values())
    states = [state.state]
    for step in (*state.done, *state.undone):
        add(step.records_before.values())
        add(step.records_after.values())
        states += [step.before, step.after]
    for each in {id(each): each for each in states}.values():
        add(record for anchor in each.anchors for record in (anchor.record, anchor.base))
        add(draft.base for draft in each.drafts)
        add(draft.strokes.start for draft in each.drafts if draft.strokes)
        segments.update((id(segment), segment) for segment in each.unfinished)
        for done in each.rounds:
            add(done.records_before.values())
            add(done.records_after.values())
    return records.values(), segments.values()
