from __future__ import annotations

import numpy as np
import pytest
import torch

from inference_core.runtime.geometry import Geometry

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("source", "short_side", "working"),
    [
        ((480, 854), 480, (480, 854)),
        ((1080, 1920), 480, (480, 853)),
        ((1920, 1080), 480, (853, 480)),
        ((93, 151), 93, (93, 151)),
        ((240, 320), 480, (480, 640)),
        ((93, 151), 480, (186, 302)),
    ],
)
def test_the_short_side_becomes_the_working_size_and_nothing_grows_more_than_twofold(
    source: tuple[int, int], short_side: int, working: tuple[int, int]
) -> None:
    assert Geometry.fit(source, short_side, 16).working == working


def test_a_crop_may_be_enlarged_further() -> None:
    assert Geometry.fit((60, 80), 240, 16, most_enlarged=4.0).working == (240, 320)


def test_padding_is_split_the_smaller_half_first() -> None:
    geometry = Geometry.fit((93, 151), 93, 16)
    assert geometry.padded == (96, 160)
    rows, columns = geometry.window
    assert (rows.start, 96 - rows.stop, columns.start, 160 - columns.stop) == (1, 2, 4, 5)


def test_the_border_is_zero_after_normalisation_and_the_rest_normalised() -> None:
    geometry = Geometry.fit((13, 20), 13, 16)
    pixels = np.random.default_rng(0).integers(0, 256, (13, 20, 3), dtype=np.uint8)
    image = geometry.image(pixels, CPU)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    expected = ((pixels / 255.0 - mean) / std).transpose(2, 0, 1)
    assert image.shape == (1, 3, 16, 32)
    np.testing.assert_allclose(geometry.crop(image[0].numpy()), expected, atol=1e-5)
    assert np.count_nonzero(image.numpy()) == np.count_nonzero(geometry.crop(image.numpy()))


def test_padding_and_cropping_are_inverse() -> None:
    geometry = Geometry.fit((13, 20), 13, 16)
    planes = np.random.default_rng(0).random((2, 13, 20)).astype(np.float32)
    assert (geometry.crop(geometry.pad(planes)) == planes).all()


def test_coverage_is_the_share_of_a_working_pixel() -> None:
    geometry = Geometry.fit((40, 80), 20, 1)
    mask = np.zeros((40, 80), np.bool_)
    mask[0, 0] = True
    mask[2:4, 2:4] = True
    share = geometry.coverage(mask)
    assert (share[0, 0], share[1, 1], share.sum()) == (0.25, 1.0, 1.25)


def test_points_keep_their_place_when_the_size_changes() -> None:
    geometry = Geometry.fit((40, 80), 20, 1)
    centre = np.array([[39.5, 19.5]], np.float32)
    np.testing.assert_allclose(geometry.scale_to_working(centre), [[19.5, 9.5]])
