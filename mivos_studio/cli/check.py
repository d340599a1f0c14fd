"""`mivos check`: whether a project can be read, all of it; `--repair` saves what can be."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mivos_studio.cli.options import add_report_options
from mivos_studio.cli.output import check_json, write_json

if TYPE_CHECKING:
    from mivos_studio.project.file.check import CheckReport

_MOST_SHOWN = 3


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "check",
        help="check a project",
        description="Read all of a project: its database, every mask, every undo step and the script. Exits"
        " with 2 where something is damaged.",
    )
    parser.add_argument("project", type=Path, metavar="PROJECT", help="project, NAME.mivos")
    parser.add_argument(
        "--repair",
        action="store_true",
        help="write a damaged project anew from what can be read; the damaged one is kept beside it",
    )
    add_report_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Check, repair where that is asked for and needed, check again."""
    from mivos_studio.project.file.check import check_project
    from mivos_studio.project.file.errors import DamagedError
    from mivos_studio.project.file.repair import repair_project

    check_json(options, [options.project])
    report, repaired = check_project(options.project), {}
    if options.repair and not report.is_ok:
        repair = repair_project(options.project)
        report = check_project(options.project)
        repaired = {"repaired": {"copy": str(repair.copy), "lost": list(repair.lost)}}
        print(f"Written anew; the damaged project is {repair.copy}.")
        print(f"Lost: {', '.join(repair.lost) or 'nothing'}.")
    write_json(options, {**_figures(report), **repaired}, [options.project])
    if not report.is_ok:
        more = len(report.problems) - _MOST_SHOWN
        shown = [*report.problems[:_MOST_SHOWN], *([f"and {more} more"] if more > 0 else [])]
        raise DamagedError(options.project, "; ".join(shown))
    if not options.quiet:
        _print(options.project, report)


def _figures(report: CheckReport) -> dict[str, Any]:
    return {
        "ok": report.is_ok,
        "interactions": report.interactions,
        "rounds": report.rounds,
        "frames": report.frames,
        "bytes": report.sizes,
        "problems": list(report.problems),
    }


def _print(path: Path, report: CheckReport) -> None:
    counts = f"{report.interactions} interactions, {report.rounds} rounds, {report.frames} frames with masks"
    print(f"{path} is whole: {counts}.")
    print(", ".join(f"{name} {count / 1e6:.1f} MB" for name, count in report.sizes.items()))
