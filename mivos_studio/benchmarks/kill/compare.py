"""Compare what a killed program left with what it had acknowledged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mivos_studio.benchmarks.kill.digest import ProjectDigest
from mivos_studio.benchmarks.kill.work import Action, Collect, Do, Export, Output, Report, SaveAs, SaveScript
from mivos_studio.project.file.lock import lock_path
from mivos_studio.project.steps import Propagate


@dataclass(frozen=True)
class Reference:
    """A run that was not killed: its reports, of the start and of every action, with digests."""

    actions: tuple[Action, ...]
    reports: tuple[Report, ...]

    def holds(self, number: int) -> ProjectDigest:
        """Return what the project holds after an action."""
        found = self.reports[number].holds
        assert found is not None, "the run was described"
        return found

    def action(self, number: int) -> Action | None:
        """Return the action of a report's number; None for the start and behind the last."""
        return self.actions[number - 1] if 0 < number <= len(self.actions) else None


class Expectation:
    """What may be there after a run that ended with these reports.

    saved    the number up to which all was acknowledged; -1 where not even the start was.
    running  the number of the action in which it was killed.
    project  where the work was; None where that is unknown.
    """

    def __init__(self, reference: Reference, reports: Sequence[Report], outputs: Path) -> None:
        self._reference = reference
        self._outputs = outputs
        self.saved, self.running = -1, 0
        self.project: Path | None = None
        self._written: dict[str, set[str]] = {}
        for report in reports:
            self._add(report)
        self._add_running()

    def is_possible(self, found: ProjectDigest) -> bool:
        """Whether the work may hold this: all that was acknowledged, and what came after it in part."""
        numbers = range(max(self.saved, 0), min(self.running, len(self._reference.reports) - 1) + 1)
        if any(self._reference.holds(number) == found for number in numbers):
            return True
        return any(self._is_partial(number, found) for number in numbers[1:])

    def outputs(self) -> Iterator[tuple[Path, set[str]]]:
        """Yield the place of every output, and the digests that it may have."""
        for name, allowed in self._written.items():
            if self.project is not None and self._outputs / name == self.project:
                yield self.project, self._between(max(self.saved, 0), self.running)
            else:
                yield self._outputs / name, allowed

    def places(self) -> list[Path]:
        """Return where the work may be: first where it was open when the program was killed."""
        action = self._reference.action(self.running)
        moved = [self._outputs / action.name] if isinstance(action, SaveAs) else []
        places = [*([self.project] if self.project else []), *moved]
        return sorted(places, key=lambda place: not lock_path(place).exists())

    def _add(self, report: Report) -> None:
        action, left = self._reference.action(report.number), self.project
        is_start_again = report.number == 0 and bool(report.failure)
        self.running = report.number + (not is_start_again)
        if left is not None and report.project != left and left.parent == self._outputs:
            # The copy that was left is as it was saved last.
            self._written[left.name] = self._between(max(self.saved, 0), report.number)
        self.project = report.project
        if report.failure:
            return
        if action is None or isinstance(action, Do | SaveAs | Collect):
            self.saved = report.number
        if isinstance(action, Output):
            self._written[action.name] = {self._reference.reports[report.number].written}

    def _add_running(self) -> None:
        action = self._reference.action(self.running)
        if isinstance(action, SaveAs):
            new = self._between(max(self.saved, 0), self.running)
            self._written[action.name] = self._written.get(action.name, {""}) | new
        elif isinstance(action, Collect | Export | SaveScript):
            new = {self._reference.reports[self.running].written}
            self._written[action.name] = self._written.get(action.name, {""}) | new

    def _between(self, first: int, last: int) -> set[str]:
        last = min(last, len(self._reference.reports) - 1)
        return {self._reference.holds(number).whole for number in range(first, last + 1)}

    def _is_partial(self, number: int, found: ProjectDigest) -> bool:
        """Whether it holds a part of a propagation, which is one undo step.

        The next start makes a step of the script of that part.
        """
        action, earlier = self._reference.action(number), self._reference.holds(number - 1)
        is_propagation = isinstance(action, Do) and isinstance(action.step, Propagate)
        return is_propagation and found.before == earlier.current and found.steps - earlier.steps in (0, 1)
