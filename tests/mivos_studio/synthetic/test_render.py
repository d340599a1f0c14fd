"""Images, ids, alpha and flow of one scene agree with each other."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from mivos_studio.synthetic.motion import Motion, Oscillation
from mivos_studio.synthetic.render import render, render_alpha, render_flow
from mivos_studio.synthetic.scene import DAYLIGHT, FAULTLESS, Backdrop, Part, Scene, SceneElement
from mivos_studio.synthetic.scenes import SceneSpec, make_scene
from mivos_studio.synthetic.shapes import coverage, make_sprite

SIZE = (64, 96)
SPEC = SceneSpec(size=(120, 160), frames=20, objects=(3, 3), has_camera_faults=False)


def _square(object_id: int, x: float, colour: int, speed_px: float = 0.0) -> SceneElement:
    """A square of 20 pixels at rest or moving to the right."""
    outline = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float32)
    inside = coverage([outline], 10.0)
    sprite = make_sprite(np.full((*inside.shape, 3), colour, np.uint8), inside, 10.0, relief=0)
    waypoints = np.array([(x, 32.0), (x + speed_px, 32.0)])
    return SceneElement(object_id, (Part(sprite),), Motion(waypoints, 1, Oscillation(10.0)))


def _scene(*elements: SceneElement) -> Scene:
    waypoints = np.array([(47.5, 31.5), (47.5, 31.5)])
    backdrop = Backdrop(np.full((*SIZE, 3), 50, np.uint8), Motion(waypoints, 1, Oscillation(1.0)))
    return Scene(SIZE, backdrop, elements)


def test_an_element_is_at_the_pose_of_its_motion() -> None:
    image, ids = render(_scene(_square(1, 40, 200)), 0)
    rows, columns = np.nonzero(ids)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (22, 42, 30, 50)
    assert image[32, 40].tolist() == [200, 200, 200]
    assert image[5, 5].tolist() == [50, 50, 50]


def test_a_moving_element_is_displaced_in_the_next_frame() -> None:
    scene = _scene(_square(1, 40, 200, speed_px=7))
    first, second = (render(scene, frame_index)[1] for frame_index in (0, 1))
    assert np.array_equal(first[:, :-7], second[:, 7:])


def test_the_element_in_front_hides_the_one_behind() -> None:
    image, ids = render(_scene(_square(1, 40, 200), _square(2, 50, 90)), 0)
    assert ids[32, 35] == 1
    assert ids[32, 45] == 2
    assert image[32, 45].tolist() == [90, 90, 90]


def test_an_element_without_an_id_hides_objects_and_is_background() -> None:
    _, ids = render(_scene(_square(1, 40, 200), _square(0, 50, 90)), 0)
    assert ids[32, 35] == 1
    assert ids[32, 45] == 0


def test_an_element_out_of_view_is_not_rendered() -> None:
    _, ids = render(_scene(_square(1, 300, 200)), 0)
    assert not ids.any()


@pytest.mark.parametrize("seed", range(5))
def test_away_from_others_an_object_is_the_pixels_that_it_covers_by_half(seed: int) -> None:
    scene = make_scene(seed, replace(SPEC, distractors=0))
    _, ids = render(scene, 5)
    alpha = render_alpha(scene, 5)
    assert set(alpha) == {1, 2, 3}
    for object_id, layer in alpha.items():
        others = [other for other_id, other in alpha.items() if other_id != object_id]
        alone = ~np.any(others, axis=0)
        assert np.array_equal((layer >= 128)[alone], (ids == object_id)[alone])


@pytest.mark.parametrize("seed", range(5))
def test_every_pixel_of_an_object_shows_some_of_it(seed: int) -> None:
    scene = make_scene(seed, SPEC)
    _, ids = render(scene, 5)
    for object_id, layer in render_alpha(scene, 5).items():
        assert (layer[ids == object_id] > 60).all()


def test_alpha_of_all_objects_never_exceeds_the_whole() -> None:
    for seed in range(5):
        total = sum(layer.astype(int) for layer in render_alpha(make_scene(seed, SPEC), 3).values())
        assert np.max(total) <= 255 + 3  # one rounding for every object


def test_flow_of_a_moving_square_is_its_speed() -> None:
    flow = render_flow(_scene(_square(1, 40, 200, speed_px=7)), 0)
    assert flow.shape == (*SIZE, 2)
    assert np.abs(flow[32, 40] - [7, 0]).max() < 1e-4
    assert np.abs(flow[5, 5]).max() < 1e-4


@pytest.mark.parametrize("seed", range(4))
def test_flow_maps_every_pixel_that_stays_visible_to_its_colour(seed: int) -> None:
    scene = replace(make_scene(seed, SPEC), capture=FAULTLESS, light=DAYLIGHT)
    without_shadows = (replace(element, shadow_offset_px=(500.0, 0.0)) for element in scene.elements)
    scene = replace(scene, elements=tuple(without_shadows))
    (image, ids), (next_image, next_ids) = render(scene, 6), render(scene, 7)
    rows, columns = np.indices(scene.size, np.float32)
    target = render_flow(scene, 6) + np.stack([columns, rows], axis=-1)
    seen = cv2.remap(next_image, target[..., 0], target[..., 1], cv2.INTER_LINEAR)
    seen_ids = cv2.remap(next_ids, target[..., 0], target[..., 1], cv2.INTER_NEAREST)
    inner = np.ones((5, 5), np.uint8)
    stays = (cv2.erode(ids, inner) == cv2.dilate(ids, inner)) & (ids == seen_ids)
    stays &= (target[..., 0] > 2) & (target[..., 0] < 157) & (target[..., 1] > 2) & (target[..., 1] < 117)
    difference = np.abs(seen.astype(int) - image).max(axis=-1)[stays]
    assert stays.mean() > 0.5
    assert np.median(difference) <= 3  # two interpolations of a rough surface
    still = np.abs(next_image.astype(int) - image).max(axis=-1)[stays]
    assert difference.mean() < 0.6 * still.mean()
