from __future__ import annotations

import cv2
import numpy as np

from inference_core.runtime.refine import agree_with, enlarge, refine, to_ids


def disk(size: tuple[int, int], scale: float = 1.0) -> np.ndarray:
    y, x = np.mgrid[: size[0], : size[1]]
    return (np.hypot(x - size[1] / 2, y - size[0] / 2) < size[0] / 3).astype(np.float32) * scale


def picture(mask: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 12, mask.shape, dtype=np.uint8)
    return np.repeat((60 + noise + 120 * mask.astype(np.uint8))[..., None], 3, axis=2)


def errors(prob: np.ndarray, truth: np.ndarray) -> int:
    return int(((prob[0] > 0.5) != (truth > 0.5)).sum())


def test_refined_edges_lie_nearer_to_the_images_edges_than_enlarged_ones() -> None:
    truth = disk((240, 320))
    small = cv2.resize(truth, (80, 60), interpolation=cv2.INTER_AREA)
    rough = cv2.GaussianBlur(small, (0, 0), 1.0)[None]
    plain = errors(enlarge(rough, (240, 320)), truth)
    refined = errors(refine(rough, picture(truth)), truth)
    assert refined < plain / 2


def test_refining_at_the_same_size_changes_nothing() -> None:
    prob = np.random.default_rng(0).random((2, 20, 30)).astype(np.float32)
    assert (refine(prob, np.zeros((20, 30, 3), np.uint8)) == prob).all()


def test_far_from_boundaries_refining_is_enlarging() -> None:
    small = disk((60, 80))[None]
    image = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    refined = refine(small, image)
    assert refined[0, 120, 160] == 1.0
    assert refined[0, 2, 2] == 0.0


def test_refined_probabilities_stay_between_0_and_1() -> None:
    rng = np.random.default_rng(0)
    refined = refine(
        rng.random((3, 30, 40)).astype(np.float32), rng.integers(0, 256, (99, 141, 3), dtype=np.uint8)
    )
    assert refined.shape == (3, 99, 141)
    assert refined.min() >= 0
    assert refined.max() <= 1


def test_no_object_gives_an_empty_mask() -> None:
    refined = refine(np.zeros((0, 30, 40), np.float32), np.zeros((60, 80, 3), np.uint8))
    assert to_ids(refined, []).shape == (60, 80)
    assert not to_ids(refined, []).any()


def test_the_background_wins_ties_then_the_first_object() -> None:
    prob = np.array([[[0.5, 0.4, 0.2]], [[0.0, 0.4, 0.6]]], np.float32)
    assert to_ids(prob, [7, 9]).tolist() == [[0, 7, 9]]


def test_probabilities_are_made_to_agree_with_ids_and_still_sum_to_1() -> None:
    rng = np.random.default_rng(0)
    prob = rng.random((4, 20, 30)).astype(np.float32)
    prob /= prob.sum(axis=0)
    prob[:, 0, 0] = 0.25
    ids = rng.choice([0, 3, 5, 200], (20, 30)).astype(np.uint8)
    ids[0, 0] = 200
    agreed = agree_with(prob, ids, [3, 5, 200])
    assert (np.array([0, 3, 5, 200])[agreed.argmax(axis=0)] == ids).all()
    np.testing.assert_allclose(agreed.sum(axis=0), 1, atol=1e-5)
    assert agreed.min() >= 0
