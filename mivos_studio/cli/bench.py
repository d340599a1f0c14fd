"""`mivos bench`: how fast this machine runs the networks, how quick the window is, what memory is held."""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace, _SubParsersAction
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from inference_core.errors import UserError
from mivos_studio.cli.options import (
    DEVICES,
    DTYPES,
    add_network_options,
    add_report_options,
    image_size,
    network_values,
    whole_number,
)
from mivos_studio.cli.output import check_json, write_json
from mivos_studio.cli.stderr import say

if TYPE_CHECKING:
    from mivos_studio.benchmarks.speed import SpeedOptions

_Subjects: TypeAlias = "_SubParsersAction[ArgumentParser]"  # generic for type checkers alone

_COUNTS = ("working_size", "mem_every", "max_memory_frames", "max_anchors")


def add_parser(commands: _Subjects) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("bench", help="measure on this machine", description="Measure.")
    subjects = parser.add_subparsers(metavar="SUBJECT", required=True)
    for add in (_add_speed, _add_compare, _add_gui, _add_memory, _add_kill, _add_settings, _add_published):
        subject = add(subjects)
        add_report_options(subject)


def _add_speed(subjects: _Subjects) -> ArgumentParser:
    speed = subjects.add_parser(
        "speed",
        help="frames a second and milliseconds a stroke",
        description="Measure propagation and strokes on a made-up clip, beside optical flow and GrabCut.",
    )
    _add_made_clip(speed, least_frames=8)
    speed.add_argument(
        "--sweep",
        action="store_true",
        help="measure too how cost grows with resolution, objects, length, precision and family (minutes)",
    )
    speed.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw how cost grows; needs --sweep")
    add_network_options(speed)
    speed.set_defaults(run=run_speed)
    return speed


def _add_compare(subjects: _Subjects) -> ArgumentParser:
    compare = subjects.add_parser(
        "compare",
        help="two files of figures side by side",
        description="Pair the figures of two files that --json wrote, with the ratio of new to old.",
    )
    compare.add_argument("old", type=Path, metavar="OLD.json")
    compare.add_argument("new", type=Path, metavar="NEW.json")
    compare.set_defaults(run=run_compare)
    return compare


def _add_gui(subjects: _Subjects) -> ArgumentParser:
    window = subjects.add_parser(
        "gui",
        help="how quick the window is",
        description="Measure first paint, brush moves, scrubbing, how long a propagation holds the window up,"
        " and how fast it is there and without a window, by turns. Each measurement runs in a process of its"
        " own; minutes in all. Needs a display; on Linux xvfb-run or QT_QPA_PLATFORM=offscreen will do.",
    )
    window.add_argument("--clip", type=Path, metavar="CLIP", help="footage (default: the sample clip)")
    window.add_argument(
        "--frames", type=whole_number(least=8), default=24, metavar="N", help="frames of it (default: 24)"
    )
    window.add_argument(
        "--runs",
        type=whole_number(least=1),
        default=5,
        metavar="N",
        help="runs of first paint and of each propagation, of which the median counts (default: 5)",
    )
    window.set_defaults(run=run_gui)
    return window


def _add_memory(subjects: _Subjects) -> ArgumentParser:
    memory = subjects.add_parser(
        "memory",
        help="memory against the length of the clip",
        description="Propagate one mask through made-up videos of several lengths, each in a fresh process,"
        " and measure the most memory that it held. The caches are full after a few hundred frames.",
    )
    memory.add_argument(
        "--frames",
        type=whole_number(least=2),
        nargs="+",
        default=(300, 600, 1200),
        metavar="N",
        help="lengths (default: 300 600 1200)",
    )
    memory.add_argument(
        "--size", type=image_size, default=(1080, 1920), metavar="WxH", help="default: 1920x1080"
    )
    memory.add_argument("--objects", type=whole_number(least=1), default=3, metavar="N", help="default: 3")
    add_network_options(memory)
    memory.set_defaults(run=run_memory)
    return memory


def _add_kill(subjects: _Subjects) -> ArgumentParser:
    kill = subjects.add_parser(
        "kill",
        help="whether a killed program loses work",
        description="Kill the program at random moments while it works in a project and writes copies, masks"
        " and scripts, start it again, and count what is lost of what it acknowledged. Exits with 1 where"
        " anything is.",
    )
    kill.add_argument("--kills", type=whole_number(least=1), default=20, metavar="N", help="default: 20")
    kill.add_argument(
        "--seed",
        type=whole_number(least=0),
        default=0,
        metavar="N",
        help="of script and moments (default: 0)",
    )
    kill.add_argument(
        "--full-disk",
        action="store_true",
        help="work on a disk of 4 MB that fills up in the middle (Linux, as root)",
    )
    kill.set_defaults(run=run_kill)
    return kill


def _add_settings(subjects: _Subjects) -> ArgumentParser:
    settings = subjects.add_parser(
        "settings",
        help="what a setting is worth",
        description="Propagate true masks through the clips of a folder with every combination of some"
        " settings; print J, and the IoU with the masks of the first combination.",
    )
    settings.add_argument("--data", type=Path, required=True, metavar="DIR", help="clips in DAVIS layout")
    settings.add_argument(
        "--vary",
        type=_varied,
        action="append",
        required=True,
        metavar="NAME=VALUE,VALUE",
        help="dtype, working_size, mem_every, max_memory_frames or max_anchors, as dtype=float32,bfloat16",
    )
    settings.add_argument(
        "--given",
        type=whole_number(least=0),
        nargs="+",
        default=(0,),
        metavar="FRAME",
        help="frames whose true masks are given (default: 0)",
    )
    add_network_options(settings)
    settings.set_defaults(run=run_settings)
    return settings


def _add_published(subjects: _Subjects) -> ArgumentParser:
    published = subjects.add_parser(
        "published",
        help="the published networks, in the published way and in ours",
        description="Play three rounds on a made-up clip with the published networks and made weights:"
        " in the published way, in ours with float32 and in ours with bfloat16, side by side frame by frame.",
    )
    _add_made_clip(published, least_frames=4)
    published.add_argument("--device", choices=DEVICES, default="auto", help="where to compute")
    published.add_argument(
        "--weights", type=Path, metavar="DIR", help="folder of the trained weights (default: made ones)"
    )
    published.add_argument(
        "--control",
        action="store_true",
        help="play the published way once more, rounded otherwise: how far it is from itself",
    )
    published.set_defaults(run=run_published)
    return published


def _add_made_clip(parser: ArgumentParser, *, least_frames: int) -> None:
    """Add the options of a made-up clip."""
    parser.add_argument(
        "--frames", type=whole_number(least=least_frames), default=40, metavar="N", help="default: 40"
    )
    parser.add_argument("--size", type=image_size, default=(480, 854), metavar="WxH", help="default: 854x480")
    parser.add_argument(
        "--objects",
        type=whole_number(least=1),
        nargs="+",
        default=(1, 3),
        metavar="N",
        help="numbers of objects to measure with (default: 1 3)",
    )


def run_speed(options: Namespace) -> None:
    """Measure, print the table, write the figures."""
    check_json(options)
    if options.plot:
        _check_plot(options)

    from mivos_studio.benchmarks.speed import SpeedOptions, measure_speed, table

    wanted = SpeedOptions(
        frames=options.frames, size=options.size, objects=tuple(options.objects), **network_values(options)
    )
    figures = measure_speed(wanted)
    for line in table(figures):
        print(line)
    if options.sweep:
        figures["sweep"] = _sweep(options, wanted)
    write_json(options, figures)


def _check_plot(options: Namespace) -> None:
    if not options.sweep:
        raise UserError("--plot needs --sweep.")

    from mivos_studio.evaluation.reports.plots import PLOT, check_plotting
    from mivos_studio.media.output.file import check_file
    from mivos_studio.media.output.places import is_one_of

    check_file(options.plot, PLOT)
    if options.json and is_one_of(options.plot, [options.json]):
        raise UserError(f"{options.plot} is named for the plot and for the figures: name two files.")
    check_plotting()


def _sweep(options: Namespace, wanted: SpeedOptions) -> dict[str, dict[str, float]]:
    from mivos_studio.benchmarks.plots import plot_growth
    from mivos_studio.benchmarks.sweep import measure_sweep, sweep_table
    from mivos_studio.evaluation.reports.plots import PLOT
    from mivos_studio.media.output.file import written_file

    sweep = measure_sweep(wanted)
    for line in sweep_table(sweep):
        print(line)
    if options.plot:
        with written_file(options.plot, PLOT) as beside:
            plot_growth(sweep, beside)
    return sweep


def run_compare(options: Namespace) -> None:
    """Print two files of figures side by side, write the pairs."""
    check_json(options, inputs=[options.old, options.new])

    from mivos_studio.benchmarks.compare import compare, compare_table, read_figures

    pairs = compare(read_figures(options.old), read_figures(options.new))
    _tell(options, compare_table(pairs), pairs, inputs=[options.old, options.new])


def run_gui(options: Namespace) -> None:
    """Measure the window, print and write the figures."""
    check_json(options, inputs=[options.clip] if options.clip else [])

    from mivos_studio.benchmarks.gui import GuiOptions, measure_gui

    def report(text: str) -> None:
        if not options.quiet:
            say(text)

    figures = measure_gui(GuiOptions(options.clip, options.frames, options.runs), report)
    print(json.dumps(figures, indent=1))
    write_json(options, figures)


def run_memory(options: Namespace) -> None:
    """Measure memory, print and write the figures."""
    check_json(options)

    from mivos_studio.benchmarks.memory import MemoryBenchmarkOptions, measure_memory, table

    figures = measure_memory(
        MemoryBenchmarkOptions(
            frames=tuple(options.frames),
            size=options.size,
            objects=options.objects,
            **network_values(options),
        )
    )
    _tell(options, table(figures), figures)


def run_kill(options: Namespace) -> None:
    """Kill, compare, print and write the figures."""
    check_json(options)

    from mivos_studio.benchmarks.kill.measure import KillOptions, measure_kills, table

    wanted = KillOptions(kills=options.kills, seed=options.seed, full_disk=options.full_disk)
    figures = measure_kills(wanted)
    _tell(options, table(figures), figures)
    if not figures["is_ok"]:
        raise RuntimeError("A program that was killed left something else than it acknowledged, see above.")


def run_settings(options: Namespace) -> None:
    """Measure every combination, print and write the figures."""
    check_json(options)

    from mivos_studio.benchmarks.settings import SettingOptions, measure_settings, table

    figures = measure_settings(
        SettingOptions(
            data=options.data,
            varied=dict(options.vary),
            given=tuple(options.given),
            **network_values(options),
        )
    )
    _tell(options, table(figures), figures)


def run_published(options: Namespace) -> None:
    """Measure, print the table, write the figures."""
    check_json(options)

    from inference_core.runtime.device import choose_compute
    from mivos_studio.benchmarks.published import PublishedOptions, measure_published, table

    device = choose_compute(options.device).device.type
    figures = measure_published(
        PublishedOptions(
            frames=options.frames,
            size=options.size,
            objects=tuple(options.objects),
            device=device,
            with_control=options.control,
            weights=options.weights,
        )
    )
    _tell(options, table(figures), figures)


def _tell(
    options: Namespace, lines: Iterable[str], figures: dict[str, Any], inputs: Iterable[Path] = ()
) -> None:
    """Print the table, write the figures."""
    for line in lines:
        print(line)
    write_json(options, figures, inputs)


def _varied(text: str) -> tuple[str, tuple[str | int, ...]]:
    """Read NAME=VALUE,VALUE."""
    name, _, values = text.partition("=")
    if name == "dtype" and set(values.split(",")) <= set(DTYPES):
        return name, tuple(values.split(","))
    if name in _COUNTS and re.fullmatch(r"[1-9][0-9]*(,[1-9][0-9]*)*", values):
        return name, tuple(int(value) for value in values.split(","))
    raise ArgumentTypeError(f"{text!r} is not NAME=VALUE,VALUE, as in dtype=float32,bfloat16")
