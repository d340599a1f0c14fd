"""The machine that a figure was measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch


def describe_machine() -> dict[str, str | int]:
    """Return processor, cores, threads, instructions, accelerator, system and torch."""
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
    """Format the description as one line."""
    accelerator = f", {machine['accelerator']}" if machine["accelerator"] else ""
    return (
        f"{machine['processor']}{accelerator}, {machine['cores']} cores, {machine['threads']} threads,"
        f" {machine['instructions']}, {machine['system']}, torch {machine['torch']}"
    )


def _processor() -> str:
    """Return the processor's name, on Linux from /proc/cpuinfo, elsewhere from `platform`."""
    listed = Path("/proc/cpuinfo")
    if listed.is_file():
        for line in listed.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
