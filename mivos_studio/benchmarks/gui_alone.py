"""A propagation without a window, to compare one in a window with; imports no Qt."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import numpy as np

from inference_core.types import Interaction, Stroke, Tool
from mivos_studio import app

COLUMNS = {1: (0.4, 0.45, 0.5), 2: (0.7, 0.75, 0.8)}
"""Columns of each object's stroke on the first frame, as shares of its width."""


def propagation(clip: str, count: int) -> float:
    """Draw so many objects on a folder of frames and propagate; return frames a second."""
    app.let_idle_threads_sleep()  # as the window does, so that the window is the only difference

    from inference_core.session import Session
    from mivos_studio.media.clip import open_clip
    from mivos_studio.project.scratch import TemporaryScratch
    from model.checkpoint import load_networks

    with open_clip(Path(clip)) as frames:
        session = Session(frames, load_networks("auto"), scratch=TemporaryScratch())
        for _ in range(count):
            for _ in session.interact(scribble(session.add_object(), frames.size)):
                pass
        began_s = perf_counter()
        done = sum(1 for _ in session.propagate())
        return done / (perf_counter() - began_s)


def scribble(object_id: int, size: tuple[int, int]) -> Interaction:
    """Return an object's stroke on the first frame of a clip of a size (height, width)."""
    height, width = size
    line = np.array([(width * x, height / 2) for x in COLUMNS[object_id]], np.float32)
    return Interaction(Tool.SCRIBBLE, Stroke(0, object_id, line))
