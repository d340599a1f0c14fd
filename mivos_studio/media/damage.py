"""What is said of damaged frames."""

from __future__ import annotations

from collections.abc import Sequence

_MOST_RUNS = 20


def damage_notice(frames: Sequence[int]) -> str:
    """Return the sentence about damaged frames, in rising order; runs of them are joined: 4, 7-9."""
    runs: list[list[int]] = []
    for frame_index in frames:
        if runs and runs[-1][-1] + 1 == frame_index:
            runs[-1][1:] = [frame_index]
        else:
            runs.append([frame_index])
    names = ", ".join("-".join(map(str, run)) for run in runs[:_MOST_RUNS])
    more = f" and {len(runs) - _MOST_RUNS} more places" if len(runs) > _MOST_RUNS else ""
    if len(frames) == 1:
        return f"Frame {names} is damaged: the nearest good frame is shown in its place."
    return f"Frames {names}{more} are damaged: the nearest good frame is shown in place of each."
