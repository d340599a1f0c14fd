"""Scripts: an editor's gestures as a JSON file, read, checked against a clip, and written.

Reading is strict, since a script that is half understood would change masks in a way nobody asked for: each
complaint is one sentence that names the step, counted from 1, and the key. Knows values only: no session, no
pixels.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from inference_core.errors import UserError
from inference_core.values import MAX_OBJECTS, Direction, Float32Array, Interaction, Region, Stroke, Tool
from workspace.json_fields import Fields
from workspace.steps import (
    AddObject,
    Draw,
    Propagate,
    Redo,
    RemoveObject,
    RenameObject,
    Reset,
    SetIds,
    SetLock,
    Step,
    Undo,
)

VERSION = 1
_FEWEST_POINTS = {Tool.LASSO: 3}
_EXACT_POINTS = {Tool.CLICK: 1, Tool.BOX: 2}


@dataclass(frozen=True)
class ScriptObject:
    """An object that the script's steps speak of."""

    object_id: int
    name: str


@dataclass(frozen=True)
class Script:
    """What to do, in order. Files named in steps are looked for in `folder`.

    objects  every object but those that an add_object step brings to life.
    """

    objects: tuple[ScriptObject, ...]
    steps: tuple[Step, ...]
    folder: Path


def read_script(path: Path) -> Script:
    """Read a script; raise a UserError with one sentence where it is not one."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_repeated_keys)
    except OSError as error:
        raise UserError(f"The script {path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"The script {path} is not valid JSON: {error}.") from error
    fields = Fields(document, "The script")
    fields.allow(("version", "objects", "steps"))
    if fields.whole_number("version") != VERSION:
        raise UserError(
            f"The script has version {document['version']}; this program reads version {VERSION}."
        )
    objects = fields.items("objects") if fields.has("objects") else []
    return Script(
        objects=tuple(_object(value, number) for number, value in enumerate(objects, start=1)),
        steps=tuple(_step(value, number) for number, value in enumerate(fields.items("steps"), start=1)),
        folder=path.parent,
    )


def check_script(script: Script, frame_count: int) -> None:
    """Raise a UserError at the first step that names a frame past the clip's end or an unknown object."""
    known: set[int] = set()
    for declared in script.objects:
        if declared.object_id in known:
            raise UserError(f"The script lists object {declared.object_id} twice.")
        known.add(declared.object_id)
    for number, step in enumerate(script.steps, start=1):
        if isinstance(step, AddObject):
            known.add(step.object_id)
        place = f"Step {number} ({step_name(step)})"
        for frame_index in _frames_of(step):
            if frame_index >= frame_count:
                raise UserError(
                    f"{place}: the clip has no frame {frame_index}; its last is {frame_count - 1}."
                )
        object_id = _object_of(step)
        if object_id is not None and object_id not in known:
            raise UserError(f'{place}: object {object_id} is not in the script\'s list "objects".')


def write_script(script: Script, path: Path) -> None:
    """Write a script that read_script gives back the same."""
    objects = [{"id": declared.object_id, "name": declared.name} for declared in script.objects]
    document = {"version": VERSION, "objects": objects, "steps": [_written(step) for step in script.steps]}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def step_name(step: Step) -> str:
    """Say what the script calls this step: the value of its key "do"."""
    match step:
        case Draw():
            return str(step.interaction.tool)
        case SetLock():
            return "lock" if step.is_locked else "unlock"
        case _:
            return _NAMES[type(step)]


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return values


def _object(value: object, number: int) -> ScriptObject:
    fields = Fields(value, f"Object {number} of the script's list")
    fields.allow(("id", "name"))
    object_id = fields.whole_number("id", least=1, most=MAX_OBJECTS)
    return ScriptObject(object_id, fields.text("name") if fields.has("name") else f"Object {object_id}")


def _step(value: object, number: int) -> Step:
    fields = Fields(value, f"Step {number}")
    name = fields.choice("do", tuple(_READERS))
    fields.place = f"Step {number} ({name})"
    keys, read = _READERS[name]
    fields.allow(("do", *keys))
    return read(fields)


def _read_draw(tool: Tool, fields: Fields) -> Draw:
    points = fields.points("points")
    _check_point_count(tool, points, fields.place)
    stroke = Stroke(
        frame_index=fields.whole_number("frame"),
        object_id=fields.whole_number("object", least=1, most=MAX_OBJECTS),
        points=points,
        radius_px=fields.positive_number("radius_px") if fields.has("radius_px") else Stroke.radius_px,
        is_positive=fields.flag("positive") if fields.has("positive") else Stroke.is_positive,
    )
    return Draw(Interaction(tool, stroke, _read_region(fields) if fields.has("region") else None))


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


def _read_propagate(fields: Fields) -> Propagate:
    frame_range = None
    if fields.has("range"):
        first, last = fields.whole_numbers("range", 2)
        if first > last:
            raise UserError(f'{fields.place}: "range" must be [first, last] with first <= last.')
        frame_range = (first, last)
    return Propagate(
        frame_index=fields.whole_number("frame") if fields.has("frame") else None,
        direction=Direction(fields.choice("direction", tuple(Direction)))
        if fields.has("direction")
        else Direction.BOTH,
        frame_range=frame_range,
        stop_after=fields.whole_number("stop_after", least=1) if fields.has("stop_after") else None,
    )


def _read_add_object(fields: Fields) -> AddObject:
    object_id = _read_object_id(fields)
    return AddObject(object_id, fields.text("name") if fields.has("name") else f"Object {object_id}")


def _read_object_id(fields: Fields) -> int:
    return fields.whole_number("object", least=1, most=MAX_OBJECTS)


_DRAW_KEYS = ("frame", "object", "points", "radius_px", "positive", "region")
_READERS: dict[str, tuple[tuple[str, ...], Callable[[Fields], Step]]] = {
    **{str(tool): (_DRAW_KEYS, partial(_read_draw, tool)) for tool in Tool},
    "propagate": (("frame", "direction", "range", "stop_after"), _read_propagate),
    "undo": ((), lambda _: Undo()),
    "redo": ((), lambda _: Redo()),
    "reset": (("frame",), lambda fields: Reset(fields.whole_number("frame"))),
    "add_object": (("object", "name"), _read_add_object),
    "remove_object": (("object",), lambda fields: RemoveObject(_read_object_id(fields))),
    "rename_object": (
        ("object", "name"),
        lambda fields: RenameObject(_read_object_id(fields), fields.text("name")),
    ),
    "lock": (("object",), lambda fields: SetLock(_read_object_id(fields), is_locked=True)),
    "unlock": (("object",), lambda fields: SetLock(_read_object_id(fields), is_locked=False)),
    "set_ids": (("frame", "file"), lambda fields: SetIds(fields.whole_number("frame"), fields.text("file"))),
}
_NAMES: dict[type[Step], str] = {
    Propagate: "propagate",
    Undo: "undo",
    Redo: "redo",
    Reset: "reset",
    AddObject: "add_object",
    RemoveObject: "remove_object",
    RenameObject: "rename_object",
    SetIds: "set_ids",
}


def _written(step: Step) -> dict[str, Any]:
    keys: dict[str, Any] = {"do": step_name(step)}
    match step:
        case Draw(interaction):
            keys |= _written_draw(interaction)
        case Propagate():
            keys |= _written_propagate(step)
        case Reset(frame_index):
            keys["frame"] = frame_index
        case AddObject(object_id, name) | RenameObject(object_id, name):
            keys |= {"object": object_id, "name": name}
        case RemoveObject(object_id) | SetLock(object_id):
            keys["object"] = object_id
        case SetIds(frame_index, file):
            keys |= {"frame": frame_index, "file": file}
    return keys


def _written_draw(interaction: Interaction) -> dict[str, Any]:
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


def _written_propagate(step: Propagate) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    if step.frame_index is not None:
        keys["frame"] = step.frame_index
    if step.direction is not Direction.BOTH:
        keys["direction"] = str(step.direction)
    if step.frame_range is not None:
        keys["range"] = list(step.frame_range)
    if step.stop_after is not None:
        keys["stop_after"] = step.stop_after
    return keys


def _frames_of(step: Step) -> tuple[int, ...]:
    match step:
        case Draw(interaction):
            return (interaction.frame_index,)
        case Reset(frame_index) | SetIds(frame_index):
            return (frame_index,)
        case Propagate(frame_index, _, frame_range, _):
            return (*(() if frame_index is None else (frame_index,)), *(frame_range or ()))
        case _:
            return ()


def _object_of(step: Step) -> int | None:
    match step:
        case Draw(interaction):
            return interaction.object_id
        case RemoveObject(object_id) | RenameObject(object_id) | SetLock(object_id):
            return object_id
        case _:
            return None
