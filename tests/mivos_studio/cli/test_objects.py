"""Several objects on one clip, from the command line, with the networks that ship."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from inference_core.types import UInt8Array
from mivos_studio.cli.main import main

FRAMES = 6
SIZE = (90, 160)
RADIUS = 14
COLOURS = {1: (200, 40, 40), 2: (40, 190, 40)}


def centre(object_id: int, frame_index: int) -> tuple[int, int]:
    return (30 + 12 * frame_index, 24) if object_id == 1 else (120 - 10 * frame_index, 64)


def true_mask(object_id: int, frame_index: int) -> UInt8Array:
    mask = np.zeros(SIZE, np.uint8)
    cv2.circle(mask, centre(object_id, frame_index), RADIUS, 1, -1)
    return mask


def write_two_discs(folder: Path) -> Path:
    """Write frames on which two discs cross a ground of noise."""
    folder.mkdir()
    ground = np.random.default_rng(0).integers(60, 130, (*SIZE, 3), np.uint8)
    for frame_index in range(FRAMES):
        image = ground.copy()
        for object_id, colour in COLOURS.items():
            image[true_mask(object_id, frame_index) == 1] = colour
        Image.fromarray(image).save(folder / f"{frame_index:04}.png")
    return folder


def scribble(object_id: int, frame_index: int) -> dict[str, object]:
    x, y = centre(object_id, frame_index)
    points = [[x - 8, y], [x, y + 2], [x + 8, y]]
    return {"do": "scribble", "frame": frame_index, "object": object_id, "points": points}


def test_a_second_object_goes_through_the_anchors_of_the_first(tmp_path: Path) -> None:
    images = write_two_discs(tmp_path / "frames")
    steps: list[dict[str, object]] = []
    for object_id, frame_index in ((1, 0), (1, 3), (1, 5), (2, 2)):
        steps += [scribble(object_id, frame_index), {"do": "propagate"}]
    outs = []
    for name, count in (("first", len(steps) - 2), ("both", len(steps))):
        script = tmp_path / f"{name}.json"
        objects = [{"id": 1, "name": "red"}, {"id": 2, "name": "green"}]
        script.write_text(json.dumps({"version": 1, "objects": objects, "steps": steps[:count]}))
        outs.append(tmp_path / name)
        options = ["--working-size", "90", "--dtype", "float32", "--quiet"]
        words = ["replay", str(images), "--script", str(script), "--out", str(outs[-1]), *options]
        assert main(words) == 0
    for frame_index in range(FRAMES):
        before, after = (np.asarray(Image.open(out / f"{frame_index:05}.png")) for out in outs)
        np.testing.assert_array_equal(after == 1, before == 1)
        truth, found = true_mask(2, frame_index) == 1, after == 2
        assert (truth & found).sum() / (truth | found).sum() > 0.5, frame_index
