"""Motion of scene elements: poses along smooth paths, and deformations with an exact inverse.

An element has local coordinates (u, v), in which it reaches from -1 to 1. A deformation is two shears, a pose
rotates, scales and translates. Both directions are closed formulas, so masks and optical flow are exact.
Times are frame numbers, not necessarily whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference_core.types import Float32Array


@dataclass(frozen=True)
class Pose:
    """Position of an element: its centre (x, y) and its scale, both in image pixels, and its angle."""

    x: float
    y: float
    angle_rad: float
    scale_px: float


@dataclass(frozen=True)
class Oscillation:
    """An oscillating number: middle + amplitude * sin(rate t + phase), the rate in radians a frame."""

    middle: float
    amplitude: float = 0.0
    rate: float = 0.0
    phase: float = 0.0

    def at(self, time: float) -> float:
        """Return the value at a time."""
        return self.middle + self.amplitude * float(np.sin(self.rate * time + self.phase))


UPRIGHT = Oscillation(0.0)


@dataclass(frozen=True, eq=False)
class Motion:
    """A path through waypoints (N, 2) float64, (x, y) in image pixels, reached every `frames_apart` frames.

    The angle grows by spin_rad a frame, oscillates by angle_rad, and with `faces_path` follows the path.
    """

    waypoints: NDArray[np.float64]
    frames_apart: float
    scale_px: Oscillation
    angle_rad: Oscillation = UPRIGHT
    spin_rad: float = 0.0
    faces_path: bool = False

    def pose(self, time: float) -> Pose:
        """Return the pose at a time."""
        (x, y), (speed_x, speed_y) = self._along_path(time)
        angle = self.angle_rad.at(time) + self.spin_rad * time
        if self.faces_path:
            angle += float(np.arctan2(speed_y, speed_x))
        return Pose(x, y, angle, self.scale_px.at(time))

    def _along_path(self, time: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return position and speed on the Catmull-Rom curve through the waypoints, linear beyond it."""
        progress = time / self.frames_apart
        span = min(max(int(progress // 1), 0), len(self.waypoints) - 2)
        (x, speed_x), (y, speed_y) = (
            _on_curve(axis, span, progress - span) for axis in self.waypoints.T.tolist()
        )
        return (x, y), (speed_x, speed_y)


@dataclass(frozen=True)
class Wave:
    """A travelling wave along one coordinate that displaces the other, in units of the element.

    `swell` makes it grow towards -1, as a swimming fish's tail moves more than its head: 0 not at all, 1 from
    zero at +1 to the whole amplitude at -1.
    """

    amplitude: float = 0.0
    per_unit_rad: float = 0.0
    per_frame_rad: float = 0.0
    phase: float = 0.0
    swell: float = 0.0

    def at(self, coordinate: Float32Array, time: float) -> Float32Array:
        """Return the displacement at each coordinate; same shape."""
        if self.amplitude == 0:
            return np.zeros_like(coordinate)
        offset = np.float32(self.phase - self.per_frame_rad * time)
        wave: Float32Array = np.sin(np.float32(self.per_unit_rad) * coordinate + offset)
        wave *= np.float32(self.amplitude)
        if self.swell == 0:
            return wave
        rise = np.clip((1 - coordinate) * np.float32(0.5), 0, 1.5)
        wave *= np.float32(1 - self.swell) + np.float32(self.swell) * rise * rise
        return wave


STILL = Wave()


@dataclass(frozen=True)
class Deformation:
    """First v is displaced by a wave along u (bend), then u by a wave along v (sway)."""

    bend: Wave = STILL
    sway: Wave = STILL

    def apply(self, u: Float32Array, v: Float32Array, time: float) -> tuple[Float32Array, Float32Array]:
        """Deform points of the element at rest to their positions at a time."""
        v = v + self.bend.at(u, time)
        return u + self.sway.at(v, time), v

    def undo(self, u: Float32Array, v: Float32Array, time: float) -> tuple[Float32Array, Float32Array]:
        """Invert `apply`: return the points at rest of points at a time."""
        u = u - self.sway.at(v, time)
        return u, v - self.bend.at(u, time)


RIGID = Deformation()


@dataclass(frozen=True)
class Joint:
    """Attachment of a limb: at (u, v) of the body, `size` times as large, rotating about that point."""

    u: float
    v: float
    size: float
    angle_rad: Oscillation


def to_image(pose: Pose, u: Float32Array, v: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Transform local coordinates to image pixels (x, y)."""
    cosine, sine = _rotation(pose.angle_rad, pose.scale_px)
    return cosine * u - sine * v + np.float32(pose.x), sine * u + cosine * v + np.float32(pose.y)


def to_local(pose: Pose, x: Float32Array, y: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Transform image pixels (x, y) to local coordinates; x and y may be of shapes that broadcast."""
    cosine, sine = _rotation(pose.angle_rad, 1 / pose.scale_px)
    x, y = x - np.float32(pose.x), y - np.float32(pose.y)
    return cosine * x + sine * y, cosine * y - sine * x


def joint_pose(joint: Joint, time: float) -> Pose:
    """Return the pose of a limb in its body's coordinates."""
    return Pose(joint.u, joint.v, joint.angle_rad.at(time), joint.size)


def _rotation(angle_rad: float, scale: float) -> tuple[np.float32, np.float32]:
    return np.float32(scale * np.cos(angle_rad)), np.float32(scale * np.sin(angle_rad))


def _on_curve(values: list[float], span: int, progress: float) -> tuple[float, float]:
    """Return value and slope of one coordinate at `progress` (0 to 1) from values[span] to the next."""
    start, end = values[span], values[span + 1]
    before = values[span - 1] if span > 0 else 2 * start - end
    after = values[span + 2] if span + 2 < len(values) else 2 * end - start
    linear = end - before
    square = 2 * before - 5 * start + 4 * end - after
    cube = 3 * (start - end) + after - before
    t = min(max(progress, 0.0), 1.0)
    slope = 0.5 * (linear + t * (2 * square + 3 * t * cube))
    return start + 0.5 * t * (linear + t * (square + t * cube)) + (progress - t) * slope, slope
