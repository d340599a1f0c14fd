"""A result that is one file, named by the user: an older one of ours is replaced, nothing else is.

A file of ours is recognised by its content, since it may be anywhere and has no list beside it. An empty file
may be replaced too: it holds nothing, and `mktemp` makes such.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from mivos_studio.files import flush_to_disk, move_without_replacing
from mivos_studio.input_files import InputFileError, read_json
from mivos_studio.media.errors import MediaError
from mivos_studio.media.output import staging as stages
from mivos_studio.media.output.places import (
    cannot_write,
    check_free_space,
    check_writable,
    is_one_of,
    nearest_folder,
    real_path,
    refuse_project,
)
from mivos_studio.media.output.unfinished import temporary_folder

FILE = "file"
"""The kind of notes of such files, see `unfinished`."""
_LONGEST_SUFFIX = 10
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # for somebody who reads a pipe: without, opening it would not end
_LEAST_BYTES = 4096  # a block of most file systems


@dataclass(frozen=True)
class FileKind:
    """How a file that this program wrote is recognised.

    title       completes "which is not …", as "a file of figures".
    recognises  whether a file that is there is one; may raise OSError.
    """

    title: str
    recognises: Callable[[Path], bool]


def check_file(path: Path, kind: FileKind, *, inputs: Iterable[Path] = ()) -> None:
    """Raise a MediaError where a file must not or cannot be written. Leaves nothing behind.

    inputs  files that the work reads: none of them is ever replaced, by whatever name it is reached.
    """
    if _is_stream(path):
        return
    target = _allowed(path, kind, inputs)
    check_free_space(target, _LEAST_BYTES)
    stages.begin(target, target.parent, FILE, _nothing_to_undo).remove()
    if not os.path.lexists(target):
        try:
            target.open("xb").close()
            target.unlink()
        except OSError as error:
            raise MediaError(cannot_write(path, error)) from error


def json_object(path: Path) -> dict[str, Any] | None:
    """Return the JSON object that a file holds; None where it holds anything else. Raises OSError."""
    document = json_document(path)
    return document if isinstance(document, dict) else None


def json_document(path: Path) -> object:
    """Return the JSON that a file holds; None where it holds none. Raises OSError."""
    try:
        return read_json(path, "file")
    except InputFileError as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from error
        return None


def refuse_stream(path: Path) -> None:
    """Raise a MediaError where a path is that of a pipe or a device, which would be waited for."""
    if _is_stream(path):
        raise MediaError(f"{path} is a pipe or a device: name a file.")


@contextmanager
def written_file(path: Path, kind: FileKind, *, inputs: Iterable[Path] = ()) -> Iterator[Path]:
    """Yield a path to write to, and put the file in place when the block ends without an error.

    What stands in the place is looked at again at that moment. Raises a MediaError as `check_file` does; what
    was finished by then stays, and the text says where. A device or pipe takes the content as it is.
    """
    if _is_stream(path):
        with temporary_folder() as folder:
            yield folder / _name(path)
            _pour(folder / _name(path), path)
        return
    target = _allowed(path, kind, inputs)
    staging = stages.begin(target, target.parent, FILE, _nothing_to_undo)
    content = staging.result / _name(target)
    is_kept = False
    try:
        try:
            yield content
            flush_to_disk(content)
        except OSError as error:
            raise MediaError(cannot_write(path, error)) from error
        try:
            _put(content, _allowed(path, kind, inputs))
        except (OSError, MediaError) as error:
            is_kept = True
            reason = str(error) if isinstance(error, MediaError) else cannot_write(path, error)
            kept = staging.keep(target.name) / content.name
            raise MediaError(f"{reason} What was to be written is in {kept}.") from error
    finally:
        if not is_kept:
            staging.remove()


def _allowed(path: Path, kind: FileKind, inputs: Iterable[Path]) -> Path:
    """Return where a path leads to; raise a MediaError where nothing may be written there."""
    target = real_path(path)
    if target.is_dir():
        raise MediaError(f"{path} is a folder; name a file.")
    if not target.parent.is_dir():
        nearest_folder(target)
        raise MediaError(
            f"{path} cannot be written: the folder {target.parent} does not exist; make it first."
        )
    refuse_project(target)
    if is_one_of(target, inputs):
        raise MediaError(f"{path} is an input of this work; name another file.")
    check_writable(path, target.parent)
    if os.path.lexists(target) and not _is_ours(target, kind):
        raise MediaError(f"{path} is there and is not {kind.title} of this program; name another file.")
    return target


def _is_ours(target: Path, kind: FileKind) -> bool:
    try:
        facts = target.lstat()
        return stat.S_ISREG(facts.st_mode) and (facts.st_size == 0 or kind.recognises(target))
    except OSError:
        return False


def _is_stream(path: Path) -> bool:
    """Whether a path is a device or pipe, as /dev/stdout: it is written to, and never renamed over."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return (
        stat.S_ISCHR(mode) or stat.S_ISFIFO(mode) or (stat.S_ISREG(mode) and path.parts[:2] == ("/", "dev"))
    )


def _pour(content: Path, stream: Path) -> None:
    named = re.fullmatch(r"/dev/(?:stdout|stderr|fd/(\d+))", stream.as_posix())
    try:
        if named:  # at the place where this process is in it: opened anew, it would begin elsewhere
            sys.stdout.flush()
            descriptor = int(named[1] or (1 if stream.name == "stdout" else 2))
            sink: BinaryIO = os.fdopen(os.dup(descriptor), "wb")
        else:
            sink = os.fdopen(os.open(stream, os.O_WRONLY | os.O_APPEND | _NO_WAIT), "ab")
            os.set_blocking(sink.fileno(), True)
        with content.open("rb") as source, sink:
            shutil.copyfileobj(source, sink)
    except OSError as error:
        raise MediaError(cannot_write(stream, error)) from error


def _put(content: Path, target: Path) -> None:
    if os.path.lexists(target):  # one of ours, as was seen a moment ago
        with suppress(OSError):
            shutil.copymode(target, content)
        content.replace(target)
        return
    try:
        move_without_replacing(content, target)
    except FileExistsError as error:
        raise MediaError(f"{target} appeared meanwhile and stays.") from error


def _name(path: Path) -> str:
    """Short, and with the ending that decides how some libraries write."""
    return f"content{path.suffix[:_LONGEST_SUFFIX]}"


def clear_file(path: Path) -> None:
    """Remove what a killed run left of a file. Raises a MediaError where another run is writing it."""
    stages.clear_leftovers(path, _nothing_to_undo)


def _nothing_to_undo(staging: stages.Staging) -> None:
    """A single file is in its place or not."""
    del staging
