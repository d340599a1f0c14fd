"""A small disk that can be filled and emptied again."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Self

from inference_core.errors import UserError

_BYTES = 4 * 2**20
_BLOCK_BYTES = 4096
_BALLAST = "ballast"


class SmallDisk:
    """A file system of 4 MiB in memory, mounted on a folder in the `with` block. Linux, as root.

    Raises a UserError where it cannot be mounted.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def is_full(self) -> bool:
        """Whether it was filled."""
        return (self._folder / _BALLAST).exists()

    def fill(self, free_blocks: int = 0) -> None:
        """Fill it up to so many blocks of 4 KiB."""
        with (self._folder / _BALLAST).open("wb", buffering=0) as file:
            with suppress(OSError):
                while True:
                    file.write(bytes(_BLOCK_BYTES))
            os.ftruncate(file.fileno(), max(file.tell() - free_blocks * _BLOCK_BYTES, 0))

    def free_space(self) -> None:
        """Free what fills it."""
        (self._folder / _BALLAST).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        words = ["mount", "-t", "tmpfs", "-o", f"size={_BYTES}", "tmpfs", str(self._folder)]
        try:
            subprocess.run(words, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise UserError("No small disk can be mounted: measure it as root, on Linux.") from error
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", str(self._folder)], check=True)
