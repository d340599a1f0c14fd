"""Folders to measure on, written from the clip of the moving square, and networks that segment it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from mivos_studio.evaluation.folders import IMAGES, MASKS, SETS, Still, TrueClip, read_clips, read_stills
from mivos_studio.evaluation.settings import Settings
from tests.inference_core.fakes import fake_networks, square_clip, square_ids

FRAMES = 6


class ColourInteraction:
    """Segments the median colour under an object's positive strokes; without any, no change."""

    multiple = 16

    def predictions(
        self, image: Tensor, previous: Tensor, positive: Tensor, negative: Tensor
    ) -> Iterator[Tensor]:
        masks = [
            _alike(image[0], drawn > 0.5) if drawn.any() else before
            for drawn, before in zip(positive, previous, strict=True)
        ]
        yield torch.stack(masks).float() * 16.0 - 8.0


def _alike(image: Tensor, drawn: Tensor) -> Tensor:
    colour = image[:, drawn].median(dim=1).values
    return torch.linalg.vector_norm(image - colour[:, None, None], dim=0) < 1.5


def fake_settings() -> Settings:
    interaction = ColourInteraction()
    networks = replace(fake_networks(), interaction=interaction, clicks=interaction)
    return Settings(networks, device="cpu", dtype="float32")


def make_clip(folder: Path, name: str = "squares", *, both: bool = True) -> TrueClip:
    """Write a clip of one moving and, where `both`, one standing square in DAVIS layout; read it."""
    images, masks = folder / IMAGES / name, folder / MASKS / name
    images.mkdir(parents=True)
    masks.mkdir(parents=True)
    clip = square_clip(FRAMES)
    for frame_index in range(FRAMES):
        save(clip[frame_index], images / f"{frame_index:05}.jpg")
        save(square_ids(frame_index, both=both), masks / f"{frame_index:05}.png")
    return next(clip for clip in read_clips(folder) if clip.name == name)


def make_still(folder: Path, name: str = "square") -> Still:
    """Write the first frame and the mask of its red square as a pair; read it."""
    folder.mkdir(exist_ok=True)
    save(square_clip(1)[0], folder / f"{name}.jpg")
    save(square_ids(), folder / f"{name}.png")
    return next(still for still in read_stills(folder) if still.mask_path.stem == name)


def write_list(folder: Path, name: str, *entries: str) -> None:
    """Write a list of clips in the layout of DAVIS."""
    path = folder / SETS / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{entry}\n" for entry in entries), encoding="utf-8")


def save(pixels: np.ndarray, path: Path) -> None:
    Image.fromarray(pixels).save(path, **({"quality": 95} if path.suffix == ".jpg" else {}))
