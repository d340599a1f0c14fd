"""`mivos replay`: runs a script of interactions on a clip, in a project where one is named."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from inference_core.errors import UserError
from mivos_studio.cli.options import (
    add_format_option,
    add_network_options,
    add_report_options,
    add_result_options,
)
from mivos_studio.cli.output import check_json, write_json
from mivos_studio.cli.progress import ProgressBar

if TYPE_CHECKING:
    from mivos_studio.project.script import Script


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "replay",
        help="play a script of gestures on a clip",
        description="Play a script, step by step, as if a user drew it. Write a mask for every frame at the"
        " source's size, or work in a project, or both.",
    )
    parser.add_argument(
        "clip",
        nargs="?",
        metavar="CLIP",
        help="video file or folder of images (default: the clip that the script names)",
    )
    parser.add_argument("--script", type=Path, required=True, metavar="FILE", help="JSON file with the steps")
    parser.add_argument(
        "--project",
        type=Path,
        metavar="FILE.mivos",
        help="project to go on with, or to make: each step is saved in it as soon as it is done",
    )
    parser.add_argument(
        "--acknowledge",
        action="store_true",
        help="print `ack N` once step N is done, and saved if in a project",
    )
    add_result_options(parser, required=False)
    add_format_option(parser)
    add_network_options(parser)
    add_report_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Check all input, run the script, write the masks."""
    from mivos_studio.cli import job, project_work
    from mivos_studio.media.clip import open_clip
    from mivos_studio.project.script import check_script, read_script

    if options.out is None and options.project is None:
        raise UserError("Nothing would be kept: name a folder with --out, or a project with --project.")
    script = read_script(options.script)
    options.clip = _clip_of(script, options)
    masks = [
        (script.folder / file, frame_index)
        for step in script.steps
        for frame_index, file in step.masks.items()
    ]
    files = [options.script, *(file for file, _ in masks)]
    if options.out is None:
        check_json(options, [*files, Path(options.clip)])
        clip, output = open_clip(options.clip), None
    else:
        clip, output = job.open_job(options, files)
    check_script(script, len(clip))
    for file, frame_index in masks:
        job.read_mask(clip, file, frame_index)
    for notice in script.notices(Path(options.clip)):
        job.print_notice(notice)
    open_project = partial(project_work.open_project, options.project, Path(options.clip), clip)
    with ExitStack() as stack:
        if output is not None:
            stack.enter_context(output)
        session, project = job.open_session(clip, options, open_project if options.project else None)
        if project is not None:
            stack.enter_context(project)
        bar = ProgressBar("replay", quiet=options.quiet)
        for number in project_work.play_in(project, session, script, partial(job.read_mask, clip)):
            bar.show(number, len(script.steps))
            if options.acknowledge:
                print(f"ack {number}", flush=True)
        bar.clear()
        if output is not None:
            job.write_masks(session, clip, output, options)
    figures = {"steps": len(script.steps), **job.circumstances(session)}
    result = options.project if output is None else output.path
    write_json(options, figures, [*files, Path(options.clip)], result=result)


def _clip_of(script: Script, options: Namespace) -> str:
    """Return the clip that is named, otherwise the script's. Raises a UserError where there is none."""
    if options.clip is not None:
        return str(options.clip)
    if script.clip is None:
        raise UserError(f"{options.script} names no clip: name one before --script.")
    found = script.clip.find(script.folder)
    if found is None:
        raise UserError(
            f"The clip of {options.script}, {script.clip.name}, is not at {script.folder / script.clip.path},"
            " nor beside the script: name it before --script."
        )
    return str(found)
