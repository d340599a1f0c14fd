"""Read what is measured on: clips in DAVIS layout and folders of single images, each with its true masks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from evaluation.errors import EvaluationError

UInt8Array = NDArray[np.uint8]

IMAGES, MASKS = Path("JPEGImages/480p"), Path("Annotations/480p")
_MASK_MODES = ("P", "L", "1")


@dataclass(frozen=True)
class ImageFiles:
    """Frames for a session: `len`, `size` and `frames[i]` -> (H, W, 3) uint8 RGB, decoded when asked for."""

    paths: tuple[Path, ...]
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, frame_index: int) -> UInt8Array:
        with _open(self.paths[frame_index]) as image:
            return np.asarray(image.convert("RGB"))


@dataclass(frozen=True)
class TrueClip:
    """A clip with the true ids of every frame."""

    name: str
    frames: ImageFiles
    mask_paths: tuple[Path, ...]

    @cached_property
    def ids(self) -> UInt8Array:
        """(T, H, W) uint8, 0 is background."""
        return np.stack([_read_ids(path) for path in self.mask_paths])

    @cached_property
    def object_ids(self) -> tuple[int, ...]:
        """The objects that are there from the first frame on; what appears later is nobody's task."""
        present = np.unique(_read_ids(self.mask_paths[0])).tolist()
        return tuple(object_id for object_id in present if object_id != 0)


@dataclass(frozen=True)
class Still:
    """One image with the mask of its one object."""

    frames: ImageFiles
    mask_path: Path

    @property
    def name(self) -> str:
        return self.mask_path.stem

    @cached_property
    def truth(self) -> NDArray[np.bool_]:
        """(H, W) bool: every pixel that is not background."""
        return _read_ids(self.mask_path) > 0


def read_clips(folder: Path, *, max_frames: int | None = None) -> list[TrueClip]:
    """Find the clips of a folder in DAVIS layout, in the order of their names, and check that they fit."""
    images = folder / IMAGES
    if not images.is_dir() or not (folder / MASKS).is_dir():
        raise EvaluationError(f"{folder} is not in DAVIS layout: it must hold {IMAGES} and {MASKS}.")
    clips = [_read_clip(path, folder / MASKS / path.name, max_frames) for path in sorted(images.iterdir())]
    if not clips:
        raise EvaluationError(f"There are no clips in {images}.")
    return clips


def read_stills(folder: Path) -> list[Still]:
    """Find the pairs NAME.jpg and NAME.png of a folder, in the order of their names."""
    if not folder.is_dir():
        raise EvaluationError(f"There is no folder {folder}.")
    stills = []
    for mask_path in sorted(folder.glob("*.png")):
        image_path = mask_path.with_suffix(".jpg")
        if not image_path.is_file():
            raise EvaluationError(f"The mask {mask_path} has no image {image_path.name} beside it.")
        _check_same_size(image_path, mask_path)
        still = Still(ImageFiles((image_path,), _size(image_path)), mask_path)
        if not still.truth.any():
            raise EvaluationError(f"The mask {mask_path} holds no object.")
        stills.append(still)
    if not stills:
        raise EvaluationError(f"There are no pairs NAME.jpg and NAME.png in {folder}.")
    return stills


def _read_clip(images: Path, masks: Path, max_frames: int | None) -> TrueClip:
    image_paths = tuple(sorted(images.glob("*.jpg")))[:max_frames]
    mask_paths = tuple(masks / f"{path.stem}.png" for path in image_paths)
    if len(image_paths) < 2:
        raise EvaluationError(f"The clip {images} has fewer than two frames to measure on.")
    size = _size(image_paths[0])
    for image_path, mask_path in zip(image_paths, mask_paths, strict=True):
        if not mask_path.is_file():
            raise EvaluationError(f"The frame {image_path} has no mask {mask_path}.")
        _check_same_size(image_path, mask_path)
        if _size(image_path) != size:
            raise EvaluationError(f"The frame {image_path} has another size than the clip's first one.")
    clip = TrueClip(images.name, ImageFiles(image_paths, size), mask_paths)
    if not clip.object_ids:
        raise EvaluationError(f"The first mask of a clip must hold an object; {mask_paths[0]} is empty.")
    return clip


def _check_same_size(image_path: Path, mask_path: Path) -> None:
    if _size(image_path) != _size(mask_path):
        raise EvaluationError(f"The mask {mask_path} has another size than its image {image_path}.")


def _size(path: Path) -> tuple[int, int]:
    with _open(path) as image:
        return image.height, image.width


def _read_ids(path: Path) -> UInt8Array:
    with _open(path) as image:
        if image.mode not in _MASK_MODES:
            raise EvaluationError(f"The mask {path} must be an indexed or grey 8-bit image of object ids.")
        return np.asarray(image, dtype=np.uint8)


def _open(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except (UnidentifiedImageError, OSError) as error:
        raise EvaluationError(f"{path} cannot be read as an image; replace or remove it.") from error
