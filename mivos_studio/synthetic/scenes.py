"""Random scenes from a seed: painted backdrop, moving elements, light and camera faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference_core.types import UInt8Array
from mivos_studio.synthetic.motion import Deformation, Joint, Motion, Oscillation, Wave
from mivos_studio.synthetic.render import composite
from mivos_studio.synthetic.scene import FAULTLESS, Backdrop, Capture, Light, Part, Scene, SceneElement
from mivos_studio.synthetic.shapes import OUTLINES, Sprite, capsule, coverage, make_sprite
from mivos_studio.synthetic.textures import random_texture

Size = tuple[int, int]

_LARGEST_SPRITE_PX = 200


@dataclass(frozen=True)
class SceneSpec:
    """Options of a random scene.

    size                (height, width) in pixels.
    frames              how many frames the motion is planned for.
    objects             fewest and most objects with ids.
    distractors         most moving elements that belong to the background.
    has_camera_faults   whether noise, blur, defocus and compression may occur.
    """

    size: Size = (256, 384)
    frames: int = 60
    objects: tuple[int, int] = (1, 5)
    distractors: int = 2
    has_camera_faults: bool = True


def make_scene(seed: int | Sequence[int], spec: SceneSpec | None = None) -> Scene:
    """Make a random scene; the same seed, a number or several, and the same spec give the same bytes."""
    spec = spec or SceneSpec()
    rng = np.random.default_rng(seed)
    count = int(rng.integers(spec.objects[0], spec.objects[1] + 1))
    object_ids = [*range(1, count + 1), *[0] * int(rng.integers(spec.distractors + 1))]
    meeting_px = rng.uniform(0.3, 0.7, 2) * spec.size[::-1]
    elements = [_element(object_id, spec, meeting_px, rng) for object_id in object_ids]
    order = rng.permutation(len(elements))
    return Scene(
        size=spec.size,
        backdrop=_backdrop(spec, rng),
        elements=tuple(elements[place] for place in order),
        light=Light(gain=Oscillation(1.0, rng.uniform(0, 0.15), rng.uniform(0, 0.2), rng.uniform(0, 6.28))),
        capture=_capture(spec, rng) if spec.has_camera_faults else FAULTLESS,
    )


def _element(
    object_id: int, spec: SceneSpec, meeting_px: NDArray[np.float64], rng: np.random.Generator
) -> SceneElement:
    """Make a random element that moves through the view and near the meeting point of all elements."""
    scale_px = float(min(spec.size) * np.exp(rng.uniform(np.log(0.08), np.log(0.4))))
    radius_px = min(1.2 * scale_px, _LARGEST_SPRITE_PX)
    shadow_px = scale_px * 0.08 if rng.random() < 0.4 else 0.0
    parts = _figure(radius_px, shadow_px, rng) if rng.random() < 0.3 else _single(radius_px, shadow_px, rng)
    return SceneElement(
        object_id,
        parts,
        _motion(spec, scale_px, meeting_px, rng),
        _deformation(rng),
        shadow_offset_px=(0.2 * scale_px, 0.25 * scale_px),
    )


def _single(radius_px: float, shadow_px: float, rng: np.random.Generator) -> tuple[Part, ...]:
    """Make the parts of an element of one piece."""
    outline = OUTLINES[int(rng.integers(len(OUTLINES)))](rng)
    inside = coverage([outline], radius_px, margin_px=2 + int(3 * shadow_px))
    return (Part(_painted(inside, radius_px, shadow_px, rng)),)


def _figure(radius_px: float, shadow_px: float, rng: np.random.Generator) -> tuple[Part, ...]:
    """Make a body with two to five limbs that oscillate, some behind it and some in front."""
    body = _single(radius_px * 0.6, shadow_px, rng)[0]
    limb_outline = capsule(rng)
    limb_radius_px = radius_px * 0.7
    inside = coverage([limb_outline], limb_radius_px, margin_px=2 + int(3 * shadow_px))
    limb = _painted(inside, limb_radius_px, shadow_px, rng)
    parts = [body]
    count = int(rng.integers(2, 6))
    rate = rng.uniform(0.1, 0.5)
    for angle in np.arange(count) * 2 * np.pi / count + rng.uniform(0, 6.28):
        rotation = Oscillation(float(angle), rng.uniform(0.1, 0.7), rate, rng.uniform(0, 6.28))
        joint = Joint(
            0.35 * float(np.cos(angle)), 0.35 * float(np.sin(angle)), rng.uniform(0.5, 0.8), rotation
        )
        parts.insert(0 if rng.random() < 0.6 else len(parts), Part(limb, joint))
    return tuple(parts)


def _painted(inside: UInt8Array, radius_px: float, shadow_px: float, rng: np.random.Generator) -> Sprite:
    """Cover a shape with a random texture."""
    height, width = inside.shape
    surface = random_texture((height, width), rng, saturation=0.55)
    return make_sprite(surface, inside, radius_px, relief=rng.uniform(0, 0.8), shadow_px=shadow_px)


def _motion(
    spec: SceneSpec, scale_px: float, meeting_px: NDArray[np.float64], rng: np.random.Generator
) -> Motion:
    """Plan a path through the view, with one waypoint near where all elements meet."""
    frames_apart = rng.uniform(8, 30)
    count = int(spec.frames / frames_apart) + 3
    step_px = rng.uniform(0.05, 0.35) * spec.size[1]
    steps = rng.normal(0, step_px / 1.5, (count, 2))
    waypoints = np.cumsum(steps, axis=0)
    waypoints += meeting_px - waypoints[int(rng.integers(count))] + rng.normal(0, 0.3 * scale_px, 2)
    limit = np.array(spec.size[::-1], np.float64)
    is_leaving = rng.random() < 0.2  # most elements stay in the view, some leave and return
    margin = -0.3 * limit if is_leaving else 0.1 * limit
    return Motion(
        np.clip(waypoints, margin, limit - margin),
        frames_apart,
        Oscillation(scale_px, scale_px * rng.uniform(0, 0.3), rng.uniform(0, 0.15), rng.uniform(0, 6.28)),
        Oscillation(rng.uniform(0, 6.28), rng.uniform(0, 0.8), rng.uniform(0, 0.3), rng.uniform(0, 6.28)),
        spin_rad=rng.normal(0, 0.04) if rng.random() < 0.5 else 0.0,
        faces_path=bool(rng.random() < 0.2),
    )


def _deformation(rng: np.random.Generator) -> Deformation:
    """Draw a random deformation; small amplitudes are more frequent."""
    return Deformation(_wave(rng), _wave(rng))


def _wave(rng: np.random.Generator) -> Wave:
    amplitude = rng.uniform(0, 0.35) ** 2 / 0.35
    phase = rng.uniform(0, 6.28)
    return Wave(amplitude, rng.uniform(1, 4), rng.uniform(-0.4, 0.4), phase, swell=rng.uniform(0, 1))


def _backdrop(spec: SceneSpec, rng: np.random.Generator) -> Backdrop:
    """Paint a surface with clutter on it that drifts, zooms and rotates a little."""
    height, width = spec.size
    drift_px = rng.uniform(0, 0.12) * width
    margin_px = int(0.12 * width + drift_px)
    size = (height + 2 * margin_px, width + 2 * margin_px)
    surface = random_texture(size, rng, saturation=0.35)
    for _ in range(int(rng.integers(8))):
        _paste_clutter(surface, spec, rng)
    frames_apart = rng.uniform(15, 40)
    waypoints = np.array([width, height]) / 2 + rng.uniform(
        -drift_px, drift_px, (int(spec.frames / frames_apart) + 3, 2)
    )
    zoom = Oscillation(1.05, rng.uniform(0, 0.04), rng.uniform(0, 0.1), rng.uniform(0, 6.28))
    tilt = Oscillation(0.0, rng.uniform(0, 0.08), rng.uniform(0, 0.1), rng.uniform(0, 6.28))
    return Backdrop(surface, Motion(waypoints, frames_apart, zoom, tilt))


def _paste_clutter(surface: UInt8Array, spec: SceneSpec, rng: np.random.Generator) -> None:
    """Paint, in place, a shape like an object that moves with the backdrop."""
    radius_px = rng.uniform(0.06, 0.25) * min(spec.size)
    pixels = _single(radius_px, 0.0, rng)[0].sprite.pixels
    side = pixels.shape[0]
    top, left = (int(rng.integers(0, max(1, length - side))) for length in surface.shape[:2])
    spot = surface[top : top + side, left : left + side]
    composite(spot, pixels[: spot.shape[0], : spot.shape[1]])


def _capture(spec: SceneSpec, rng: np.random.Generator) -> Capture:
    """Draw random camera faults: mostly grain, sometimes blur or compression."""
    grain = None
    if rng.random() < 0.6:
        size = (spec.size[0] + 64, spec.size[1] + 64, 3)
        grain = np.clip(rng.standard_normal(size, np.float32) * rng.uniform(1, 8), -127, 127).astype(np.int8)
    return Capture(
        blur_samples=3 if rng.random() < 0.15 else 1,
        defocus_px=rng.uniform(0.3, 1.2) if rng.random() < 0.3 else 0.0,
        noise=grain,
        jpeg_quality=int(rng.integers(30, 90)) if rng.random() < 0.3 else 0,
    )
