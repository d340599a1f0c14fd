"""Read the evaluation data: clips in DAVIS layout and folders of single images, with their true masks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from inference_core.types import BoolArray, UInt8Array
from mivos_studio.evaluation.errors import EvaluationError
from mivos_studio.input_files import read_text
from mivos_studio.media.images import image_size, read_image
from mivos_studio.media.palette import read_ids

IMAGES, MASKS, SETS = Path("JPEGImages/480p"), Path("Annotations/480p"), Path("ImageSets")
BINARY_YEAR = "2016"
"""In the lists of this year all objects count as one."""


@dataclass(frozen=True)
class ImageFiles:
    """Frames for a session: `len`, `size` and `frames[i]` -> (H, W, 3) uint8 RGB, decoded on access."""

    paths: tuple[Path, ...]
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, frame_index: int) -> UInt8Array:
        return read_image(self.paths[frame_index])


@dataclass(frozen=True)
class TrueClip:
    """A clip with the true ids of every frame. is_binary: all its objects count as one, of id 1."""

    name: str
    frames: ImageFiles
    mask_paths: tuple[Path, ...]
    is_binary: bool = False

    @cached_property
    def object_ids(self) -> tuple[int, ...]:
        """The objects of the first frame; later ones are not evaluated."""
        return tuple(object_id for object_id in np.unique(self.ids(0)).tolist() if object_id != 0)

    def ids(self, frame_index: int) -> UInt8Array:
        """Read the true ids of a frame, (H, W) uint8, 0 is background."""
        ids = read_ids(self.mask_paths[frame_index])
        return (ids > 0).astype(np.uint8) if self.is_binary else ids

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


@dataclass(frozen=True)
class Selection:
    """Which part of a folder is measured.

    max_frames  frames of each clip, the first one included; None means all.
    list_name   YEAR/NAME of a list of clips, ImageSets/YEAR/NAME.txt; None means every clip.
    """

    max_frames: int | None = None
    list_name: str | None = None

    def as_figures(self) -> dict[str, str | int | None]:
        """Return the selection as figures."""
        return {"frames": self.max_frames, "set": self.list_name}


def read_clips(folder: Path, selection: Selection | None = None) -> list[TrueClip]:
    """Find the clips of a folder, in the order of their names or of a list, and check that they are complete.

    The folder is in DAVIS layout; or, at any depth, it holds folders of frames NAME.jpg, each with its mask
    NAME.png beside it.
    """
    chosen = selection or Selection()
    images = folder / IMAGES
    if not images.is_dir() or not (folder / MASKS).is_dir():
        return _read_side_by_side(folder, chosen)
    if chosen.list_name:
        names = read_list(folder, chosen.list_name)
        is_binary = chosen.list_name.startswith(f"{BINARY_YEAR}/")
    else:
        names, is_binary = sorted(path.name for path in images.iterdir() if path.is_dir()), False
    if not names:
        raise EvaluationError(f"There are no clips in {images}: each is a folder of .jpg frames.")
    clips = [_read_clip(images / name, folder / MASKS / name, chosen.max_frames) for name in names]
    return [replace(clip, is_binary=is_binary) for clip in clips]


def read_list(folder: Path, list_name: str) -> list[str]:
    """Read the names of a list's clips: one a line, or the paths of every frame as in the lists of 2016."""
    path = folder / SETS / f"{list_name}.txt"
    if not path.exists():
        raise EvaluationError(f"There is no list {path}: name one as YEAR/NAME, as in 2017/val.")
    entries = [line.split()[0] for line in read_text(path, "list").splitlines() if line.strip()]
    return list(dict.fromkeys(Path(entry).parent.name or entry for entry in entries))


def read_stills(folder: Path) -> list[Still]:
    """Find the pairs NAME.jpg and NAME.png of a folder, in the order of their names."""
    if not folder.is_dir():
        raise EvaluationError(f"There is no folder {folder}.")
    stills = [_read_still(path) for path in sorted(folder.glob("*.png"))]
    if not stills:
        raise EvaluationError(f"There are no pairs NAME.jpg and NAME.png in {folder}.")
    return stills


def _read_side_by_side(folder: Path, selection: Selection) -> list[TrueClip]:
    folders = sorted({path.parent for path in folder.glob("**/*.jpg") if path.with_suffix(".png").is_file()})
    if not folders:
        raise EvaluationError(f"{folder} is not in DAVIS layout: it must hold {IMAGES} and {MASKS}.")
    if selection.list_name:
        raise EvaluationError(f"{folder} has no lists of clips: it is not in DAVIS layout.")
    clips = [_read_clip(clip_folder, clip_folder, selection.max_frames) for clip_folder in folders]
    return [
        replace(clip, name=clip_folder.relative_to(folder).as_posix())
        for clip, clip_folder in zip(clips, folders, strict=True)
    ]


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
    """Check that image and mask exist and have the given size (height, width)."""
    if not mask_path.is_file():
        raise EvaluationError(f"The frame {image_path} has no mask {mask_path}.")
    for path in (image_path, mask_path):
        height, width = image_size(path)
        if (height, width) != size:
            raise EvaluationError(f"{path} is {width}x{height} pixels instead of {size[1]}x{size[0]}.")
