"""From pairs of figures to a verdict: the median ratio with an interval that assumes no distribution.

The interval lies between two order statistics of the ratios. Each ratio lies below the median of what they
are drawn from with probability 1/2, so the binomial distribution says how often such bounds enclose it:
H. A. David and H. N. Nagaraja, Order Statistics, 3rd edition, Wiley 2003, section 7.1. Nothing is simulated,
and few pairs give a wide interval, not one that is too sure.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import comb
from typing import Any

LEAST_PAIRS = 7
CONFIDENCE = 0.95

_TITLES = {"cpu_s": "CPU s", "wall_s": "wall s", "peak_mb": "peak MiB"}
_NO_DIFFERENCE = "no difference"


@dataclass(frozen=True)
class Comparison:
    """One figure of both builds.

    old, new   medians, in the figure's unit.
    ratio      median of new over old, pair by pair; low and high bound the interval of that median.
    verdict    "faster", "slower" (of memory "smaller", "larger"), or "no difference" where the interval
               contains 1.
    old_values, new_values  what was measured, in the order of the pairs.
    """

    old: float
    new: float
    ratio: float
    low: float
    high: float
    verdict: str
    old_values: tuple[float, ...]
    new_values: tuple[float, ...]


def compare(figure: str, old: Sequence[float], new: Sequence[float]) -> Comparison:
    """Compare the values of a figure, old and new of one pair at the same place."""
    ratios = [after / before for before, after in zip(old, new, strict=True)]
    low, high = median_interval(ratios)
    return Comparison(
        old=statistics.median(old),
        new=statistics.median(new),
        ratio=statistics.median(ratios),
        low=low,
        high=high,
        verdict=_verdict(figure, low, high),
        old_values=tuple(old),
        new_values=tuple(new),
    )


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return bounds that enclose the median with `coverage`, 0.95 or more. ValueError below 6 values."""
    rank = _rank(len(values))
    ordered = sorted(values)
    return ordered[rank - 1], ordered[-rank]


def coverage(count: int) -> float:
    """Return the probability with which `median_interval` of so many values covers the median."""
    return _covered(count, _rank(count))


def _rank(count: int) -> int:
    """Return how many values in from either end the bounds lie: as far as the confidence allows."""
    ranks = [rank for rank in range(1, count // 2 + 1) if _covered(count, rank) >= CONFIDENCE]
    if not ranks:
        raise ValueError(f"{count} values are too few for an interval of their median.")
    return ranks[-1]


def _covered(count: int, rank: int) -> float:
    outside = sum(comb(count, fewer) for fewer in range(rank))
    return 1 - outside * 0.5 ** (count - 1)


def _verdict(figure: str, low: float, high: float) -> str:
    less, more = ("smaller", "larger") if figure == "peak_mb" else ("faster", "slower")
    if high < 1:
        return less
    return more if low > 1 else _NO_DIFFERENCE


def as_figures(rows: Mapping[str, Mapping[str, Comparison]]) -> dict[str, Any]:
    """Return the comparisons by row and figure as plain values."""
    return {row: {name: asdict(found) for name, found in figures.items()} for row, figures in rows.items()}


def table(rows: Mapping[str, Mapping[str, Comparison]], pairs: int) -> Iterator[str]:
    """Lay the comparisons out as lines of a Markdown table, what differs in bold type, with a caution."""
    yield f"| what | figure | old | new | new / old | {coverage(pairs):.1%} interval | verdict |"
    yield "|---|---|---:|---:|---:|---|---|"
    for row, figures in rows.items():
        for name, found in figures.items():
            verdict = found.verdict if found.verdict == _NO_DIFFERENCE else f"**{found.verdict}**"
            yield (
                f"| {row} | {_TITLES[name]} | {found.old:.4g} | {found.new:.4g} | {found.ratio:.3f}"
                f" | {found.low:.3f} to {found.high:.3f} | {verdict} |"
            )
    count = sum(map(len, rows.values()))
    yield ""
    yield (
        f"Of {count} such intervals of equal builds, {count * (1 - coverage(pairs)):.1f} would leave out 1 by"
        " chance: measure a single verdict again with --cases and more pairs."
    )
