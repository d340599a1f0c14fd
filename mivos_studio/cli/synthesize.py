"""`mivos synthesize`: makes clips with exact masks from nothing."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction

from mivos_studio.cli.options import add_report_options, add_result_options, image_size, whole_number
from mivos_studio.cli.output import check_json, write_json
from mivos_studio.cli.progress import ProgressBar

_PIXELS_A_BYTE = 20  # of a frame as JPEG with its mask: measured: 1 byte for 4 to 10 pixels


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "synthesize",
        help="make clips with exact masks",
        description="Make clips of moving things with exact masks, in the layout of DAVIS. One seed gives"
        " the same bytes every time.",
    )
    parser.add_argument("--clips", type=whole_number(least=1), required=True, metavar="N", help="how many")
    parser.add_argument(
        "--frames", type=whole_number(least=1), default=160, metavar="N", help="frames of each (default: 160)"
    )
    parser.add_argument(
        "--size", type=image_size, default=(512, 768), metavar="WxH", help="size (default: 768x512)"
    )
    parser.add_argument("--seed", type=whole_number(least=0), default=0, help="what the clips grow from")
    parser.add_argument("--alpha", action="store_true", help="write each object's soft coverage too")
    parser.add_argument("--flow", action="store_true", help="write the motion until the next frame too")
    add_result_options(parser)
    add_report_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Make the clips, write the figures."""
    from mivos_studio.media.output.folder import FolderOutput

    output = FolderOutput(options.out, replaces=options.force)
    check_json(options, output=output)

    from mivos_studio.synthetic.dataset import SynthesisSpec, frames_per_second_per_core, synthesize

    spec = SynthesisSpec(
        options.clips, options.frames, options.size, options.seed, options.alpha, options.flow
    )
    bar = ProgressBar("synthesize", quiet=options.quiet)
    reports = []
    output.expect([], spec.clips * spec.frames * spec.size[0] * spec.size[1] // _PIXELS_A_BYTE)
    with output, output.writing() as folder:
        for report in synthesize(spec, folder):
            reports.append(report)
            bar.show(len(reports), spec.clips)
    bar.clear()
    figures = {
        "clips": len(reports),
        "frames": sum(report.frames for report in reports),
        "frames_per_second_per_core": frames_per_second_per_core(reports),
    }
    write_json(options, figures, result=output.path)
