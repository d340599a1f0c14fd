"""A koi pond seen from above: two fish that cross and bend over stones, under rippling light."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from inference_core.types import Float32Array, UInt8Array
from mivos_studio.synthetic.motion import Deformation, Joint, Motion, Oscillation, Wave
from mivos_studio.synthetic.scene import Backdrop, Capture, Light, Part, Scene, SceneElement
from mivos_studio.synthetic.shapes import Sprite, coverage, make_sprite
from mivos_studio.synthetic.textures import Colour, clouds, noise, paint, ramp, stones

_SHADOW_PX = 9.0
_SHADOW_OFFSET_PX = (26.0, 38.0)
_CAUSTICS_PX = 512

# Half the width of a koi along its length, head at u = 1; behind -0.72 the tail fin spreads.
_BODY_LENGTHS = (1.0, 0.97, 0.9, 0.75, 0.5, 0.2, -0.1, -0.4, -0.6, -0.72, -0.85, -1.0, -1.15, -1.25)
_BODY_WIDTHS = (0.0, 0.07, 0.125, 0.17, 0.205, 0.21, 0.185, 0.13, 0.085, 0.06, 0.09, 0.15, 0.2, 0.21)
_TAIL_NOTCH = (-1.08, 0.0)

_WHITE_AND_RED = ((236, 232, 222), (232, 92, 38))
_GOLD_AND_BLACK = ((246, 186, 62), (38, 40, 56))


def make_pond(seed: int, size: tuple[int, int], frames: int) -> Scene:
    """Make the pond for a view of the size (height, width) and a clip of so many frames."""
    rng = np.random.default_rng(seed)
    unit_px = size[1] / 854
    apart = (frames - 1) / 4
    rising = [(0.22, 0.80), (0.34, 0.60), (0.51, 0.51), (0.68, 0.36), (0.80, 0.34)]
    falling = [(0.82, 0.80), (0.70, 0.66), (0.51, 0.48), (0.34, 0.36), (0.17, 0.28)]
    below = _koi(1, _WHITE_AND_RED, _path(rising, size, apart, 138 * unit_px), rng)
    above = _koi(2, _GOLD_AND_BLACK, _path(falling, size, apart, 126 * unit_px), rng)
    pads = [
        _lily_pad((0.95, 0.12), 96 * unit_px, size, rng),
        _lily_pad((0.00, 0.97), 104 * unit_px, size, rng),
        _lily_pad((0.82, -0.03), 62 * unit_px, size, rng),
    ]
    return Scene(
        size=size,
        backdrop=_floor(size, frames, rng),
        elements=(below, above, *pads),
        light=Light(Oscillation(1.0, 0.03, 0.11), _caustics(rng), ((0.9, 0.35), (-0.6, 0.5))),
        capture=Capture(noise=_grain(size, rng)),
    )


def _path(shares: list[tuple[float, float]], size: tuple[int, int], apart: float, scale_px: float) -> Motion:
    """Make a fish's motion through waypoints given as shares of the view's (width, height)."""
    waypoints = np.array(shares) * size[::-1]
    return Motion(waypoints, apart, Oscillation(scale_px, 0.06 * scale_px, 0.07), faces_path=True)


def _koi(
    object_id: int, colours: tuple[Colour, Colour], motion: Motion, rng: np.random.Generator
) -> SceneElement:
    """Make a fish: moving pectoral and pelvic fins, a body that bends towards the tail."""
    radius_px = 1.2 * motion.scale_px.middle
    body = _body(radius_px, colours, rng)
    fin = _fin(radius_px * 0.36, colours[0], rng)
    parts = []
    for side in (-1, 1):
        for u, spread, length, phase in ((0.52, 2.25, 0.36, 0.0), (-0.12, 2.55, 0.24, 1.5)):
            swing = Oscillation(side * spread, 0.28, 0.33, phase)
            parts.append(Part(fin, Joint(u, side * 0.13, length, swing)))
    swimming = Wave(0.17, 2.3, -0.42, rng.uniform(0, 6.28), swell=0.9)
    return SceneElement(
        object_id, (*parts, Part(body)), motion, Deformation(bend=swimming), _SHADOW_OFFSET_PX
    )


def _body(radius_px: float, colours: tuple[Colour, Colour], rng: np.random.Generator) -> Sprite:
    """Paint body and tail in one: patches over a pale ground, a net of scales, fin rays, eyes."""
    upper = np.stack([_BODY_LENGTHS, _BODY_WIDTHS], 1)
    outline = _float32(np.concatenate([upper, [_TAIL_NOTCH], upper[::-1] * [1, -1]]))
    inside = coverage([_rounded(outline)], radius_px, margin_px=2 + int(3 * _SHADOW_PX))
    size = inside.shape[0]
    v, u = ((np.indices(inside.shape, np.float32) - (size - 1) / 2) / radius_px).astype(np.float32)
    patches = noise((size, size), rng, cells=9, octaves=3)
    edge = 1 / (1 + np.exp((0.54 - patches) * 40))
    is_tail = np.clip((-0.7 - u) * 6, 0, 1)
    surface = _mixed(colours, edge * (1 - is_tail))
    scales = 1 - 0.10 * np.abs(np.sin(u * 46 + np.cos(v * 75) * 1.2)) * (u < 0.62)
    rays = 1 - 0.22 * is_tail * (0.5 + 0.5 * np.sin(np.arctan2(v, u + 0.55) * 90))
    spine = 1 - 0.22 * np.exp(-((v / 0.025) ** 2)) * (np.abs(u - 0.05) < 0.5)
    surface = np.clip(surface * (scales * rays * spine)[..., None], 0, 255).astype(np.uint8)
    for side in (-1, 1):
        eye = (round((size - 1) / 2 + 0.84 * radius_px), round((size - 1) / 2 + side * 0.115 * radius_px))
        cv2.circle(surface, eye, round(0.028 * radius_px), (20, 18, 16), -1, cv2.LINE_AA)
    return make_sprite(surface, inside, radius_px, relief=0.75, shadow_px=_SHADOW_PX)


def _fin(radius_px: float, colour: Colour, rng: np.random.Generator) -> Sprite:
    """Paint a fin that fans out from u = 0 to u = 1."""
    angles = np.linspace(-0.42, 0.42, 24)
    arc = np.stack([np.cos(angles), np.sin(angles)], 1) * (1 - 0.35 * np.abs(angles / 0.42) ** 3)[:, None]
    outline = _float32(np.concatenate([[(-0.1, 0.08), (-0.1, -0.08)], arc]))
    inside = coverage([outline], radius_px, margin_px=2 + int(3 * _SHADOW_PX))
    size = inside.shape[0]
    v, u = ((np.indices(inside.shape, np.float32) - (size - 1) / 2) / radius_px).astype(np.float32)
    shade = 0.82 + 0.12 * np.sin(np.arctan2(v, u + 0.1) * 60) + 0.1 * noise((size, size), rng, cells=6)
    surface = np.clip(shade[..., None] * _float32(colour), 0, 255).astype(np.uint8)
    return make_sprite(surface, inside, radius_px, relief=0.3, shadow_px=_SHADOW_PX)


def _lily_pad(
    place: tuple[float, float], radius_px: float, size: tuple[int, int], rng: np.random.Generator
) -> SceneElement:
    """Float a leaf on the water, above the fish; it belongs to the background."""
    angles = np.linspace(0.16, 2 * np.pi - 0.16, 90)
    rim = np.stack([np.cos(angles), np.sin(angles)], 1) * (1 + 0.02 * np.sin(angles * 7))[:, None]
    inside = coverage(
        [_float32(np.concatenate([[(0.08, 0)], rim]))], radius_px, margin_px=2 + int(3 * _SHADOW_PX)
    )
    side = inside.shape[0]
    v, u = ((np.indices(inside.shape, np.float32) - (side - 1) / 2) / radius_px).astype(np.float32)
    veins = np.abs(np.sin(np.arctan2(v, u) * 6.5)) ** 0.25
    field = 0.35 + 0.4 * noise((side, side), rng, cells=7) + 0.25 * veins * np.hypot(u, v)
    leaf = paint(field, ramp([(16, 52, 22), (44, 104, 40), (96, 150, 62), (150, 186, 92)]))
    sprite = make_sprite(leaf, inside, radius_px, relief=0.35, shadow_px=_SHADOW_PX)
    waypoints = np.array([place, (place[0] - 0.015, place[1] + 0.02)]) * size[::-1]
    angle = Oscillation(rng.uniform(0, 6.28), 0.08, 0.06)
    return SceneElement(
        0,
        (Part(sprite),),
        Motion(waypoints, 72.0, Oscillation(radius_px), angle),
        shadow_offset_px=(14.0, 20.0),
    )


def _floor(size: tuple[int, int], frames: int, rng: np.random.Generator) -> Backdrop:
    """Paint stones of many sizes on sand, in the green of deep water; the view drifts over them."""
    margin_px = size[1] // 10
    whole = (size[0] + 2 * margin_px, size[1] + 2 * margin_px)
    shade, depth = stones(whole, rng, count=420)
    relief = np.clip(depth * 2.2, 0, 1) ** 0.6
    grain = noise(whole, rng, cells=120, octaves=4)
    field = (0.22 + 0.5 * shade + 0.3 * (grain - 0.5)) * (0.35 + 0.65 * relief)
    pebbles = paint(field, ramp([(6, 22, 26), (22, 62, 62), (52, 98, 90), (98, 132, 112), (150, 168, 138)]))
    sand = clouds(whole, ramp([(14, 52, 56), (34, 84, 80), (78, 118, 98)]), rng)
    bare = np.clip((noise(whole, rng, cells=4, octaves=3) - 0.45) * 6, 0, 1)[..., None]
    surface = (pebbles * (1 - 0.75 * bare) + sand * (0.75 * bare)).astype(np.uint8)
    surface = np.asarray(cv2.GaussianBlur(surface, (0, 0), 1.3), np.uint8)
    width, height = size[1], size[0]
    waypoints = np.array([(0.53, 0.48), (0.50, 0.50), (0.46, 0.53)]) * (width, height)
    return Backdrop(
        surface,
        Motion(waypoints, (frames - 1) / 2, Oscillation(1.04, 0.02, 0.05), Oscillation(0.0, 0.02, 0.06)),
    )


def _caustics(rng: np.random.Generator) -> tuple[UInt8Array, UInt8Array]:
    """Make two seamless nets of light: bright lines between dim cells."""
    nets = []
    for count in (34, 46):
        points = rng.random((count, 2)) * _CAUSTICS_PX
        distance = _distance_to_rims(points)
        net = 96 + 110 * np.exp(-distance / 13) + 40 * np.exp(-distance / 45)
        nets.append(np.clip(net, 0, 255).astype(np.uint8))
    return nets[0], nets[1]


def _distance_to_rims(points: NDArray[np.float64]) -> Float32Array:
    """Measure how much farther the second nearest point is than the nearest, on a plane that repeats."""
    along = np.abs(np.arange(_CAUSTICS_PX, dtype=np.float32) - points.astype(np.float32)[..., None])
    squares = np.minimum(along, _CAUSTICS_PX - along) ** 2
    nearest = np.full((_CAUSTICS_PX, _CAUSTICS_PX), np.inf, np.float32)
    second = nearest.copy()
    for down, right in squares:
        square = down[:, None] + right
        np.minimum(second, np.maximum(nearest, square), out=second)
        np.minimum(nearest, square, out=nearest)
    return np.sqrt(second) - np.sqrt(nearest)


def _mixed(colours: tuple[Colour, Colour], share: NDArray[np.float32]) -> Float32Array:
    """Mix two colours by the share (H, W) of the second."""
    first, second = _float32(colours[0]), _float32(colours[1])
    return first + share[..., None] * (second - first)


def _rounded(outline: Float32Array) -> Float32Array:
    """Put three points on every side and smooth the corners."""
    count = len(outline)
    dense = [
        np.interp(np.arange(0, count, 0.25), np.arange(count + 1), np.append(axis, axis[0]))
        for axis in outline.T
    ]
    padded = np.pad(np.stack(dense, 1), ((3, 3), (0, 0)), mode="wrap")
    kernel = np.hanning(9)[1:-1] / np.hanning(9).sum()
    return _float32(np.stack([np.convolve(axis, kernel, mode="valid") for axis in padded.T], 1))


def _grain(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.int8]:
    tile = rng.standard_normal((size[0] + 32, size[1] + 32, 1), np.float32) * 2.2
    return np.repeat(np.clip(tile, -127, 127).astype(np.int8), 3, axis=2)


def _float32(values: ArrayLike) -> Float32Array:
    return np.asarray(values, np.float32)
