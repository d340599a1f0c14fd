"""From a decoded video frame to an upright RGB image: colour space, alpha, orientation."""

from __future__ import annotations

import struct
from typing import cast

import cv2
import numpy as np
from av import VideoFrame
from av.sidedata.sidedata import SideDataContainer
from av.video.reformatter import Colorspace

from inference_core.types import UInt8Array
from mivos_studio.media.images import over_black

_UNSPECIFIED_COLORSPACE = 2
_HD_HEIGHT = 720  # players take untagged video of at least this height for BT.709, smaller for BT.601


def bit_depth(frame: VideoFrame) -> int:
    """Return the bits of the frame's first channel."""
    return int(frame.format.components[0].bits)


def to_rgb(frame: VideoFrame, size: tuple[int, int]) -> UInt8Array:
    """Convert a frame to an upright RGB image (H, W, 3) uint8 of the size (height, width).

    A frame of another size, as in streams that change it on the way, is scaled. Where the frame has alpha, it
    is laid over black, as viewers show it.
    """
    orientation = _display_matrix(frame)
    height, width = size[::-1] if _swaps_axes(orientation) else size
    has_alpha = any(component.is_alpha for component in frame.format.components)
    untagged = frame.colorspace == _UNSPECIFIED_COLORSPACE and frame.height >= _HD_HEIGHT
    converted = frame.reformat(
        width=width,
        height=height,
        format="rgba" if has_alpha else "rgb24",
        src_colorspace=Colorspace.ITU709 if untagged else None,
    ).to_ndarray()
    image = over_black(np.asarray(converted, np.uint8)) if has_alpha else np.asarray(converted, np.uint8)
    return _upright(image, orientation)


def upright_size(frame: VideoFrame) -> tuple[int, int]:
    """Return (height, width) of the frame after its orientation is applied."""
    size = (frame.height, frame.width)
    return size[::-1] if _swaps_axes(_display_matrix(frame)) else size


def _display_matrix(frame: VideoFrame) -> tuple[int, int, int, int]:
    """Return a, b, c, d of the display matrix: shown x = a x + c y, shown y = b x + d y, in 16.16 bits."""
    side_data = cast("SideDataContainer", frame.side_data)  # PyAV's stubs name the class of a single entry
    matrix = side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return (1, 0, 0, 1)
    a, b, _, c, d = struct.unpack_from("=5i", matrix)
    return a, b, c, d


def _swaps_axes(orientation: tuple[int, int, int, int]) -> bool:
    a, b, c, d = orientation
    return abs(b) + abs(c) > abs(a) + abs(d)


def _upright(image: UInt8Array, orientation: tuple[int, int, int, int]) -> UInt8Array:
    """Turn and mirror by the nearest right angle."""
    a, b, c, d = orientation
    is_swapped = _swaps_axes(orientation)
    mirrors_x, mirrors_y = (c < 0, b < 0) if is_swapped else (a < 0, d < 0)
    if is_swapped:
        image = np.asarray(cv2.transpose(image), np.uint8)
    if mirrors_x or mirrors_y:
        axis = -1 if mirrors_x and mirrors_y else int(mirrors_x)
        image = np.asarray(cv2.flip(image, axis), np.uint8)
    return image
