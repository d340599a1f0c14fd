"""Long tests run in parts and go on where they were interrupted."""

from __future__ import annotations

import subprocess

import pytest

from tests.resume import PARTS

LONG = """
import pytest
from pathlib import Path

@pytest.mark.long("fuzz")
@pytest.mark.parametrize("seed", range(3))
def test_fuzz(seed):
    assert seed != 1 or Path("mended").exists()

@pytest.mark.long("kill")
def test_kill():
    pass

def test_quick():
    raise AssertionError("not long")
"""
INI = """
[pytest]
markers = long(part): takes minutes
addopts = --strict-markers -m "not long"
"""


@pytest.fixture
def checkout(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A checkout of its own with four long tests, one of which fails until it is mended."""
    pytester.makepyfile(test_long=LONG)
    pytester.makefile(".ini", pytest=INI)
    pytester.makefile("", **{".gitignore": ".pytest_cache/\n__pycache__/\nmended\n"})
    for name, value in (("NAME", "test"), ("EMAIL", "test@example.com")):
        monkeypatch.setenv(f"GIT_AUTHOR_{name}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{name}", value)
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run(["git", *words], cwd=pytester.path, check=True)
    return pytester


def run_long(checkout: pytest.Pytester, *words: str) -> pytest.RunResult:
    return checkout.runpytest("-p", "tests.resume", "-m", "long", "--resume", *words)


def test_what_has_passed_on_the_same_commit_is_not_run_again(checkout: pytest.Pytester) -> None:
    run_long(checkout).assert_outcomes(passed=3, failed=1, deselected=1)
    (checkout.path / "mended").touch()
    again = run_long(checkout)
    again.assert_outcomes(passed=1, deselected=4)
    again.stdout.fnmatch_lines(["*3 passed before on this state of the source; the others were run."])


def test_where_all_has_passed_there_is_nothing_to_do_and_nothing_wrong(checkout: pytest.Pytester) -> None:
    (checkout.path / "mended").touch()
    run_long(checkout)
    again = run_long(checkout)
    assert again.ret == 0
    again.stdout.fnmatch_lines(["*4 passed before on this state of the source; nothing else to run."])


@pytest.mark.parametrize("name", ["test_long.py", "new.py"])
def test_any_change_of_the_source_runs_all_of_them_again(checkout: pytest.Pytester, name: str) -> None:
    (checkout.path / "mended").touch()
    run_long(checkout)
    with (checkout.path / name).open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    run_long(checkout).assert_outcomes(passed=4, deselected=1)


def test_a_part_is_run_alone(checkout: pytest.Pytester) -> None:
    run_long(checkout, "--part", "kill").assert_outcomes(passed=1, deselected=4)


def test_a_part_that_has_no_test_yet_says_so(checkout: pytest.Pytester) -> None:
    done = run_long(checkout, "--part", "monkey")
    assert done.ret == 0
    done.stdout.fnmatch_lines(["Part monkey (*) has no test yet."])


def test_a_part_that_there_is_not_is_refused_in_a_sentence(checkout: pytest.Pytester) -> None:
    done = run_long(checkout, "--part", "everything")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"*There is no part everything of the long tests: choose {', '.join(PARTS)}."])


def test_a_long_test_names_its_part(checkout: pytest.Pytester) -> None:
    checkout.makepyfile(test_other="import pytest\n\n@pytest.mark.long\ndef test_other():\n    pass\n")
    done = run_long(checkout)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*test_other: say the part, as in @pytest.mark.long('kill')."])


def test_outside_a_checkout_nothing_is_noted(
    checkout: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(checkout.path / "nowhere"))
    (checkout.path / "mended").touch()
    for _ in range(2):
        run_long(checkout).assert_outcomes(passed=4, deselected=1)
