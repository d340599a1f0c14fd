"""Indexed masks and the DAVIS palette."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mivos_studio.input_files import InputFileError
from mivos_studio.media.errors import MediaError
from mivos_studio.media.palette import PALETTE, read_ids, write_ids

IDS = np.arange(256, dtype=np.uint8).reshape(8, 32)


def test_the_palette_is_that_of_davis() -> None:
    first = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128), (0, 128, 128)]
    assert [tuple(colour) for colour in PALETTE[:7].tolist()] == first
    assert PALETTE[8].tolist() == [64, 0, 0]
    assert PALETTE[255].tolist() == [224, 224, 192]


def test_all_colours_differ() -> None:
    assert len({tuple(colour) for colour in PALETTE.tolist()}) == 256


def test_ids_survive_writing_and_reading(tmp_path: Path) -> None:
    write_ids(tmp_path / "mask.png", IDS)
    assert np.array_equal(read_ids(tmp_path / "mask.png"), IDS)


def test_what_is_written_is_indexed_and_coloured(tmp_path: Path) -> None:
    write_ids(tmp_path / "mask.png", IDS)
    with Image.open(tmp_path / "mask.png") as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image.convert("RGB")), PALETTE[IDS])


def test_a_mask_replaces_an_older_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_ids(tmp_path / "mask.png", IDS)
    write_ids(tmp_path / "mask.png", IDS // 2)
    assert np.array_equal(read_ids(tmp_path / "mask.png"), IDS // 2)
    assert [path.name for path in tmp_path.iterdir()] == ["mask.png"]


def test_a_failed_write_leaves_the_older_mask(tmp_path: Path) -> None:
    write_ids(tmp_path / "mask.png", IDS)
    with pytest.raises((TypeError, ValueError)):
        write_ids(tmp_path / "mask.png", IDS.astype(np.complex64))
    assert np.array_equal(read_ids(tmp_path / "mask.png"), IDS)
    assert [path.name for path in tmp_path.iterdir()] == ["mask.png"]


def test_grey_values_are_ids(tmp_path: Path) -> None:
    Image.fromarray(IDS).save(tmp_path / "grey.png")
    assert np.array_equal(read_ids(tmp_path / "grey.png"), IDS)


def test_an_indexed_mask_with_other_colours_gives_its_indices(tmp_path: Path) -> None:
    image = Image.fromarray(IDS % 4)
    image.putpalette([255, 255, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    image.save(tmp_path / "mask.png")
    assert np.array_equal(read_ids(tmp_path / "mask.png"), IDS % 4)


def test_white_of_a_black_and_white_mask_is_object_1(tmp_path: Path) -> None:
    Image.fromarray(IDS > 99).save(tmp_path / "bits.png")
    assert np.array_equal(read_ids(tmp_path / "bits.png"), (IDS > 99).astype(np.uint8))


@pytest.mark.parametrize("has_alpha", [False, True])
def test_colours_of_the_palette_are_read_as_ids(tmp_path: Path, has_alpha: bool) -> None:
    colours = PALETTE[IDS]
    if has_alpha:
        colours = np.dstack([colours, np.full(IDS.shape, 255, np.uint8)])
    Image.fromarray(colours).save(tmp_path / "colours.png")
    assert np.array_equal(read_ids(tmp_path / "colours.png"), IDS)


@pytest.mark.parametrize("mode", ["P", "LA", "RGBA"])
def test_pixels_that_cannot_be_seen_are_background(tmp_path: Path, mode: str) -> None:
    is_hidden = np.zeros(IDS.shape, np.bool_)
    is_hidden[::2] = True
    if mode == "P":
        image = Image.fromarray(np.where(is_hidden, 3, IDS % 3).astype(np.uint8))
        image.putpalette(PALETTE.tobytes())
        image.save(tmp_path / "mask.png", transparency=3)
        ids = IDS % 3
    else:
        colours = (IDS[..., None], PALETTE[IDS])[mode == "RGBA"]
        hidden_colour = 7  # no colour of the palette
        shown = np.where(is_hidden[..., None], hidden_colour, colours).astype(np.uint8)
        alpha = np.where(is_hidden, 0, 255).astype(np.uint8)
        Image.fromarray(np.dstack([shown, alpha]), mode).save(tmp_path / "mask.png")
        ids = IDS
    assert np.array_equal(read_ids(tmp_path / "mask.png"), np.where(is_hidden, 0, ids))


def test_a_colour_outside_the_palette_is_named(tmp_path: Path) -> None:
    colours = PALETTE[IDS].copy()
    colours[2, 3] = (1, 2, 3)
    Image.fromarray(colours).save(tmp_path / "photo.png")
    with pytest.raises(MediaError, match=r"\(1, 2, 3\), which stands for no object id"):
        read_ids(tmp_path / "photo.png")


def test_16_bit_masks_are_read_up_to_255(tmp_path: Path) -> None:
    Image.fromarray(IDS.astype(np.uint16)).save(tmp_path / "deep.png")
    assert np.array_equal(read_ids(tmp_path / "deep.png"), IDS)
    Image.fromarray(IDS.astype(np.uint16) * 257).save(tmp_path / "deeper.png")
    with pytest.raises(MediaError, match="values above 255"):
        read_ids(tmp_path / "deeper.png")


def test_a_missing_mask_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=r"no mask at .*mask\.png"):
        read_ids(tmp_path / "mask.png")


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(b"nothing")
    with pytest.raises(MediaError, match=r"mask\.png is not an image"):
        read_ids(tmp_path / "mask.png")
