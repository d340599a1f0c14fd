"""Colours of masks: premultiplied, one look-up a pixel, painted only where something changed."""

from __future__ import annotations

import numpy as np
import pytest

from gui.state.overlay import (
    OUTLINE,
    OverlayStyle,
    ViewMode,
    changed_box,
    outline_codes,
    paint,
    premultiplied,
    rgb32,
)

RED, GREEN = (255, 0, 0), (0, 255, 0)


def square(value: int = 1) -> np.ndarray:
    ids = np.zeros((20, 30), np.uint8)
    ids[5:15, 8:20] = value
    return ids


def painted(ids: np.ndarray, style: OverlayStyle) -> np.ndarray:
    overlay = np.zeros(ids.shape, np.uint32)
    paint(ids, style.table(), overlay)
    return overlay


def test_colours_are_packed_premultiplied() -> None:
    assert premultiplied((255, 128, 0), 1.0) == 0xFFFF8000
    assert premultiplied((200, 100, 50), 0.5) == 0x80643219


def test_only_pixels_that_touch_another_id_are_on_the_outline() -> None:
    codes = outline_codes(square(3))
    assert codes[5, 8] == codes[14, 19] == codes[10, 8] == 3 + OUTLINE
    assert codes[10, 12] == 3
    assert codes[0, 0] == 0


def test_an_object_at_the_frames_edge_has_no_outline_there() -> None:
    ids = np.zeros((6, 6), np.uint8)
    ids[:, :3] = 1
    assert outline_codes(ids)[:, 0].tolist() == [1] * 6


def test_the_overlay_is_translucent_inside_opaque_on_the_outline_and_empty_elsewhere() -> None:
    overlay = painted(square(), OverlayStyle({1: RED}))
    assert overlay[5, 8] == 0xFFFF0000
    assert 0 < overlay[10, 12] >> 24 < 255
    assert overlay[0, 0] == 0


def test_a_hidden_object_is_not_painted() -> None:
    ids = square()
    ids[16:19, 2:5] = 2
    overlay = painted(ids, OverlayStyle({1: RED, 2: GREEN}, hidden={1}))
    assert not overlay[ids == 1].any()
    assert overlay[ids == 2].all()


@pytest.mark.parametrize(
    ("mode", "inside"),
    [(ViewMode.OUTLINE, 0), (ViewMode.SOURCE, 0), (ViewMode.MATTE, 0xFFFFFFFF)],
)
def test_each_view_mode_has_its_own_fill(mode: ViewMode, inside: int) -> None:
    assert painted(square(), OverlayStyle({1: RED}, mode))[10, 12] == inside


def test_a_matte_is_black_where_no_object_is() -> None:
    assert painted(square(), OverlayStyle({1: RED}, ViewMode.MATTE))[0, 0] == 0xFF000000


def test_painting_the_changed_box_gives_the_same_overlay_as_painting_all() -> None:
    rng = np.random.default_rng(4)
    style = OverlayStyle({1: RED, 2: GREEN})
    for _ in range(50):
        before = square(int(rng.integers(0, 3)))
        after = before.copy()
        y, x = rng.integers(0, 16), rng.integers(0, 26)
        after[y : y + 4, x : x + 4] = rng.integers(0, 3)
        overlay = painted(before, style)
        box = changed_box(before, after)
        if box is not None:
            paint(after, style.table(), overlay, box)
        np.testing.assert_array_equal(overlay, painted(after, style))


def test_equal_ids_have_no_changed_box() -> None:
    assert changed_box(square(), square()) is None


def test_an_image_is_packed_for_qt() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    image[1, 2] = (0x12, 0x34, 0x56)
    assert rgb32(image)[1, 2] == 0xFF123456
    assert rgb32(image).flags.c_contiguous
