"""Errors of the operating system in words: a full disk, a folder without rights, memory that ran out.

Every package may use this module: it needs the standard library alone.
"""

from __future__ import annotations

import errno
import sys

_REASONS = {
    errno.ENAMETOOLONG: "its name is too long for this disk; shorten it",
    errno.ENOSPC: "the disk is full; free some space, or name a place on another disk",
    errno.EDQUOT: "your share of the disk is used up; free some space, or name a place on another disk",
    errno.EFBIG: "the file is larger than this disk or account allows; name a place on another disk",
    errno.EROFS: "that disk is read-only; name a place on another disk",
    errno.EACCES: "this account has no right to it; change its rights, or name another place",
    errno.EPERM: "this account has no right to it; change its rights, or name another place",
    errno.EINVAL: "the disk does not allow such a name; choose another one",
    errno.EILSEQ: "the disk does not allow such a name; choose another one",
    errno.ELOOP: "its links lead in a circle; name another place",
    errno.EMFILE: "too many files are open; close other programs, or raise the limit (`ulimit -n`)",
    errno.ENFILE: "too many files are open; close other programs, or raise the limit (`ulimit -n`)",
    errno.EIO: "the disk reports an error; check it, or name a place on another disk",
    errno.ESTALE: "its network drive is gone; connect it again, or name another place",
    errno.ENOTCONN: "its network drive is gone; connect it again, or name another place",
    errno.EHOSTDOWN: "its network drive is gone; connect it again, or name another place",
    errno.ENODEV: "the drive that it is on is gone; connect it again, or name another place",
    errno.ENXIO: "nobody reads that pipe, or the device is gone; name another place",
    errno.EBUSY: "another program uses it; close that, or name another place",
    errno.ETXTBSY: "another program uses it; close that, or name another place",
}
_REASONS_OF_PLACES = {
    errno.ENOENT: "its folder is not there; make that first, or name another place",
    errno.ENOTDIR: "what would be its folder is a file; name another place",
    errno.EEXIST: "something else is there; name another place",
}
"""For places that a user named; elsewhere they are faults of the program."""
_MEMORY = (
    "The computer's memory ran out: close other programs, or use a smaller size (--working-size) and fewer"
    " objects."
)
_NO_MEMORY_WORDS = ("can't allocate memory", "not enough memory", "insufficient memory", "out of memory")
_NO_TEMPORARY_FOLDER = "No usable temporary directory"  # how Python's tempfile begins its sentence


def reason_of(error: OSError) -> str:
    """Return as a clause why the system refused something, and what to do."""
    known = {**_REASONS_OF_PLACES, **_REASONS}.get(error.errno or 0)
    return known or f"{(error.strerror or str(error)).lower()}; name another place"


def sentence_of(error: BaseException) -> str | None:
    """Return what to tell of an error that the computer is the reason of; None for a fault of the program.

    This is for what reaches the end of a command or the window's event loop; where a file is read or written,
    the sentence there can say more.
    """
    if _is_lack_of_memory(error):
        return _MEMORY
    if not isinstance(error, OSError):
        return None
    if _NO_TEMPORARY_FOLDER in str(error):
        return (
            "No folder for temporary files can be written: set TMPDIR to a folder on a disk with free space."
        )
    if error.errno not in _REASONS:
        return None
    what = f"{error.filename}" if error.filename else "A file"
    return f"{what} cannot be used: {_REASONS[error.errno]}."


def _is_lack_of_memory(error: BaseException) -> bool:
    """Whether memory ran out; libraries in C++ raise errors of their own kinds for it."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    is_of_cv2 = type(error) is getattr(sys.modules.get("cv2"), "error", None)
    return (isinstance(error, RuntimeError) or is_of_cv2) and any(
        words in str(error).lower() for words in _NO_MEMORY_WORDS
    )
