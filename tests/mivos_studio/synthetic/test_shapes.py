"""Outlines and the sprites cut by them."""

from __future__ import annotations

import numpy as np
import pytest

from mivos_studio.synthetic.shapes import OUTLINES, coverage, make_sprite


def _disk_outline(radius: float) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    return (np.stack([np.cos(angles), np.sin(angles)], 1) * radius).astype(np.float32)


def test_coverage_sums_to_the_area_of_the_shape() -> None:
    inside = coverage([_disk_outline(1.0)], 20.0)
    assert inside.sum() / 255 == pytest.approx(np.pi * 20**2, rel=0.02)


def test_coverage_is_centred_and_soft_at_the_rim() -> None:
    inside = coverage([_disk_outline(1.0)], 20.0)
    middle = inside.shape[0] // 2
    assert inside[middle, middle] == 255
    for turned in (inside[::-1], inside[:, ::-1], inside.T):
        assert np.abs(turned.astype(int) - inside).mean() < 255 / 200
    assert len(np.unique(inside)) > 5
    assert inside[0].max() == 0


@pytest.mark.parametrize("outline", OUTLINES, ids=[outline.__name__ for outline in OUTLINES])
def test_outlines_just_fit_the_square_from_minus_1_to_1(outline: type) -> None:
    for seed in range(10):
        corners = outline(np.random.default_rng(seed))
        assert np.abs(corners).max() == pytest.approx(1)


def test_a_sprite_is_multiplied_by_its_coverage() -> None:
    inside = coverage([_disk_outline(1.0)], 10.0)
    sprite = make_sprite(np.full((*inside.shape, 3), 200, np.uint8), inside, 10.0, relief=0)
    assert np.array_equal(sprite.pixels[..., 3], inside)
    assert np.abs(sprite.pixels[..., 0].astype(int) - inside.astype(int) * 200 / 255).max() <= 1
    assert sprite.shadow.size == 0


def test_relief_lights_a_shape_from_the_upper_left() -> None:
    inside = coverage([_disk_outline(1.0)], 20.0)
    sprite = make_sprite(np.full((*inside.shape, 3), 120, np.uint8), inside, 20.0, relief=1)
    middle = inside.shape[0] // 2
    upper_left, lower_right = (int(sprite.pixels[middle + step, middle + step, 0]) for step in (-11, 11))
    assert upper_left > lower_right + 20
