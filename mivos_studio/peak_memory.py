"""How much memory this process has held."""

from __future__ import annotations

import re
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_rss_mb() -> float | None:
    """Return the most memory that this process has held, in MiB; None where the system does not report it.

    Linux's own figure is preferred: `getrusage` counts what the parent held before the program was started.
    """
    if _STATUS.exists():
        held = re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text(encoding="ascii", errors="replace"))
        if held is not None:
            return int(held[1]) / 2**10
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
