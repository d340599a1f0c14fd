"""Which clip a project is about: where it was, and how to recognise it elsewhere."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from msgspec import convert

from inference_core.errors import UserError
from mivos_studio.input_files import check_input
from mivos_studio.media.clip import Clip
from mivos_studio.media.errors import MediaError
from mivos_studio.media.image_folder import list_images
from mivos_studio.system_errors import reason_of

_SAMPLE_BYTES = 64 * 1024
_IMAGES_READ = (0.0, 0.5, 1.0)
"""The first image of a folder, the middle and the last one."""
_OF_EARLIER_PROJECTS = ()
"""They were recognised by the names and sizes of a folder's images alone."""
_Row = tuple[str | None, str, int, str, int, int, int, str]


@dataclass(frozen=True)
class ClipReference:
    """A clip as a project names it.

    relative    its path from the project's folder, None where there is none, as on another drive.
    bytes       of the file, or of all images of a folder.
    sha256      of a file's first and last 64 KiB; of a folder's list of names and sizes, and so much of its
                first, middle and last image.
    size        (height, width); frame_rate in frames a second.
    """

    relative: str | None
    absolute: str
    bytes: int
    sha256: str
    frames: int
    size: tuple[int, int]
    frame_rate: Fraction

    @classmethod
    def of(cls, path: Path, clip: Clip, project: Path) -> ClipReference:
        """Describe a clip that is open, for a project. Raises a UserError where it cannot be read."""
        size, sha256 = _fingerprint(path)
        height, width = clip.size
        described = cls(
            None, str(_absolute(path)), size, sha256, len(clip), (int(height), int(width)), clip.frame_rate
        )
        return described.seen_from(project)

    def seen_from(self, project: Path) -> ClipReference:
        """Return it with the path from a project at another place.

        It leads through no link to a folder: it stays right where both are moved and the link is not.
        """
        folder = Path(os.path.realpath(project)).parent
        try:
            relative = os.path.relpath(_through_no_link(Path(self.absolute)), folder)
        except ValueError:  # another drive
            return replace(self, relative=None)
        return replace(self, relative=Path(relative).as_posix())

    def expected_at(self, project: Path) -> Path:
        """Return where it is for a project: the first of its places where there is anything, or the first."""
        places = list(_places(self, project))
        return next((place for place in places if place.exists()), places[0])

    def is_at(self, path: Path) -> bool:
        """Whether the same clip is at a path. Raises a UserError where it cannot be read."""
        known = (self.bytes, self.sha256)
        return known == _fingerprint(path) or known == _fingerprint(path, _OF_EARLIER_PROJECTS)


@dataclass(frozen=True)
class FoundClip:
    """A clip found for a project; another one than the project's where not is_same."""

    path: Path
    is_same: bool


def find_clip(reference: ClipReference, project: Path) -> FoundClip:
    """Look for a project's clip: at the stored places, then beside the project.

    Another clip is returned only where the same one is at none of them. Raises a UserError that names the
    places where there is nothing at all.
    """
    others: list[Path] = []
    places = list(dict.fromkeys(_places(reference, project)))
    for place in places:
        try:
            if reference.is_at(place):
                return FoundClip(place, is_same=True)
            others.append(place)
        except UserError:
            continue
    if others:
        return FoundClip(others[0], is_same=False)
    raise UserError(
        f"The clip of {project} is not at {' or '.join(map(str, places))}:"
        " put it there, or beside the project."
    )


def write_clip(database: sqlite3.Connection, reference: ClipReference) -> None:
    """Write a reference to a project's table."""
    height, width = reference.size
    database.execute(
        "INSERT OR REPLACE INTO clip VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            _written(reference.relative),
            _written(reference.absolute),
            int(reference.bytes),
            reference.sha256,
            int(reference.frames),
            int(height),
            int(width),
            str(reference.frame_rate),
        ),
    ).close()


def read_clip(database: sqlite3.Connection) -> ClipReference | None:
    """Read the reference from a project's table; None where there is none.

    Raises msgspec.MsgspecError or ValueError where it is not what `write_clip` writes.
    """
    row = database.execute(
        "SELECT relative, absolute, bytes, sha256, frames, height, width, frame_rate FROM clip"
    ).fetchone()
    if row is None:
        return None
    paths = (os.fsdecode(path) if isinstance(path, bytes) else path for path in row[:2])
    relative, absolute, size, sha256, frames, height, width, rate = convert((*paths, *row[2:]), _Row)
    return ClipReference(relative, absolute, size, sha256, frames, (height, width), Fraction(rate))


def _storable(path: str) -> str:
    """Return a path as SQLite can hold it: what is not valid Unicode in a name becomes a question mark."""
    return path.encode("utf-8", "replace").decode("utf-8")


def _places(reference: ClipReference, project: Path) -> Iterator[Path]:
    folder = project.absolute().parent
    if reference.relative is not None:
        yield Path(os.path.normpath(folder / reference.relative))
    yield Path(reference.absolute)
    yield folder / Path(reference.absolute.replace("\\", "/")).name


def _absolute(path: Path) -> Path:
    """Return an absolute path that ends in the clip's own name."""
    return Path(os.path.realpath(path)) if path.name in ("", "..") else path.absolute()


def _through_no_link(path: Path) -> Path:
    """Follow the links to a clip's folder; one that is the clip itself stays."""
    return Path(os.path.realpath(path.parent)) / path.name


def _written(path: str | None) -> str | bytes | None:
    """Return a path for the table: bytes where it is not Unicode, as names on Linux need not be."""
    try:
        (path or "").encode()
    except UnicodeEncodeError:
        return os.fsencode(path or "")
    return path


def _fingerprint(path: Path, images_read: Sequence[float] = _IMAGES_READ) -> tuple[int, str]:
    """Return bytes and SHA-256 as of ClipReference. images_read: which of a folder, by their place in it."""
    check_input(path, "clip", may_be_folder=True)
    try:
        return _of_folder(list_images(path), images_read) if path.is_dir() else _of_file(path)
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {reason_of(error)}.") from error


def _of_file(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        first = file.read(_SAMPLE_BYTES)
        file.seek(max(size - _SAMPLE_BYTES, 0))
        return size, hashlib.sha256(first + file.read(_SAMPLE_BYTES)).hexdigest()


def _of_folder(images: Sequence[Path], images_read: Sequence[float]) -> tuple[int, str]:
    sizes = [(image.name, image.stat().st_size) for image in images]
    listed = "".join(f"{name}\0{size}\n" for name, size in sorted(sizes))
    # Images that are not compressed have equal sizes, whatever is on them.
    listed += "".join(_of_file(images[round(place * (len(images) - 1))])[1] for place in images_read)
    return sum(size for _, size in sizes), hashlib.sha256(
        listed.encode("utf-8", "surrogateescape")
    ).hexdigest()
