"""One image file as an upright RGB image, be it grey, indexed, transparent, 16-bit or turned by EXIF."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from inference_core.types import UInt8Array
from mivos_studio.media.errors import MediaError

_EXIF_ORIENTATION = 0x0112
_ORIENTATIONS_ON_THEIR_SIDE = (5, 6, 7, 8)


def read_image(path: Path) -> UInt8Array:
    """Read an image as (H, W, 3) uint8 RGB, turned upright.

    16-bit values are scaled to 8 bits; alpha is laid over black, as viewers show it.
    """
    with _opened(path) as opened:
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
    with _opened(path) as image:
        width, height = image.size
        is_on_its_side = image.getexif().get(_EXIF_ORIENTATION) in _ORIENTATIONS_ON_THEIR_SIDE
    return (width, height) if is_on_its_side else (height, width)


def image_bit_depth(path: Path) -> int:
    """Return the bits of a channel in the file: 16 or 8."""
    with _opened(path):  # raises an error where OpenCV would only log
        pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    return 16 if pixels is not None and pixels.dtype == np.uint16 else 8


def over_black(image: UInt8Array) -> UInt8Array:
    """Lay a straight RGBA image (H, W, 4) over black: (H, W, 3)."""
    alpha = image[..., 3:].astype(np.uint16)
    if alpha.min(initial=255) == 255:
        return np.ascontiguousarray(image[..., :3])
    return ((image[..., :3] * alpha + 127) // 255).astype(np.uint8)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            yield image
    except FileNotFoundError:
        raise MediaError(f"There is no image at {path}.") from None
    except UnidentifiedImageError:
        raise MediaError(f"{path} is not an image that this program can read.") from None
    except Image.DecompressionBombError:
        raise MediaError(f"The image {path} is too large: shrink it to at most 170 megapixels.") from None
    except (OSError, SyntaxError) as error:  # Pillow raises SyntaxError on some broken PNG files
        raise MediaError(f"The image {path} cannot be read: {error}.") from error
