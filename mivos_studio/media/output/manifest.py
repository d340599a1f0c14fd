"""Which files in a folder this program wrote: a JSON file beside them, with name, size and SHA-256 of each.

A file is ours as long as it is a plain file with that size and content. One that was changed since, by hand
or by another program, belongs to whoever changed it; so does what is reached through a link.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mivos_studio.files import sha256_of
from mivos_studio.input_files import read_json

MANIFEST_NAME = ".mivos-files.json"
PROGRAM = "mivos-studio"
"""The value of `written_by` in every JSON file of this program."""

_VERSION = 1


@dataclass(frozen=True)
class WrittenFile:
    """A file that this program wrote. name is relative to the folder, with / between its parts."""

    name: str
    bytes: int
    sha256: str

    def is_in(self, folder: Path, *, compares_content: bool = True) -> bool:
        """Whether it is there as it was written; without compares_content, by its size alone."""
        path = folder / self.name
        try:
            facts = path.lstat()
            return (
                stat.S_ISREG(facts.st_mode)
                and facts.st_size == self.bytes
                and not passes_link(folder, self.name)
                and (not compares_content or sha256_of(path) == self.sha256)
            )
        except OSError:
            return False


def list_files(folder: Path) -> Iterator[str]:
    """Yield the names of all files below a folder, relative to it, with / between their parts."""
    for path in sorted(folder.rglob("*")):
        if not path.is_dir() or path.is_symlink():
            yield path.relative_to(folder).as_posix()


def describe(folder: Path, names: Iterable[str]) -> list[WrittenFile]:
    """Return size and hash of files in a folder."""
    return [WrittenFile(name, (folder / name).stat().st_size, sha256_of(folder / name)) for name in names]


def write_manifest(folder: Path, files: Iterable[WrittenFile]) -> None:
    """Write the list of files into their folder, one a line. The folder must be one that is being made."""
    lines = ",\n".join(f"  {json.dumps(asdict(file))}" for file in files)
    text = f'{{\n "written_by": "{PROGRAM}",\n "version": {_VERSION},\n "files": [\n{lines}\n ]\n}}\n'
    (folder / MANIFEST_NAME).write_text(text, encoding="utf-8")


def read_manifest(folder: Path) -> list[WrittenFile] | None:
    """Return the files that a folder's list names: none where there is no list, None where it is not ours."""
    path = folder / MANIFEST_NAME
    if not os.path.lexists(path):
        return []
    if path.is_symlink():
        return None
    try:
        document = read_json(path, "list")
        if document["written_by"] != PROGRAM or document["version"] != _VERSION:
            return None
        files = [_read(entry) for entry in document["files"]]
    except (ValueError, TypeError, KeyError):  # a UserError is a ValueError
        return None
    return files


def passes_link(folder: Path, name: str) -> bool:
    """Whether one of the folders between a folder and a file in it is a symbolic link."""
    return any((folder / parent).is_symlink() for parent in PurePosixPath(name).parents if parent.name)


def _read(entry: dict[str, Any]) -> WrittenFile:
    """Read one file of the list; a name that leads out of the folder is refused with a ValueError."""
    file = WrittenFile(str(entry["name"]), int(entry["bytes"]), str(entry["sha256"]))
    path = Path(file.name)  # of this system: elsewhere C:x is a plain name
    if path.is_absolute() or path.drive or ".." in path.parts or not path.name:
        raise ValueError(f"{file.name} is no name of a file in a folder")
    return file
