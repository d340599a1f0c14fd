"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent
ROOMS = (
    "benchmarks",
    "commands",
    "evaluation",
    "gui",
    "inference_core",
    "media",
    "model",
    "synthetic",
    "training",
    "workspace",
)
MOST_LINES = 400
MOST_FUNCTION_LINES = 60
MOST_FILES_IN_A_FOLDER = 14


def python_files(*places: str) -> Iterator[Path]:
    for place in places:
        path = HOUSE / place
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def program_files() -> list[Path]:
    return [*python_files(*ROOMS), HOUSE / "cli.py", HOUSE / "interactive_gui.py"]


def name_of(path: Path) -> str:
    return str(path.relative_to(HOUSE))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_longer_than_a_room() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in program_files()}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_no_function_is_longer_than_a_page() -> None:
    long = [
        f"{name_of(path)}: {function.name}"
        for path in program_files()
        for function in functions(path)
        if (function.end_lineno or function.lineno) - function.lineno >= MOST_FUNCTION_LINES
    ]
    assert long == []


def test_no_folder_holds_more_rooms_than_can_be_looked_over() -> None:
    folders = {path.parent for path in program_files() if path.parent != HOUSE}
    counts = {
        name_of(folder): len([p for p in folder.glob("*.py") if p.stem != "__init__"]) for folder in folders
    }
    assert {name: count for name, count in counts.items() if count > MOST_FILES_IN_A_FOLDER} == {}


def test_every_folder_of_code_opens_with_a_docstring_and_nothing_else() -> None:
    for folder in sorted({path.parent for path in program_files() if path.parent != HOUSE}):
        tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), name_of(folder)
        assert len(tree.body) == 1, f"{name_of(folder)}/__init__.py holds more than its docstring"


def test_every_file_says_what_lives_in_it() -> None:
    silent = [
        name_of(path)
        for path in program_files()
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


@pytest.mark.parametrize("word", ["processEvents", "TODO", "FIXME", "breakpoint(", "pickle.load"])
def test_a_word_that_stays_out_of_the_program(word: str) -> None:
    measuring = HOUSE / "benchmarks"  # like a test, it drives the window's events itself
    files = [path for path in program_files() if measuring not in path.parents]
    assert [name_of(path) for path in files if word in path.read_text(encoding="utf-8")] == []


def test_python_is_opened_without_pyqt_and_pyav_where_machines_have_neither() -> None:
    """Training and measuring run on machines without a screen and without video files."""
    modules = [
        ".".join(path.relative_to(HOUSE).with_suffix("").parts)
        for path in python_files("model", "inference_core", "synthetic", "training", "evaluation")
        if path.stem not in ("__init__", "__main__")
    ]
    program = (
        "import importlib, sys\n"
        "sys.modules.update(dict.fromkeys(['PyQt5', 'av', 'qdarkstyle', 'qtpy']))\n"
        f"[importlib.import_module(name) for name in {modules}]"
    )
    subprocess.run([sys.executable, "-c", program], cwd=HOUSE, check=True)


def test_the_window_is_imported_without_torch() -> None:
    """The first paint comes before torch, whose import takes seconds."""
    modules = [
        ".".join(path.relative_to(HOUSE).with_suffix("").parts)
        for path in python_files("gui", "interactive_gui.py")
    ]
    program = (
        "import importlib, sys\n"
        "sys.modules.update(dict.fromkeys(['torch', 'model']))\n"
        f"[importlib.import_module(name) for name in {modules} if not name.endswith('__init__')]"
    )
    subprocess.run([sys.executable, "-c", program], cwd=HOUSE, check=True)


def test_every_word_of_the_glossary_in_code_type_is_in_the_code() -> None:
    glossary = (HOUSE / "docs" / "glossary.md").read_text(encoding="utf-8")
    entries = re.findall(r"^\| (`.*?) \|", glossary, flags=re.MULTILINE)
    names = [name for entry in entries for name in re.findall(r"`(\w+)`", entry)]
    assert len(names) >= 10
    code = "\n".join(path.read_text(encoding="utf-8") for path in program_files())
    assert [name for name in names if not re.search(rf"\b{name}\b", code)] == []


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md", "docs/glossary.md", "CHANGELOG.md"])
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    text = (HOUSE / page).read_text(encoding="utf-8")
    paths = re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r"`((?:\w+/)+\w*(?:\.py|\.md)?)`", text)
    missing = [
        path for path in paths if not ((HOUSE / page).parent / path).exists() and not (HOUSE / path).exists()
    ]
    assert missing == []


def test_every_room_is_described_in_the_architecture() -> None:
    text = (HOUSE / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [room for room in ROOMS if f"{room}/" not in text] == []
