"""Scripts: a user's interactions as a JSON file, read, checked against a clip, and written.

Reading is strict, since a script that is half understood would change masks in a way nobody asked for: each
error is one sentence that names the step, counted from 1, and the key. Values only: no session, no
pixels.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec import field, to_builtins
from msgspec.structs import force_setattr

from inference_core.errors import UserError
from mivos_studio.input_files import read_json
from mivos_studio.media.output.file import FileKind, json_object, written_file
from mivos_studio.project.json_fields import (
    Items,
    JsonObject,
    ObjectId,
    Text,
    WholeNumber,
    read_object,
)
from mivos_studio.project.steps import AddObject, Step, name_of_object, read_step

VERSION = 1


class ScriptObject(JsonObject, frozen=True, rename={"object_id": "id"}):
    """An object of the script's steps."""

    object_id: ObjectId
    name: Text = ""

    def __post_init__(self) -> None:
        force_setattr(self, "name", self.name or name_of_object(self.object_id))


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
    whole = read_object(_Document, read_json(path, "script"), "The script")
    if whole.version != VERSION:
        raise UserError(f"The script has version {whole.version}; this program reads version {VERSION}.")
    return Script(
        objects=tuple(
            read_object(ScriptObject, value, f"Object {number} of the script's list")
            for number, value in enumerate(whole.objects, start=1)
        ),
        steps=tuple(read_step(value, f"Step {number}") for number, value in enumerate(whole.steps, start=1)),
        folder=path.parent,
    )


def check_script(script: Script, frame_count: int) -> None:
    """Raise a UserError at the first step that names a frame past the clip's end or an unknown object."""
    known: set[int] = set()
    for declared in script.objects:
        if declared.object_id in known:
            raise UserError(f"The script lists object {declared.object_id} twice.")
        known.add(declared.object_id)
    for place, step in _placed(script):
        if isinstance(step, AddObject):
            known.add(step.object_id)
        said = step.written()
        for frame_index in (*([said["frame"]] if "frame" in said else ()), *said.get("range", ())):
            if frame_index >= frame_count:
                raise UserError(
                    f"{place}: the clip has no frame {frame_index}; its last is {frame_count - 1}."
                )
        if "object" in said and said["object"] not in known:
            raise UserError(f'{place}: object {said["object"]} is not in the script\'s list "objects".')


def write_script(script: Script, path: Path, *, inputs: Iterable[Path] = ()) -> None:
    """Write a script that read_script reads back the same; it appears whole or not at all.

    inputs  files that are in use, such as the clip: none of them is replaced.
    An older script is replaced. Raises a MediaError where another file is in the way, or writing fails.
    """
    objects = [to_builtins(declared) for declared in script.objects]
    steps = [{"do": step.verb, **step.written()} for step in script.steps]
    document = {"version": VERSION, "objects": objects, "steps": steps}
    with written_file(path, SCRIPT_FILE, inputs=inputs) as beside:
        text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        # The name of a mask file may be no valid Unicode: JSON has the same escapes as this.
        beside.write_text(text, encoding="utf-8", errors="backslashreplace")


def is_script(path: Path) -> bool:
    """Whether a file looks like a script, of whatever version. Raises OSError where it cannot be read."""
    document = json_object(path)
    return document is not None and "version" in document and isinstance(document.get("steps"), list)


SCRIPT_FILE = FileKind("a script", is_script)


def place_of(number: int, verb: str) -> str:
    """Name a step in an error message, counted from 1."""
    return f"Step {number} ({verb})"


def _placed(script: Script) -> Iterator[tuple[str, Step]]:
    """Yield every step with its name in an error message, those during a propagation behind it."""
    for number, step in enumerate(script.steps, start=1):
        place = place_of(number, step.verb)
        yield place, step
        for during, part in enumerate(step.parts, start=1):
            yield f"{place}, step {during} during it ({part.verb})", part


class _Document(JsonObject, frozen=True, kw_only=True):
    """The whole file."""

    version: WholeNumber
    objects: Items = field(default_factory=list)
    steps: Items
