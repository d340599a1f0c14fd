"""The long video of `mivos bench memory` repeats one loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mivos_studio.benchmarks.long_clip import make_loop, write_clip
from mivos_studio.media.clip import open_clip


def test_a_long_clip_repeats_its_loop(tmp_path: Path) -> None:
    loop = make_loop((64, 96), objects=2, distinct=3)
    assert len(loop.packets) == 4
    assert set(np.unique(loop.first_ids)) == {0, 1, 2}
    path = tmp_path / "clip.mp4"
    write_clip(loop, path, 10)
    with open_clip(path) as clip:
        assert (len(clip), clip.size, clip.frame_rate) == (10, (64, 96), 25)
        assert np.array_equal(clip[1], clip[5])
        assert np.array_equal(clip[1], clip[9])
        assert not np.array_equal(clip[1], clip[2])
