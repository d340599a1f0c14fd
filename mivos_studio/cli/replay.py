"""`mivos replay`: runs a script of interactions on a clip."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from functools import partial
from pathlib import Path

from mivos_studio.cli.options import (
    add_format_option,
    add_network_options,
    add_report_options,
    add_result_options,
)
from mivos_studio.cli.output import write_json
from mivos_studio.cli.progress import ProgressBar


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "replay",
        help="play a script of gestures on a clip",
        description="Play a script, step by step, as if a user drew it, and write a mask for every"
        " frame at the source's size.",
    )
    parser.add_argument("clip", metavar="CLIP", help="video file or folder of images")
    parser.add_argument("--script", type=Path, required=True, metavar="FILE", help="JSON file with the steps")
    parser.add_argument("--acknowledge", action="store_true", help="print `ack N` once step N is done")
    add_result_options(parser)
    add_format_option(parser)
    add_network_options(parser)
    add_report_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Check all input, run the script, write the masks."""
    from mivos_studio.cli import job
    from mivos_studio.project.playback import play
    from mivos_studio.project.script import check_script, read_script

    script = read_script(options.script)
    masks = [
        (script.folder / file, frame_index)
        for step in script.steps
        for frame_index, file in step.masks.items()
    ]
    files = [options.script, *(file for file, _ in masks)]
    clip, output = job.open_job(options, files)
    check_script(script, len(clip))
    for file, frame_index in masks:
        job.read_mask(clip, file, frame_index)
    with output:
        session = job.open_session(clip, options)
        bar = ProgressBar("replay", quiet=options.quiet)
        for number in play(session, script, partial(job.read_mask, clip), lambda _: None):
            bar.show(number, len(script.steps))
            if options.acknowledge:
                print(f"ack {number}", flush=True)
        bar.clear()
        job.write_masks(session, clip, output, options)
    figures = {"steps": len(script.steps), **job.circumstances(session)}
    write_json(options, figures, [*files, Path(options.clip)])
