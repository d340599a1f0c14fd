from __future__ import annotations

from mivos_studio.benchmarks.kill.measure import KillOptions, measure_kills, table


def test_a_killed_program_loses_nothing_that_it_acknowledged() -> None:
    figures = measure_kills(KillOptions(kills=1, steps=4, frames=3, seed=5))
    assert {name: figures[name] for name in ("kills", "lost", "corrupt", "half_written", "leftovers")} == {
        "kills": 1,
        "lost": 0,
        "corrupt": 0,
        "half_written": 0,
        "leftovers": 0,
    }
    assert figures["sentences"] == []
    assert "| 1 |" in list(table(figures))[2]
