"""Damaged input of every kind ends with success, or with one sentence, exit code 2 and nothing written.

`make test` runs a few cases of each kind. `make test-long PART=fuzz` runs all, in blocks that are tests of
their own, so that an interrupted run goes on. A case is found again by its kind and number, which the message
of a failure has: `KINDS[kind](rng_of(kind, number), seeds, folder)`.
"""

from __future__ import annotations

import json
import shutil
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.mivos_studio.cli.fuzz.cases import KINDS, script_case
from tests.mivos_studio.cli.fuzz.command_lines import case_of, command_lines, fill
from tests.mivos_studio.cli.fuzz.mutation import Rng
from tests.mivos_studio.cli.fuzz.runner import Case, Runner
from tests.mivos_studio.cli.fuzz.scripts import scripts
from tests.mivos_studio.cli.fuzz.seeds import Seeds

SLICE = 6
"""Cases of each kind in `make test`."""
BLOCK = 50
"""Cases of a long test; kinds × blocks × cases are over 10 000."""
BLOCKS = {
    "script": 20,
    "project": 40,
    "mask": 24,
    "image": 34,
    "video": 40,
    "weights": 24,
    "setting": 20,
    "training": 8,
}
DRAWN_BLOCKS = {"command line": 24, "script": 8}

LONG = pytest.mark.long("fuzz")


def rng_of(kind: str, number: int) -> Rng:
    """Return the generator of a case."""
    return np.random.default_rng([list(KINDS).index(kind), number])


def check(runner: Runner, case: Case, where: str) -> None:
    """Run a case whose input is in its folder; fail with all that is wrong."""
    outcome = runner.run(case)
    assert not outcome.wrong, "\n".join((f"{where}: mivos {' '.join(case.words)!r}", *outcome.wrong))


def check_block(kind: str, numbers: range, runner: Runner, seeds: Seeds) -> None:
    """Run cases of a kind; all of them, also after one that fails."""
    failures = []
    for number in numbers:
        case = KINDS[kind](rng_of(kind, number), seeds, runner.clear())
        try:
            check(runner, case, f"{kind} {number}")
        except AssertionError as error:
            failures.append(str(error))
    assert not failures, "\n\n".join(failures)


@pytest.mark.parametrize("kind", KINDS)
def test_some_damaged_input_is_refused_in_a_sentence(kind: str, runner: Runner, seeds: Seeds) -> None:
    check_block(kind, range(SLICE), runner, seeds)


@LONG
@pytest.mark.parametrize(
    ("kind", "block"), [(kind, block) for kind, count in BLOCKS.items() for block in range(count)]
)
def test_damaged_input_is_refused_in_a_sentence(kind: str, block: int, runner: Runner, seeds: Seeds) -> None:
    first = SLICE + block * BLOCK
    check_block(kind, range(first, first + BLOCK), runner, seeds)


def drawn(number: int, count: int) -> Any:
    """Return what makes hypothesis draw the same examples every time, and nothing of it is kept."""

    def decorate(test: Any) -> Any:
        chosen = settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        return seed(number)(chosen(test))

    return decorate


def check_command_lines(number: int, count: int, runner: Runner, seeds: Seeds) -> None:
    """Run command lines that hypothesis draws."""

    @drawn(number, count)
    @given(command_lines())
    def run(words: list[str]) -> None:
        fill(runner.clear(), seeds)
        check(runner, case_of(words), "command line")

    run()


def check_scripts(number: int, count: int, runner: Runner, seeds: Seeds) -> None:
    """Play scripts that hypothesis draws."""

    @drawn(number, count)
    @given(scripts(), st.integers(0, 99))
    def run(document: dict[str, Any], chance: int) -> None:
        folder = runner.clear()
        shutil.copytree(seeds.clip, folder / "clip")
        shutil.copyfile(seeds.folder / "masks" / "indexed.png", folder / "mask.png")
        (folder / "script.json").write_text(json.dumps(document), encoding="utf-8")
        check(runner, script_case(np.random.default_rng(chance)), f"script {json.dumps(document)}")

    run()


DRAWN = {"command line": check_command_lines, "script": check_scripts}


@pytest.mark.parametrize("kind", DRAWN)
def test_some_drawn_input_is_refused_in_a_sentence(kind: str, runner: Runner, seeds: Seeds) -> None:
    DRAWN[kind](0, 2 * SLICE, runner, seeds)


@LONG
@pytest.mark.parametrize(
    ("kind", "block"), [(kind, block) for kind, count in DRAWN_BLOCKS.items() for block in range(count)]
)
def test_drawn_input_is_refused_in_a_sentence(kind: str, block: int, runner: Runner, seeds: Seeds) -> None:
    DRAWN[kind](block + 1, BLOCK, runner, seeds)


def test_the_long_tests_have_ten_thousand_cases() -> None:
    assert BLOCKS.keys() == KINDS.keys()
    assert DRAWN_BLOCKS.keys() == DRAWN.keys()
    assert BLOCK * (sum(BLOCKS.values()) + sum(DRAWN_BLOCKS.values())) >= 10_000
