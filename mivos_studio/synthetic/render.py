"""Render a frame of a scene: the image with soft edges, exact ids, soft alpha of every object, exact flow.

The id of a pixel is that of the foremost element that covers at least half of it, its flow that of the
foremost such part.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import ArrayLike

from inference_core.types import Float32Array, UInt8Array
from mivos_studio.synthetic.motion import joint_pose, to_image, to_local
from mivos_studio.synthetic.scene import Backdrop, Capture, Light, Part, Scene, SceneElement
from mivos_studio.synthetic.shapes import Sprite

Box = tuple[slice, slice]

_SHADOW_STRENGTH = 0.45
_HALF = 128  # coverage, of 255, from which on a pixel belongs to an element
_RIM_SAMPLES = 12


def render(scene: Scene, frame_index: int) -> tuple[UInt8Array, UInt8Array]:
    """Render a frame: image (H, W, 3) uint8 RGB and ids (H, W) uint8."""
    capture = scene.capture
    image, ids = _render(scene, float(frame_index))
    if capture.blur_samples > 1:
        image = _motion_blur(scene, frame_index)
    return _apply_capture(image, scene.capture, frame_index), ids


def render_alpha(scene: Scene, frame_index: int) -> dict[int, UInt8Array]:
    """Return the visible coverage (H, W) uint8 of every object, by object_id."""
    object_ids = sorted({element.object_id for element in scene.elements} - {0})
    alpha = {object_id: np.zeros(scene.size, np.uint8) for object_id in object_ids}
    for element in scene.elements:
        for _, box, pixels in _visible_parts(scene, element, float(frame_index)):
            inside = pixels[..., 3]
            for object_id, layer in alpha.items():
                if object_id == element.object_id:
                    layer[box] = _union(layer[box], inside)
                else:
                    layer[box] = cv2.multiply(layer[box], 255 - inside, scale=1 / 255)
    return alpha


def render_flow(scene: Scene, frame_index: int) -> Float32Array:
    """Return each pixel's motion until the next frame: (H, W, 2) float32, (x, y) in pixels."""
    now, then = float(frame_index), float(frame_index + 1)
    rows, columns = _grid((slice(0, scene.size[0]), slice(0, scene.size[1])))
    backdrop = scene.backdrop.motion
    target = to_image(backdrop.pose(then), *to_local(backdrop.pose(now), columns, rows))
    flow = np.stack([target[0] - columns, target[1] - rows], axis=-1)
    for element in scene.elements:
        for part, box, pixels in _visible_parts(scene, element, now):
            rows, columns = _grid(box)
            u, v = _to_part(element, part, columns, rows, now)
            x, y = _from_part(element, part, u, v, then)
            covered = pixels[..., 3] >= _HALF
            flow[box][covered] = np.stack([x - columns, y - rows], axis=-1)[covered]
    return _float32(flow)


def composite(image: UInt8Array, pixels: UInt8Array) -> None:
    """Composite pixels (H, W, 4), RGB multiplied by coverage, over an image (H, W, 3), in place."""
    outside = cv2.merge([255 - pixels[..., 3]] * 3)
    image[:] = cv2.add(cv2.multiply(image, outside, scale=1 / 255), pixels[..., :3])


def _render(scene: Scene, time: float) -> tuple[UInt8Array, UInt8Array]:
    """Render one instant without camera faults."""
    image = _backdrop(scene.backdrop, scene.size, time)
    ids = np.zeros(scene.size, np.uint8)
    for element in scene.elements:
        _cast_shadow(image, element, time)
        covered = np.zeros(scene.size if len(element.parts) > 1 else (0, 0), np.uint8)
        for _, box, pixels in _visible_parts(scene, element, time):
            composite(image[box], pixels)
            inside = pixels[..., 3]
            if covered.size:
                covered[box] = inside = _union(covered[box], inside)
            ids[box][inside >= _HALF] = element.object_id
    return _apply_light(image, scene.light, time), ids


def _backdrop(backdrop: Backdrop, size: tuple[int, int], time: float) -> UInt8Array:
    """Warp the backdrop's surface into the view."""
    pose = backdrop.motion.pose(time)
    x, y = to_local(pose, _float32([0, 1, 0]), _float32([0, 0, 1]))
    height, width = backdrop.surface.shape[:2]
    matrix = np.array(
        [
            [x[1] - x[0], x[2] - x[0], x[0] + (width - 1) / 2],
            [y[1] - y[0], y[2] - y[0], y[0] + (height - 1) / 2],
        ],
        np.float64,
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(backdrop.surface, matrix, size[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT_101),
        np.uint8,
    )


def _visible_parts(
    scene: Scene, element: SceneElement, time: float
) -> Iterator[tuple[Part, Box, UInt8Array]]:
    """Yield the visible parts of an element, back to front, each with its box and its warped pixels."""
    for part in element.parts:
        box = _box(element, part, time, scene.size)
        if box is not None:
            rows, columns = _grid(box)
            u, v = _to_part(element, part, columns, rows, time)
            yield part, box, _sample(part.sprite, part.sprite.pixels, u, v)


def _union(first: UInt8Array, second: UInt8Array) -> UInt8Array:
    """Combine the coverage of two parts of one element."""
    return np.asarray(cv2.add(second, cv2.multiply(first, 255 - second, scale=1 / 255)), np.uint8)


def _cast_shadow(image: UInt8Array, element: SceneElement, time: float) -> None:
    """Darken, in place, the image behind an element."""
    offset_x, offset_y = element.shadow_offset_px
    casting = [part for part in element.parts if part.sprite.shadow.size]
    shade = np.zeros(image.shape[:2] if casting else (0, 0), np.uint8)
    for part in casting:
        box = _box(element, part, time, shade.shape, element.shadow_offset_px)
        if box is not None:
            rows, columns = _grid(box)
            u, v = _to_part(element, part, columns - np.float32(offset_x), rows - np.float32(offset_y), time)
            shade[box] = cv2.max(shade[box], _sample(part.sprite, part.sprite.shadow, u, v))
    if shade.any():
        remaining = cv2.convertScaleAbs(shade, alpha=-_SHADOW_STRENGTH, beta=255)
        cv2.multiply(image, cv2.merge([remaining] * 3), dst=image, scale=1 / 255)


def _sample(sprite: Sprite, pixels: UInt8Array, u: Float32Array, v: Float32Array) -> UInt8Array:
    """Sample a sprite's pixels or shadow at coordinates (u, v) of its part; outside it is 0."""
    scale, centre = np.float32(sprite.radius_px), np.float32(sprite.centre_px)
    return np.asarray(cv2.remap(pixels, u * scale + centre, v * scale + centre, cv2.INTER_LINEAR), np.uint8)


def _to_part(
    element: SceneElement, part: Part, x: Float32Array, y: Float32Array, time: float
) -> tuple[Float32Array, Float32Array]:
    """Transform image pixels (x, y) to coordinates of the part at rest."""
    u, v = to_local(element.motion.pose(time), x, y)
    u, v = element.deformation.undo(u, v, time)
    return (u, v) if part.joint is None else to_local(joint_pose(part.joint, time), u, v)


def _from_part(
    element: SceneElement, part: Part, u: Float32Array, v: Float32Array, time: float
) -> tuple[Float32Array, Float32Array]:
    """Transform coordinates of the part at rest to image pixels (x, y)."""
    if part.joint is not None:
        u, v = to_image(joint_pose(part.joint, time), u, v)
    u, v = element.deformation.apply(u, v, time)
    return to_image(element.motion.pose(time), u, v)


def _box(
    element: SceneElement,
    part: Part,
    time: float,
    size: tuple[int, ...],
    offset_px: tuple[float, float] = (0.0, 0.0),
) -> Box | None:
    """Bound a part in the view: its sprite's rim moved to the image; None where it is out of view."""
    reach = part.sprite.reach
    side = np.linspace(-reach, reach, _RIM_SAMPLES, dtype=np.float32)
    full = np.full_like(side, reach)
    u, v = np.concatenate([side, side, full, -full]), np.concatenate([full, -full, side, side])
    x, y = _from_part(element, part, u, v, time)
    left, right = int(x.min() + offset_px[0]) - 2, int(x.max() + offset_px[0]) + 3
    top, bottom = int(y.min() + offset_px[1]) - 2, int(y.max() + offset_px[1]) + 3
    rows, columns = slice(max(0, top), min(size[0], bottom)), slice(max(0, left), min(size[1], right))
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


def _grid(box: Box) -> tuple[Float32Array, Float32Array]:
    """Return the rows and columns of a box's pixels, both of its shape."""
    rows = np.arange(box[0].start, box[0].stop, dtype=np.float32)
    columns = np.arange(box[1].start, box[1].stop, dtype=np.float32)
    grid_rows, grid_columns = np.meshgrid(rows, columns, indexing="ij")
    return grid_rows, grid_columns


def _apply_light(image: UInt8Array, light: Light, time: float) -> UInt8Array:
    """Change the brightness of a whole frame."""
    gain = light.gain.at(time)
    if not light.patterns:
        return image if gain == 1 else np.asarray(cv2.convertScaleAbs(image, alpha=gain), np.uint8)
    brightness: MatLike = np.full(image.shape[:2], 255, np.uint8)
    for pattern, drift in zip(light.patterns, light.drift_px, strict=True):
        matrix = np.array([[1, 0, drift[0] * time], [0, 1, drift[1] * time]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        moved = cv2.warpAffine(
            pattern, matrix, brightness.shape[::-1], flags=flags, borderMode=cv2.BORDER_WRAP
        )
        brightness = cv2.min(brightness, moved)
    return np.asarray(cv2.multiply(image, cv2.merge([brightness] * 3), scale=gain / 128), np.uint8)


def _motion_blur(scene: Scene, frame_index: int) -> UInt8Array:
    """Average instants around a frame's time."""
    capture = scene.capture
    total = np.zeros((*scene.size, 3), np.uint16)
    for sample in range(capture.blur_samples):
        lag = (sample + 0.5) / capture.blur_samples - 0.5
        total += _render(scene, frame_index + capture.shutter * lag)[0]
    return ((total + capture.blur_samples // 2) // capture.blur_samples).astype(np.uint8)


def _apply_capture(image: UInt8Array, capture: Capture, frame_index: int) -> UInt8Array:
    """Add all camera faults but motion blur."""
    if capture.defocus_px > 0:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), capture.defocus_px), np.uint8)
    if capture.noise is not None:
        spare_rows = capture.noise.shape[0] - image.shape[0] + 1
        spare_columns = capture.noise.shape[1] - image.shape[1] + 1
        top, left = frame_index * 37 % spare_rows, frame_index * 61 % spare_columns
        grain = capture.noise[top : top + image.shape[0], left : left + image.shape[1]]
        image = np.asarray(cv2.add(image, grain, dtype=cv2.CV_8U), np.uint8)
    if capture.jpeg_quality > 0:
        _, file = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, capture.jpeg_quality])
        image = np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR_RGB), np.uint8)
    return image


def _float32(values: ArrayLike) -> Float32Array:
    return np.asarray(values, np.float32)
