"""Measure everything that docs/results.md tells, and write it: tables, plots, pictures, figures, machine.

Usage: python docs/results.py --data DIR --stills DIR [DIR …]. With the defaults it takes hours on two cores;
--frames, --rounds and --draws make a shorter page, which says so.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOUSE))

from benchmarks.plots import plot_growth  # noqa: E402 the checkout is put on the path first
from benchmarks.speed import SpeedOptions, measure_speed, table  # noqa: E402
from benchmarks.sweep import measure_sweep, sweep_table  # noqa: E402
from commands.options import add_network_options, whole_number  # noqa: E402
from commands.progress import ProgressBar  # noqa: E402
from evaluation.advice.run import AdviceOptions, evaluate_advice  # noqa: E402
from evaluation.figures import Figures  # noqa: E402
from evaluation.folders import Selection  # noqa: E402
from evaluation.interactive.protocol import Protocol  # noqa: E402
from evaluation.interactive.run import InteractiveOptions, evaluate_interactive  # noqa: E402
from evaluation.machine import describe_machine, tell_machine  # noqa: E402
from evaluation.reports.page import (  # noqa: E402
    Page,
    advice_page,
    clip_page,
    interactive_page,
    still_page,
)
from evaluation.reports.plots import check_plotting  # noqa: E402
from evaluation.run import ClipOptions, StillOptions, evaluate_clips, evaluate_stills  # noqa: E402
from evaluation.settings import OnProgress, Settings  # noqa: E402
from inference_core.values import Tool  # noqa: E402
from media.atomic import replaced_file  # noqa: E402
from model.checkpoint import load_networks  # noqa: E402

PICTURES = "pictures"
PREFIX = "results-"


def main() -> None:
    """Measure, and write results.md, results.json and their pictures."""
    options = _options()
    check_plotting()
    networks = load_networks(options.models, options.weights)
    settings = Settings(networks, options.device, options.dtype, options.working_size)
    pictures = options.out / PICTURES
    pictures.mkdir(parents=True, exist_ok=True)
    parts = [_heading(options, settings)]
    figures: Figures = {}
    for name, page in _pages(options, settings):
        body = page.write_pictures(pictures, f"{PREFIX}{name}-", f"{PICTURES}/")
        parts.append(f"## {page.title}\n\n{body}")
        figures[name] = page.figures
    parts.append(_speed(options, pictures, figures))
    _write(options.out / "results.md", "\n".join(parts))
    _write(options.out / "results.json", json.dumps(figures, indent=1, allow_nan=False) + "\n")


def _pages(options: argparse.Namespace, settings: Settings) -> Iterator[tuple[str, Page]]:
    selection = Selection(options.frames, options.set)
    clips = ClipOptions(options.data, selection, with_ablations=True)
    yield "clips", clip_page(evaluate_clips(settings, clips, _progress("clips")))
    for tool in (Tool.SCRIBBLE, Tool.CLICK):
        played = InteractiveOptions(
            options.data,
            Protocol(tool, options.rounds),
            selection,
            with_ablations=tool == Tool.SCRIBBLE,
        )
        yield tool.value, interactive_page(evaluate_interactive(settings, played, _progress(tool.value)))
    advice = AdviceOptions(options.data, selection, draws=options.draws)
    yield "advice", advice_page(evaluate_advice(settings, advice, _progress("advice")))
    for folder in options.stills:
        page = still_page(evaluate_stills(settings, StillOptions(folder), _progress(folder.name)))
        yield folder.name, Page(f"{page.title}: {folder.name}", page.text, page.figures, page.plots)


def _speed(options: argparse.Namespace, pictures: Path, figures: Figures) -> str:
    """Measure speed; add its figures, and return its part of the page."""
    height = options.working_size
    wanted = SpeedOptions(
        size=(height, round(height * 16 / 9 / 2) * 2),
        models=options.models,
        weights=options.weights,
        device=options.device,
        dtype=options.dtype,
        working_size=options.working_size,
    )
    speed = measure_speed(wanted)
    lines = list(table(speed))
    if options.sweep:
        speed["sweep"] = measure_sweep(wanted)
        lines += sweep_table(speed["sweep"])
        plot_growth(speed["sweep"], pictures / f"{PREFIX}speed.svg")
        lines += ["", f"![speed]({PICTURES}/{PREFIX}speed.svg)"]
    figures["speed"] = speed
    return "## Speed\n\n" + "".join(f"{line}\n" for line in lines)


def _heading(options: argparse.Namespace, settings: Settings) -> str:
    chosen = settings.as_figures()
    frames = f"the first {options.frames} frames of each clip" if options.frames else "all frames"
    return (
        f"# Results\n\nMeasured by `python docs/results.py`: {options.data.name}, {frames},"
        f" {options.rounds} interactions, {options.draws} draws of random frames;"
        f" networks {chosen['family']}, {chosen['device']}, {chosen['dtype']},"
        f" working size {chosen['working_size']}.\n"
        f"Machine: {tell_machine(describe_machine())}.\n"
    )


def _progress(label: str) -> OnProgress:
    return ProgressBar(label).show


def _write(path: Path, text: str) -> None:
    with replaced_file(path) as beside:
        beside.write_text(text, encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="clips in the layout of DAVIS"
    )
    parser.add_argument("--stills", type=Path, nargs="+", default=[], metavar="DIR", help="single images")
    parser.add_argument("--set", metavar="YEAR/NAME", help="clips of a list alone")
    parser.add_argument("--frames", type=whole_number(least=2), metavar="N", help="first frames of each clip")
    parser.add_argument("--rounds", type=whole_number(least=1), default=Protocol.interactions, metavar="N")
    parser.add_argument("--draws", type=whole_number(least=1), default=AdviceOptions.draws, metavar="N")
    parser.add_argument("--sweep", action="store_true", help="measure too how cost grows")
    parser.add_argument("--out", type=Path, default=HOUSE / "docs", metavar="DIR", help="default: docs")
    add_network_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
