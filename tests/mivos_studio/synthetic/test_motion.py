"""Paths, poses and deformations, and their inverses."""

from __future__ import annotations

import numpy as np
import pytest

from mivos_studio.synthetic.motion import Deformation, Motion, Oscillation, Pose, Wave, to_image, to_local

WAYPOINTS = np.array([(0.0, 0.0), (40.0, 10.0), (60.0, 50.0), (20.0, 80.0)])
U, V = (axis.astype(np.float32) for axis in np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 7)))


def test_a_path_passes_its_waypoints_on_time() -> None:
    motion = Motion(WAYPOINTS, 10, Oscillation(5.0))
    for number, (x, y) in enumerate(WAYPOINTS):
        pose = motion.pose(10.0 * number)
        assert (pose.x, pose.y) == pytest.approx((x, y))


def test_a_path_has_no_jumps_nor_kinks() -> None:
    motion = Motion(WAYPOINTS, 10, Oscillation(5.0))
    places = np.array([(motion.pose(time).x, motion.pose(time).y) for time in np.arange(-5, 35, 0.1)])
    steps = np.diff(places, axis=0)
    assert np.abs(steps).max() < 1
    assert np.abs(np.diff(steps, axis=0)).max() < 0.05


def test_an_element_that_faces_its_path_points_along_it() -> None:
    motion = Motion(WAYPOINTS, 10, Oscillation(5.0), faces_path=True)
    before, pose, after = (motion.pose(time) for time in (13.9, 14.0, 14.1))
    assert pose.angle_rad == pytest.approx(np.arctan2(after.y - before.y, after.x - before.x), abs=1e-3)


def test_a_rotation_is_clockwise_on_the_screen_where_y_points_down() -> None:
    x, y = to_image(Pose(100, 50, np.pi / 2, 10), np.ones(1, np.float32), np.zeros(1, np.float32))
    assert (float(x[0]), float(y[0])) == pytest.approx((100, 60), abs=1e-4)


def test_a_pose_is_inverted_exactly() -> None:
    pose = Pose(123.4, 56.7, 0.8, 31.0)
    u, v = to_local(pose, *to_image(pose, U, V))
    assert np.abs(u - U).max() < 1e-5
    assert np.abs(v - V).max() < 1e-5


def test_a_deformation_is_inverted_exactly() -> None:
    deformation = Deformation(Wave(0.3, 3.0, 0.2, 1.0, swell=0.7), Wave(0.2, 2.0, -0.3, 0.5))
    deformed = deformation.apply(U, V, 7.5)
    u, v = deformation.undo(*deformed, 7.5)
    assert np.abs(deformed[1] - V).max() > 0.1
    assert np.abs(u - U).max() < 1e-5
    assert np.abs(v - V).max() < 1e-5


def test_a_swelling_wave_leaves_the_head_still() -> None:
    swimming = Wave(0.2, 2.0, 0.4, 0.3, swell=1.0)
    head, tail = np.ones(1, np.float32), -np.ones(1, np.float32)
    assert max(abs(float(swimming.at(head, time)[0])) for time in range(20)) < 1e-6
    assert max(abs(float(swimming.at(tail, time)[0])) for time in range(20)) > 0.15
