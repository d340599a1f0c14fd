"""A synthetic clip in memory, so that decoding is not measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inference_core.types import UInt8Array
from mivos_studio.synthetic.render import render
from mivos_studio.synthetic.scenes import SceneSpec, make_scene

_SEED = 11


@dataclass(frozen=True)
class MadeClip:
    """Frames (H, W, 3) uint8 RGB and their masks (H, W) uint8 ids."""

    images: Sequence[UInt8Array]
    masks: Sequence[UInt8Array]

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.images[0].shape[:2]
        return height, width

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, frame_index: int) -> UInt8Array:
        return self.images[frame_index]


def make_clip(size: tuple[int, int], frames: int, objects: int) -> MadeClip:
    """Render a scene whose first frame shows so many objects."""
    spec = SceneSpec(size=size, frames=frames, objects=(objects, objects), distractors=0)
    for seed in range(_SEED, _SEED + 100):
        scene = make_scene(seed, spec)
        if len(np.unique(render(scene, 0)[1])) == objects + 1:
            break
    images, masks = zip(*(render(scene, frame_index) for frame_index in range(frames)), strict=True)
    return MadeClip(images, masks)
