"""Scripts: an editor's gestures as a JSON file, read, checked against a clip, and written.

Reading is strict, since a script that is half understood would change masks in a way nobody asked for: each
complaint is one sentence that names the step, counted from 1, and the key. Knows values only: no session, no
pixels.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference_core.errors import UserError
from mivos_studio.media.output.file import FileKind, json_object, written_file
from mivos_studio.project.json_fields import Fields
from mivos_studio.project.steps import STEP_KINDS, AddObject, Step, read_named_object

VERSION = 1


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
        place, said = place_of(number, step.verb), step.written()
        for frame_index in (*([said["frame"]] if "frame" in said else ()), *said.get("range", ())):
            if frame_index >= frame_count:
                raise UserError(
                    f"{place}: the clip has no frame {frame_index}; its last is {frame_count - 1}."
                )
        if "object" in said and said["object"] not in known:
            raise UserError(f'{place}: object {said["object"]} is not in the script\'s list "objects".')


def write_script(script: Script, path: Path, *, inputs: Iterable[Path] = ()) -> None:
    """Write a script that read_script gives back the same; it appears whole or not at all.

    inputs  files that are in use, such as the clip: none of them is replaced.
    An older script is replaced. Raises a MediaError where another file is in the way, or writing fails.
    """
    objects = [{"id": declared.object_id, "name": declared.name} for declared in script.objects]
    steps = [{"do": step.verb, **step.written()} for step in script.steps]
    document = {"version": VERSION, "objects": objects, "steps": steps}
    with written_file(path, SCRIPT_FILE, inputs=inputs) as beside:
        beside.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def is_script(path: Path) -> bool:
    """Whether a file looks like a script, of whatever version. Raises OSError where it cannot be read."""
    document = json_object(path)
    return document is not None and "version" in document and isinstance(document.get("steps"), list)


SCRIPT_FILE = FileKind("a script", is_script)


def place_of(number: int, verb: str) -> str:
    """Say in a complaint which step is meant, counted from 1."""
    return f"Step {number} ({verb})"


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return values


def _object(value: object, number: int) -> ScriptObject:
    fields = Fields(value, f"Object {number} of the script's list")
    fields.allow(("id", "name"))
    return ScriptObject(*read_named_object(fields, "id"))


def _step(value: object, number: int) -> Step:
    fields = Fields(value, f"Step {number}")
    verb = fields.choice("do", tuple(STEP_KINDS))
    kind = STEP_KINDS[verb]
    fields.place = place_of(number, verb)
    fields.allow(("do", *kind.keys()))
    return kind.read(fields)
