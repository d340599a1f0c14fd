"""`mivos replay`: plays a script of gestures on a clip."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from functools import partial
from pathlib import Path

from commands.options import add_network_options, add_report_options, add_result_options
from commands.output import write_json
from commands.progress import ProgressBar


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "replay",
        help="play a script of gestures on a clip",
        description="Play a script, step by step, as if an editor drew it, and write a mask for every frame:"
        " indexed PNGs at the source's size.",
    )
    parser.add_argument("clip", metavar="CLIP", help="video file or folder of images")
    parser.add_argument("--script", type=Path, required=True, metavar="FILE", help="JSON file with the steps")
    parser.add_argument("--acknowledge", action="store_true", help="print `ack N` once step N is done")
    add_result_options(parser)
    add_network_options(parser)
    add_report_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Look at everything that can be wrong, play, write."""
    from commands.job import circumstances, open_job, open_session, read_mask, write_masks
    from workspace.playback import play
    from workspace.script import check_script, read_script
    from workspace.steps import SetIds

    script = read_script(options.script)
    clip = open_job(options)
    check_script(script, len(clip))
    for step in script.steps:
        if isinstance(step, SetIds):
            read_mask(clip, script.folder / step.file, step.frame_index)
    session = open_session(clip, options)
    bar = ProgressBar("replay", quiet=options.quiet)
    for number in play(session, script, partial(read_mask, clip), lambda _: None):
        bar.show(number, len(script.steps))
        if options.acknowledge:
            print(f"ack {number}", flush=True)
    bar.clear()
    write_masks(session, clip, options)
    write_json(options, {"steps": len(script.steps), **circumstances(session)})
