"""Setting up says what is missing, in a sentence that tells what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.project import PROJECT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="make setup is for POSIX systems")

# A Python that is new enough and cannot make virtual environments, as Debian's is without python3-venv.
PYTHON_WITHOUT_VENV = """
case "$2" in
    *ensurepip*) exit 1 ;;
    *print*) echo 3.11 ;;
esac
"""


def set_up(folder: Path, programs: dict[str, str], python: str) -> subprocess.CompletedProcess[str]:
    """Run setup.sh in a folder of its own, with these programs before the system's."""
    stand_ins = folder / "programs"
    stand_ins.mkdir()
    for name, body in programs.items():
        (stand_ins / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (stand_ins / name).chmod(0o755)
    for name in ("setup.sh", "pyproject.toml"):
        shutil.copy(PROJECT / name, folder / name)
    environment = {"PATH": f"{stand_ins}:/usr/bin:/bin", "PYTHON": python}
    return subprocess.run(
        ["bash", "setup.sh"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_missing_python_is_told(tmp_path: Path) -> None:
    done = set_up(tmp_path, {}, python="/nowhere/python3")
    assert done.returncode == 1
    assert done.stderr.startswith("Python 3.11 or newer is needed; /nowhere/python3 is missing or older.")
    assert done.stderr.count("\n") == 1


def test_who_may_not_install_is_given_the_line_to_run(tmp_path: Path) -> None:
    programs = {"python": PYTHON_WITHOUT_VENV, "id": "echo 1000", "sudo": "exit 1", "apt-get": "exit 9"}
    done = set_up(tmp_path, programs, python="python")
    assert done.returncode == 1
    line = "sudo apt-get install --yes --no-install-recommends python3.11-venv"
    assert done.stderr == f"Run this line, then make setup again: {line}\n"
    assert not (tmp_path / ".venv").exists()


def test_who_may_install_gets_what_is_missing(tmp_path: Path) -> None:
    programs = {
        "python": PYTHON_WITHOUT_VENV,
        "id": "echo 0",
        "apt-get": f"echo $* >> {tmp_path}/asked",
        "env": 'shift; "$@"',
    }
    done = set_up(tmp_path, programs, python="python")
    assert "Installing system packages: python3.11-venv" in done.stdout
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert asked[0].startswith("update")
    assert asked[1].split()[-1] == "python3.11-venv"
