"""The wheel carries all that the program needs: installed elsewhere, it finds its weights and works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mivos_studio.synthetic.sample import write_sample
from model.families import FAMILIES
from tests.project import PROJECT, program_files

pytestmark = pytest.mark.release

FRAMES = 4


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel from a copy of the tree, so that no build folder is left in it."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "runs", "sample")
    shutil.copytree(PROJECT, tree, ignore=unwanted)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, tree]
    subprocess.run(build, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel in a fresh environment that borrows our packages but not our checkout."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=os.name == "posix")
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    python = programs / Path(sys.executable).name
    place = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(place, check=True, capture_output=True, text=True).stdout.strip())
    # A path in a .pth file is searched, but the .pth files in it are not run: an editable install stays away.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", str(python)]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True, capture_output=True)
    return programs / "mivos"


def run_installed(program: Path, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the installed program where nothing points to the checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(program), *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_wheel_holds_our_packages_our_launcher_and_nothing_else(wheel: Path) -> None:
    top_level = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    (about,) = (name for name in top_level if name.endswith(".dist-info"))
    assert about.startswith("mivos_studio-")
    assert top_level - {about} == {
        "gui", "inference_core", "interactive_gui.py", "mivos_studio", "model", "saves"
    }  # fmt: skip


def test_the_wheel_holds_the_weights_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    shipped = [family for family in FAMILIES.values() if family.ships]
    assert shipped
    for path in (path for family in shipped for path in family.paths(Path("saves") / family.folder).values()):
        assert path.as_posix() in names
        assert f"{path.as_posix()}.sha256" in names
    assert {name.split("/")[0] for name in names} & {"tests", "docs", "build"} == set()


def test_the_wheel_holds_every_module_of_the_program(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    files = program_files()
    assert len(files) >= 200
    assert [name for file in files if (name := file.relative_to(PROJECT).as_posix()) not in names] == []


def test_the_installed_program_propagates_the_sample_clip_outside_the_checkout(
    installed: Path, tmp_path: Path
) -> None:
    sample = write_sample(tmp_path / "sample", frames=FRAMES)
    words = [
        "propagate",
        "sample",
        "--mask",
        "0=sample/masks/00000.png",
        "--out",
        "out",
        "--working-size",
        "120",
    ]
    result = run_installed(installed, *words, folder=tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert len(list((tmp_path / "out").glob("*.png"))) == FRAMES
    truth = np.asarray(Image.open(sample / "masks" / "00001.png"))
    found = np.asarray(Image.open(tmp_path / "out" / "00001.png"))
    assert found.shape == truth.shape
    for object_id in (1, 2):
        both = ((found == object_id) & (truth == object_id)).sum()
        assert both / ((found == object_id) | (truth == object_id)).sum() > 0.5


def test_the_installed_program_runs_its_own_files(installed: Path, tmp_path: Path) -> None:
    result = run_installed(installed, "weights", "list", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert str(PROJECT) not in result.stdout
    assert str(installed.parent.parent) in result.stdout


def test_the_installed_program_is_healthy_also_beside_a_folder_named_as_a_package(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "__init__.py").touch()
    result = run_installed(installed, "doctor", folder=tmp_path)
    assert (result.returncode, result.stderr) == (0, ""), result.stdout
    assert str(PROJECT / "model") not in result.stdout
