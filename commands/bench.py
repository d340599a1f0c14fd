"""`mivos bench`: what this machine does, beside a baseline in the same run."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction

from commands.options import add_network_options, add_report_options, whole_number
from commands.output import check_file, write_json


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "bench",
        help="measure speed on this machine",
        description="speed: frames a second of propagation and milliseconds a stroke on a made-up 480p clip,"
        " beside optical flow and GrabCut.",
    )
    parser.add_argument("what", choices=("speed",), help="what to measure")
    parser.add_argument("--frames", type=whole_number(least=8), default=40, help="length of the clip")
    add_network_options(parser)
    add_report_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Measure, print the table, write the figures."""
    if options.json:
        check_file(options.json)
    from benchmarks.speed import SpeedOptions, measure_speed, table

    report = measure_speed(
        SpeedOptions(
            frames=options.frames,
            models=options.models,
            weights=options.weights,
            device=options.device,
            dtype=options.dtype,
            working_size=options.working_size,
        )
    )
    print("\n".join(table(report)))
    if options.json:
        write_json(options.json, report)
