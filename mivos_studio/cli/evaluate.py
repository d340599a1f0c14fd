"""`mivos evaluate`: measures the networks on clips or single images whose true masks are known."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace, _SubParsersAction
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference_core.errors import UserError
from mivos_studio.cli.options import add_network_options, add_report_options, positive_number, whole_number
from mivos_studio.cli.output import check_json, write_json
from mivos_studio.cli.progress import ProgressBar
from mivos_studio.cli.stderr import say

if TYPE_CHECKING:
    from mivos_studio.evaluation.folders import Selection
    from mivos_studio.evaluation.reports.page import Page
    from mivos_studio.evaluation.settings import OnProgress, Settings
    from mivos_studio.media.output.folder import FolderOutput

Measure = Callable[[Namespace, "Settings", "OnProgress"], "Page"]


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "evaluate",
        help="measure the networks beside baselines",
        description="With --data, give the first mask of each clip and measure J and F of the others, beside"
        " a mask that stands still and one that follows optical flow; or let a robot correct, by the"
        " interactive protocol of DAVIS. With --stills, let robots click and scribble on single images,"
        " beside GrabCut.",
    )
    measured = parser.add_mutually_exclusive_group(required=True)
    measured.add_argument("--data", type=Path, metavar="DIR", help="clips in the layout of DAVIS")
    measured.add_argument("--stills", type=Path, metavar="DIR", help="images NAME.jpg with masks NAME.png")
    measured.add_argument(
        "--fit-confidence",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="fit the calibration of confidence to the clips of these folders, and print it",
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="write a page with plots and pictures")
    parser.add_argument("--force", action="store_true", help="replace an earlier report in that folder")
    _add_clip_options(parser)
    _add_protocol_options(parser)
    stills = parser.add_argument_group("single images")
    stills.add_argument("--clicks", type=whole_number(least=1), metavar="N", help="most clicks (default: 20)")
    add_network_options(parser)
    add_report_options(parser)
    parser.set_defaults(run=run)


def _add_clip_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("clips")
    group.add_argument(
        "--frames", type=whole_number(least=2), metavar="N", help="first frames of each clip alone"
    )
    group.add_argument(
        "--set", metavar="YEAR/NAME", help="clips of a list alone, ImageSets/YEAR/NAME.txt, as in 2017/val"
    )
    group.add_argument("--ablations", action="store_true", help="measure again with parts switched off")
    group.add_argument(
        "--advice",
        action="store_true",
        help="hold confidence against true J, and corrections of advised frames against those of others",
    )
    group.add_argument(
        "--draws",
        type=whole_number(least=1),
        metavar="N",
        help="games of the robot that corrects any frame (default: 20)",
    )


def _add_protocol_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("interactive")
    group.add_argument(
        "--interactive", choices=("scribble", "click"), help="let a robot correct with this tool"
    )
    group.add_argument(
        "--rounds",
        type=whole_number(least=1),
        metavar="N",
        help="most corrections (default: 8, with --advice 5)",
    )
    group.add_argument(
        "--seconds",
        type=positive_number,
        metavar="S",
        help="time for each correction and object (default: 30)",
    )
    group.add_argument(
        "--metric", choices=("J", "F", "J_AND_F"), help="finds the worst frame (default: J_AND_F)"
    )
    group.add_argument(
        "--schedule",
        choices=("each", "published"),
        help="propagate after each correction, or as for the method's published figures: after every third"
        " on the same frame (default: each)",
    )
    group.add_argument(
        "--fusion", choices=("learned", "newest", "linear"), help="how masks are blended (default: learned)"
    )
    group.add_argument("--top-k", type=_top_k, metavar="N|all", help="places that memory is read at")


def _top_k(text: str) -> int:
    """Read a number of places; all of them are 0."""
    number = 0 if text == "all" else int(text)
    if number < (text != "all"):
        raise ArgumentTypeError(f"{text} is not a number above 0, nor all")
    return number


def run(options: Namespace) -> None:
    """Measure, print the table, write the figures and the report."""
    _check_fit(options)
    output = _report_place(options)
    check_json(options, output=output)

    import torch

    from mivos_studio.evaluation.reports.plots import check_plotting
    from mivos_studio.evaluation.settings import Settings
    from model.checkpoint import load_networks

    if options.report:
        check_plotting()
    torch.manual_seed(options.seed)
    networks = load_networks(options.models, options.weights)
    for notice in networks.notices:
        say(notice)
    settings = Settings(networks, options.device, options.dtype, options.working_size)
    bar = ProgressBar("evaluate", quiet=options.quiet)
    with output or nullcontext():
        page = _measure(options)(options, settings, bar.show)
        bar.clear()
        print(page.text, end="")
        write_json(options, page.figures)
        if output:
            page.write_to(output)


def _report_place(options: Namespace) -> FolderOutput | None:
    """Check the folder of the report; the file of --json must not lie in it."""
    from mivos_studio.media.output.folder import FolderOutput
    from mivos_studio.media.output.places import real_path

    if options.report is None:
        return None
    folders = [options.data, options.stills, *(options.fit_confidence or ())]
    output = FolderOutput(
        options.report,
        replaces=options.force,
        sources=[folder for folder in folders if folder is not None and folder.is_dir()],
    )
    if options.json and real_path(options.json).parent == output.path:
        raise UserError(f"{options.json} is in the folder of the report: name a file elsewhere.")
    return output


def _measure(options: Namespace) -> Measure:
    if options.stills:
        return _stills
    if options.fit_confidence:
        return _calibration
    if options.advice:
        return _advice
    return _interactive if options.interactive else _clips


def _clips(options: Namespace, settings: Settings, on_progress: OnProgress) -> Page:
    from mivos_studio.evaluation.reports.page import clip_page
    from mivos_studio.evaluation.run import ClipOptions, evaluate_clips

    wanted = ClipOptions(options.data, _selection(options), with_ablations=options.ablations)
    return clip_page(evaluate_clips(settings, wanted, on_progress))


def _interactive(options: Namespace, settings: Settings, on_progress: OnProgress) -> Page:
    from inference_core.types import Tool
    from mivos_studio.evaluation.interactive.protocol import Metric, Protocol, Schedule
    from mivos_studio.evaluation.interactive.run import InteractiveOptions, evaluate_interactive
    from mivos_studio.evaluation.reports.page import interactive_page

    protocol = Protocol(
        Tool(options.interactive),
        options.rounds or Protocol.interactions,
        options.seconds or Protocol.seconds,
        Metric(options.metric or Protocol.metric),
        Schedule(options.schedule or Protocol.schedule),
    )
    wanted = InteractiveOptions(
        options.data,
        protocol,
        _selection(options),
        options.fusion or "learned",
        options.top_k,
        options.ablations,
    )
    return interactive_page(evaluate_interactive(settings, wanted, on_progress))


def _advice(options: Namespace, settings: Settings, on_progress: OnProgress) -> Page:
    from inference_core.types import Tool
    from mivos_studio.evaluation.advice.run import AdviceOptions, evaluate_advice
    from mivos_studio.evaluation.reports.page import advice_page

    wanted = AdviceOptions(
        options.data,
        _selection(options),
        Tool(options.interactive or AdviceOptions.tool),
        options.draws or AdviceOptions.draws,
        options.rounds or AdviceOptions.rounds,
    )
    return advice_page(evaluate_advice(settings, wanted, on_progress))


def _calibration(options: Namespace, settings: Settings, on_progress: OnProgress) -> Page:
    from mivos_studio.evaluation.advice.run import fit_confidence
    from mivos_studio.evaluation.reports.page import calibration_page

    _, figures = fit_confidence(settings, options.fit_confidence, _selection(options), on_progress)
    return calibration_page(figures)


def _stills(options: Namespace, settings: Settings, on_progress: OnProgress) -> Page:
    from mivos_studio.evaluation.reports.page import still_page
    from mivos_studio.evaluation.run import StillOptions, evaluate_stills

    return still_page(
        evaluate_stills(settings, StillOptions(options.stills, options.clicks or 20), on_progress)
    )


def _selection(options: Namespace) -> Selection:
    from mivos_studio.evaluation.folders import Selection

    return Selection(options.frames, options.set)


_OF_PROTOCOL = ("seconds", "metric", "schedule", "fusion", "top_k")
_OF_CLIPS = ("frames", "set")
_OF_DATA = ("interactive", "rounds", "ablations", "advice", "draws", *_OF_PROTOCOL)


def _check_fit(options: Namespace) -> None:
    """Refuse options that would have no effect."""
    unheard = {
        "data": ("clicks",),
        "stills": (*_OF_CLIPS, *_OF_DATA),
        "fit_confidence": ("clicks", *_OF_DATA),
    }
    chosen = next(name for name in unheard if getattr(options, name))
    for name in unheard[chosen]:
        if _is_given(options, name):
            raise UserError(f"--{_spelt(name)} does not go with --{_spelt(chosen)}.")
    for name in ("rounds", *_OF_PROTOCOL):
        if _is_given(options, name) and not (options.interactive or (name == "rounds" and options.advice)):
            raise UserError(f"--{_spelt(name)} needs --interactive scribble or --interactive click.")
    if options.advice:
        for name in ("ablations", *_OF_PROTOCOL):
            if _is_given(options, name):
                raise UserError(f"--{_spelt(name)} does not go with --advice.")
    elif options.draws:
        raise UserError("--draws needs --advice.")
    if options.force and not options.report:
        raise UserError("--force needs --report.")


def _is_given(options: Namespace, name: str) -> bool:
    value: Any = getattr(options, name)
    return value is not None and value is not False


def _spelt(name: str) -> str:
    return name.replace("_", "-")
