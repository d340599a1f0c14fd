"""Projects on the command line: worked in, checked, repaired, exported."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import model.checkpoint
from mivos_studio.cli.main import main
from mivos_studio.media.clip import open_clip
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.script import read_script
from mivos_studio.project.steps import Propagate
from tests.conftest import FRAMES, HEIGHT, WIDTH, ClipOnDisk
from tests.inference_core.fakes import fake_networks
from tests.mivos_studio.project.file.projects import reopened_session

STEPS: tuple[dict[str, Any], ...] = (
    {"do": "brush", "frame": 0, "object": 1, "points": [[16, 26], [26, 34]], "radius_px": 8},
    {"do": "propagate"},
    {"do": "set_ids", "frame": 5, "file": "mask.png"},
    {"do": "propagate", "stop_after": 2},
    {"do": "undo"},
)


@pytest.fixture(autouse=True)
def tiny_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model.checkpoint, "load_networks", lambda *_: fake_networks())


@pytest.fixture
def clip(small_clip: ClipOnDisk, tmp_path: Path) -> Path:
    shutil.copyfile(small_clip.masks[5], tmp_path / "mask.png")
    return Path(shutil.copytree(small_clip.images, tmp_path / "images"))


def script(folder: Path, *steps: dict[str, Any]) -> Path:
    path = folder / f"script-{len(list(folder.iterdir()))}.json"
    path.write_text(json.dumps({"version": 1, "objects": [{"id": 1, "name": "square"}], "steps": steps}))
    return path


def mivos(*words: object) -> int:
    return main([str(word) for word in words])


def replay(clip: Path, played: Path, *words: object) -> int:
    small = ("--device", "cpu", "--dtype", "float32", "--working-size", "64", "--quiet")
    return mivos("replay", clip, "--script", played, *small, *words)


def pixels(folder: Path) -> list[bytes]:
    return [np.asarray(Image.open(path)).tobytes() for path in sorted(folder.glob("*.png"))]


def test_a_propagation_in_which_a_window_died_is_a_step_before_those_of_the_next_script(
    clip: Path, tmp_path: Path
) -> None:
    path = tmp_path / "work.mivos"
    assert replay(clip, script(tmp_path, STEPS[0]), "--project", path) == 0
    with ProjectFile.open(path) as project:
        assert project.state is not None
        session = reopened_session(project, open_clip(clip))
        for number, _ in enumerate(session.propagate(), start=1):
            if number == 2:
                break
        session.finish()
        project.save(session, view={"frame": 3}, running=Propagate(stop_after=2))
    assert replay(clip, script(tmp_path, {"do": "reset", "frame": 1}), "--project", path) == 0
    assert replay(clip, script(tmp_path, {"do": "undo"}), "--project", path) == 0
    with ProjectFile.open(path, writes=False) as project:
        assert [step.verb for step in project.steps()][2:] == ["propagate", "reset", "undo"]
        assert project.view == {"frame": 3, "family": "fake"}


def test_a_project_made_with_other_networks_is_a_notice(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "work.mivos"
    assert replay(clip, script(tmp_path, STEPS[0]), "--project", path) == 0
    with ProjectFile.open(path) as project:
        assert project.view == {"family": "fake"}
        project.save(reopened_session(project, open_clip(clip)), view={"family": "mivos"})
    assert "networks" not in capsys.readouterr().err
    assert replay(clip, script(tmp_path, {"do": "undo"}), "--project", path) == 0
    assert "made with the networks mivos, and goes on with fake" in capsys.readouterr().err


def test_a_project_holds_what_was_replayed_and_goes_on_with_the_next_script(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "work.mivos"
    whole = script(tmp_path, *STEPS)
    assert replay(clip, whole, "--out", tmp_path / "alone", "--acknowledge") == 0
    for part, played in enumerate((STEPS[:2], STEPS[2:])):
        words = ("--project", project, "--acknowledge", "--out", tmp_path / f"part{part}")
        assert replay(clip, script(tmp_path, *played), *words) == 0
    assert pixels(tmp_path / "part1") == pixels(tmp_path / "alone")
    numbers = capsys.readouterr().out.replace("ack", "").split()
    assert numbers == [*"12345", *"12", *"123"]
    with ProjectFile.open(project, writes=False) as opened:
        verbs = [step.verb for step in opened.steps()]
        assert verbs == ["add_object", "brush", "propagate", "set_ids", "propagate", "undo"]
        assert opened.clip is not None
        assert opened.clip.relative == "images"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith((".work", "work.mivos-"))]


def test_the_steps_of_a_project_can_be_played_from_any_folder(clip: Path, tmp_path: Path) -> None:
    project = tmp_path / "sub" / "work.mivos"
    project.parent.mkdir()
    assert replay(clip, script(tmp_path, *STEPS), "--project", project) == 0
    with ProjectFile.open(project, writes=False) as opened:
        steps = [{"do": step.verb, **step.written()} for step in opened.steps()]
    again = tmp_path / "sub" / "again.json"
    again.write_text(json.dumps({"version": 1, "steps": steps}))
    assert len(read_script(again).steps) == 6
    assert replay(clip, again, "--out", tmp_path / "again") == 0
    assert mivos("export", project, "--format", "png-indexed", "--out", tmp_path / "out", "--quiet") == 0
    assert pixels(tmp_path / "again") == pixels(tmp_path / "out")


def masks_of(project: Path, folder: Path) -> list[bytes]:
    assert mivos("export", project, "--format", "png-indexed", "--out", folder, "--quiet") == 0
    return pixels(folder)


@pytest.mark.parametrize("options", [(), ("--with-undone",)], ids=["standing", "all"])
def test_the_script_of_a_project_makes_its_masks_and_names_its_clip(
    clip: Path, tmp_path: Path, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    project, again = tmp_path / "work.mivos", tmp_path / "again.json"
    assert replay(clip, script(tmp_path, *STEPS), "--project", project) == 0
    assert mivos("script", project, "--out", again, *options, "--json", tmp_path / "figures.json") == 0
    document = json.loads(again.read_text())
    assert document["clip"] == {"path": "images", "name": "images"}
    verbs = [step["do"] for step in document["steps"]]
    assert verbs == ["brush", "propagate", "set_ids", *(["propagate", "undo"] if options else [])]
    assert json.loads((tmp_path / "figures.json").read_text())["steps"] == len(verbs)
    small = ("--device", "cpu", "--dtype", "float32", "--working-size", "64", "--quiet")
    assert mivos("replay", "--script", again, *small, "--out", tmp_path / "again") == 0
    assert pixels(tmp_path / "again") == masks_of(project, tmp_path / "out")
    assert capsys.readouterr().err == ""


def test_a_project_that_lacks_steps_gives_a_script_of_all_others_and_says_so(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "work.mivos"
    assert replay(clip, script(tmp_path, *STEPS), "--project", project) == 0
    with sqlite3.connect(project) as database:
        database.execute("DELETE FROM interaction WHERE id = 2")
    database.close()
    assert mivos("script", project, "--out", tmp_path / "again.json") == 0
    steps = json.loads((tmp_path / "again.json").read_text())["steps"]
    assert [step["do"] for step in steps] == ["propagate", "set_ids", "propagate", "undo"]
    assert "does not hold all steps of its work" in capsys.readouterr().err


def test_a_script_is_played_on_its_own_clip_unless_another_is_named(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    played = script(tmp_path, *STEPS[:2])
    document = json.loads(played.read_text()) | {"clip": {"path": "images"}}
    played.write_text(json.dumps(document))
    small = ("--device", "cpu", "--dtype", "float32", "--working-size", "64", "--quiet")
    assert mivos("replay", "--script", played, *small, "--out", tmp_path / "own") == 0
    assert capsys.readouterr().err == ""
    other = clip.rename(tmp_path / "other")
    assert replay(other, played, "--out", tmp_path / "named") == 0
    notice = "The script was made on images and is played on other: check the masks.\n"
    assert capsys.readouterr().err == notice
    assert pixels(tmp_path / "named") == pixels(tmp_path / "own")
    assert mivos("replay", "--script", played, *small, "--out", tmp_path / "none") == 2
    said = capsys.readouterr().err
    assert f"The clip of {played}, images, is not at {tmp_path / 'images'}, nor beside the script" in said
    beyond = {**document, "steps": [{"do": "reset", "frame": FRAMES}]}
    played.write_text(json.dumps(beyond))
    assert replay(other, played, "--out", tmp_path / "beyond") == 2
    assert capsys.readouterr().err.startswith(f"Step 1 (reset): the clip has no frame {FRAMES}")


def test_a_script_that_names_no_clip_needs_one(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    played = script(tmp_path, *STEPS[:2])
    assert mivos("replay", "--script", played, "--out", tmp_path / "out") == 2
    assert capsys.readouterr().err == f"{played} names no clip: name one before --script.\n"


def test_a_check_counts_what_is_there(clip: Path, tmp_path: Path) -> None:
    project, figures = tmp_path / "work.mivos", tmp_path / "figures.json"
    assert replay(clip, script(tmp_path, *STEPS), "--project", project) == 0
    assert mivos("check", project, "--json", figures) == 0
    found = json.loads(figures.read_text())
    assert (found["ok"], found["interactions"], found["rounds"], found["frames"]) == (True, 6, 1, FRAMES)
    sizes = found["bytes"]
    assert list(sizes) == ["file", "history", "masks", "prob", "unused", "rest"]
    assert all(sizes.values()), "something was propagated and undone"
    assert sum(sizes.values()) == 2 * sizes["file"]


def test_a_damaged_project_is_reported_and_repaired(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project, figures = tmp_path / "work.mivos", tmp_path / "figures.json"
    assert replay(clip, script(tmp_path, *STEPS), "--project", project) == 0
    with sqlite3.connect(project) as database:
        database.execute("UPDATE blob SET content = x'00' WHERE id = (SELECT max(id) FROM blob)")
    database.close()
    assert mivos("check", project, "--json", figures) == 2
    assert json.loads(figures.read_text())["ok"] is False
    assert "mivos check --repair" in capsys.readouterr().err
    assert mivos("check", project, "--repair", "--json", figures) == 0
    repaired = json.loads(figures.read_text())
    assert repaired["ok"] is True
    assert repaired["repaired"]["copy"] == str(tmp_path / "work.damaged.mivos")
    assert repaired["repaired"]["lost"]
    assert mivos("check", project) == 0


def test_masks_of_a_project_are_exported(clip: Path, tmp_path: Path) -> None:
    project = tmp_path / "work.mivos"
    assert replay(clip, script(tmp_path, *STEPS[:2]), "--project", project, "--out", tmp_path / "a") == 0
    before = project.read_bytes()
    out = tmp_path / "matte"
    assert mivos("export", project, "--format", "png-matte", "--out", out, "--quiet") == 0
    for matte, ids in zip(pixels(out / "square"), pixels(tmp_path / "a"), strict=True):
        assert np.array_equal(np.frombuffer(matte, np.uint8) == 255, np.frombuffer(ids, np.uint8) == 1)
    assert project.read_bytes() == before


def test_masks_of_a_project_are_exported_in_several_formats(clip: Path, tmp_path: Path) -> None:
    project, out = tmp_path / "work.mivos", tmp_path / "out"
    assert replay(clip, script(tmp_path, *STEPS[:2]), "--project", project) == 0
    assert mivos("export", project, "--format", "png-matte,png-indexed", "--out", out, "--quiet") == 0
    assert sorted(folder.name for folder in out.iterdir() if folder.is_dir()) == ["png-indexed", "png-matte"]
    assert len(pixels(out / "png-indexed")) == len(pixels(out / "png-matte" / "square")) == FRAMES


def other_clip(at: Path) -> list[object]:
    image = at / "images" / "00000.png"
    image.write_bytes(image.read_bytes() + b"\n")
    return ["--project", at / "work.mivos"]


def text_project(at: Path) -> Path:
    (at / "text.mivos").write_text("no project " * 500)
    return at / "text.mivos"


def export(at: Path, project: Path, *words: object) -> list[object]:
    return ["export", project, "--out", at / "out", "--format", *(words or ("png-indexed",))]


def without_clip(at: Path) -> list[object]:
    shutil.rmtree(at / "images")
    return export(at, at / "work.mivos")


BAD: dict[str, tuple[Callable[[Path], list[object]], str]] = {
    "nothing to keep": (lambda _: [], "name a folder with --out, or a project with --project"),
    "project of another clip": (other_clip, "was made for another clip"),
    "project that is a text": (lambda at: ["--project", text_project(at)], "is not a project"),
    "project that is a folder": (lambda at: ["--project", at / "images"], "is a folder: name a file"),
    "project in no folder": (lambda at: ["--project", at / "no" / "a.mivos"], "there is no folder"),
    "name of an image": (lambda at: ["--project", at / "a.png"], "let it end in .mivos"),
    "check of nothing": (lambda at: ["check", at / "no.mivos"], "There is no project at"),
    "check of a text": (lambda at: ["check", text_project(at)], "is not a project"),
    "repair of a text": (lambda at: ["check", "--repair", text_project(at)], "is not a project"),
    "export of a text": (lambda at: export(at, text_project(at)), "is not a project"),
    "export in no format": (
        lambda at: export(at, at / "work.mivos", "gif89"),
        "no export format named gif89",
    ),
    "export without the clip": (without_clip, "put it there, or beside the project"),
    "export into the clip": (
        lambda at: [
            "export",
            at / "work.mivos",
            "--format",
            "png-indexed",
            "--out",
            at / "images",
            "--force",
        ],
        "folder of the clip itself",
    ),
}


def test_an_export_says_where_the_last_changes_may_be_missing(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "work.mivos"
    assert replay(clip, script(tmp_path, *STEPS[:2]), "--project", path) == 0
    with ProjectFile.open(path) as project:
        project._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        copy = tmp_path / "copy.mivos"
        shutil.copyfile(path, copy)
    words = ("--format", "png-indexed", "--out", tmp_path / "masks", "--quiet")
    assert mivos("export", copy, *words) == 0
    assert "copy.mivos-wal, which may hold its last changes" in capsys.readouterr().err
    assert len(pixels(tmp_path / "masks")) == FRAMES


@pytest.mark.parametrize("case", BAD)
def test_bad_projects_are_a_sentence(
    case: str, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(clip, script(tmp_path, *STEPS[:1]), "--project", tmp_path / "work.mivos") == 0
    make, expected = BAD[case]
    words = make(tmp_path)
    played = script(tmp_path, *STEPS[:1])
    before = contents(tmp_path)
    capsys.readouterr()
    if not words or str(words[0]).startswith("--"):
        assert replay(clip, played, *words) == 2
    else:
        assert mivos(*words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert expected in printed.err
    assert printed.err.count("\n") == 1, "one sentence on one line"
    assert contents(tmp_path) == before


def contents(folder: Path) -> dict[str, object]:
    """Return the content of all files; of a project what it holds, since SQLite counts who opened it."""
    found: dict[str, object] = {}
    for path in folder.rglob("*"):
        if path.name == "work.mivos":
            with ProjectFile.open(path, writes=False) as project:
                found[str(path)] = [*project._database.iterdump()]
        elif path.is_file():
            found[str(path)] = path.read_bytes()
    return found


def test_a_project_that_is_open_is_worked_in_by_its_owner_alone(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "work.mivos"
    played = script(tmp_path, *STEPS[:1])
    assert replay(clip, played, "--project", project) == 0
    with ProjectFile.open(project):
        assert replay(clip, played, "--project", project) == 2
        assert "is open for writing by process" in capsys.readouterr().err
        assert mivos("check", project, "--quiet") == 0
        assert mivos("export", project, "--format", "png-indexed", "--out", tmp_path / "out", "--quiet") == 0


def test_a_full_disk_is_a_sentence_and_what_was_saved_stays(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "work.mivos"
    create = ProjectFile.create.__func__  # type: ignore[attr-defined]

    def create_on_a_small_disk(*words: object) -> ProjectFile:
        made: ProjectFile = create(ProjectFile, *words)
        (pages,) = made._database.execute("PRAGMA page_count").fetchone()
        made._database.execute(f"PRAGMA max_page_count = {pages + 8}").fetchone()
        return made

    monkeypatch.setattr(ProjectFile, "create", create_on_a_small_disk)
    noise = np.random.default_rng(0).integers(0, 2, (HEIGHT, WIDTH), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "mask.png")
    steps = [{"do": "set_ids", "frame": frame_index, "file": "mask.png"} for frame_index in range(FRAMES)]
    assert replay(clip, script(tmp_path, *steps), "--project", project, "--acknowledge") == 2
    printed = capsys.readouterr()
    assert "free some space" in printed.err
    acknowledged = len(printed.out.split()) // 2
    assert 0 < acknowledged < FRAMES
    with ProjectFile.open(project) as opened:
        assert opened.interaction_count == acknowledged + 1, "the object of the script, too"
