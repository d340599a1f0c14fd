"""Facts of the program, the machine, the libraries and the weights: versions, numbers and known words."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_GIBIBYTE = 2**30
_DISTRIBUTIONS = (
    *("torch", "numpy", "opencv-python", "PyQt5", "PyQt5-Qt5", "av", "pillow", "safetensors", "msgspec"),
    *("natsort", "tqdm", "qdarkstyle", "matplotlib"),
)
_OTHERS = ("opencv-python-headless", "opencv-contrib-python", "PySide6", "PyQt6")
"""Distributions that can disturb ours."""

_NUMBERS = re.compile(r"[0-9]{1,4}(?:[.,][0-9]{1,4})*")
_LOCALE = re.compile(r"(?:C|POSIX|[a-z]{2,3}_[A-Z]{2})(?:\.(?:[Uu][Tt][Ff]-?8|ISO-?8859-?\d+))?")
_PLATFORM = re.compile(r"xcb|wayland(?:-egl)?|offscreen|minimal|windows|cocoa|eglfs|linuxfb|vnc")
_DESKTOP = re.compile(
    r"(?:x11|wayland|tty|mir|GNOME|KDE|XFCE|MATE|LXQt|LXDE|X-Cinnamon|Unity|ubuntu|sway|Hyprland|:)+"
)
_SHAPES = {
    **dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "QT_SCALE_FACTOR"), _NUMBERS
    ),
    **dict.fromkeys(("QT_AUTO_SCREEN_SCALE_FACTOR", "QT_FONT_DPI", "QT_SCREEN_SCALE_FACTORS"), _NUMBERS),
    "OMP_WAIT_POLICY": re.compile("active|passive", re.IGNORECASE),
    **dict.fromkeys(("LANG", "LC_ALL", "LC_NUMERIC"), _LOCALE),
    "QT_QPA_PLATFORM": _PLATFORM,
    **dict.fromkeys(("XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP"), _DESKTOP),
}
"""Variables of the environment that change how the program runs, and the form of values that are shown."""
_SET_OR_NOT = ("DISPLAY", "WAYLAND_DISPLAY", "TMPDIR", "SQLITE_TMPDIR", "XDG_CACHE_HOME", "PYTHONPATH")
_SHA256_SHOWN = 16
_COMMIT = re.compile(r"[0-9a-f]{40}\b")


def program_facts(program: Path) -> Iterator[str]:
    """Yield the program's version, its commit in a checkout, and Python."""
    try:
        yield f"version {version('mivos-studio')}"
    except PackageNotFoundError:
        yield "not installed"
    if getattr(sys, "frozen", False):
        yield "a bundle"
    elif commit := _commit(program / ".git"):
        yield f"commit {commit}"
    numbers = ".".join(map(str, sys.version_info[:3]))
    yield f"Python {numbers}, {sys.implementation.name}"


def machine_facts() -> Iterator[str]:
    """Yield system, processor, memory, accelerators, and how the program was started."""
    yield _system()
    yield _processor()
    with suppress(ValueError, OSError, AttributeError):  # not on Windows
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        yield f"{memory / _GIBIBYTE:.0f} GiB of memory"
    yield from environment_facts()


def environment_facts() -> Iterator[str]:
    """Yield the variables that matter; values of an unknown shape are not shown."""
    for name, shape in _SHAPES.items():
        value = os.environ.get(name)
        if value:
            yield f"{name}={value}" if shape.fullmatch(value) else f"{name} has another value"
    yield f"set: {', '.join(name for name in _SET_OR_NOT if os.environ.get(name)) or 'none'}"


def library_facts() -> Iterator[str]:
    """Yield the versions of the libraries, and of others that can disturb them."""
    for name in (*_DISTRIBUTIONS, *_OTHERS):
        try:
            yield f"{name} {_version(version(name))}"
        except PackageNotFoundError:
            if name in _DISTRIBUTIONS:
                yield f"{name} is not installed"
    import sqlite3

    yield f"SQLite {sqlite3.sqlite_version}"
    import av

    yield ", ".join(f"{name} {'.'.join(map(str, numbers))}" for name, numbers in av.library_versions.items())
    import torch

    yield f"torch: {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}"
    for number in range(torch.cuda.device_count()):
        known = torch.cuda.get_device_properties(number)
        yield f"{known.name}, {known.total_memory / _GIBIBYTE:.0f} GiB, CUDA {torch.version.cuda}"


def weights_facts(folder: Path | None) -> Iterator[str]:
    """Yield the files of weights that are there, with the beginning of their SHA-256.

    folder  of the weights; None for those of the program.
    """
    from model.families import FAMILIES
    from model.weights.store import saves_folder, scan

    for found in scan(saves_folder(folder), FAMILIES.values()):
        if not found.files:
            yield f"{found.family.name}: not there"
            continue
        for file in found.files:
            state = "changed" if file.is_changed else "as recorded" if file.recorded else "not recorded"
            sha256 = file.sha256[:_SHA256_SHOWN]
            yield f"{found.family.name}: {file.known.name}, {file.bytes} bytes, SHA-256 {sha256}…, {state}"
        for known in found.missing:
            yield f"{found.family.name}: {known.name} is missing"


def _commit(git: Path) -> str:
    """Return the commit of a checkout, read without git; empty where it is not found."""
    with suppress(OSError, UnicodeDecodeError):
        if git.is_file():  # a worktree: names its folder, which names the one that the branches are in
            git = Path(git.read_text(encoding="utf-8").partition("gitdir:")[2].strip())
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if _COMMIT.fullmatch(head):
            return head
        branch, common = head.partition("ref: ")[2], git / "commondir"
        refs = git / common.read_text(encoding="utf-8").strip() if common.is_file() else git
        return _commit_of(refs, branch)
    return ""


def _commit_of(refs: Path, branch: str) -> str:
    if (refs / branch).is_file():
        found = (refs / branch).read_text(encoding="utf-8").strip()
        return found if _COMMIT.fullmatch(found) else ""
    packed = (refs / "packed-refs").read_text(encoding="utf-8").splitlines()
    return next((line[:40] for line in packed if line.endswith(f" {branch}") and _COMMIT.match(line)), "")


def _system() -> str:
    release = re.match(r"[0-9]+(?:\.[0-9]+)*", platform.release())
    parts = [platform.system(), release[0] if release else "", platform.machine()]
    with suppress(OSError):
        known = platform.freedesktop_os_release()
        parts += [known.get("ID", ""), known.get("VERSION_ID", "")]
    if sys.platform == "darwin":
        parts.append(f"macOS {platform.mac_ver()[0]}")
    libc = " ".join(platform.libc_ver())
    return " ".join(filter(None, [*parts, libc]))


def _processor() -> str:
    name = platform.machine()
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    return f"{name}, {os.cpu_count()} cores"


def _version(text: str) -> str:
    """Return the numbers of a version and its local part, if that names a build of torch."""
    found = re.match(r"[0-9]+(?:\.[0-9a-z]+)*(?:\+(?:cpu|cu\d+|rocm[\d.]+))?", text)
    return found[0] if found else "of an unknown version"
