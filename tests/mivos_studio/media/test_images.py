"""Every kind of image file as upright 8-bit RGB."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mivos_studio.media.clip import open_clip
from mivos_studio.media.images import image_bit_depth, image_size, read_image

SLOPE = np.arange(6 * 8, dtype=np.uint8).reshape(6, 8) * 5


def test_grey_becomes_three_equal_channels(tmp_path: Path) -> None:
    Image.fromarray(SLOPE).save(tmp_path / "grey.png")
    assert np.array_equal(read_image(tmp_path / "grey.png"), np.repeat(SLOPE[..., None], 3, axis=2))


def test_indexed_colours_are_looked_up(tmp_path: Path) -> None:
    image = Image.fromarray(SLOPE // 100)
    image.putpalette([0, 0, 0, 200, 10, 20, 30, 40, 250])
    image.save(tmp_path / "indexed.png")
    expected = np.array([[0, 0, 0], [200, 10, 20], [30, 40, 250]], np.uint8)[SLOPE // 100]
    assert np.array_equal(read_image(tmp_path / "indexed.png"), expected)


def test_black_and_white_is_0_and_255(tmp_path: Path) -> None:
    Image.fromarray(SLOPE > 100).save(tmp_path / "bits.png")
    assert np.array_equal(read_image(tmp_path / "bits.png")[..., 0], np.where(SLOPE > 100, 255, 0))


def test_transparent_pixels_are_laid_over_black(tmp_path: Path) -> None:
    image = np.dstack([np.full((6, 8, 3), 200, np.uint8), SLOPE])
    Image.fromarray(image).save(tmp_path / "cutout.png")
    expected = (200 * SLOPE.astype(int) + 127) // 255
    assert np.array_equal(read_image(tmp_path / "cutout.png")[..., 1], expected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_16_bits_are_scaled_to_8(tmp_path: Path, channels: int, ending: str) -> None:
    path = tmp_path / f"deep.{ending}"
    deep = np.repeat((SLOPE.astype(np.uint16) * 257)[..., None], channels, axis=2)
    cv2.imwrite(str(path), deep)
    assert np.array_equal(read_image(path)[..., 0], SLOPE)
    assert image_bit_depth(path) == 16
    with open_clip(path) as clip:
        assert clip.bit_depth == 16


def test_8_bits_are_stated_as_such(tmp_path: Path) -> None:
    Image.fromarray(SLOPE).save(tmp_path / "grey.png")
    assert image_bit_depth(tmp_path / "grey.png") == 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    """A camera that was turned writes the picture as it fell on the sensor, and how to turn it back."""
    upright = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    on_sensor = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned.png"
    Image.fromarray(np.ascontiguousarray(on_sensor)).save(path, exif=exif)
    assert np.array_equal(read_image(path), upright)
    assert image_size(path) == (6, 8)
