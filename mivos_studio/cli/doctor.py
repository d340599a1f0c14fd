"""`mivos doctor`: whether all that the program needs is there and works, and what to do where it is not.

It has to run where another package takes the place of one of ours. So nothing of this program but
`mivos_studio` is imported until that is checked, and after it ours come first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TypeAlias

from mivos_studio.cli.options import add_report_options

TESTED_TORCH = ((2, 9), (2, 14))
"""torch's first release that the checks were run with, and the first that they were not. pyproject.toml says
the same; it is not there in an installed program."""

_PROGRAM = Path(__file__).resolve().parents[2]
_PACKAGES_CHECK = "packages"
_PACKAGES = ("mivos_studio", "inference_core", "model", "gui", "saves")
_OLDEST_PYTHON = (3, 11)
_DECODERS = ("h264", "hevc", "prores", "dnxhd", "vp9", "av1")
_ENCODERS = ("prores_ks", "qtrle", "ffv1", "libvpx-vp9", "libx264")
_GIBIBYTE = 2**30
_LEAST_FREE_GIB = 2
_QT_WAIT_S = 60
_FINE = ""
_INSTALL_AGAIN = "install the program again as README.md says"

# In a process of its own, since Qt aborts where its platform plugin does not load. Loading the plugin's file
# names the shared library that is missing, which Qt does not.
_OPEN_QT = """
import ctypes, os, sys
from pathlib import Path
from mivos_studio.app import drop_foreign_qt_plugins
drop_foreign_qt_plugins()
from PyQt5.QtCore import PYQT_VERSION_STR, QLibraryInfo
from PyQt5.QtGui import QGuiApplication
plugins = Path(QLibraryInfo.location(QLibraryInfo.PluginsPath)) / "platforms"
xcb = plugins / "libqxcb.so"
if xcb.exists():
    ctypes.CDLL(str(xcb))
application = QGuiApplication(["doctor"])
print(PYQT_VERSION_STR, application.platformName(), end="")
"""


Result: TypeAlias = tuple[str, str]
"""What a check found, and what to do, a clause after a colon; _FINE where there is nothing to do."""


@dataclass(frozen=True)
class Finding:
    """What one check found, and what to do about it."""

    check: str
    found: str
    remedy: str = _FINE

    def __str__(self) -> str:
        if self.remedy:
            return f"problem  {self.check}: {self.found}: {self.remedy}."
        return f"ok       {self.check}: {self.found}"


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "doctor",
        help="check that all the program needs is there",
        description="Check Python, torch, PyQt5, OpenCV, PyAV, the weights, the temporary folder, and that no"
        " other package takes the place of one of the program's. Exit code 2 where something needs mending.",
    )
    parser.add_argument(
        "--report",
        action="store_true",
        help="print what a fault may depend on, for a bug report: versions, machine, checks, weights, last"
        " errors; without paths and names",
    )
    parser.add_argument(
        "--project", type=Path, metavar="FILE.mivos", help="add the facts of a project to the report"
    )
    parser.add_argument(
        "--weights", type=Path, metavar="DIR", help="folder of the report's weights (default: those shipped)"
    )
    add_report_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Print a line for each check as it is done; raise a UserError where one found a problem."""
    if options.report:
        _report(options)
        return
    packages = list(check_packages())
    sys.path.insert(0, str(_PROGRAM))  # from here on our packages come first, whatever was found
    if options.json is not None:
        _check_json(options)
    findings = []
    for finding in _all_findings(packages):
        print(finding, flush=True)
        findings.append(finding)
    problems = sum(1 for finding in findings if finding.remedy)
    if options.json is not None:
        _write_json(options, findings)
    if problems:
        from inference_core.errors import UserError  # ours, now that our packages come first

        raise UserError(
            f"{problems} of {len(findings)} checks found a problem; the lines above that begin with"
            " `problem` say what to do."
        )


def _report(options: Namespace) -> None:
    """Print the report, in which problems are but lines."""
    from mivos_studio.cli.report.build import ReportOptions, as_text, build_report

    packages = list(check_packages())
    sys.path.insert(0, str(_PROGRAM))
    if options.json is not None:
        _check_json(options)
    findings = map(str, _all_findings(packages))
    sections = build_report(findings, ReportOptions(_PROGRAM, options.weights, options.project))
    print(as_text(sections), end="", flush=True)
    if options.json is not None:
        from mivos_studio.cli.output import write_json

        write_json(options, {"report": {section.heading: list(section.lines) for section in sections}})


def _all_findings(packages: list[Finding]) -> Iterator[Finding]:
    yield from packages
    for name, check in _CHECKS.items():
        try:
            yield Finding(name, *check())
        except Exception as error:  # a package that is half there can raise anything when it is imported
            reason = (str(error).strip().splitlines() or ["no more is known"])[0]
            yield Finding(name, f"{type(error).__name__}, {reason.rstrip('.')}", _INSTALL_AGAIN)


def check_packages() -> Iterator[Finding]:
    """Say for each of our packages where Python does not find ours; one line where it finds them all."""
    if _is_frozen():
        yield Finding(_PACKAGES_CHECK, "those of the bundle")
        return
    problems = [found for name in _PACKAGES if (found := _check_package(name)) is not None]
    yield from (Finding(_PACKAGES_CHECK, *found) for found in problems)
    if not problems:
        yield Finding(_PACKAGES_CHECK, f"the program's own, in {_PROGRAM}")


def _check_package(name: str) -> Result | None:
    ours, places = _PROGRAM / name, _places(name)
    if not ours.exists():
        return f"{ours} is missing", _INSTALL_AGAIN
    if places and ours not in places:
        remedy = _uninstall(name, places[0].parent) or (
            "rename it, or take its folder out of PYTHONPATH and start mivos in another folder"
        )
        return f"another `{name}`, {places[0]}, hides {ours}", remedy
    if _foreign_distribution(name, _PROGRAM):
        remedy = f"{_uninstall(name, _PROGRAM)}, then {_INSTALL_AGAIN}"
        return f"another package has put files of its own into {ours}", remedy
    return None


def _places(name: str) -> list[Path]:
    """Return where Python finds a package: its folder or file, several for one without __init__.py.

    The finders are asked, not sys.modules: what is imported already need not be what is found now.
    """
    spec = _find_spec(name)
    is_data = not (_PROGRAM / name / "__init__.py").exists()
    if spec is None or (spec.origin is None and is_data):
        return []  # folders without __init__.py hide no folder of data, as `saves` is one
    if spec.submodule_search_locations is not None:
        return [Path(place).resolve() for place in spec.submodule_search_locations]
    return [Path(spec.origin).resolve()] if spec.origin else []


def _find_spec(name: str) -> ModuleSpec | None:
    specs = (finder.find_spec(name, None) for finder in tuple(sys.meta_path) if hasattr(finder, "find_spec"))
    return next((spec for spec in specs if spec is not None), None)


def _uninstall(name: str, folder: Path) -> str | None:
    other = _foreign_distribution(name, folder)
    return None if other is None else f"run `{_pip()} uninstall {other}`"


def _foreign_distribution(name: str, folder: Path) -> str | None:
    """Return the installed distribution, not ours, that brought a package of this name into a folder."""
    from importlib.metadata import distribution, packages_distributions  # slow to import

    for candidate in packages_distributions().get(name, ()):
        if (
            candidate != "mivos-studio"
            and Path(str(distribution(candidate).locate_file(""))).resolve() == folder
        ):
            return candidate
    return None


def _pip() -> str:
    return f"{sys.executable} -m pip"


def _is_frozen() -> bool:
    return bool(getattr(sys, "frozen", False))


def check_python() -> Result:
    """Say which Python runs."""
    version = ".".join(map(str, sys.version_info[:3]))
    found = f"{version}, {sys.executable}"
    if sys.version_info[:2] < _OLDEST_PYTHON:
        return found, "install Python 3.11 or newer, and the program again with it"
    return found, _FINE


def check_torch() -> Result:
    """Say which torch there is, and whether it is one of those that the program was tested with."""
    import torch

    first, end = TESTED_TORCH
    tested = f"tested from {first[0]}.{first[1]} to below {end[0]}.{end[1]}"
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    if first <= version < end:
        return f"{torch.__version__} ({tested})", _FINE
    wanted = f'"torch>={first[0]}.{first[1]},<{end[0]}.{end[1]}"'
    return f"{torch.__version__} is not {tested}", f"run `{_pip()} install {wanted}`"


def check_device() -> Result:
    """Say where the networks run and in which precision when nobody asks for another."""
    from inference_core.runtime.device import choose_compute

    compute = choose_compute()
    precision = str(compute.dtype).removeprefix("torch.")
    return f"auto takes {compute.device.type} and {precision}", _FINE


def check_qt() -> Result:
    """Open Qt in another process, on the screen where there is one."""
    if _is_frozen():
        return "not checked: a bundle has no Python that could try it in another process", _FINE
    environment, has_screen = _qt_environment()
    try:
        done = subprocess.run(
            [sys.executable, "-c", _OPEN_QT], env=environment, capture_output=True, text=True,
            timeout=_QT_WAIT_S, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"no screen answers in {_QT_WAIT_S} s", "look at what DISPLAY and WAYLAND_DISPLAY name"
    if done.returncode != 0:
        return _qt_complaint(done.stderr), _qt_remedy(done.stderr)
    version, platform = done.stdout.split()
    if has_screen:
        return f"{version} opens with its plugin {platform}", _FINE
    return f"{version} loads; there is no screen here, which the window needs", _FINE


def _qt_environment() -> tuple[dict[str, str], bool]:
    """Return what Qt is tried with, and whether that has a screen; without one it is tried on none."""
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(
        part for part in (str(_PROGRAM), environment.get("PYTHONPATH", "")) if part
    )
    named = ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")
    has_screen = sys.platform in ("win32", "darwin") or any(environment.get(name) for name in named)
    if not has_screen:
        environment["QT_QPA_PLATFORM"] = "offscreen"
    return environment, has_screen


def _qt_complaint(text: str) -> str:
    """Return the line of Qt or Python that names the cause: the first of Qt's, else the last of all."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [line for line in lines if line.startswith("qt.qpa") or "Error:" in line]
    return (named or lines[-1:] or ["it ended without a word"])[0].rstrip(".")


def _qt_remedy(text: str) -> str:
    if "connect to display" in text:
        return "start mivos where there is a screen, or set DISPLAY to yours"
    if ".so" in text:
        return "install the system package with that library; `make setup` does"
    if "Could not find the Qt platform plugin" in text:
        return "set QT_QPA_PLATFORM to a plugin that there is, or unset it"
    return _INSTALL_AGAIN


def check_opencv() -> Result:
    """Say which OpenCV there is."""
    import cv2

    return str(cv2.__version__), _FINE


def check_pyav() -> Result:
    """Say which PyAV there is, and which of the usual codecs its FFmpeg reads and writes."""
    import av
    from av.codec import Codec

    def has(name: str, mode: str) -> bool:
        try:
            Codec(name, mode)  # type: ignore[arg-type]
        except ValueError:
            return False
        return True

    reads = [name for name in _DECODERS if has(name, "r")]
    writes = [name for name in _ENCODERS if has(name, "w")]
    found = f"{av.__version__} reads {' '.join(reads) or 'nothing'}, writes {' '.join(writes) or 'nothing'}"
    missing = [name for name in _DECODERS if name not in reads]
    if missing:
        again = f"run `{_pip()} install --force-reinstall --only-binary=av av`"
        return f"{found}; it does not read {' '.join(missing)}", again
    return found, _FINE


def check_weights() -> Result:
    """Compare the weights that come with the program with their recorded SHA-256."""
    from model.families import FAMILIES
    from model.weights.store import saves_folder, scan

    folder = saves_folder()
    shipped = scan(folder, [family for family in FAMILIES.values() if family.ships])
    wrong = [f"{there.home / known.name} is missing" for there in shipped for known in there.missing]
    files = [file for there in shipped for file in there.files]
    wrong += [f"{file.path} is not as recorded" for file in files if file.recorded is None or file.is_changed]
    if wrong:
        return ", ".join(wrong), _INSTALL_AGAIN
    names = " and ".join(there.family.name for there in shipped)
    return f"{names} are as recorded, in {folder}", _FINE


def check_temporary_folder() -> Result:
    """Say how much space there is for what the program keeps outside memory while it runs."""
    folders = _temporary_folders()
    free = {folder: shutil.disk_usage(folder).free / _GIBIBYTE for folder in folders}
    least = min(free, key=lambda folder: free[folder])
    found = ", ".join(f"{space:.1f} GiB free in {folder}" for folder, space in free.items())
    if free[least] < _LEAST_FREE_GIB:
        return found, f"free {_LEAST_FREE_GIB} GiB there, or set TMPDIR to a folder with more space"
    return found, _FINE


def _temporary_folders() -> list[Path]:
    """Return Python's temporary folder and SQLite's, which is another where no variable names one."""
    folders = [Path(tempfile.gettempdir())]
    if os.name == "posix":
        named = [os.environ.get(name) for name in ("SQLITE_TMPDIR", "TMPDIR")]
        candidates = [Path(name) for name in (*named, "/var/tmp", "/usr/tmp", "/tmp") if name]
        folders += [path for path in candidates if path.is_dir() and os.access(path, os.W_OK | os.X_OK)][:1]
    return list(dict.fromkeys(folders))


def _check_json(options: Namespace) -> None:
    from mivos_studio.cli.output import check_json

    check_json(options)


def _write_json(options: Namespace, findings: list[Finding]) -> None:
    from mivos_studio.cli.output import write_json

    checks = [
        {"check": finding.check, "ok": not finding.remedy, "found": finding.found, "remedy": finding.remedy}
        for finding in findings
    ]
    write_json(options, {"ok": not any(finding.remedy for finding in findings), "checks": checks})


_CHECKS = {
    "Python": check_python,
    "torch": check_torch,
    "device": check_device,
    "PyQt5": check_qt,
    "OpenCV": check_opencv,
    "PyAV": check_pyav,
    "weights": check_weights,
    "temporary folder": check_temporary_folder,
}
