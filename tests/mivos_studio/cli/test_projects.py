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
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.script import read_script
from tests.conftest import FRAMES, HEIGHT, WIDTH, ClipOnDisk
from tests.inference_core.fakes import fake_networks

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
    "project that is a folder": (lambda at: ["--project", at / "images"], "is no file"),
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
