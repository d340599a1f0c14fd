"""`python -m mivos_studio.benchmarks.against REV`: is the working tree faster or slower than a revision?"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from signal import SIGTERM, signal
from tempfile import TemporaryDirectory
from typing import Any

from inference_core.errors import UserError
from mivos_studio.app import let_idle_threads_sleep
from mivos_studio.benchmarks.against.builds import old_build, working_tree
from mivos_studio.benchmarks.against.pairs import BuildPair, MaskDifference, compare_masks, measure
from mivos_studio.benchmarks.against.ratios import LEAST_PAIRS, as_figures, coverage, table
from mivos_studio.benchmarks.against.worker import CASES
from mivos_studio.cli.options import (
    DEVICES,
    DTYPES,
    OneSentenceParser,
    add_report_options,
    image_size,
    whole_number,
)
from mivos_studio.cli.output import check_json, write_json
from mivos_studio.cli.stderr import say

_DIFFERENT, _BAD_INPUT, _INTERRUPTED, _TERMINATED = 1, 2, 130, 143


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the working tree with a revision; return the exit code.

    0 done · 1 masks differ · 2 bad input, or a build that fails: one sentence on stderr · 130 interrupted.
    """
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except KeyboardInterrupt:
        say("Interrupted.")
        return _INTERRUPTED
    except UserError as error:
        say(error)
        return _BAD_INPUT


def _parser() -> ArgumentParser:
    parser = OneSentenceParser(
        prog="python -m mivos_studio.benchmarks.against",
        description="Measure the working tree beside a revision of it, in alternating pairs of fresh"
        " processes, each with its own build's code and weights; or compare their masks.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "revision",
        nargs="?",
        default="HEAD",
        metavar="REV",
        help="commit, tag, branch, or path of a checkout (default: HEAD)",
    )
    parser.add_argument(
        "--masks",
        action="store_true",
        help="compare masks bit for bit, not times; exit code 1 if they differ",
    )
    parser.add_argument(
        "--cases",
        nargs="+",
        choices=CASES,
        default=list(CASES),
        metavar="CASE",
        help=f"which cases to run, of {', '.join(CASES)} (default: all)",
    )
    parser.add_argument(
        "--pairs", type=int, default=LEAST_PAIRS, metavar="N", help=f"at least {LEAST_PAIRS} (the default)"
    )
    _add_clip(parser)
    add_report_options(parser)
    return parser


def _add_clip(parser: ArgumentParser) -> None:
    """Add what the clip is like and how it is computed."""
    parser.add_argument(
        "--frames", type=whole_number(least=4), default=24, metavar="N", help="propagated (default: 24)"
    )
    parser.add_argument(
        "--size", type=image_size, default=(480, 854), metavar="WxH", help="of the clip (default: 854x480)"
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="default: auto; with --masks cpu")
    parser.add_argument("--dtype", choices=DTYPES, default="auto", help="default: auto; with --masks float32")
    parser.add_argument(
        "--working-size", type=whole_number(least=64), default=480, metavar="PIXELS", help="default: 480"
    )
    parser.add_argument(
        "--threads",
        type=whole_number(least=0),
        default=0,
        metavar="N",
        help="0: as the program has them (default: 0; with --masks 1)",
    )


def _run(options: Namespace) -> int:
    if options.pairs < LEAST_PAIRS:
        raise UserError(f"{options.pairs} pairs say too little: measure at least {LEAST_PAIRS}.")
    check_json(options)
    let_idle_threads_sleep()
    with _build_pair(options) as build_pair:
        return _report_masks(options, build_pair) if options.masks else _report_times(options, build_pair)


@contextmanager
def _build_pair(options: Namespace) -> Iterator[BuildPair]:
    """Yield both builds, ready to run."""
    new = working_tree()
    with (
        TemporaryDirectory(prefix="mivos-against-") as folder,
        old_build(options.revision, new.checkout, Path(folder)) as old,
    ):
        yield BuildPair(
            builds={"old": old, "new": new},
            cases=list(dict.fromkeys(options.cases)),
            settings=_settings(options),
            folder=Path(folder),
            on_progress=_print_nothing if options.quiet else _print,
        )


def _settings(options: Namespace) -> dict[str, Any]:
    """Return what every request holds. Masks are compared where sums are always made in one order."""
    settings = {
        name: getattr(options, name) for name in ("frames", "size", "device", "dtype", "working_size")
    }
    if options.masks:
        exact = {"device": "cpu", "dtype": "float32"}
        settings.update({name: value for name, value in exact.items() if settings[name] == "auto"})
    threads = options.threads or (1 if options.masks else 0)
    return {**settings, "threads": threads, "is_for_masks": options.masks}


def _report_times(options: Namespace, build_pair: BuildPair) -> int:
    """Measure, print the table, write the figures."""
    rows = measure(build_pair, options.pairs)
    from mivos_studio.evaluation.machine import describe_machine, format_machine

    machine = describe_machine()
    print(_title(build_pair))
    print(format_machine(machine))
    print()
    for line in table(rows, options.pairs):
        print(line)
    write_json(
        options,
        {
            **_described(build_pair),
            "pairs": options.pairs,
            "coverage": coverage(options.pairs),
            "cases": as_figures(rows),
            "machine": machine,
        },
    )
    return 0


def _report_masks(options: Namespace, build_pair: BuildPair) -> int:
    """Compare masks, print a line for each case, write the figures."""
    found = compare_masks(build_pair)
    print(_title(build_pair))
    for line in _mask_lines(found):
        print(line)
    write_json(
        options, {**_described(build_pair), "masks": {case: asdict(one) for case, one in found.items()}}
    )
    return _DIFFERENT if any(one.differing for one in found.values()) else 0


def _mask_lines(found: Mapping[str, MaskDifference]) -> Iterator[str]:
    for case, one in found.items():
        if one.differing:
            yield f"{case}: {one.differing} of {one.hashes} hashes differ, the first: {one.first}"
        else:
            yield f"{case}: all {one.hashes} hashes are equal"


def _title(build_pair: BuildPair) -> str:
    height, width = build_pair.settings["size"]
    return (
        f"old {build_pair.builds['old'].name}, new {build_pair.builds['new'].name}:"
        f" {width}x{height}, {build_pair.settings['frames']} frames"
    )


def _described(build_pair: BuildPair) -> dict[str, Any]:
    """Return which builds were compared, and how."""
    return {
        **{side: build.name for side, build in build_pair.builds.items()},
        "options": {**build_pair.settings, "size": list(build_pair.settings["size"])},
    }


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _print_nothing(line: str) -> None:
    del line


if __name__ == "__main__":
    signal(SIGTERM, lambda *_: sys.exit(_TERMINATED))  # as an exception, so that the worktree is removed
    sys.exit(main())
