"""Recordings of the DAVIS interactive protocol: the output of its measures and robot on made-up masks.

`caseN/truth` and `caseN/PREDICTION/pred` are (T, H, W) ids, `jaccard` and `f_measure` (T, K) figures,
`worst/raster` and `frame1/raster` (T, H, W) its scribbles: the object's id along each line, -1 elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.project import PROJECT

RECORDINGS = dict(np.load(PROJECT / "tests" / "fixtures" / "davis_protocol.npz"))
CASES = ("case0", "case1", "case2", "case3")
PREDICTIONS = ("empty", "corrupt", "perfect")


def scribbled_frames() -> Iterator[tuple[str, int]]:
    """Name each recorded raster and the one frame on which its robot drew."""
    for name, rasters in RECORDINGS.items():
        if name.endswith("/raster"):
            for frame_index in np.flatnonzero((rasters >= 0).any(axis=(1, 2))).tolist():
                yield name, frame_index
