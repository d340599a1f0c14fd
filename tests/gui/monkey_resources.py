"""Memory and handles of this process, on Linux."""

from __future__ import annotations

import ctypes
import gc
import os
from dataclasses import dataclass
from pathlib import Path

from PyQt5.QtWidgets import QApplication

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Resources:
    """What the process holds: resident memory, open files, threads, widgets, objects of Python."""

    rss_mb: float
    handles: int
    threads: int
    widgets: int
    objects: int

    @classmethod
    def now(cls) -> Resources:
        """Collect garbage, give free memory back to the system, and count."""
        for _ in range(3):
            gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return cls(
            rss_mb=resident * _PAGE / 2**20,
            handles=len(list(Path("/proc/self/fd").iterdir())),
            threads=len(list(Path("/proc/self/task").iterdir())),
            widgets=len(QApplication.allWidgets()),
            objects=len(gc.get_objects()),
        )
