"""What a package brings with it when it is imported, each looked at in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import mivos_studio
from tests.project import PROJECT, module_of, python_files

WITHOUT_TORCH = {
    "the window": ("gui", "interactive_gui.py", "mivos_studio/app.py"),
    "media": ("mivos_studio/media",),
    "project": ("mivos_studio/project",),
    "the command line": ("mivos_studio/cli",),
    "the public API": ("mivos_studio/__init__.py",),
}
ON_MACHINES_WITHOUT_A_SCREEN = (
    "model",
    "inference_core",
    "mivos_studio/synthetic",
    "mivos_studio/training",
    "mivos_studio/evaluation",
)
OF_THE_WINDOW_AND_THE_COMMAND_LINE = ("PyQt5", "qdarkstyle", "qtpy", "av", "msgspec", "natsort", "tqdm")


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def modules_of(*places: str) -> list[str]:
    return [module_of(path) for path in python_files(*places) if path.stem != "__main__"]


@pytest.mark.parametrize("places", WITHOUT_TORCH.values(), ids=WITHOUT_TORCH)
def test_neither_torch_nor_a_network_is_imported_with(places: tuple[str, ...]) -> None:
    program = (
        "import importlib, json, sys\n"
        f"for name in {modules_of(*places)}: importlib.import_module(name)\n"
        "print(json.dumps(sorted({'torch', 'safetensors', 'inference_core.session'} & set(sys.modules))))"
    )
    assert json.loads(run(program)) == []


@pytest.mark.parametrize("package", ON_MACHINES_WITHOUT_A_SCREEN)
def test_without_qt_pyav_and_what_the_command_line_needs_there_is(package: str) -> None:
    """Training and evaluation run on machines that have neither a screen nor these libraries."""
    program = (
        "import importlib, sys\n"
        f"sys.modules.update(dict.fromkeys({OF_THE_WINDOW_AND_THE_COMMAND_LINE}))\n"
        f"for name in {modules_of(package)}: importlib.import_module(name)"
    )
    run(program)


def test_the_public_api_imports_nothing_until_a_name_is_used() -> None:
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import mivos_studio\n"
        "print(sorted(name for name in set(sys.modules) - before if name.partition('.')[0] in\n"
        "    ('mivos_studio', 'gui', 'inference_core', 'model', 'numpy', 'torch', 'cv2', 'av', 'PyQt5')))"
    )
    assert run(program).strip() == "['mivos_studio']"


@pytest.mark.parametrize("name", mivos_studio.__all__)
def test_the_public_api_has(name: str) -> None:
    assert getattr(mivos_studio, name).__name__ == name
    assert name in dir(mivos_studio)


def test_a_name_that_the_public_api_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Engine'"):
        mivos_studio.Engine  # noqa: B018 the access is what is tested
