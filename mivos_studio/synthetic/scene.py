"""Data classes of a scene: a backdrop, elements back to front, light, and camera faults."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference_core.types import UInt8Array
from mivos_studio.synthetic.motion import RIGID, Deformation, Joint, Motion, Oscillation
from mivos_studio.synthetic.shapes import Sprite

STEADY = Oscillation(1.0)


@dataclass(frozen=True)
class Part:
    """A painted part of an element; without a joint it is the body."""

    sprite: Sprite
    joint: Joint | None = None


@dataclass(frozen=True)
class SceneElement:
    """A moving element: parts back to front. An object_id of 0 makes it part of the background.

    shadow_offset_px  (x, y), from the element to its shadow, image pixels.
    """

    object_id: int
    parts: tuple[Part, ...]
    motion: Motion
    deformation: Deformation = RIGID
    shadow_offset_px: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Backdrop:
    """A painted surface (H, W, 3) uint8, larger than the view; its origin is its centre, its unit a pixel."""

    surface: UInt8Array
    motion: Motion


@dataclass(frozen=True, eq=False)
class Light:
    """Varying brightness: a gain for the whole frame, and patterns of light that drift across it.

    patterns  (P, P) uint8 each, seamless; the minimum of all applies at a pixel; 128 is neutral.
    drift_px  one (x, y) a pattern, image pixels a frame.
    """

    gain: Oscillation = STEADY
    patterns: tuple[UInt8Array, ...] = ()
    drift_px: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, eq=False)
class Capture:
    """Effects of the camera on the image, in this order; masks are not affected.

    blur_samples   instants averaged while the shutter is open for `shutter` frames; 1 is sharp.
    defocus_px     standard deviation of a Gaussian, image pixels; 0 is sharp.
    noise          (P, P, 3) int8 tile of grain; empty for none.
    jpeg_quality   1-100, 0 leaves out compression.
    """

    blur_samples: int = 1
    shutter: float = 0.5
    defocus_px: float = 0.0
    noise: NDArray[np.int8] | None = None
    jpeg_quality: int = 0


DAYLIGHT = Light()
FAULTLESS = Capture()


@dataclass(frozen=True)
class Scene:
    """A scene that can be rendered at any time; size is (height, width)."""

    size: tuple[int, int]
    backdrop: Backdrop
    elements: tuple[SceneElement, ...]
    light: Light = DAYLIGHT
    capture: Capture = FAULTLESS
