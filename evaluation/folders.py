"""Find what is measured on: clips in DAVIS layout and folders of single images, each with its true masks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.errors import EvaluationError
from media.images import image_size, read_image
from media.palette import read_ids

UInt8Array = NDArray[np.uint8]
BoolArray = NDArray[np.bool_]

IMAGES, MASKS = Path("JPEGImages/480p"), Path("Annotations/480p")


@dataclass(frozen=True)
class ImageFiles:
    """Frames for a session: `len`, `size` and `frames[i]` -> (H, W, 3) uint8 RGB, decoded when asked for."""

    paths: tuple[Path, ...]
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, frame_index: int) -> UInt8Array:
        return read_image(self.paths[frame_index])


@dataclass(frozen=True)
class TrueClip:
    """A clip with the true ids of every frame."""

    name: str
    frames: ImageFiles
    mask_paths: tuple[Path, ...]

    @cached_property
    def object_ids(self) -> tuple[int, ...]:
        """The objects of the first frame; what appears later is nobody's task."""
        return tuple(object_id for object_id in np.unique(self.ids(0)).tolist() if object_id != 0)

    def ids(self, frame_index: int) -> UInt8Array:
        """Read the true ids of a frame, (H, W) uint8, 0 is background."""
        return read_ids(self.mask_paths[frame_index])

    def masks(self, frame_index: int) -> BoolArray:
        """Read the true masks (K, H, W) of the clip's objects in a frame."""
        return object_masks(self.ids(frame_index), self.object_ids)


@dataclass(frozen=True)
class Still:
    """One image with the mask of its one object."""

    frames: ImageFiles
    mask_path: Path

    @cached_property
    def truth(self) -> BoolArray:
        """(H, W) bool: every pixel that is not background."""
        return read_ids(self.mask_path) > 0


def object_masks(ids: UInt8Array, object_ids: tuple[int, ...]) -> BoolArray:
    """Split ids (H, W) into one mask for each object, (K, H, W)."""
    return np.equal(ids[None], np.array(object_ids, dtype=np.uint8)[:, None, None])


def read_clips(folder: Path, *, max_frames: int | None = None) -> list[TrueClip]:
    """Find the clips of a folder in DAVIS layout, in the order of their names, and see that they are whole.

    max_frames  look at no more than so many frames of each clip.
    """
    images = folder / IMAGES
    if not images.is_dir() or not (folder / MASKS).is_dir():
        raise EvaluationError(f"{folder} is not in DAVIS layout: it must hold {IMAGES} and {MASKS}.")
    clip_folders = sorted(path for path in images.iterdir() if path.is_dir())
    if not clip_folders:
        raise EvaluationError(f"There are no clips in {images}: each is a folder of .jpg frames.")
    return [_read_clip(path, folder / MASKS / path.name, max_frames) for path in clip_folders]


def read_stills(folder: Path) -> list[Still]:
    """Find the pairs NAME.jpg and NAME.png of a folder, in the order of their names."""
    if not folder.is_dir():
        raise EvaluationError(f"There is no folder {folder}.")
    stills = [_read_still(path) for path in sorted(folder.glob("*.png"))]
    if not stills:
        raise EvaluationError(f"There are no pairs NAME.jpg and NAME.png in {folder}.")
    return stills


def _read_clip(images: Path, masks: Path, max_frames: int | None) -> TrueClip:
    image_paths = tuple(sorted(images.glob("*.jpg")))[:max_frames]
    if len(image_paths) < 2:
        raise EvaluationError(f"The clip {images} needs at least two .jpg frames to be measured.")
    mask_paths = tuple(masks / f"{path.stem}.png" for path in image_paths)
    size = image_size(image_paths[0])
    for image_path, mask_path in zip(image_paths, mask_paths, strict=True):
        _check_pair(image_path, mask_path, size)
    clip = TrueClip(images.name, ImageFiles(image_paths, size), mask_paths)
    if not clip.object_ids:
        raise EvaluationError(f"The first mask of a clip must hold an object, but {mask_paths[0]} is empty.")
    return clip


def _read_still(mask_path: Path) -> Still:
    image_path = mask_path.with_suffix(".jpg")
    if not image_path.is_file():
        raise EvaluationError(f"The mask {mask_path} has no image {image_path.name} beside it.")
    size = image_size(image_path)
    _check_pair(image_path, mask_path, size)
    still = Still(ImageFiles((image_path,), size), mask_path)
    if not still.truth.any():
        raise EvaluationError(f"The mask {mask_path} holds no object.")
    return still


def _check_pair(image_path: Path, mask_path: Path, size: tuple[int, int]) -> None:
    """See that image and mask are there and of the size (height, width) that both should have."""
    if not mask_path.is_file():
        raise EvaluationError(f"The frame {image_path} has no mask {mask_path}.")
    for path in (image_path, mask_path):
        height, width = image_size(path)
        if (height, width) != size:
            raise EvaluationError(f"{path} is {width}x{height} pixels instead of {size[1]}x{size[0]}.")
