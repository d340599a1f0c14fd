"""One writer a project: a lock file beside it says who has it open."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from mivos_studio.input_files import read_json
from mivos_studio.media.output.locks import FileLock, LockedError
from mivos_studio.project.file.errors import ProjectError

_TRIES, _WAIT_S = 3, 0.02
"""Another process may hold the lock for a moment, to see whether anyone does (`has_living_owner`)."""
_LARGEST_PID = 2**31 - 1
_LATEST_S = 2.0**32  # the year 2106


@dataclass(frozen=True)
class Owner:
    """The process that has a project open; since is in seconds since 1970."""

    host: str
    pid: int
    since: float

    @classmethod
    def here(cls) -> Owner:
        """Return this process."""
        return cls(socket.gethostname(), os.getpid(), time.time())

    @property
    def is_on_this_host(self) -> bool:
        return self.host == socket.gethostname()

    def __str__(self) -> str:
        place = "this computer" if self.is_on_this_host else self.host
        return (
            f"process {self.pid} on {place}, since {time.strftime('%d %B %H:%M', time.localtime(self.since))}"
        )


class OwnedError(ProjectError):
    """Another process has the project open for writing; where not is_certain, the lock file alone says so."""

    def __init__(self, path: Path, owner: Owner | None, *, is_certain: bool = True) -> None:
        self.owner = owner
        who = f"by {owner}" if owner else "by another process"
        advice = "close it there"
        if not is_certain or (owner is not None and not owner.is_on_this_host):
            advice += f", or delete {lock_path(path)} where it is open no more"
        super().__init__(f"{path} is open for writing {who}: {advice}.")


class ProjectLock:
    """Held from `acquire` to `release`; it ends with the process, too. `left_by`: an owner that died."""

    def __init__(self, lock: FileLock, left_by: Owner | None) -> None:
        self._lock = lock
        self.left_by = left_by

    @classmethod
    def acquire(cls, path: Path) -> ProjectLock:
        """Lock a project. Raises an OwnedError where it has a living owner, and OSError."""
        place = lock_path(path)
        for left in reversed(range(_TRIES)):
            try:
                lock = FileLock.acquire(place, makes=True)
                break
            except LockedError:
                if not left:
                    raise OwnedError(path, owner_of(path)) from None
                time.sleep(_WAIT_S)
        # Only now: another process may have released it a moment ago.
        earlier = owner_of(path)
        # Without locks, and for other hosts, what the file says is all that there is to go by.
        if earlier is not None and (
            not earlier.is_on_this_host or (not lock.is_locked and _lives(earlier.pid))
        ):
            lock.close()
            raise OwnedError(path, earlier, is_certain=False)
        try:
            lock.write(json.dumps(asdict(Owner.here())))
        except OSError:
            lock.release()
            raise
        return cls(lock, earlier)

    def release(self) -> None:
        """Release it and remove its file."""
        self._lock.release()


def lock_path(path: Path) -> Path:
    """Return the place of a project's lock file."""
    return path.with_name(f".{path.name}.lock")


def owner_of(path: Path) -> Owner | None:
    """Return who wrote a project's lock file, dead or alive; None where there is none that can be read."""
    try:
        said = read_json(lock_path(path), "lock")
        owner = Owner(str(said["host"]), int(said["pid"]), float(said["since"]))
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    is_possible = 0 < owner.pid <= _LARGEST_PID and 0 <= owner.since <= _LATEST_S
    return owner if is_possible else None


def has_living_owner(path: Path) -> bool:
    """Whether a process has a project open for writing, as far as that can be seen."""
    owner = owner_of(path)
    try:
        lock = FileLock.acquire(lock_path(path), makes=False)
    except FileNotFoundError:
        return False
    except (LockedError, OSError):
        return True
    lock.close()
    return owner is not None and (not owner.is_on_this_host or (not lock.is_locked and _lives(owner.pid)))


def _lives(pid: int) -> bool:
    """Whether a process of this computer lives."""
    if sys.platform == "win32":
        return True  # a signal would end it there; the system's own locks work on its drives
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
