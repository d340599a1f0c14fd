"""On what a figure was measured, and how much memory that took."""

from __future__ import annotations

import os
import platform
import re
import sys
from pathlib import Path

import torch

_STATUS = Path("/proc/self/status")


def describe_machine() -> dict[str, str | int]:
    """Tell processor, cores, threads, instructions, accelerator and torch."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else "",
        "system": f"{platform.system()} {platform.machine()}",
        "torch": torch.__version__,
    }


def format_machine(machine: dict[str, str | int]) -> str:
    """Put the description in one line."""
    accelerator = f", {machine['accelerator']}" if machine["accelerator"] else ""
    return (
        f"{machine['processor']}{accelerator}, {machine['cores']} cores, {machine['threads']} threads,"
        f" {machine['instructions']}, {machine['system']}, torch {machine['torch']}"
    )


def peak_rss_mb() -> float | None:
    """Return the most memory that this process has held, in MiB; None where the system does not tell.

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


def _processor() -> str:
    """Linux alone has the name in a file; elsewhere Python knows as much as there is to be had."""
    listed = Path("/proc/cpuinfo")
    if listed.is_file():
        for line in listed.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
