"""Painted surfaces."""

from __future__ import annotations

import numpy as np
import pytest

from mivos_studio.synthetic.textures import (
    TEXTURES,
    Texture,
    noise,
    ramp,
    random_ramp,
    random_texture,
    stones,
)

SIZE = (60, 90)


@pytest.mark.parametrize("texture", TEXTURES, ids=[texture.__name__ for texture in TEXTURES])
def test_a_texture_has_the_requested_size_and_some_contrast(texture: Texture) -> None:
    rng = np.random.default_rng(0)
    image = texture(SIZE, random_ramp(rng), rng)
    assert image.shape == (*SIZE, 3)
    assert image.dtype == np.uint8
    assert image.std() > 3


def test_the_same_generator_paints_the_same_texture() -> None:
    first, again, other = (random_texture(SIZE, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_noise_fills_the_range_and_grows_finer_with_cells() -> None:
    coarse, fine = (noise((128, 128), np.random.default_rng(0), cells=cells, octaves=1) for cells in (3, 30))
    for field in (coarse, fine):
        assert float(field.min()) == 0
        assert float(field.max()) == pytest.approx(1)
    assert np.abs(np.diff(fine)).mean() > 3 * np.abs(np.diff(coarse)).mean()


def test_a_ramp_goes_through_its_colours() -> None:
    colours = ramp([(0, 0, 0), (100, 50, 0), (255, 255, 255)])
    assert colours[0].tolist() == [0, 0, 0]
    assert np.abs(colours[127].astype(int) - [100, 50, 0]).max() <= 1
    assert colours[255].tolist() == [255, 255, 255]


def test_stones_are_deepest_in_their_middle() -> None:
    shade, depth = stones((100, 100), np.random.default_rng(0), count=12)
    assert len(np.unique(shade)) == 12
    assert float(depth.min()) == 0
    assert float(depth.max()) > 0.5
