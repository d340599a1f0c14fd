"""Setting up says what is missing, in a sentence that tells what to do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.project import PROJECT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="make setup is for POSIX systems")

# A Python that is new enough and cannot make virtual environments, as Debian's is without python3-venv.
PYTHON_WITHOUT_VENV = """
case "$2" in
    *ensurepip*) exit 1 ;;
    *print*) echo 3.11 ;;
esac
"""


def set_up(
    folder: Path, programs: dict[str, str], python: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run setup.sh in a folder of its own, with these programs before the system's."""
    stand_ins = folder / "programs"
    stand_ins.mkdir()
    for name, body in programs.items():
        (stand_ins / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (stand_ins / name).chmod(0o755)
    for name in ("setup.sh", "pyproject.toml", "constraints.txt"):
        shutil.copy(PROJECT / name, folder / name)
    environment = {"PATH": f"{stand_ins}:/usr/bin:/bin", "PYTHON": python, **variables}
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


CPU_INDEX = "https://download.pytorch.org/whl/cpu"
HAS_CARD = shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia").exists()
LINUX = {"uname": 'case "$1" in -s) echo Linux ;; -m) echo x86_64 ;; esac', "ldd": ""}


def python_of_a_ready_environment(folder: Path, *, index_answers: bool = False) -> None:
    """Put a stand-in into .venv that notes what pip is asked for, and asks the index in its own way."""
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    answer = 0 if index_answers else 1
    body = f'case "$*" in\n *urllib*) exit {answer} ;;\n *pip*) echo "$*" >> {folder}/pip ;;\nesac\n'
    python.write_text(f"#!/bin/sh\n{body}", encoding="utf-8")
    python.chmod(0o755)


def torch_line(folder: Path) -> str:
    """Return what pip was asked for torch."""
    asked = (folder / "pip").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in asked if "torch==" in line)
    return line


@pytest.mark.skipif(HAS_CARD, reason="this machine has an NVIDIA card")
def test_without_a_card_torch_comes_from_the_index_of_cpu_builds_where_it_answers(tmp_path: Path) -> None:
    python_of_a_ready_environment(tmp_path, index_answers=True)
    set_up(tmp_path, LINUX, python="python")
    assert f"--index-url {CPU_INDEX} torch==" in torch_line(tmp_path)


def test_where_that_index_does_not_answer_torch_comes_from_pips_own(tmp_path: Path) -> None:
    python_of_a_ready_environment(tmp_path)
    set_up(tmp_path, LINUX, python="python")
    assert "--index-url" not in torch_line(tmp_path)


def test_with_a_card_torch_comes_from_pips_own_index(tmp_path: Path) -> None:
    python_of_a_ready_environment(tmp_path, index_answers=True)
    set_up(tmp_path, {**LINUX, "nvidia-smi": ""}, python="python")
    assert "--index-url" not in torch_line(tmp_path)


def test_who_names_an_index_gets_torch_from_there(tmp_path: Path) -> None:
    python_of_a_ready_environment(tmp_path, index_answers=True)
    set_up(tmp_path, {**LINUX, "nvidia-smi": ""}, python="python", TORCH_INDEX="https://mine.example")
    assert "--index-url https://mine.example torch==" in torch_line(tmp_path)


def test_everything_is_installed_in_the_exact_versions(tmp_path: Path) -> None:
    python_of_a_ready_environment(tmp_path)
    set_up(tmp_path, LINUX, python="python")
    asked = (tmp_path / "pip").read_text(encoding="utf-8").splitlines()
    assert asked[-1].endswith("--constraint constraints.txt --group dev --editable .")


def test_what_only_tests_need_does_not_end_the_set_up_where_it_cannot_be_installed(tmp_path: Path) -> None:
    python_of_a_ready_environment(tmp_path)
    offline = {"apt-get": "echo cannot resolve >&2; exit 100", "id": "echo 0", "find": ""}
    done = set_up(tmp_path, {**LINUX, **offline, "env": 'shift; "$@"'}, python="python")
    assert done.returncode == 0, done.stderr
    assert "fonts-dejavu-core\n" in done.stdout
    assert done.stdout.endswith("Without them the program works; the tests that need them are skipped.\n")


def test_who_may_not_install_what_tests_need_is_given_the_line_and_a_ready_environment(
    tmp_path: Path,
) -> None:
    python_of_a_ready_environment(tmp_path)
    programs = {"id": "echo 1000", "sudo": "exit 1", "apt-get": "exit 9", "find": ""}
    done = set_up(tmp_path, {**LINUX, **programs}, python="python")
    assert done.returncode == 0
    assert "sudo apt-get install --yes --no-install-recommends" in done.stderr


def test_every_package_that_the_program_needs_has_an_exact_version_within_its_bounds() -> None:
    lines = (PROJECT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    exact = [Requirement(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for needed in map(Requirement, project["dependencies"]):
        (pinned,) = (one for one in exact if one.name.lower() == needed.name.lower())
        (only,) = pinned.specifier
        assert only.operator == "=="
        assert needed.specifier.contains(only.version), f"{pinned} is not {needed}"


def test_the_pip_lines_of_the_readme_install_the_exact_versions() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"`([^`]*pip install [^`]*)`", readme)
    torch = re.findall(r"^torch==.*$", (PROJECT / "constraints.txt").read_text(), flags=re.MULTILINE)
    assert len(lines) >= 4
    for line in lines:
        assert "-c constraints.txt" in line or torch[0] in line, line


def test_the_checks_before_a_landing_are_the_test_commands_of_the_readme() -> None:
    commands = re.findall(r"^make .*$", (PROJECT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert commands == ["make test", "make test-release"]
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert all(f"`{command}`" in readme for command in commands)
