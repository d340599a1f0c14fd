"""Random scenes: the same seed gives the same bytes, and scenes follow their spec."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest

from mivos_studio.synthetic.render import render
from mivos_studio.synthetic.scenes import SceneSpec, make_scene

SPEC = SceneSpec(size=(120, 160), frames=20)


def _fingerprint(seed: int) -> str:
    scene = make_scene(seed, SPEC)
    digest = hashlib.sha256()
    for frame_index in (0, 7, 19):
        for pixels in render(scene, frame_index):
            digest.update(pixels.tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("seed", range(6))
def test_the_same_seed_gives_the_same_bytes_with_any_number_of_threads(seed: int) -> None:
    threads = cv2.getNumThreads()
    try:
        fingerprints = set()
        for count in (1, 2, 4):
            cv2.setNumThreads(count)
            fingerprints.add(_fingerprint(seed))
    finally:
        cv2.setNumThreads(threads)
    assert len(fingerprints) == 1


def test_other_seeds_give_other_scenes() -> None:
    assert len({_fingerprint(seed) for seed in range(6)}) == 6


def test_frames_have_the_requested_size() -> None:
    image, ids = render(make_scene(0, SPEC), 3)
    assert image.shape == (120, 160, 3)
    assert ids.shape == (120, 160)
    assert image.dtype == ids.dtype == np.uint8


def test_the_requested_number_of_objects_get_ids_from_1() -> None:
    for seed in range(10):
        scene = make_scene(seed, SceneSpec(size=(120, 160), objects=(2, 4), distractors=0))
        object_ids = sorted(element.object_id for element in scene.elements)
        assert object_ids == list(range(1, len(object_ids) + 1))
        assert 2 <= len(object_ids) <= 4


def test_objects_move_and_occlude_each_other() -> None:
    moved, occluded = 0, 0
    for seed in range(8):
        scene = make_scene(seed, SceneSpec(size=(120, 160), frames=30, objects=(3, 5)))
        frames = [render(scene, frame_index)[1] for frame_index in (0, 10, 20, 29)]
        moved += any((frame != frames[0]).mean() > 0.02 for frame in frames)
        areas = np.array([np.bincount(frame.ravel(), minlength=6)[1:] for frame in frames])
        occluded += bool((areas.min(axis=0) < 0.6 * areas.max(axis=0)).any())
    assert moved >= 7
    assert occluded >= 5


def test_any_frame_of_a_scene_can_be_rendered_alone() -> None:
    scene = make_scene(3, SPEC)
    in_order = [render(scene, frame_index)[0] for frame_index in range(4)]
    assert np.array_equal(render(make_scene(3, SPEC), 3)[0], in_order[3])
