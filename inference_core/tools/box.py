"""A box around an object: negative along its sides, positive at its centre, and a first guess.

The guess matters most: on 16 images of the Berkeley set, boxes as tight as the objects, with half-trained
networks, the mean IoU was 0.37 without and 0.53 with it; the box filled has 0.48.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inference_core.tools.crop import Crop
from inference_core.tools.predict import Prompt, predict
from inference_core.tools.rasterize import GuidanceMaps
from inference_core.tools.spec import StrokeShape, ToolSpec
from inference_core.tools.tool_input import Edited, ToolInput
from inference_core.types import BoolArray, Float32Array, Region, Stroke

# Surroundings that the network sees, as a share of the box's sides, and the least of it.
_MARGIN_SHARE = 0.2
_MARGIN_PX = 16
# The guidance maps, drawn as in the interaction network's training, working pixels.
_LINE_PX = 2
_CROSS_SHARE = 1 / 8

# An ellipse of this share of the sides is the first guess of the object.
_GUESS_SHARE = 0.9


def box_region(stroke: Stroke, bounds: Region) -> Region:
    """Return the box between two opposite corners, cut to `bounds`, at least one pixel."""
    (x0, y0), (x1, y1) = stroke.points.min(axis=0), stroke.points.max(axis=0)
    left = int(np.clip(np.floor(x0), bounds.x0, bounds.x1 - 1))
    top = int(np.clip(np.floor(y0), bounds.y0, bounds.y1 - 1))
    right = int(np.clip(np.ceil(x1), left, bounds.x1 - 1))
    bottom = int(np.clip(np.ceil(y1), top, bounds.y1 - 1))
    return Region(left, top, right + 1, bottom + 1)


def surroundings(box: Region, bounds: Region) -> Region:
    """Return the box with a margin around it, cut to `bounds`."""
    across = max(_MARGIN_PX, round((box.x1 - box.x0) * _MARGIN_SHARE))
    down = max(_MARGIN_PX, round((box.y1 - box.y0) * _MARGIN_SHARE))
    return Region(
        max(bounds.x0, box.x0 - across),
        max(bounds.y0, box.y0 - down),
        min(bounds.x1, box.x1 + across),
        min(bounds.y1, box.y1 + down),
    )


def box_guidance(box: Region, crop: Crop) -> GuidanceMaps:
    """Draw the guidance of a box at the working size of a crop: a ring around it, a cross at its centre."""
    import cv2

    corners = np.array([[box.x0, box.y0], [box.x1 - 1, box.y1 - 1]], np.float32)
    (x0, y0), (x1, y1) = np.rint(crop.to_working(corners)).astype(int).tolist()
    ring = np.zeros(crop.geometry.working, np.bool_)
    ring[max(0, y0 - _LINE_PX) : y1 + _LINE_PX + 1, max(0, x0 - _LINE_PX) : x1 + _LINE_PX + 1] = True
    ring[max(0, y0) : y1 + 1, max(0, x0) : x1 + 1] = False
    cross = np.zeros(crop.geometry.working, np.uint8)
    x, y = (x0 + x1) // 2, (y0 + y1) // 2
    reach_x, reach_y = (max(1, round(side * _CROSS_SHARE)) for side in (x1 - x0, y1 - y0))
    cv2.line(cross, (x - reach_x, y), (x + reach_x, y), 1, _LINE_PX)
    cv2.line(cross, (x, y - reach_y), (x, y + reach_y), 1, _LINE_PX)
    return GuidanceMaps(cross.astype(np.bool_), ring)


def box_guess(box: Region, size: tuple[int, ...]) -> BoolArray:
    """Return where the object of a box roughly is, source pixels: (H, W) bool."""
    import cv2

    guess = np.zeros(size, np.uint8)
    axes = tuple(max(1, round(side / 2 * _GUESS_SHARE)) for side in (box.x1 - box.x0, box.y1 - box.y0))
    cv2.ellipse(guess, ((box.x0 + box.x1) // 2, (box.y0 + box.y1) // 2), axes, 0, 0, 360, 1, cv2.FILLED)
    return guess.astype(np.bool_)


def edit_box(given: ToolInput) -> Iterator[Edited]:
    """Predict from a box: the network sees it and its surroundings; only the inside of the box changes."""
    ids, bounds = given.ids, given.crop.region
    box = box_region(given.stroke, bounds)
    crop = given.predictor.crop(surroundings(box, bounds))
    prompt = Prompt("clicks", crop, lambda _: box_guidance(box, crop), guess=box_guess(box, ids.shape))
    inside = np.zeros(ids.shape, np.bool_)
    inside[box.y0 : box.y1, box.x0 : box.x1] = True
    for predicted in predict(given, prompt):
        whole = ids.copy()
        whole[crop.window] = predicted
        yield Edited(np.where(inside & given.may_change, whole, ids), box)


def _outline(corners: Float32Array) -> tuple[str, Float32Array]:
    """Make a lasso along the sides: a box is a prompt for the network, what removes empties its area."""
    (x0, y0), (x1, y1) = corners
    return "lasso", np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)


TOOL = ToolSpec(
    name="box",
    title="Box",
    hint="Drag a box around the object; right button: empty it",
    shortcut="X",
    icon='<rect x="4" y="6" width="16" height="12" rx="0.5"/>'
    '<path d="M4 6h.01M20 6h.01M4 18h.01M20 18h.01" stroke-width="4"/>',
    shape=StrokeShape.BOX,
    edit=edit_box,
    removal=_outline,
)
