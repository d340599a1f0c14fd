"""Indexed PNG masks and the palette that DAVIS and PASCAL VOC colour them with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference_core.errors import UserError
from inference_core.types import UInt8Array
from mivos_studio.media.errors import MediaError
from mivos_studio.media.images import opened_image
from mivos_studio.media.output.file import FileKind, written_file

_READ_AS_IDS = ("P", "L", "1")


def _voc_palette() -> UInt8Array:
    """Spread each id's bits over the channels, high bits first: 3n to red, 3n+1 to green, 3n+2 to blue."""
    ids = np.arange(256)
    palette = np.zeros((256, 3), np.uint8)
    for step in range(3):
        for channel in range(3):
            palette[:, channel] |= ((ids >> (3 * step + channel) & 1) << (7 - step)).astype(np.uint8)
    return palette


PALETTE: UInt8Array = _voc_palette()
"""(256, 3) uint8, the RGB colour of every object id; id 0, the background, is black."""
PALETTE.setflags(write=False)


def save_ids(path: Path, ids: UInt8Array) -> None:
    """Write ids (H, W) uint8 as an indexed PNG with the palette, straight into a folder in the making."""
    image = Image.fromarray(np.ascontiguousarray(ids))
    image.putpalette(PALETTE.tobytes())
    image.save(path, format="PNG")


def write_ids(path: Path | str, ids: UInt8Array) -> None:
    """Write ids (H, W) uint8 as an indexed PNG with the palette; the file appears whole or not at all.

    An older mask with this palette is replaced. Raises a MediaError where another file is in the way.
    """
    with written_file(Path(path), MASK_FILE) as beside:
        save_ids(beside, ids)


def read_ids(path: Path | str) -> UInt8Array:
    """Read a mask as ids (H, W) uint8.

    Indexed, grey and black-and-white images give their pixel values; a colour image is read by its colours
    when they all belong to the palette. Fully transparent pixels are background.
    """
    with opened_image(Path(path), "mask") as image:
        return _ids_of(image, Path(path))


def _has_our_palette(path: Path) -> bool:
    try:
        with opened_image(path) as image:
            return image.mode == "P" and bytes(image.getpalette() or ()) == PALETTE.tobytes()
    except UserError:
        return False


MASK_FILE = FileKind("a mask", _has_our_palette)
"""An indexed PNG with the palette, as `write_ids` writes it."""


def _ids_of(image: Image.Image, path: Path) -> UInt8Array:
    """Return the ids of an image; pixels that cannot be seen are background, whatever lies under them."""
    if not image.has_transparency_data:
        return _opaque_ids_of(image, path)
    is_hidden = np.asarray(image.convert("RGBA"))[..., 3] == 0
    if image.mode == "RGBA":
        colours = np.asarray(image.convert("RGB")).copy()
        colours[is_hidden] = PALETTE[0]
        return _ids_from_colours(colours, path)
    ids = _opaque_ids_of(image.convert("L") if image.mode == "LA" else image, path)
    ids[is_hidden] = 0
    return ids


def _opaque_ids_of(image: Image.Image, path: Path) -> UInt8Array:
    if image.mode in _READ_AS_IDS:
        return np.array(image, np.uint8)
    if image.mode == "RGB":
        return _ids_from_colours(np.asarray(image), path)
    if image.mode.startswith("I"):
        values: NDArray[np.int64] = np.asarray(image, np.int64)
        if values.min() >= 0 and values.max() <= 255:
            return values.astype(np.uint8)
        raise MediaError(f"The mask {path} has values above 255: object ids go from 1 to 255.")
    raise MediaError(f"The mask {path} has the pixel format {image.mode}: save it as an indexed or grey PNG.")


def _ids_from_colours(colours: UInt8Array, path: Path) -> UInt8Array:
    codes = _colour_codes(colours)
    palette_codes = _colour_codes(PALETTE)
    order = np.argsort(palette_codes)
    places = np.searchsorted(palette_codes[order], codes).clip(0, 255)
    ids: UInt8Array = order[places].astype(np.uint8)
    strange = palette_codes[ids] != codes
    if strange.any():
        row, column = (int(place) for place in np.argwhere(strange)[0])
        colour = tuple(int(level) for level in colours[row, column])
        raise MediaError(
            f"The mask {path} has the colour {colour}, which stands for no object id: "
            "save it as an indexed or grey PNG whose pixel values are ids."
        )
    return ids


def _colour_codes(colours: UInt8Array) -> NDArray[np.int32]:
    """Join the channels (..., 3) to one number a pixel."""
    red, green, blue = np.moveaxis(colours.astype(np.int32), -1, 0)
    return np.asarray(red << 16 | green << 8 | blue, np.int32)
