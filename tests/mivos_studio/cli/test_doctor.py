"""`mivos doctor` says what is there, what is not, and what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import namedtuple
from pathlib import Path

import pytest
import torch

from mivos_studio.cli import doctor
from mivos_studio.cli.main import main
from model.weights import store
from tests.project import PROJECT

USAGE = namedtuple("USAGE", "total used free")
CHECKS = [
    "packages",
    "Python",
    "torch",
    "device",
    "PyQt5",
    "OpenCV",
    "PyAV",
    "weights",
    "temporary folder",
]


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor puts the program first in sys.path; no other test shall see that. Nor is there a screen."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


def mivos(command: str, *words: object, first_on_the_path: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, outside the checkout."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(first_on_the_path), str(PROJECT)])}
    return subprocess.run(
        [sys.executable, "-P", "-m", "mivos_studio.cli", command, *map(str, words)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def with_first(folder: Path) -> list[doctor.Finding]:
    """Have the packages checked with a folder first in sys.path."""
    sys.path.insert(0, str(folder))
    return list(doctor.check_packages())


def test_where_all_is_right_every_check_says_ok(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json", str(tmp_path / "doctor.json")]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert [line.split()[0] for line in printed.out.splitlines()] == ["ok"] * len(CHECKS)
    figures = json.loads((tmp_path / "doctor.json").read_text(encoding="utf-8"))
    assert figures["ok"]
    assert [check["check"] for check in figures["checks"]] == CHECKS
    assert all(check["ok"] and check["found"] and not check["remedy"] for check in figures["checks"])


def test_packages_of_the_users_that_hide_ours_are_named_and_the_rest_is_checked(tmp_path: Path) -> None:
    hiding = ["inference_core", "model", "gui", "saves"]
    for name in hiding:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('imported')", encoding="utf-8")
    done = mivos("doctor", "--json", tmp_path / "doctor.json", first_on_the_path=tmp_path)
    assert done.returncode == 2
    problems = [line for line in done.stdout.splitlines() if line.startswith("problem")]
    assert len(problems) == len(hiding)
    for name, problem in zip(hiding, problems, strict=True):
        assert f"another `{name}`, {tmp_path / name}, hides {PROJECT / name}: rename it" in problem
    assert done.stderr == (
        f"4 of {len(CHECKS) + 3} checks found a problem; the lines above that begin with `problem` say what"
        " to do.\n"
    )
    figures = json.loads((tmp_path / "doctor.json").read_text(encoding="utf-8"))
    assert not figures["ok"]
    assert {check["check"] for check in figures["checks"] if not check["ok"]} == {"packages"}


def test_a_single_module_that_hides_a_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("", encoding="utf-8")
    (finding,) = with_first(tmp_path)
    assert finding.found == f"another `model`, {tmp_path / 'model.py'}, hides {PROJECT / 'model'}"


def test_another_mivos_studio_that_would_be_found_first_is_named(tmp_path: Path) -> None:
    (tmp_path / "mivos_studio").mkdir()
    (tmp_path / "mivos_studio" / "__init__.py").touch()
    (finding,) = with_first(tmp_path)
    assert finding.found.startswith(f"another `mivos_studio`, {tmp_path / 'mivos_studio'}, hides")


def test_a_package_that_pip_installed_is_to_be_uninstalled(tmp_path: Path) -> None:
    (tmp_path / "gui").mkdir()
    (tmp_path / "gui" / "__init__.py").touch()
    record = tmp_path / "guizero-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: guizero\nVersion: 1.0\n", encoding="utf-8")
    (record / "top_level.txt").write_text("gui\n", encoding="utf-8")
    (finding,) = with_first(tmp_path)
    assert finding.remedy.endswith("-m pip uninstall guizero`")


def test_an_empty_folder_of_that_name_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    sys.path.insert(1, str(PROJECT))
    assert [finding.remedy for finding in with_first(tmp_path)] == [""]


def test_a_folder_of_data_named_saves_hides_nothing_whatever_is_behind_it(tmp_path: Path) -> None:
    """An editable install has no `saves` on the path, only a name that stands for it."""
    (tmp_path / "saves").mkdir()
    sys.path[:] = [str(tmp_path)]
    assert doctor._check_package("saves") is None


def test_another_copy_of_the_program_further_down_the_path_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "gui").mkdir()
    (tmp_path / "gui" / "__init__.py").touch()
    sys.path.append(str(tmp_path))
    assert [finding.remedy for finding in with_first(PROJECT)] == [""]


def test_another_command_that_cannot_be_imported_points_to_the_doctor(tmp_path: Path) -> None:
    (tmp_path / "inference_core.py").touch()
    done = mivos("weights", "list", first_on_the_path=tmp_path)
    assert done.returncode == 1
    assert done.stderr.endswith("`mivos doctor` says what is wrong with the installation\n")
    assert "Traceback" not in done.stderr


def test_a_plugin_of_qt_that_aborts_is_survived_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "nonsense")
    found, remedy = doctor.check_qt()
    assert "nonsense" in found
    assert remedy == "set QT_QPA_PLATFORM to a plugin that there is, or unset it"


@pytest.mark.skipif(sys.platform != "linux", reason="about X displays")
def test_a_display_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    found, remedy = doctor.check_qt()
    assert "could not connect to display :987" in found
    assert remedy == "start mivos where there is a screen, or set DISPLAY to yours"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_a_machine_without_a_screen_is_no_problem() -> None:
    found, remedy = doctor.check_qt()
    assert "there is no screen here" in found
    assert remedy == ""


def test_a_torch_outside_the_tested_range_is_told_with_the_line_to_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for version in ("2.8.1", "2.14.0+cu130", "3.0.0a0"):
        monkeypatch.setattr(torch, "__version__", version)
        found, remedy = doctor.check_torch()
        assert found.startswith(version)
        assert 'install "torch>=2.9,<2.14"' in remedy
    for version in ("2.9.0", "2.11.0", "2.13.1+cpu"):
        monkeypatch.setattr(torch, "__version__", version)
        assert doctor.check_torch()[1] == ""


def test_the_tested_range_is_that_of_the_metadata() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (first, end) = doctor.TESTED_TORCH
    assert f"torch>={first[0]}.{first[1]},<{end[0]}.{end[1]}" in project["dependencies"]


def test_weights_that_are_missing_or_changed_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    packages = tmp_path / "site-packages"
    shutil.copytree(PROJECT / "saves", packages / "saves")
    (packages / "saves" / "compact" / "fusion.safetensors").unlink()
    (packages / "saves" / "compact-free" / "fusion.safetensors").write_bytes(b"damaged")
    monkeypatch.setattr(store, "__file__", str(packages / "model" / "weights" / "store.py"))
    found, remedy = doctor.check_weights()
    assert found.count("safetensors") == 2
    assert f"{packages / 'saves' / 'compact' / 'fusion.safetensors'} is missing" in found
    assert f"{packages / 'saves' / 'compact-free' / 'fusion.safetensors'} is not as recorded" in found
    assert remedy == "install the program again as README.md says"


def test_a_full_temporary_folder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: USAGE(2**40, 2**40, 2**20))
    found, remedy = doctor.check_temporary_folder()
    assert "0.0 GiB free" in found
    assert "set TMPDIR" in remedy


def test_what_a_check_raises_is_a_problem_and_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> doctor.Told:
        raise ImportError("libGL.so.1: cannot open shared object file.\nmore")

    monkeypatch.setattr(doctor, "_CHECKS", {"OpenCV": broken})
    assert main(["doctor"]) == 2
    printed = capsys.readouterr()
    assert "problem  OpenCV: ImportError, libGL.so.1: cannot open shared object file: install" in printed.out
    assert printed.err == (
        "1 of 2 checks found a problem; the lines above that begin with `problem` say what to do.\n"
    )


def test_figures_that_are_not_ours_stay_and_nothing_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.json").write_text("{}", encoding="utf-8")
    assert main(["doctor", "--json", str(tmp_path / "mine.json")]) == 2
    assert capsys.readouterr().out == ""
    assert (tmp_path / "mine.json").read_text(encoding="utf-8") == "{}"
