"""A tiny training set, squares that move over noise; a training run on it, and the losses of its log."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mivos_studio.training.options import TrainingOptions
from mivos_studio.training.run import train
from mivos_studio.training.tasks.registry import choose_tasks


def write_image(folder: Path, name: str, rng: np.random.Generator, x: int) -> None:
    """Write an image (128, 160) with a square whose left side is at x, and its mask beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    image = cv2.resize(rng.integers(0, 120, (8, 10, 3), dtype=np.uint8), (160, 128))
    image[40:90, x : x + 50] = (200, 180, 40)
    ids = np.zeros((128, 160), np.uint8)
    ids[40:90, x : x + 50] = 1
    cv2.imwrite(str(folder / f"{name}.jpg"), image)
    Image.fromarray(ids).save(folder / f"{name}.png")


def make_images(root: Path, *, stills: int, frames: int, step: int) -> None:
    """Write so many stills, and a clip whose square moves by `step` pixels a frame."""
    rng = np.random.default_rng(0)
    for number in range(stills):
        write_image(root / "stills" / "squares", f"{number}", rng, int(rng.integers(0, 100)))
    for number in range(frames):
        write_image(root / "video" / "moving" / "one", f"{number:03d}", rng, step * number)


def run_training(name: str, options: TrainingOptions) -> list[Path]:
    """Train a network, or all, as the command does."""
    return train(choose_tasks(name, options), options)


def losses_of(log: Path) -> list[float]:
    """Read the losses of a training's log."""
    with log.open() as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]
