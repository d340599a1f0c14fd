"""A result that is a folder of files: what it may replace, and how it takes its place.

    with FolderOutput(path, replaces=False, inputs=[clip]) as output:  # the place is reserved
        output.expect(names, needed_bytes)
        ...  # the long work
        with output.writing() as folder:  # put in place at the end
            ...

Files that this program wrote are known by the list beside them (`manifest`). They alone are ever replaced or
removed, and only when `replaces` asks for it; all else in the folder stays. A result that would need the name
of a foreign file, or that comes upon an input, is refused. All of this is looked at before the work and again
when the files take their places, where no rename is used that could replace anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from mivos_studio.files import move_without_replacing
from mivos_studio.media.errors import MediaError
from mivos_studio.media.output import staging as stages
from mivos_studio.media.output.manifest import (
    MANIFEST_NAME,
    WrittenFile,
    describe,
    list_files,
    passes_link,
    read_manifest,
    write_manifest,
)
from mivos_studio.media.output.places import (
    cannot_write,
    check_free_space,
    check_names,
    check_writable,
    is_one_of,
    missing_folders,
    nearest_folder,
    real_path,
    refuse_project,
    remove_empty,
)

FOLDER = "folder"
"""The kind of notes of such folders, see `unfinished`."""
_QUICK_BYTES = 256 * 2**20


class FolderOutput:
    """A folder to be written, refused at once where it must not be. Links are followed to where they lead.

    replaces  whether files of an earlier result there, and only those, may be replaced and removed.
    inputs    files that the result is made from: none of them is replaced or removed.
    sources   clips that it is made from, files or folders: nothing is written into a clip's folder, or into
              the one that a clip's file lies in.
    Raises a MediaError that says what to do.
    """

    def __init__(
        self,
        path: Path,
        *,
        replaces: bool = False,
        inputs: Iterable[Path] = (),
        sources: Iterable[Path] = (),
    ) -> None:
        self.path = real_path(path)
        self._replaces = replaces
        self._inputs = (*inputs, *sources)
        self._staging: stages.Staging | None = None
        self._is_kept = False
        refuse_project(self.path)
        self._refuse_sources(path, sources)
        if os.path.lexists(self.path) and not self.path.is_dir():
            raise MediaError(f"{path} is a file, but a folder is to be written: name a folder.")
        check_writable(path, self.path if self.path.is_dir() else nearest_folder(self.path))
        stages.clear_leftovers(self.path, self._undo)
        self._check_empty()

    def __enter__(self) -> Self:
        """Reserve the place, locked for other runs until the end. Raises a MediaError where that fails."""
        home = self.path if self.path.is_dir() else nearest_folder(self.path)
        self._staging = stages.begin(self.path, home, FOLDER, self._undo)
        try:
            check_names(self.path, home, self._staging.result)
            self._check_empty()  # once more: another run may have ended since
        except MediaError:
            self._staging.remove()
            raise
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._staging is not None and not self._is_kept:
            self._staging.remove()

    @property
    def holds_files(self) -> bool:
        """Whether anything is in the folder, other than what is being written now."""
        return self.path.is_dir() and any(
            not stages.is_staging_name(path.name, self.path, self.path) for path in self.path.iterdir()
        )

    def earlier_files(self, *, compares_content: bool = True) -> list[str]:
        """Return the files of earlier results that are there unchanged: those that may be replaced."""
        listed = read_manifest(self.path) if self.path.is_dir() else []
        return [
            file.name for file in listed or () if file.is_in(self.path, compares_content=compares_content)
        ]

    @property
    def is_quick_to_compare(self) -> bool:
        """Whether what an earlier result left can be read through in a moment."""
        listed = read_manifest(self.path) if self.path.is_dir() else []
        return sum(file.bytes for file in listed or ()) <= _QUICK_BYTES

    def expect(self, names: Iterable[str], needed_bytes: int = 0, *, compares_content: bool = True) -> None:
        """Announce the files of the result, as far as they are known.

        names             of files, relative to the folder, with / between their parts.
        needed_bytes      the least that they take.
        compares_content  False finds files that were changed by their size alone, which is quick.
        Raises a MediaError where a name is that of a foreign file or of an input, or the disk is too full.
        """
        if self.path.is_dir():
            self._check_names(names, compares_content=compares_content)
        check_free_space(self.path, needed_bytes)

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """Yield the empty folder to write into, and put it in place when the block ends without an error.

        Raises a MediaError where that cannot be; a result that is finished stays then: the text says where.
        """
        assert self._staging is not None, "the place is not taken: use it in a with statement"
        folder = self._staging.result
        try:
            yield folder
            write_manifest(
                folder, describe(folder, [name for name in list_files(folder) if name != MANIFEST_NAME])
            )
        except OSError as error:
            raise MediaError(cannot_write(self.path, error)) from error
        try:
            self._put_in_place(self._staging)
        except (OSError, MediaError) as error:
            self._is_kept = True
            reason = str(error) if isinstance(error, MediaError) else cannot_write(self.path, error)
            kept = self._staging.keep(self.path.name)
            raise MediaError(f"{reason} The finished result is in {kept}.") from error

    def _check_empty(self) -> None:
        if not self._replaces and self.holds_files:
            raise MediaError(
                f"{self.path} is not empty: name another folder,"
                " or replace an earlier result in it with --force."
            )

    def _refuse_sources(self, path: Path, sources: Iterable[Path]) -> None:
        for source in sources:
            folders = [source] if source.is_dir() else [source.absolute().parent, real_path(source).parent]
            if is_one_of(self.path, folders):
                raise MediaError(
                    f"{path} is the folder of the clip itself: name another folder for the result."
                )

    def _check_names(self, names: Iterable[str], *, compares_content: bool = True) -> list[WrittenFile]:
        """Return the earlier files that make way; raise a MediaError where anything else is in the way."""
        listed = read_manifest(self.path)
        if listed is None:
            raise MediaError(
                f"{self.path / MANIFEST_NAME} was not written by this program: name another folder."
            )
        if listed and not self._replaces:
            raise MediaError(f"{self.path} holds an earlier result by now: name another folder.")
        earlier = [file for file in listed if file.is_in(self.path, compares_content=compares_content)]
        known = {_identity(self.path / file.name) for file in earlier}
        for name in names:
            if name != MANIFEST_NAME:
                self._check_name(name, known)
        for file in earlier:
            if is_one_of(self.path / file.name, self._inputs):
                raise MediaError(f"{self.path / file.name} is an input of this work: name another folder.")
        return earlier

    def _check_name(self, name: str, known: set[tuple[int, int]]) -> None:
        path = self.path / name
        if passes_link(self.path, name):
            raise MediaError(
                f"{path.parent} is a link, through which nothing is written: name another folder."
            )
        for parent in PurePosixPath(name).parents:
            if parent.name and os.path.lexists(self.path / parent) and not (self.path / parent).is_dir():
                raise MediaError(f"{self.path / parent} is in the way: name another folder, or move it away.")
        if os.path.lexists(path) and _identity(path) not in known:
            raise MediaError(
                f"{path} is in the way, and was not written by this program or changed since: "
                "name another folder, or move it away."
            )

    def _put_in_place(self, staging: stages.Staging) -> None:
        if not os.path.lexists(self.path) and self._rename_whole(staging.result):
            return
        if not self.path.is_dir():
            raise MediaError(f"{self.path} is a file by now: name another folder.")
        self._fill(staging)

    def _rename_whole(self, result: Path) -> bool:
        """Rename the finished folder; False where something else got the name at this moment."""
        made = missing_folders(self.path.parent)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            result.rename(self.path)  # of a folder: never replaces anything but an empty one
        except OSError:
            remove_empty(reversed(made))
            if os.path.lexists(self.path):
                return False
            raise
        return True

    def _fill(self, staging: stages.Staging) -> None:
        """Put file after file into a folder that is there; all go back where one of them cannot."""
        new = sorted(list_files(staging.result), key=lambda name: name == MANIFEST_NAME)  # the list last
        earlier = self._check_names(new)
        staging.older.mkdir()
        try:
            self._move_aside(earlier, staging.older)
            for name in new:
                (self.path / name).parent.mkdir(parents=True, exist_ok=True)
                move_without_replacing(staging.result / name, self.path / name)
            staging.older.rename(staging.replaced)
        except FileExistsError as error:
            self._undo(staging)
            raise MediaError(f"{error.filename2 or error.filename} appeared meanwhile and stays.") from error
        except BaseException:
            self._undo(staging)
            raise
        for file in earlier:
            remove_empty(self.path / parent for parent in PurePosixPath(file.name).parents if parent.name)

    def _move_aside(self, earlier: Iterable[WrittenFile], older: Path) -> None:
        """Move earlier files away, and check them once more there, where nothing changes them."""
        if os.path.lexists(self.path / MANIFEST_NAME):
            (self.path / MANIFEST_NAME).rename(older / MANIFEST_NAME)
        for file in earlier:
            (older / file.name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / file.name).rename(older / file.name)
            if not file.is_in(older):
                raise MediaError(f"{self.path / file.name} was changed meanwhile: name another folder.")

    def _undo(self, staging: stages.Staging) -> None:
        _undo(self.path, staging)


def clear_folder(path: Path) -> None:
    """Take a result of a killed run that is partly in place out again, and put the earlier one back.

    Raises a MediaError where another run is writing it.
    """
    stages.clear_leftovers(path, partial(_undo, path))


def _undo(path: Path, staging: stages.Staging) -> None:
    """Take a result that is partly in place out again, and put the earlier one back. Raises OSError."""
    if not os.path.lexists(staging.result / MANIFEST_NAME):  # the list went last: all are in place
        move_without_replacing(path / MANIFEST_NAME, staging.result / MANIFEST_NAME)
    new = read_manifest(staging.result) or ()
    for file in new:
        if not os.path.lexists(staging.result / file.name) and file.is_in(path):
            move_without_replacing(path / file.name, staging.result / file.name)
    for name in (MANIFEST_NAME, *(file.name for file in new)):
        back, place = staging.result / name, path / name
        if os.path.lexists(back) and os.path.lexists(place) and back.samefile(place):
            place.unlink()  # stopped between link and removal
        remove_empty(path / parent for parent in PurePosixPath(name).parents if parent.name)
    stages.restore(staging.older, path)


def _identity(path: Path) -> tuple[int, int]:
    facts = path.lstat()
    return facts.st_dev, facts.st_ino
