"""Measure the results in docs/results.md, and write them: tables, plots, figures, machine.

Usage: python docs/results.py --data DIR --stills DIR [DIR …]. With the defaults it takes hours on two cores.
Each part is written when it has been measured; --parts measures some anew and keeps the others of
results.json; --frames, --rounds and --draws measure less, and are listed on the page.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from inference_core.types import Tool  # noqa: E402
from mivos_studio.benchmarks.plots import plot_growth  # noqa: E402 the checkout is put on the path first
from mivos_studio.benchmarks.speed import SpeedOptions, measure_speed, table  # noqa: E402
from mivos_studio.benchmarks.sweep import measure_sweep, sweep_table  # noqa: E402
from mivos_studio.cli.options import add_network_options, whole_number  # noqa: E402
from mivos_studio.cli.progress import ProgressBar  # noqa: E402
from mivos_studio.evaluation.advice.run import AdviceOptions, evaluate_advice  # noqa: E402
from mivos_studio.evaluation.figures import Figures  # noqa: E402
from mivos_studio.evaluation.folders import Selection  # noqa: E402
from mivos_studio.evaluation.interactive.protocol import Protocol  # noqa: E402
from mivos_studio.evaluation.interactive.run import (  # noqa: E402
    InteractiveOptions,
    InteractiveResult,
    evaluate_interactive,
)
from mivos_studio.evaluation.machine import describe_machine, format_machine  # noqa: E402
from mivos_studio.evaluation.reports.page import (  # noqa: E402
    Page,
    advice_page,
    clip_page,
    interactive_page,
    still_page,
)
from mivos_studio.evaluation.reports.plots import check_plotting  # noqa: E402
from mivos_studio.evaluation.reports.tables import variant_report  # noqa: E402
from mivos_studio.evaluation.run import (  # noqa: E402
    ClipOptions,
    ClipResult,
    StillOptions,
    evaluate_clips,
    evaluate_stills,
)
from mivos_studio.evaluation.settings import OnProgress, Settings  # noqa: E402
from mivos_studio.files import written_beside  # noqa: E402
from model.checkpoint import load_networks  # noqa: E402

PICTURES = "pictures"
PREFIX = "results-"
_ORDER = ("clips", "scribble", "click", "ablations", "advice")
_LISTED = ("data", "frames", "set", "rounds", "draws", "family", "device", "dtype", "working_size")


def main() -> None:
    """Measure the chosen parts, and write results.md, results.json and the plots."""
    options = _options()
    check_plotting()
    networks = load_networks(options.models, options.weights)
    settings = Settings(networks, options.device, options.dtype, options.working_size)
    (options.out / PICTURES).mkdir(parents=True, exist_ok=True)
    parts = _parts(options, settings)
    figures = {} if options.parts is None else _measured(options.out)
    chosen = list(parts) if options.parts is None else options.parts
    if strange := [part for part in chosen if part not in parts]:
        raise SystemExit(f"There is no part {strange[0]}: choose from {', '.join(parts)}.")
    commit = _commit()  # of the code that runs: the tree may change meanwhile
    for part in chosen:
        measured = _without_places(parts[part]())
        figures[part] = {**measured, "machine": describe_machine(), "commit": commit}
        _write(options.out, {name: figures[name] for name in sorted(figures, key=_place)})


def _place(part: str) -> int:
    """Return a part's position on the page: single images, of any folder, come before speed."""
    if part in _ORDER:
        return _ORDER.index(part)
    return len(_ORDER) + (part == "speed")


def _parts(options: argparse.Namespace, settings: Settings) -> dict[str, Callable[[], Figures]]:
    """Return the function that measures each part."""
    selection = Selection(options.frames, options.set)
    clips = ClipOptions(options.data, selection, with_ablations=True)
    advice = AdviceOptions(options.data, selection, draws=options.draws)

    def interactive(tool: Tool, *, with_ablations: bool) -> Figures:
        protocol = Protocol(tool, options.rounds)
        chosen = InteractiveOptions(options.data, protocol, selection, with_ablations=with_ablations)
        label = "ablations" if with_ablations else tool.value
        return evaluate_interactive(settings, chosen, _progress(label)).figures

    return {
        "clips": lambda: evaluate_clips(settings, clips, _progress("clips")).figures,
        "scribble": lambda: interactive(Tool.SCRIBBLE, with_ablations=False),
        "click": lambda: interactive(Tool.CLICK, with_ablations=False),
        "ablations": lambda: interactive(Tool.SCRIBBLE, with_ablations=True),
        "advice": lambda: evaluate_advice(settings, advice, _progress("advice")),
        **{
            folder.name: partial(evaluate_stills, settings, StillOptions(folder), _progress(folder.name))
            for folder in options.stills
        },
        "speed": lambda: _speed(options),
    }


def _speed(options: argparse.Namespace) -> Figures:
    height = options.working_size
    wanted = SpeedOptions(
        size=(height, round(height * 16 / 9 / 2) * 2),
        models=options.models,
        weights=options.weights,
        device=options.device,
        dtype=options.dtype,
        working_size=options.working_size,
    )
    return {**measure_speed(wanted), **({"sweep": measure_sweep(wanted)} if options.sweep else {})}


def _write(out: Path, figures: dict[str, Figures]) -> None:
    """Write the figures and the page of them."""
    _replace(out / "results.json", json.dumps(figures, indent=1, allow_nan=False) + "\n")
    missing = [part for part in _ORDER if part not in figures]
    note = f" Not measured with what ships: {', '.join(missing)}." if missing else ""
    sections = [f"# Results\n\nMeasured by `python docs/results.py`.{note}\n"]
    for name, part in figures.items():
        if name == "speed":
            sections.append(
                f"## Speed\n\nCommit {part['commit']}.\n\n{''.join(_speed_page(part, out / PICTURES))}"
            )
            continue
        page = _page(name, part)
        body = page.write_plots(out / PICTURES, f"{PREFIX}{name}-", f"{PICTURES}/")
        sections.append(f"## {page.title}\n\n{_made_on(part)}\n\n{body}")
    _replace(out / "results.md", "\n".join(sections))


def _page(name: str, part: Figures) -> Page:
    """Return the page of one part, without images of the clips, whose footage may not be redistributed."""
    if name == "clips":
        return clip_page(ClipResult(part, {}))
    if name == "ablations":
        return Page(
            "Other parts, scribble robot", variant_report(part["ablations"], part["options"]["metric"]), part
        )
    if name == "advice":
        return advice_page(part)
    if "interactive" in part["options"]:
        return interactive_page(InteractiveResult(part, ()))
    page = still_page(part)
    return Page(f"{page.title}: {name}", page.text, page.figures, page.plots)


def _speed_page(part: Figures, plots: Path) -> Iterator[str]:
    yield from (f"{line}\n" for line in table(part))
    if "sweep" in part:
        yield from (f"{line}\n" for line in sweep_table(part["sweep"]))
        plot_growth(part["sweep"], plots / f"{PREFIX}speed.svg")
        yield f"\n![speed]({PICTURES}/{PREFIX}speed.svg)\n"


def _made_on(part: Figures) -> str:
    """Format the options and the machine of a part."""
    options = part["options"]
    chosen = ", ".join(f"{name.replace('_', ' ')} {options[name]}" for name in _LISTED if options.get(name))
    return f"{chosen}. Commit {part['commit']}, {format_machine(part['machine'])}."


def _commit() -> str:
    """Return the commit that is measured, marked where the working tree, docs aside, differs from it."""
    commit = _git("rev-parse", "--short=10", "HEAD")
    return f"{commit}-dirty" if _git("status", "--porcelain", "--", ".", ":!docs") else commit


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=PROJECT, check=False, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def _without_places(part: Figures) -> Figures:
    """Shorten the data's folder to its name: its place on the machine is of no interest."""
    if "data" not in part.get("options", {}):
        return part
    return {**part, "options": {**part["options"], "data": Path(part["options"]["data"]).name}}


def _measured(out: Path) -> dict[str, Figures]:
    """Read the parts that were measured before."""
    before = out / "results.json"
    figures: dict[str, Figures] = json.loads(before.read_text(encoding="utf-8")) if before.exists() else {}
    return figures


def _progress(label: str) -> OnProgress:
    return ProgressBar(label).show


def _replace(path: Path, text: str) -> None:
    with written_beside(path) as beside:
        beside.write_text(text, encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="clips in the layout of DAVIS"
    )
    parser.add_argument("--stills", type=Path, nargs="+", default=[], metavar="DIR", help="single images")
    parser.add_argument(
        "--parts",
        nargs="+",
        metavar="NAME",
        help="measure these alone: clips, scribble, click, ablations, advice, speed, a folder of --stills",
    )
    parser.add_argument("--set", metavar="YEAR/NAME", help="clips of a list alone")
    parser.add_argument("--frames", type=whole_number(least=2), metavar="N", help="first frames of each clip")
    parser.add_argument("--rounds", type=whole_number(least=1), default=Protocol.interactions, metavar="N")
    parser.add_argument("--draws", type=whole_number(least=1), default=AdviceOptions.draws, metavar="N")
    parser.add_argument("--sweep", action="store_true", help="measure too how cost grows")
    parser.add_argument("--out", type=Path, default=PROJECT / "docs", metavar="DIR", help="default: docs")
    add_network_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
