"""What SQLite reports, as sentences that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import MsgspecError

from inference_core.errors import UserError


class ProjectError(UserError):
    """A project that cannot be opened, read or written; the text says what to do about it."""


class DamagedError(ProjectError):
    """A project whose content is not what this program wrote; `what` says where, in a few words."""

    def __init__(self, path: Path, what: str) -> None:
        self.what = what
        super().__init__(f"{path} is damaged ({what}): `mivos check --repair` saves what can be read.")


class FullDiskError(ProjectError):
    """The disk of a project is full."""


SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What Python's module raises; the second where SQLite's own message quotes damaged text."""

UNREADABLE = (MsgspecError, LookupError, ValueError, TypeError, ArithmeticError, RecursionError)
"""What is raised where a value in a project's tables is not what this program writes."""

_PRIMARY = 0xFF
_SENTENCES = {
    sqlite3.SQLITE_FULL: "{path} cannot be saved, since its disk is full: free some space there. Nothing is"
    " lost: the work is saved with the next change.",
    sqlite3.SQLITE_READONLY: "{path} cannot be written: it or its folder is read-only. Save it elsewhere.",
    sqlite3.SQLITE_PERM: "{path} cannot be opened: you lack the permission. Ask its owner, or copy it.",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened: it or its folder is not there or not permitted.",
    sqlite3.SQLITE_BUSY: "{path} is in use by another program: close that one and try again.",
    sqlite3.SQLITE_LOCKED: "{path} is in use by another program: close that one and try again.",
    sqlite3.SQLITE_NOTADB: "{path} is not a project of this program: choose another file.",
    sqlite3.SQLITE_NOMEM: "{path} needs more memory than there is: close other programs.",
}


@contextmanager
def in_sentences(path: Path) -> Iterator[None]:
    """Raise a ProjectError instead of what SQLite raises in the block."""
    try:
        yield
    except SQLITE_ERRORS as error:
        raise project_error(path, error) from error


def project_error(path: Path, error: Exception) -> ProjectError:
    """Return the error of a project for one of SQLite's."""
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error):
        return ProjectError(f"{path} was closed: open it again.")
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    if code in _SENTENCES:
        kind = FullDiskError if code == sqlite3.SQLITE_FULL else ProjectError
        return kind(_SENTENCES[code].format(path=path))
    if code == sqlite3.SQLITE_IOERR:
        return ProjectError(
            f"{path} cannot be read or written ({error}): check its disk, or copy it elsewhere."
        )
    return DamagedError(path, str(error))
