"""One worker process, and one set of valid input, for all of these tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.mivos_studio.cli.fuzz.runner import Runner
from tests.mivos_studio.cli.fuzz.seeds import Seeds, make_seeds

if sys.platform == "win32":
    collect_ignore_glob = ["test_*.py"]  # the worker is stopped by POSIX signals


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Seeds:
    """Valid input of every kind."""
    return make_seeds(tmp_path_factory.mktemp("seeds"))


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """The process that the cases run in."""
    with Runner(tmp_path_factory.mktemp("fuzz")) as runner:
        yield runner
