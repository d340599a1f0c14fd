"""Bad input is one clear sentence on stderr and exit code 2, and nothing is written."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mivos_studio.cli.main import main
from model.weights.store import saves_folder
from tests.conftest import HEIGHT, WIDTH, ClipOnDisk


@dataclass(frozen=True)
class Place:
    """Where a case finds its input; it writes what it needs below `folder`."""

    clip: ClipOnDisk
    folder: Path

    def file(self, name: str, content: bytes | str) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def mask(self, ids: np.ndarray) -> Path:
        path = self.folder / "mask.png"
        Image.fromarray(ids).save(path)
        return path

    def propagate(self, *words: object, clip: Path | None = None) -> list[str]:
        given = words or (f"--mask=0={self.clip.masks[0]}",)
        return [
            "propagate",
            str(clip or self.clip.images),
            *map(str, given),
            "--out",
            str(self.folder / "out"),
        ]

    def replay(self, script: Path) -> list[str]:
        return ["replay", str(self.clip.images), "--script", str(script), "--out", str(self.folder / "out")]

    def steps(self, *steps: object) -> list[str]:
        document = {"version": 1, "objects": [{"id": 1, "name": "a"}], "steps": steps}
        return self.replay(self.file("script.json", json.dumps(document)))

    def weights(self, name: str, content: bytes) -> Path:
        folder = self.folder / "weights"
        # Without the recorded SHA-256, which would speak up first.
        shutil.copytree(saves_folder() / "compact", folder, ignore=shutil.ignore_patterns("*.sha256"))
        (folder / name).write_bytes(content)
        return folder


def shipped(network: str) -> bytes:
    return (saves_folder() / "compact" / f"{network}.safetensors").read_bytes()


BLACK = np.zeros((HEIGHT, WIDTH), np.uint8)
SCRIBBLE = {"do": "scribble", "frame": 0, "object": 1, "points": [[1, 1], [9, 9]]}

CASES: dict[str, tuple[Callable[[Place], list[str]], str]] = {
    "no command": (lambda _: [], "COMMAND"),
    "unknown command": (lambda _: ["propogate"], "propogate"),
    "unknown option": (lambda at: at.propagate("--mask=0=a.png", "--fast"), "--fast"),
    "no mask": (lambda at: ["propagate", str(at.clip.images), "--out", "out"], "--mask"),
    "mask without frame": (lambda at: at.propagate("--mask=first.png"), "FRAME=FILE"),
    "mask of a negative frame": (lambda at: at.propagate("--mask=-1=first.png"), "FRAME=FILE"),
    "mask of a frame past the end": (
        lambda at: at.propagate(f"--mask=6={at.clip.masks[0]}"),
        "the clip's last frame is 5",
    ),
    "missing mask": (lambda at: at.propagate("--mask=0=nowhere.png"), "nowhere.png"),
    "mask that is no image": (lambda at: at.propagate(f"--mask=0={at.file('mask.png', 'text')}"), "mask.png"),
    "mask cut short": (
        lambda at: at.propagate(f"--mask=0={at.file('mask.png', at.clip.masks[0].read_bytes()[:-30])}"),
        "mask.png",
    ),
    "mask of another size": (
        lambda at: at.propagate(f"--mask=0={at.mask(BLACK[:-1])}"),
        f"is {WIDTH}x{HEIGHT - 1}; the clip is {WIDTH}x{HEIGHT}",
    ),
    "masks without an object": (
        lambda at: at.propagate(f"--mask=0={at.mask(BLACK)}"),
        "None of the masks shows",
    ),
    "missing clip": (lambda at: at.propagate(clip=at.folder / "nowhere.mp4"), "nowhere.mp4"),
    "folder without images": (lambda at: at.propagate(clip=_made(at.folder / "empty")), "empty"),
    "video that is none": (lambda at: at.propagate(clip=at.file("clip.mp4", "text")), "clip.mp4"),
    "video of nothing": (lambda at: at.propagate(clip=at.file("clip.mp4", "")), "clip.mp4"),
    "out is a file": (lambda at: [*at.propagate()[:-1], str(at.file("out", ""))], "is a file"),
    "timings in no folder": (
        lambda at: [*at.propagate(), "--timings", str(at.folder / "nowhere" / "t.json")],
        "does not exist",
    ),
    "timings is a folder": (lambda at: [*at.propagate(), "--timings", str(at.folder)], "is a folder"),
    "models that are not there": (lambda at: [*at.propagate(), "--models", "mivos"], "mivos"),
    "working size too small": (lambda at: [*at.propagate(), "--working-size", "8"], "less than 64"),
    "working size that is no number": (lambda at: [*at.propagate(), "--working-size", "big"], "whole number"),
    "missing weights": (lambda at: [*at.propagate(), "--weights", str(at.folder / "nowhere")], "nowhere"),
    "weights cut short": (
        lambda at: [
            *at.propagate(),
            "--weights",
            str(at.weights("fusion.safetensors", shipped("fusion")[:-100])),
        ],
        "damaged",
    ),
    "weights of another network": (
        lambda at: [
            *at.propagate(),
            "--weights",
            str(at.weights("fusion.safetensors", shipped("interaction"))),
        ],
        "another network",
    ),
    "missing script": (lambda at: at.replay(at.folder / "nowhere.json"), "nowhere.json"),
    "script that is no JSON": (lambda at: at.replay(at.file("script.json", "{")), "not valid JSON"),
    "unknown key": (
        lambda at: at.steps({**SCRIBBLE, "colour": "red"}),
        'Step 1 (scribble) has the unknown key "colour"',
    ),
    "frame out of range": (
        lambda at: at.steps(SCRIBBLE, {**SCRIBBLE, "frame": 6}),
        "Step 2 (scribble): the clip has no",
    ),
    "unknown object": (lambda at: at.steps({**SCRIBBLE, "object": 4}), "object 4"),
    "wrong version": (
        lambda at: at.replay(at.file("script.json", '{"version": 3, "steps": []}')),
        "this program reads version 1",
    ),
    "missing points": (lambda at: at.steps({"do": "click", "frame": 0, "object": 1}), '"points" is missing'),
    "missing mask of a step": (
        lambda at: at.steps({"do": "set_ids", "frame": 0, "file": "no.png"}),
        "no.png",
    ),
    "step that the session refuses": (
        lambda at: at.steps({"do": "remove_object", "object": 1}, SCRIBBLE),
        "Step 2 (scribble): There is no object 1",
    ),
    "propagation of a frame without a draft": (
        lambda at: at.steps({"do": "propagate", "frame": 3}),
        "Step 1 (propagate)",
    ),
    "training data that is not there": (
        lambda at: ["train", "fusion", "--data", str(at.folder / "nowhere"), "--out", str(at.folder / "out")],
        "nowhere",
    ),
    "clips too small": (
        lambda at: ["synthesize", "--clips", "1", "--size", "32x32", "--out", str(at.folder / "out")],
        "at least 64 pixels",
    ),
    "size that is none": (
        lambda _: ["synthesize", "--clips", "1", "--size", "768", "--out", "out"],
        "WIDTHxHEIGHT",
    ),
    "hours that are no time": (
        lambda at: ["train", "all", "--data", "a", "--out", "b", "--hours", "0"],
        "not a number above 0",
    ),
    "weights of an empty folder": (
        lambda at: ["weights", "list", "--weights", str(_made(at.folder / "none"))],
        "none",
    ),
}


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def everything_below(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_a_sentence_and_writes_nothing(
    case: str,
    small_clip: ClipOnDisk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_words, expected = CASES[case]
    monkeypatch.chdir(tmp_path)
    words = make_words(Place(small_clip, tmp_path))
    before = everything_below(tmp_path)
    assert exit_code(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert expected in printed.err
    assert printed.err.count("\n") == 1, "one sentence on one line"
    assert "Traceback" not in printed.err
    assert everything_below(tmp_path) == before


def exit_code(words: list[str]) -> int:
    with pytest.raises(SystemExit) as stop:  # how argparse leaves
        sys.exit(main(words))
    return int(stop.value.code or 0)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_place_is_found_before_the_work(small_clip: ClipOnDisk, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert exit_code(Place(small_clip, tmp_path).propagate()) == 2
