"""The runner finds each rule that a command breaks, and goes on after one that hangs or crashes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mivos_studio.cli.fuzz import runner as runners
from tests.mivos_studio.cli.fuzz.fake_commands import BREAKS
from tests.mivos_studio.cli.fuzz.runner import Case, Runner

FOUND = {
    "silent": "not one sentence",
    "two lines": "not one sentence",
    "long": "too long",
    "control characters": "control characters",
    "below Python": "not one sentence",
    "a fault": "ZeroDivisionError",
    "another code": "exit code 1",
    "a traceback": "reports a fault",
    "input": "changes case/input.txt",
    "result though refused": "writes case/out",
    "beside": "writes case/other.txt",
    "above": "writes other.txt",
    "temporary": "writes tmp/",
    "home": "writes home/settings",
    "elsewhere": "/elsewhere",
    "removes": "removes case/input.txt",
    "hangs": "hangs",
    "crashes": "Fatal Python error: Aborted",
    "memory": "GiB of memory",
}


@pytest.fixture(scope="module")
def breaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    target = "tests.mivos_studio.cli.fuzz.fake_commands:main"
    with Runner(tmp_path_factory.mktemp("breaking"), target) as runner:
        yield runner


def outcome_of(name: str, runner: Runner) -> tuple[str, ...]:
    (runner.clear() / "input.txt").write_text("input", encoding="utf-8")
    return runner.run(Case((name,), outputs=("out",))).wrong


def test_every_rule_has_a_command_that_breaks_it() -> None:
    assert BREAKS.keys() == FOUND.keys() | {"nothing", "with a result", "refused"}


@pytest.mark.parametrize("name", ["nothing", "with a result", "refused"])
def test_what_breaks_no_rule_is_fine(name: str, breaking: Runner) -> None:
    assert outcome_of(name, breaking) == ()


@pytest.mark.parametrize("name", FOUND)
def test_a_broken_rule_is_found(name: str, breaking: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "LIMIT_CPU_S", 0.3)
    monkeypatch.setattr(runners, "LIMIT_BYTES", 2**29)
    assert FOUND[name] in "\n".join(outcome_of(name, breaking))
    assert outcome_of("nothing", breaking) == ()
