"""What has come of a download, beside its target: NAME.part, and NAME.part.json on what it is a part of.

It is continued only where the server can tell that it still has the same file (RFC 9110, If-Range): by an
ETag or a date, and at the same address. Anything else that is there is begun again.
"""

from __future__ import annotations

import json
import os
import re
import stat
from contextlib import suppress
from dataclasses import asdict, dataclass
from email.message import Message
from pathlib import Path
from typing import BinaryIO

from mivos_studio.input_files import InputFileError, read_json

_VALIDATOR = re.compile(r'"[!#-~]{1,200}"|[A-Z][a-z]{2}, [ -~]{10,40}')
"""A strong ETag, or a date: what may stand in If-Range."""


@dataclass(frozen=True)
class Version:
    """Which version of which file: the address, and the server's ETag or date, empty if it sends neither."""

    url: str
    validator: str

    @classmethod
    def of(cls, url: str, headers: Message) -> Version:
        """Return the version of the file that a response brings."""
        given = (str(headers[name] or "") for name in ("ETag", "Last-Modified"))
        return cls(url, next((text for text in given if _VALIDATOR.fullmatch(text)), ""))


class PartialDownload:
    """The files of a download that is under way, or was interrupted. Methods raise OSError."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.part")
        self._record = target.with_name(f"{target.name}.part.json")

    @property
    def bytes(self) -> int:
        """How much has come; 0 where there is nothing, or something else, as a link to another file."""
        try:
            facts = self.path.lstat()
        except FileNotFoundError:
            return 0
        return facts.st_size if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1 else 0

    @property
    def version(self) -> Version | None:
        """What it is a part of; None where nothing has come, or it cannot be continued."""
        try:
            version = Version(**read_json(self._record, "record of a download"))
        except (InputFileError, TypeError):
            return None
        is_known = isinstance(version.validator, str) and _VALIDATOR.fullmatch(version.validator)
        return version if is_known and self.bytes else None

    def begin(self, version: Version) -> BinaryIO:
        """Open it anew; never through a link that is there."""
        self.discard()
        with self._record.open("x", encoding="utf-8") as file:
            json.dump(asdict(version), file)
        return self.path.open("xb")

    def go_on(self) -> BinaryIO:
        """Open it to write behind what has come."""
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        return os.fdopen(os.open(self.path, flags), "ab")

    def discard(self) -> None:
        """Remove it."""
        self._record.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def discard_what_is_useless(self) -> None:
        """Remove what cannot be continued, as far as that can be done."""
        with suppress(OSError):
            if self.version is None:
                self.discard()
