"""Long tests have parts, and go on where they were interrupted: `pytest -m long --resume [--part PART]`.

What has passed is noted test by test in `.pytest_cache`, in a file for each state of the source, so that any
change runs all of them again. Tests that failed or were skipped are not noted.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PARTS = {
    "kill": "the process is killed in the middle of its work",
    "fuzz": "files, scripts, settings and command lines that are damaged at random",
    "monkey": "random gestures in the window",
    "media": "many containers, codecs and sizes",
    "closing": "the window is closed in the middle of its work, again and again",
    "results": "figures on the development clips, and the page that shows them",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("long tests")
    group.addoption("--part", metavar="PART", help=f"of the long tests only those of {', '.join(PARTS)}")
    group.addoption(
        "--resume",
        action="store_true",
        help="leave out what has passed before on the same state of the source",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a part that there is not; have what passes noted where --resume is given."""
    part = config.getoption("--part")
    if part is not None and part not in PARTS:
        raise pytest.UsageError(f"There is no part {part} of the long tests: choose {', '.join(PARTS)}.")
    if config.getoption("--resume"):
        config.pluginmanager.register(Resume(config), "resume")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what belongs to other parts; a long test without a part of PARTS is a mistake in the test."""
    for item in items:
        if item.get_closest_marker("long") is not None and part_of(item) not in PARTS:
            raise pytest.UsageError(f"{item.nodeid}: say the part, as in @pytest.mark.long('kill').")
    part = config.getoption("--part")
    if part is not None:
        deselect(config, items, [item for item in items if part_of(item) != part])


def part_of(item: pytest.Item) -> str | None:
    """Return the part of the long tests that a test belongs to; None where it belongs to none."""
    marker = item.get_closest_marker("long")
    return marker.args[0] if marker is not None and marker.args else None


def deselect(config: pytest.Config, items: list[pytest.Item], unwanted: list[pytest.Item]) -> None:
    """Take tests out of those that will be run."""
    if unwanted:
        config.hook.pytest_deselected(items=unwanted)
        left_out = set(unwanted)
        items[:] = [item for item in items if item not in left_out]


class Resume:
    """Notes what passes, and leaves it out the next time."""

    def __init__(self, config: pytest.Config) -> None:
        state = state_of_source(config.rootpath)
        self._notes = config.cache.mkdir("long") / f"{state}.txt" if config.cache and state else None
        self._passed = set(self._noted())
        self._stages: dict[str, set[str]] = {}
        self._left_out = 0
        self._is_nothing_left = False

    def _noted(self) -> Iterator[str]:
        if self._notes is not None and self._notes.exists():
            yield from self._notes.read_text(encoding="utf-8").splitlines()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out what has passed. Comes last: -m and --part have had their say."""
        passed = [item for item in items if item.nodeid in self._passed]
        deselect(config, items, passed)
        self._left_out = len(passed)
        self._is_nothing_left = not items

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test once its set-up, its call and its tear-down have all passed."""
        stages = self._stages.setdefault(report.nodeid, set())
        if report.passed:
            stages.add(report.when or "")
        if report.when == "teardown" and len(stages) == 3 and self._notes is not None:
            with self._notes.open("a", encoding="utf-8") as notes:
                notes.write(f"{report.nodeid}\n")

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Where there is nothing to run, nothing failed."""
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self._is_nothing_left:
            session.exitstatus = pytest.ExitCode.OK

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was left out, and why."""
        part = terminalreporter.config.getoption("--part")
        name = "The long tests have" if part is None else f"Part {part} ({PARTS[part]}) has"
        if self._notes is None:
            terminalreporter.line("Nothing is noted outside a git checkout: an interrupted run begins anew.")
        if self._left_out:
            left = "nothing else to run" if self._is_nothing_left else "the others were run"
            terminalreporter.line(f"{self._left_out} passed before on this state of the source; {left}.")
        elif self._is_nothing_left:
            terminalreporter.line(f"{name} no test yet.")


def state_of_source(folder: Path) -> str | None:
    """Name what is checked out, with all changes to it; None outside a git checkout."""

    def git(*words: str) -> bytes:
        return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True).stdout

    try:
        commit = git("rev-parse", "HEAD").decode().strip()
        changes = git("diff", "HEAD", "--binary")
        untracked = git("ls-files", "--others", "--exclude-standard", "-z").decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        return None
    contents = [name.encode() + (folder / name).read_bytes() for name in untracked if name]
    if not changes and not contents:
        return commit
    return f"{commit}-{hashlib.sha256(b''.join([changes, *contents])).hexdigest()[:16]}"
