"""Put the sections of a report together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mivos_studio.cli.report.error_log import command_errors, window_errors
from mivos_studio.cli.report.facts import library_facts, machine_facts, program_facts, weights_facts
from mivos_studio.cli.report.private import LEFT_OUT, Scrubber

_INTRODUCTION = (
    "Report of MiVOS Studio",
    "Paths and names of files, people and machines are left out. Read it before you send it.",
)


@dataclass(frozen=True)
class ReportOptions:
    """What a report is about.

    program  the folder of the program's packages.
    weights  the folder of weights; None for the program's own.
    project  None for none.
    """

    program: Path
    weights: Path | None = None
    project: Path | None = None


@dataclass(frozen=True)
class Section:
    """A heading and its lines."""

    heading: str
    lines: tuple[str, ...]


def build_report(checks: Iterable[str], options: ReportOptions) -> tuple[Section, ...]:
    """Return the sections; what cannot be found out is said in its section.

    checks  lines of `mivos doctor`.
    """
    weights = [] if options.weights is None else [str(options.weights)]
    scrubber = Scrubber.of_this_machine(options.program, [*weights, *_project_paths(options)])
    parts: Sequence[tuple[str, Callable[[], Iterable[str]]]] = (
        ("Program", lambda: program_facts(options.program)),
        ("Machine", machine_facts),
        ("Libraries", library_facts),
        ("Checks", lambda: map(scrubber.line, checks)),
        ("Weights", lambda: weights_facts(options.weights)),
        ("Project", lambda: _project(options.project)),
        ("Last errors in the window", lambda: _window_errors(scrubber)),
        ("Last fault of a command", lambda: command_errors(scrubber)),
    )
    return tuple(
        Section(heading, tuple(scrubber.without_names(line) for line in _found(lines, scrubber)))
        for heading, lines in parts
    )


def as_text(sections: Iterable[Section]) -> str:
    """Return a report as text."""
    lines = [*_INTRODUCTION]
    for section in sections:
        lines += ["", section.heading, *(f"  {line}" for line in section.lines or ("none",))]
    return "\n".join(lines) + "\n"


def _found(lines: Callable[[], Iterable[str]], scrubber: Scrubber) -> Iterator[str]:
    """Yield lines; an error is one more, since what is broken is what the report is for."""
    try:
        yield from lines()
    except Exception as error:
        yield f"not found out: {type(error).__name__}: {scrubber.sentence(str(error)) or LEFT_OUT}"


def _project(path: Path | None) -> Iterable[str]:
    if path is None:
        return ()
    from mivos_studio.cli.report.project import project_facts

    return project_facts(path)


def _project_paths(options: ReportOptions) -> list[str]:
    if options.project is None:
        return []
    try:
        from mivos_studio.cli.report.project import personal_paths

        return personal_paths(options.project)
    except ImportError:  # another package hides one of ours: the report says so
        return [str(options.project)]


def _window_errors(scrubber: Scrubber) -> list[str]:
    from mivos_studio.files import user_cache_folder

    return window_errors(user_cache_folder() / "errors.txt", scrubber)
