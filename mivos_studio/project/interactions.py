"""An interaction as the keys of a script's step: read strictly, and written so that it reads the same."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from inference_core.errors import UserError
from inference_core.tools.registry import TOOLS
from inference_core.types import Interaction, Region, Stroke
from mivos_studio.project.json_fields import (
    Flag,
    JsonObject,
    ObjectId,
    Points,
    PositiveNumber,
    WholeNumber,
    read_object,
)

_Corners = Annotated[
    tuple[WholeNumber, WholeNumber, WholeNumber, WholeNumber],
    Meta(description="a list of 4 whole numbers of 0 or more"),
]


class _Drawn(JsonObject, frozen=True):
    """The keys of a stroke."""

    frame: WholeNumber
    object: ObjectId
    points: Points
    radius_px: PositiveNumber = Stroke.radius_px
    positive: Flag = Stroke.is_positive
    region: _Corners | None = None

    def __post_init__(self) -> None:
        if self.region is not None:
            x0, y0, x1, y1 = self.region
            if x0 >= x1 or y0 >= y1:
                raise ValueError('"region" must be [x0, y0, x1, y1] with x0 < x1 and y0 < y1.')


def read_interaction(tool: str, value: object, place: str) -> Interaction:
    """Read what was done with a registered tool; the key "do" has been read."""
    drawn = read_object(_Drawn, value, place, known=("do",))
    _check_point_count(tool, len(drawn.points), place)
    points = np.array(drawn.points, dtype=np.float32)
    stroke = Stroke(drawn.frame, drawn.object, points, drawn.radius_px, drawn.positive)
    return Interaction(tool, stroke, None if drawn.region is None else Region(*drawn.region))


def written_interaction(interaction: Interaction) -> dict[str, Any]:
    """Return the keys that read_interaction reads; the tool is the step's verb."""
    stroke, region = interaction.stroke, interaction.region
    keys: dict[str, Any] = {
        "frame": stroke.frame_index,
        "object": stroke.object_id,
        "points": stroke.points.tolist(),
        "radius_px": stroke.radius_px,
        "positive": stroke.is_positive,
    }
    if region is not None:
        keys["region"] = [region.x0, region.y0, region.x1, region.y1]
    return keys


def _check_point_count(tool: str, count: int, place: str) -> None:
    shape = TOOLS[tool].shape
    exact, fewest = shape.exact_points, shape.least_points
    if not count:
        raise UserError(f'{place}: "points" needs at least one [x, y].')
    if exact is not None and count != exact:
        raise UserError(f'{place}: "points" must hold exactly {exact} of [x, y], not {count}.')
    if count < fewest:
        raise UserError(f'{place}: "points" must hold at least {fewest} of [x, y], not {count}.')
