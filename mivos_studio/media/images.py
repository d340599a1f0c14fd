"""One image file as an upright RGB image, be it grey, indexed, transparent, 16-bit or turned by EXIF."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from inference_core.errors import UserError
from inference_core.types import UInt8Array
from mivos_studio.input_files import InputFileError, check_input
from mivos_studio.media.errors import MediaError
from mivos_studio.system_errors import reason_of

# Frames from cameras and grading programs hold profiles and notes of megabytes; Pillow refuses over one.
PngImagePlugin.MAX_TEXT_CHUNK = 64 * 2**20
PngImagePlugin.MAX_TEXT_MEMORY = 256 * 2**20
warnings.filterwarnings("ignore", module=r"PIL\b")  # of oddities that change no pixel

_EXIF_ORIENTATION = 0x0112
_ORIENTATIONS_ON_THEIR_SIDE = (5, 6, 7, 8)


def read_image(path: Path) -> UInt8Array:
    """Read an image as (H, W, 3) uint8 RGB, turned upright.

    16-bit values are scaled to 8 bits; alpha is laid over black, as viewers show it.
    """
    with opened_image(path) as opened:
        image = ImageOps.exif_transpose(opened)
        if image.mode == "F":
            raise MediaError(f"{path} has floating-point pixels: convert it to 8 or 16 bits a channel.")
        if image.mode.startswith("I"):
            grey = np.asarray(image).clip(0, 65535).astype(np.uint32)
            return np.repeat(((grey + 128) // 257).astype(np.uint8)[..., None], 3, axis=2)
        if image.has_transparency_data:
            return over_black(np.asarray(image.convert("RGBA")))
        return np.asarray(image.convert("RGB"))


def image_size(path: Path) -> tuple[int, int]:
    """Return (height, width) of an image once it is upright; reads the header alone."""
    with opened_image(path) as image:
        width, height = image.size
        is_on_its_side = image.getexif().get(_EXIF_ORIENTATION) in _ORIENTATIONS_ON_THEIR_SIDE
    return (width, height) if is_on_its_side else (height, width)


def image_bit_depth(path: Path) -> int:
    """Return the bits of a channel in the file: 16 or 8."""
    with opened_image(path):  # raises an error where OpenCV would only log
        pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    return 16 if pixels is not None and pixels.dtype == np.uint16 else 8


def over_black(image: UInt8Array) -> UInt8Array:
    """Lay a straight RGBA image (H, W, 4) over black: (H, W, 3)."""
    alpha = image[..., 3:].astype(np.uint16)
    if alpha.min(initial=255) == 255:
        return np.ascontiguousarray(image[..., :3])
    return ((image[..., :3] * alpha + 127) // 255).astype(np.uint8)


@contextmanager
def opened_image(path: Path, noun: str = "image") -> Iterator[Image.Image]:
    """Open an image file with Pillow, and turn what it raises while it is read into one sentence.

    noun  what the file is to be, as "mask".
    Raises a MediaError for what is in the file, an InputFileError where it cannot be reached.
    """
    check_input(path, noun)
    try:
        with Image.open(path) as image:
            yield image
    except UserError:
        raise
    except UnidentifiedImageError:
        raise MediaError(
            f"{path} is not an image that this program can read: save it as PNG or JPEG."
        ) from None
    except Image.DecompressionBombError:
        raise MediaError(f"The {noun} {path} is too large: shrink it to at most 170 megapixels.") from None
    except MemoryError:
        raise
    except Exception as error:  # Pillow's readers raise errors of any kind on damaged files
        if isinstance(error, OSError) and error.errno is not None:  # the system's, not the file's
            raise InputFileError(f"The {noun} {path} cannot be read: {reason_of(error)}.") from error
        words = str(error).strip().rstrip(".") or "it is damaged"
        raise MediaError(f"The {noun} {path} cannot be read ({words}): copy or save it again.") from error
