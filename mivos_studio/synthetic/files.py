"""Frames, masks and flow as files, with no other library than OpenCV: JPEG, indexed PNG, Middlebury .flo."""

from __future__ import annotations

import secrets
import shutil
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from inference_core.errors import UserError
from inference_core.types import Float32Array, UInt8Array

_JPEG_QUALITY = 92
_INDEXED = 3
_FLOW_MARK = b"PIEH"


def write_jpeg(path: Path, image: UInt8Array) -> None:
    """Write an image (H, W, 3) uint8 RGB."""
    _, encoded = cv2.imencode(
        ".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    )
    path.write_bytes(encoded.tobytes())


def write_grey_png(path: Path, grey: UInt8Array) -> None:
    """Write a grey image (H, W) uint8, such as an alpha."""
    _, encoded = cv2.imencode(".png", grey)
    path.write_bytes(encoded.tobytes())


def write_indexed_png(path: Path, ids: UInt8Array) -> None:
    """Write ids (H, W) uint8 as an indexed PNG coloured as in DAVIS. OpenCV can only read this kind."""
    height, width = ids.shape
    rows = np.pad(ids, ((0, 0), (1, 0)))  # every row begins with its filter: 0, none
    header = struct.pack(">IIBBBBB", width, height, 8, _INDEXED, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"PLTE", _palette().tobytes())]
    chunks += [(b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b"")]
    encoded = b"".join(_chunk(kind, content) for kind, content in chunks)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + encoded)


def write_flow(path: Path, flow: Float32Array) -> None:
    """Write optical flow (H, W, 2) float32, (x, y) in pixels, as a Middlebury .flo file."""
    height, width = flow.shape[:2]
    path.write_bytes(_FLOW_MARK + struct.pack("<ii", width, height) + flow.astype("<f4").tobytes())


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside the given one and rename it when the block succeeds.

    The given folder may exist only if it is empty. Nothing is ever replaced: where it has been filled
    meanwhile, an OSError is raised. A temporary folder left by a killed process does no harm.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"The folder {folder} is not empty: choose another one.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.parent / f".mivos-{secrets.token_hex(6)}"
    beside.mkdir()
    try:
        yield beside
        if folder.exists():
            folder.rmdir()  # only of an empty one
        beside.rename(folder)  # of a folder: never replaces anything but an empty one
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _palette() -> UInt8Array:
    """Make the colours (256, 3) of DAVIS: bit 3n + c of an id is bit 7 - n of channel c."""
    bits = np.arange(256)[:, None] >> np.arange(8) & 1
    return np.stack(
        [sum(bits[:, bit] << (7 - bit // 3) for bit in range(c, 8, 3)) for c in range(3)], axis=1
    ).astype(np.uint8)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
