"""Compare two files of figures: the ratio of each figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from inference_core.errors import UserError
from mivos_studio.input_files import read_json

NOTICEABLE = 0.05
"""Smaller changes, as a share of the older figure, are not highlighted."""


def read_figures(path: Path) -> dict[str, float]:
    """Read a JSON file that `--json` wrote; return each number by its dotted name."""
    figures = dict(_numbers("", read_json(path, "file of figures")))
    if not figures:
        raise UserError(f"{path} holds no figures to compare.")
    return figures


def compare(old: Mapping[str, float], new: Mapping[str, float]) -> dict[str, dict[str, float | None]]:
    """Pair figures of one name, in the order of the older file; ratio is new over old, None over 0."""
    return {
        name: {"old": value, "new": new[name], "ratio": new[name] / value if value else None}
        for name, value in old.items()
        if name in new
    }


def compare_table(pairs: Mapping[str, Mapping[str, float | None]]) -> Iterator[str]:
    """Format the pairs as lines of a Markdown table, noticeable changes in bold type."""
    yield "| figure | old | new | new / old |"
    yield "|---|---:|---:|---:|"
    for name, pair in pairs.items():
        ratio = pair["ratio"]
        shown = "" if ratio is None else f"{ratio:.2f}"
        if ratio is not None and abs(ratio - 1) > NOTICEABLE:
            shown = f"**{shown}**"
        yield f"| {name} | {pair['old']:.4g} | {pair['new']:.4g} | {shown} |"


def _numbers(name: str, content: Any) -> Iterator[tuple[str, float]]:
    if isinstance(content, bool):
        return
    if isinstance(content, int | float):
        yield name, content
    entries = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    for key, value in entries:
        yield from _numbers(f"{name}.{key}" if name else str(key), value)
