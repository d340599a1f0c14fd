"""`mivos bench`: how fast this machine runs the networks, how quick the window is, what memory is held."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path

from commands.options import DEVICES, add_network_options, add_report_options, image_size, whole_number
from commands.output import check_file, write_json


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("bench", help="measure speed on this machine", description="Measure speed.")
    subjects = parser.add_subparsers(metavar="SUBJECT", required=True)
    speed = subjects.add_parser(
        "speed",
        help="frames a second and milliseconds a stroke",
        description="Measure propagation and strokes on a made-up clip, beside optical flow and GrabCut.",
    )
    speed.add_argument("--frames", type=whole_number(least=8), default=40, metavar="N", help="default: 40")
    speed.add_argument("--size", type=image_size, default=(480, 854), metavar="WxH", help="default: 854x480")
    speed.add_argument(
        "--objects",
        type=whole_number(least=1),
        nargs="+",
        default=(1, 3),
        metavar="N",
        help="numbers of objects to measure with (default: 1 3)",
    )
    add_network_options(speed)
    add_report_options(speed)
    speed.set_defaults(run=run_speed)
    window = subjects.add_parser(
        "gui",
        help="how quick the window is",
        description="Measure first paint, brush moves, scrubbing, and how long a propagation holds the window"
        " up. Needs a display; on Linux xvfb-run or QT_QPA_PLATFORM=offscreen will do.",
    )
    window.add_argument("--clip", type=Path, metavar="CLIP", help="footage (default: the sample clip)")
    window.add_argument(
        "--frames", type=whole_number(least=8), default=24, metavar="N", help="frames of it (default: 24)"
    )
    add_report_options(window)
    window.set_defaults(run=run_gui)

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
    add_report_options(memory)
    memory.set_defaults(run=run_memory)
    _add_published(subjects)


def _add_published(subjects: _SubParsersAction[ArgumentParser]) -> None:
    published = subjects.add_parser(
        "published",
        help="the published networks, in the published way and in ours",
        description="Play three rounds on a made-up clip with the published networks and made weights:"
        " in the published way, in ours with float32 and in ours with bfloat16, side by side frame by frame.",
    )
    published.add_argument(
        "--frames", type=whole_number(least=4), default=40, metavar="N", help="default: 40"
    )
    published.add_argument(
        "--size", type=image_size, default=(480, 854), metavar="WxH", help="default: 854x480"
    )
    published.add_argument(
        "--objects", type=whole_number(least=1), nargs="+", default=(1, 3), metavar="N", help="default: 1 3"
    )
    published.add_argument("--device", choices=DEVICES, default="auto", help="where to compute")
    add_report_options(published)
    published.set_defaults(run=run_published)


def run_published(options: Namespace) -> None:
    """Measure, print the table, write the figures."""
    if options.json:
        check_file(options.json)

    from benchmarks.published import PublishedOptions, measure_published, table
    from inference_core.device import choose_compute

    device = choose_compute(options.device).device.type
    figures = measure_published(
        PublishedOptions(options.frames, options.size, tuple(options.objects), device)
    )
    for line in table(figures):
        print(line)
    if options.json:
        write_json(options.json, figures)


def run_memory(options: Namespace) -> None:
    """Measure memory, print and write the figures."""
    if options.json:
        check_file(options.json)

    from benchmarks.memory import MemoryOptions, measure_memory, table
    from model.inventory import saves_folder

    saves_folder(options.weights)  # a slip is told before the clip is made
    wanted = MemoryOptions(
        frames=tuple(options.frames),
        size=options.size,
        objects=options.objects,
        models=options.models,
        weights=options.weights,
        device=options.device,
        dtype=options.dtype,
        working_size=options.working_size,
    )
    figures = measure_memory(wanted)
    for line in table(figures):
        print(line)
    if options.json:
        write_json(options.json, figures)


def run_gui(options: Namespace) -> None:
    """Measure the window, print and write the figures."""
    if options.json:
        check_file(options.json)

    from benchmarks.gui import measure

    figures = measure(options.clip, options.frames)
    print(json.dumps(figures, indent=1))
    if options.json:
        write_json(options.json, figures)


def run_speed(options: Namespace) -> None:
    """Measure, print the table, write the figures."""
    if options.json:
        check_file(options.json)

    from benchmarks.speed import SpeedOptions, measure_speed, table

    wanted = SpeedOptions(
        frames=options.frames,
        size=options.size,
        objects=tuple(options.objects),
        models=options.models,
        weights=options.weights,
        device=options.device,
        dtype=options.dtype,
        working_size=options.working_size,
    )
    figures = measure_speed(wanted)
    for line in table(figures):
        print(line)
    if options.json:
        write_json(options.json, figures)
