"""Scripts are read strictly and written so that they read the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference_core.errors import UserError
from inference_core.types import Direction, Interaction, Region, Stroke, Tool
from mivos_studio.project.script import (
    Script,
    ScriptClip,
    ScriptObject,
    check_script,
    read_script,
    write_script,
)
from mivos_studio.project.steps import (
    AddObject,
    Draw,
    Meanwhile,
    Propagate,
    Redo,
    RemoveObject,
    RenameObject,
    Reset,
    SetIds,
    SetLock,
    Undo,
)

SCRIBBLE = {"do": "scribble", "frame": 3, "object": 1, "points": [[10, 20.5], [30, 40]]}


def script_file(folder: Path, *steps: object, **document: Any) -> Path:
    """Write a script of these steps for objects 1 and 2; document replaces keys of the whole."""
    whole = {
        "version": 1,
        "objects": [{"id": 1, "name": "dancer"}, {"id": 2}],
        "steps": list(steps),
    } | document
    file = folder / "script.json"
    file.write_text(json.dumps(whole), encoding="utf-8")
    return file


def complaint(file: Path, frame_count: int = 10) -> str:
    with pytest.raises(UserError) as caught:
        check_script(read_script(file), frame_count)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


def test_a_scribble_becomes_an_interaction(tmp_path: Path) -> None:
    step = {**SCRIBBLE, "radius_px": 5, "positive": False, "region": [1, 2, 30, 40]}
    (draw,) = read_script(script_file(tmp_path, step)).steps
    assert isinstance(draw, Draw)
    assert draw.interaction.tool == Tool.SCRIBBLE
    assert draw.interaction.region == Region(1, 2, 30, 40)
    stroke = draw.interaction.stroke
    assert (stroke.frame_index, stroke.object_id, stroke.radius_px, stroke.is_positive) == (3, 1, 5.0, False)
    assert stroke.points.dtype == np.float32
    assert stroke.points.tolist() == [[10.0, 20.5], [30.0, 40.0]]


def test_objects_without_a_name_get_one(tmp_path: Path) -> None:
    assert read_script(script_file(tmp_path)).objects == (
        ScriptObject(1, "dancer"),
        ScriptObject(2, "Object 2"),
    )


def test_a_written_script_reads_the_same(tmp_path: Path) -> None:
    stroke = Stroke(
        4, 2, np.array([[0.1, 2], [3, 4.25], [7, 9]], np.float32), radius_px=2.5, is_positive=False
    )
    steps = (
        AddObject(2, "horse"),
        RenameObject(2, "Pferd"),
        Draw(Interaction(Tool.LASSO, stroke, Region(0, 0, 8, 9))),
        Propagate(),
        Propagate(4, Direction.BACKWARD, (1, 6)),
        Propagate(4, Direction.FORWARD, stop_after=3),
        Propagate(meanwhile=(Meanwhile(2, Reset(5)), Meanwhile(3, Undo()))),
        Undo(),
        Redo(),
        Reset(5),
        SetLock(1, is_locked=True),
        SetLock(1, is_locked=False),
        SetIds(0, "first.png"),
        RemoveObject(2),
    )
    written = Script((ScriptObject(1, "Reiter"),), steps, tmp_path)
    write_script(written, tmp_path / "script.json")
    read = read_script(tmp_path / "script.json")
    assert (read.objects, read.folder) == (written.objects, written.folder)
    assert [step for step in read.steps if not isinstance(step, Draw)] == [
        step for step in steps if not isinstance(step, Draw)
    ]
    (draw,) = (step for step in read.steps if isinstance(step, Draw))
    assert draw.interaction.region == Region(0, 0, 8, 9)
    np.testing.assert_array_equal(draw.interaction.stroke.points, stroke.points)
    check_script(read, frame_count=7)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({**SCRIBBLE, "colour": "red"}, 'Step 1 (scribble) has the unknown key "colour"'),
        ({**SCRIBBLE, "file": "a.png"}, 'unknown key "file"'),
        (
            {**SCRIBBLE, "frame": "3"},
            'Step 1 (scribble): "frame" must be a whole number of 0 or more, not "3"',
        ),
        ({**SCRIBBLE, "frame": True}, '"frame" must be a whole number'),
        ({**SCRIBBLE, "frame": 2.5}, '"frame" must be a whole number'),
        ({**SCRIBBLE, "frame": -1}, '"frame" must be a whole number of 0 or more, not -1'),
        ({**SCRIBBLE, "frame": 10}, "the clip has no frame 10; its last is 9"),
        ({**SCRIBBLE, "object": 0}, '"object" must be a whole number from 1 to 255, not 0'),
        ({**SCRIBBLE, "object": 3}, "Step 1 (scribble): object 3 is not in the script's list"),
        ({**SCRIBBLE, "points": []}, '"points" needs at least one [x, y]'),
        ({**SCRIBBLE, "points": [[1, 2, 3]]}, '"points" must be a list of [x, y]'),
        ({**SCRIBBLE, "points": [[1, "2"]]}, '"points" must be a list of [x, y]'),
        ({**SCRIBBLE, "points": [[1, float("nan")]]}, '"points" must be a list of [x, y]'),
        ({**SCRIBBLE, "points": [[1, 10**400]]}, '"points" must be a list of [x, y]'),
        ({**SCRIBBLE, "points": 5}, '"points" must be a list in brackets, not 5'),
        ({**SCRIBBLE, "radius_px": 0}, '"radius_px" must be a number above 0, not 0'),
        ({**SCRIBBLE, "positive": 1}, '"positive" must be true or false, not 1'),
        ({**SCRIBBLE, "region": [5, 0, 5, 9]}, "x0 < x1"),
        ({**SCRIBBLE, "region": [1, 2, 3]}, '"region" must be a list of 4 whole numbers'),
        ({"do": "scribble", "frame": 3, "object": 1}, 'Step 1 (scribble): the key "points" is missing'),
        ({**SCRIBBLE, "do": "click"}, 'Step 1 (click): "points" must hold exactly 1'),
        ({**SCRIBBLE, "do": "lasso"}, 'Step 1 (lasso): "points" must hold at least 3'),
        ({**SCRIBBLE, "do": "box", "points": [[1, 2]]}, 'Step 1 (box): "points" must hold exactly 2'),
        ({**SCRIBBLE, "do": "draw"}, '"do" must be one of'),
        ({"frame": 1}, 'Step 1: the key "do" is missing'),
        ({"do": "propagate", "object": 1}, 'Step 1 (propagate) has the unknown key "object"'),
        ({"do": "propagate", "frame": 12}, "the clip has no frame 12"),
        ({"do": "propagate", "direction": "up"}, '"direction" must be one of forward, backward, both'),
        ({"do": "propagate", "range": [5, 2]}, "first <= last"),
        ({"do": "propagate", "range": [5, 10]}, "the clip has no frame 10"),
        ({"do": "reset"}, 'Step 1 (reset): the key "frame" is missing'),
        ({"do": "undo", "frame": 1}, 'unknown key "frame"; it may have do'),
        ({"do": "lock", "object": 9}, "object 9 is not in the script's list"),
        ({"do": "rename_object", "object": 9, "name": "a"}, "object 9 is not in the script's list"),
        ({"do": "rename_object", "object": 1}, 'Step 1 (rename_object): the key "name" is missing'),
        ({"do": "set_ids", "frame": 0, "file": ""}, '"file" must be a text that is not empty'),
        ({**SCRIBBLE, "region": None}, '"region" must be a list in brackets, not null'),
        ({"do": "propagate", "frame": None}, '"frame" must be a whole number of 0 or more, not null'),
        ({"do": "propagate", "frame": 10**30}, "the clip has no frame 1000"),
        ({"do": "propagate", "meanwhile": 5}, '"meanwhile" must be a list in brackets, not 5'),
        (
            {"do": "propagate", "meanwhile": [{"do": "undo"}]},
            'Step 1 (propagate), step 1 during it: the key "after" is missing',
        ),
        (
            {"do": "propagate", "meanwhile": [{"after": 1, "do": "reset", "frame": 10}]},
            "Step 1 (propagate), step 1 during it (reset): the clip has no frame 10",
        ),
        (
            {"do": "propagate", "meanwhile": [{"after": 1, "do": "propagate"}]},
            "a propagation cannot begin during another one",
        ),
        ({"do": "propagate", "range": 5}, '"range" must be a list in brackets, not 5'),
        ({"do": "lock", "object": 1, "is_locked": True}, 'unknown key "is_locked"; it may have do, object'),
        ({"do": "reset", "frame_index": 1}, 'unknown key "frame_index"; it may have do, frame'),
        ({"do": "undo\n"}, '"do" must be one of'),
        ({"do": "set_ids", "frame": 0, "file": "a\0"}, "without the character NUL"),
        ({"do": "undo", "a\n\ud800": 1}, r'unknown key "a\n\ud800"'),
        (
            {"do": "rename_object", "object": 1, "name": "\ud800"},
            r'"name" must be valid Unicode, not "\ud800".',
        ),
        ("undo", 'Step 1 must be an object in braces, not "undo"'),
    ],
)
def test_a_bad_step_is_a_sentence_that_names_step_and_key(tmp_path: Path, step: object, words: str) -> None:
    assert words in complaint(script_file(tmp_path, step))


def test_the_step_is_counted_from_one(tmp_path: Path) -> None:
    assert complaint(script_file(tmp_path, SCRIBBLE, {"do": "undo"}, {"do": "jump"})).startswith("Step 3")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"version": 2}, "version 2; this program reads version 1"),
        ({"version": "1"}, '"version" must be a whole number'),
        ({"author": "me"}, 'The script has the unknown key "author"'),
        ({"steps": {}}, '"steps" must be a list in brackets'),
        ({"objects": [{"id": 1}, {"id": 1}]}, "The script lists object 1 twice"),
        (
            {"objects": [{"id": 256}]},
            'Object 1 of the script\'s list: "id" must be a whole number from 1 to 255',
        ),
        ({"objects": [{"name": "a"}]}, 'the key "id" is missing'),
        ({"clip": "a.mp4"}, '"clip" must be an object in braces, not "a.mp4"'),
        ({"clip": {}}, 'The script\'s clip: the key "path" is missing'),
        ({"clip": {"path": "a.mp4", "frames": 3}}, 'The script\'s clip has the unknown key "frames"'),
    ],
)
def test_a_bad_document_is_a_sentence(tmp_path: Path, document: dict[str, Any], words: str) -> None:
    assert words in complaint(script_file(tmp_path, **document))


@pytest.mark.parametrize("text", ["", "{", '{"version": 1, "version": 1, "steps": []}'])
def test_a_file_that_is_no_json_is_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "script.json").write_text(text, encoding="utf-8")
    assert "is not valid JSON" in complaint(tmp_path / "script.json")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"steps": ' + "[" * 40 + "]" * 40 + "}"])
def test_lists_that_are_too_deep_are_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "script.json").write_text(text, encoding="utf-8")
    assert "has lists over 32 deep" in complaint(tmp_path / "script.json")


@pytest.mark.parametrize("name", ["", "a\0b", "two\nlines", "\x1b[31mred", "x" * 201])
def test_names_that_no_list_can_show_are_a_sentence(tmp_path: Path, name: str) -> None:
    said = complaint(script_file(tmp_path, objects=[{"id": 1, "name": name}]))
    assert '"name" must be a text of 1 to 200 characters, without control characters' in said


def test_a_list_is_no_script(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text("[]", encoding="utf-8")
    assert complaint(tmp_path / "script.json") == "The script must be an object in braces, not []."


def test_a_missing_version_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text('{"steps": []}', encoding="utf-8")
    assert complaint(tmp_path / "script.json") == 'The script: the key "version" is missing.'


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    assert "There is no script at" in complaint(tmp_path / "nowhere.json")


def test_bytes_that_are_no_text_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_bytes(b"\xff\xfe\x00")
    assert "is not a text file in UTF-8" in complaint(tmp_path / "script.json")


def test_a_name_of_one_object_that_is_no_text_is_a_sentence(tmp_path: Path) -> None:
    said = complaint(script_file(tmp_path, objects=[{"id": 1}, {"id": 2, "name": None}]))
    wanted = "a text of 1 to 200 characters, without control characters"
    assert said == f'Object 2 of the script\'s list: "name" must be {wanted}, not null.'


def test_an_object_that_a_step_adds_without_a_name_gets_one(tmp_path: Path) -> None:
    script = read_script(script_file(tmp_path, {"do": "add_object", "object": 7}))
    assert script.steps == (AddObject(7, "Object 7"),)


def test_an_object_that_a_step_adds_is_is_known_from_then_on(tmp_path: Path) -> None:
    late = {"do": "add_object", "object": 7, "name": "ball"}
    use = {**SCRIBBLE, "object": 7}
    check_script(read_script(script_file(tmp_path, late, use)), frame_count=10)
    assert complaint(script_file(tmp_path, use, late)).startswith("Step 1 (scribble): object 7")


def test_masks_on_paths_that_are_no_unicode_stand_in_a_script(tmp_path: Path) -> None:
    steps = (SetIds(0, "masks/caf\udce9.png"),)
    write_script(Script((), steps, tmp_path), tmp_path / "script.json")
    assert read_script(tmp_path / "script.json").steps == steps


@pytest.mark.parametrize(
    ("clip", "folder", "path"),
    [
        ("clips/a.mp4", "clips", "a.mp4"),
        ("clips/a.mp4", ".", "clips/a.mp4"),
        ("clips/a.mp4", "work/scripts", "../../clips/a.mp4"),
    ],
)
def test_the_clip_of_a_script_is_written_from_its_folder_and_found_again(
    tmp_path: Path, clip: str, folder: str, path: str
) -> None:
    file = tmp_path / clip
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    file.parent.mkdir(exist_ok=True)
    file.touch()
    hint = ScriptClip.of(file, tmp_path / folder)
    assert hint == ScriptClip(path=path, name="a.mp4")
    write_script(Script((), (Undo(),), tmp_path / folder, hint), tmp_path / folder / "work.json")
    script = read_script(tmp_path / folder / "work.json")
    assert script.clip == hint
    found = hint.find(script.folder)
    assert found is not None
    assert found.samefile(file)
    file.rename(tmp_path / folder / "moved.mp4")
    assert hint.find(script.folder) is None
    (tmp_path / folder / "moved.mp4").rename(tmp_path / folder / "a.mp4")
    assert hint.find(script.folder) == tmp_path / folder / "a.mp4"


def test_a_script_names_the_clip_by_the_last_part_of_its_path_where_no_name_is_given(tmp_path: Path) -> None:
    script = read_script(script_file(tmp_path, clip={"path": "../shots/a.mp4"}))
    assert script.clip == ScriptClip(path="../shots/a.mp4", name="a.mp4")


def test_a_clip_whose_path_is_not_valid_unicode_is_not_named(tmp_path: Path) -> None:
    assert ScriptClip.of(tmp_path / "a\udcff.mp4", tmp_path) is None


def test_a_script_of_a_clip_of_another_name_says_so() -> None:
    script = Script((), (), Path(), ScriptClip(path="a.mp4"))
    assert script.notices(Path("other/a.mp4")) == ()
    assert script.notices(Path("b.mp4")) == (
        "The script was made on a.mp4 and is played on b.mp4: check the masks.",
    )
    assert script.notices(None) == (
        "The script was made on a.mp4 and is played on the sample clip: check the masks.",
    )
    assert Script((), (), Path()).notices(Path("b.mp4")) == ()
