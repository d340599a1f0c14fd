"""`mivos export`: writes the masks of a project in a format that other programs open."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path

from mivos_studio.cli.options import add_format_option, add_report_options, add_result_options
from mivos_studio.cli.output import check_json, write_json
from mivos_studio.cli.progress import ProgressBar


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "export",
        help="write a project's masks",
        description="Write the masks of a project for other programs. The clip has to be where it was, or"
        " beside the project.",
    )
    parser.add_argument("project", type=Path, metavar="PROJECT", help="project, NAME.mivos")
    add_result_options(parser)
    add_format_option(parser, required=True)
    add_report_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Open the project and its clip for reading, write the masks."""
    from mivos_studio.cli.job import print_notice
    from mivos_studio.cli.project_work import clip_path_of
    from mivos_studio.media.clip import open_clip
    from mivos_studio.media.export.formats import find_formats
    from mivos_studio.media.export.job import ExportJob
    from mivos_studio.project.file.errors import ProjectError
    from mivos_studio.project.file.masks import ids_of
    from mivos_studio.project.file.project_file import ProjectFile

    check_json(options, [options.project])
    export_format = find_formats(options.format)
    with ProjectFile.open(options.project, writes=False) as project:
        for notice in project.notices:
            print_notice(notice)
        state = project.state
        if state is None:
            raise ProjectError(f"{options.project} holds no masks yet.")
        source = clip_path_of(project)
        with open_clip(source) as clip:
            if len(clip) != len(state.frames) or clip.size != state.size:
                raise ProjectError(f"{options.project} was made on another clip than the one that is there.")
            names = {each.object_id: each.name for each in state.state.objects}
            job = ExportJob(clip, ids_of(state, project.storage), names)
            bar = ProgressBar("write", quiet=options.quiet)
            steps = export_format.write(
                job, options.out, force=options.force, inputs=[options.project], sources=[source]
            )
            for done, total in steps:
                bar.show(done, total)
            bar.clear()
    write_json(options, {"frames": len(state.frames), "objects": len(names)}, [options.project])
