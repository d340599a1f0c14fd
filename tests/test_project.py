"""Rules of the project that no linter checks."""

from __future__ import annotations

import ast
import re

import pytest

from tests.project import PROJECT, name_of, program_files, tracked_files


def test_every_folder_of_code_opens_with_a_docstring_and_nothing_else() -> None:
    for folder in sorted({path.parent for path in program_files() if path.parent != PROJECT}):
        tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), name_of(folder)
        is_public_api = folder == PROJECT / "mivos_studio"
        assert is_public_api or len(tree.body) == 1, (
            f"{name_of(folder)}/__init__.py holds more than its docstring"
        )


def test_every_file_says_what_lives_in_it() -> None:
    silent = [
        name_of(path)
        for path in program_files()
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


@pytest.mark.parametrize("word", ["processEvents", "TODO", "FIXME", "breakpoint(", "pickle.load"])
def test_a_word_that_stays_out_of_the_program(word: str) -> None:
    measuring = PROJECT / "mivos_studio" / "benchmarks"  # like a test, it drives the window's events itself
    files = [path for path in program_files() if measuring not in path.parents]
    assert [name_of(path) for path in files if word in path.read_text(encoding="utf-8")] == []


def test_every_word_of_the_architecture_in_code_type_is_in_the_code() -> None:
    text = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.split("## Words")[1].split("\n## ")[0]
    entries = re.findall(r"^\| (.*?) \|", table, flags=re.MULTILINE)
    names = [name for entry in entries for name in re.findall(r"`(\w+)`", entry)]
    assert len(names) >= 10
    code = "\n".join(path.read_text(encoding="utf-8") for path in program_files())
    assert [name for name in names if not re.search(rf"\b{name}\b", code)] == []


@pytest.mark.parametrize("page", [name_of(path) for path in tracked_files(".md")])
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    text = (PROJECT / page).read_text(encoding="utf-8")
    paths = re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r"`((?:\w+/)+\w*(?:\.py|\.md)?)`", text)
    missing = [
        path
        for path in paths
        if not ((PROJECT / page).parent / path).exists() and not (PROJECT / path).exists()
    ]
    assert missing == []


def test_every_package_is_described_in_the_architecture() -> None:
    text = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    packages = {
        path.parent for path in program_files() if path.parent.parent in (PROJECT, PROJECT / "mivos_studio")
    }
    assert [name_of(package) for package in packages if f"{name_of(package)}/" not in text] == []
