"""`mivos script`: writes what was done in a project as a script."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path

from mivos_studio.cli.options import add_report_options
from mivos_studio.cli.output import check_json, write_json


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "script",
        help="write what was done in a project as a script",
        description="Write what was done in a project as a script, which `mivos replay` plays. What was"
        " undone is left out.",
    )
    parser.add_argument("project", type=Path, metavar="PROJECT", help="project, NAME.mivos")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json", help="script to write")
    parser.add_argument("--with-undone", action="store_true", help="keep what was undone, and the undo steps")
    add_report_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Open the project for reading, write the script."""
    from mivos_studio.cli.job import print_notice
    from mivos_studio.project.file.project_file import ProjectFile
    from mivos_studio.project.file.script import script_of
    from mivos_studio.project.recorder import INCOMPLETE
    from mivos_studio.project.script import write_script

    check_json(options, [options.project])
    with ProjectFile.open(options.project, writes=False) as project:
        recorded = script_of(project, options.out.parent, with_undone=options.with_undone)
    write_script(recorded.script, options.out, inputs=[options.project])
    if not recorded.is_complete:
        print_notice(f"{options.project}: {INCOMPLETE}")
    figures = {"steps": len(recorded.script.steps), "objects": len(recorded.script.objects)}
    write_json(options, figures, [options.project])
