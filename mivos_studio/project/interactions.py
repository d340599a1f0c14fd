"""An interaction as the keys of a script's step: read strictly, and written so that it reads the same."""

from __future__ import annotations

from typing import Any

from inference_core.errors import UserError
from inference_core.types import Float32Array, Interaction, Region, Stroke, Tool
from mivos_studio.project.json_fields import Fields

INTERACTION_KEYS = ("frame", "object", "points", "radius_px", "positive", "region")
_FEWEST_POINTS = {Tool.LASSO: 3}
_EXACT_POINTS = {Tool.CLICK: 1, Tool.BOX: 2}


def read_interaction(tool: Tool, fields: Fields) -> Interaction:
    """Read what was done with a tool."""
    points = fields.points("points")
    _check_point_count(tool, points, fields.place)
    stroke = Stroke(
        frame_index=fields.whole_number("frame"),
        object_id=fields.object_id("object"),
        points=points,
        radius_px=fields.positive_number("radius_px") if fields.has("radius_px") else Stroke.radius_px,
        is_positive=fields.flag("positive") if fields.has("positive") else Stroke.is_positive,
    )
    return Interaction(tool, stroke, _read_region(fields) if fields.has("region") else None)


def written_interaction(interaction: Interaction) -> dict[str, Any]:
    """Give the keys that read_interaction reads; the tool is the step's verb."""
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


def _check_point_count(tool: Tool, points: Float32Array, place: str) -> None:
    exact, fewest = _EXACT_POINTS.get(tool), _FEWEST_POINTS.get(tool, 1)
    if exact is not None and len(points) != exact:
        raise UserError(f'{place}: "points" must hold exactly {exact} of [x, y], not {len(points)}.')
    if len(points) < fewest:
        raise UserError(f'{place}: "points" must hold at least {fewest} of [x, y], not {len(points)}.')


def _read_region(fields: Fields) -> Region:
    region = Region(*fields.whole_numbers("region", 4))
    if region.x0 >= region.x1 or region.y0 >= region.y1:
        raise UserError(f'{fields.place}: "region" must be [x0, y0, x1, y1] with x0 < x1 and y0 < y1.')
    return region
