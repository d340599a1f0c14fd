"""Scripts: a user's interactions as a JSON file, read, checked against a clip, and written.

Reading is strict, since a script that is half understood would change masks in a way nobody asked for: each
error is one sentence that names the step, counted from 1, and the key. Values only: no session, no
pixels.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, field, to_builtins
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


class ScriptClip(JsonObject, frozen=True, kw_only=True):
    """The clip that a script was made on: a hint, since it can be played on any clip.

    path  from the script's folder where there is such a path, with slashes; otherwise absolute.
    name  of the file or folder.
    """

    path: Text
    name: Text = ""

    def __post_init__(self) -> None:
        force_setattr(self, "name", self.name or Path(self.path).name)

    @classmethod
    def of(cls, clip: Path, folder: Path) -> ScriptClip | None:
        """Return the hint to a clip, for a script in a folder; None where its path is not valid Unicode."""
        real = Path(os.path.realpath(clip))  # as far as it leads: resolve() raises errors at loops
        try:
            path = Path(os.path.relpath(real, os.path.realpath(folder)))
        except ValueError:  # on another drive
            path = real
        try:
            str(path).encode()
        except UnicodeEncodeError:
            return None
        return cls(path=path.as_posix(), name=real.name)

    def find(self, folder: Path) -> Path | None:
        """Return where the clip is: at its path from the script's folder, or in that; None where nowhere."""
        places = (folder / self.path, folder / self.name)
        return next((place for place in places if os.path.exists(place)), None)  # noqa: PTH110, no error


@dataclass(frozen=True)
class Script:
    """What to do, in order. Files named in steps are looked for in `folder`.

    objects  every object but those that an add_object step brings to life.
    clip     the one that it was made on, where that is known.
    """

    objects: tuple[ScriptObject, ...]
    steps: tuple[Step, ...]
    folder: Path
    clip: ScriptClip | None = None

    def notices(self, clip: Path | None) -> tuple[str, ...]:
        """Return a sentence where the script was made on a clip of another name than the one given.

        clip  None for the sample clip.
        """
        name = Path(os.path.realpath(clip)).name if clip is not None else "the sample clip"
        if self.clip is None or self.clip.name == name:
            return ()
        return (f"The script was made on {self.clip.name} and is played on {name}: check the masks.",)


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
        clip=None if whole.clip is None else read_object(ScriptClip, whole.clip, "The script's clip"),
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
    clip = {} if script.clip is None else {"clip": to_builtins(script.clip)}
    document = {"version": VERSION, **clip, "objects": objects, "steps": steps}
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    with written_file(path, SCRIPT_FILE, inputs=inputs) as beside:
        try:
            beside.write_text(text, encoding="utf-8")
        except UnicodeEncodeError:  # names of files on Linux need not be Unicode
            beside.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


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
    clip: Annotated[dict[str, Any], Meta(description="an object in braces")] | None = None
    objects: Items = field(default_factory=list)
    steps: Items
