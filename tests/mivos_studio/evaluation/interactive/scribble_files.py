"""Scribbles in the protocol's format, as people drew them and as the official package returns them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.mivos_studio.evaluation.example_folders import FRAMES

SQUARE_LINE = [[0.12, 0.2], [0.2, 0.25]]
"""Across the red square of the first frame, as shares of width and height."""


def content(frame_index=0, *lines, frames=FRAMES):
    """Lines (object_id, path) on one frame."""
    scribbles = [[] for _ in range(frames)]
    scribbles[frame_index] = [{"path": path, "object_id": object_id} for object_id, path in lines]
    return {"sequence": "squares", "scribbles": scribbles}


def write_scribbles(folder: Path, clip: str, number: int, written) -> Path:
    path = folder / "Scribbles" / clip / f"{number:03}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written if isinstance(written, str) else json.dumps(written), encoding="utf-8")
    return path
