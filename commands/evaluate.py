"""`mivos evaluate`: measures the networks on clips or single images whose true masks are known."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.options import add_network_options, add_report_options, whole_number
from commands.output import check_file, write_json
from commands.progress import ProgressBar
from inference_core.errors import UserError

if TYPE_CHECKING:
    from evaluation.settings import OnProgress, Settings

Measured = tuple[dict[str, Any], str]
"""Figures, and the report that tells them."""


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "evaluate",
        help="measure the networks beside baselines",
        description="With --data, give the first mask of each clip and measure J and F of the others, beside"
        " a mask that stands still and one that follows optical flow; or let a robot correct, round by round."
        " With --stills, let robots click and scribble on single images, beside GrabCut.",
    )
    measured = parser.add_mutually_exclusive_group(required=True)
    measured.add_argument("--data", type=Path, metavar="DIR", help="clips in the layout of DAVIS")
    measured.add_argument("--stills", type=Path, metavar="DIR", help="images NAME.jpg with masks NAME.png")
    clips = parser.add_argument_group("clips")
    clips.add_argument(
        "--frames", type=whole_number(least=2), metavar="N", help="first frames of each clip alone"
    )
    clips.add_argument("--ablations", action="store_true", help="measure again with parts switched off")
    clips.add_argument(
        "--interactive", choices=("scribble", "click"), help="let a robot correct with this tool"
    )
    clips.add_argument(
        "--rounds", type=whole_number(least=1), metavar="N", help="rounds of the robot (default: 3)"
    )
    stills = parser.add_argument_group("single images")
    stills.add_argument("--clicks", type=whole_number(least=1), metavar="N", help="most clicks (default: 20)")
    add_network_options(parser)
    add_report_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Measure, print the table, write the figures."""
    _check_fit(options)
    if options.json:
        check_file(options.json)

    import torch

    from evaluation.settings import Settings
    from model.checkpoint import load_networks

    torch.manual_seed(options.seed)
    networks = load_networks(options.models, options.weights)
    settings = Settings(networks, options.device, options.dtype, options.working_size)
    bar = ProgressBar("evaluate", quiet=options.quiet)
    measure = _stills if options.stills else _rounds if options.interactive else _clips
    figures, report = measure(options, settings, bar.show)
    bar.clear()
    print(report, end="")
    if options.json:
        write_json(options.json, figures)


def _clips(options: Namespace, settings: Settings, on_progress: OnProgress) -> Measured:
    from evaluation.report import clip_report
    from evaluation.run import ClipOptions, evaluate_clips

    wanted = ClipOptions(options.data, max_frames=options.frames, with_ablations=options.ablations)
    figures = evaluate_clips(settings, wanted, on_progress)
    return figures, clip_report(figures)


def _rounds(options: Namespace, settings: Settings, on_progress: OnProgress) -> Measured:
    from evaluation.report import round_report
    from evaluation.run import RoundOptions, evaluate_rounds
    from inference_core.values import Tool

    wanted = RoundOptions(options.data, Tool(options.interactive), options.rounds or 3, options.frames)
    figures = evaluate_rounds(settings, wanted, on_progress)
    return figures, round_report(figures)


def _stills(options: Namespace, settings: Settings, on_progress: OnProgress) -> Measured:
    from evaluation.report import still_report
    from evaluation.run import StillOptions, evaluate_stills

    figures = evaluate_stills(settings, StillOptions(options.stills, options.clicks or 20), on_progress)
    return figures, still_report(figures)


def _check_fit(options: Namespace) -> None:
    """Refuse options that would go unheard."""
    of_clips = {"frames": options.frames, "interactive": options.interactive, "rounds": options.rounds}
    strangers = {"clicks": options.clicks} if options.data else {**of_clips, "ablations": options.ablations}
    for name, value in strangers.items():
        if value:
            raise UserError(f"--{name} does not go with --{'data' if options.data else 'stills'}.")
    if options.rounds and not options.interactive:
        raise UserError("--rounds needs --interactive scribble or --interactive click.")
    if options.ablations and options.interactive:
        raise UserError("--ablations does not go with --interactive.")
