"""`mivos formats`: lists the formats that masks can be exported to."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction

from mivos_studio.cli.options import add_report_options
from mivos_studio.cli.output import check_json, write_json

PROPERTIES = ("name", "extension", "alpha", "bits")


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "formats",
        help="list the formats of masks",
        description="List the formats that masks can be exported to: name, ending of the files, whether they"
        " carry alpha, bits of a channel.",
    )
    add_report_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Print each format, write the figures."""
    from mivos_studio.media.export.formats import FORMATS

    check_json(options)
    for each in FORMATS.values():
        alpha = "alpha" if each.alpha else "no alpha"
        print(f"{each.name:14} {each.extension:6} {each.bits:2} bits  {alpha:8}  {each.title}")
    write_json(options, [{name: getattr(each, name) for name in PROPERTIES} for each in FORMATS.values()])
