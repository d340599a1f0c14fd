"""The commands that measure, teach and list, on a handful of pictures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from mivos_studio.cli.main import main
from mivos_studio.files import sha256_of
from model.weights.hashes import recorded_sha256
from tests.conftest import ClipOnDisk

SMALL = ("--working-size", "64", "--dtype", "float32", "--quiet")


def mivos(*words: object) -> int:
    return main([str(word) for word in words])


@pytest.fixture
def davis_folder(small_clip: ClipOnDisk, tmp_path: Path) -> Path:
    """One clip in the layout of DAVIS."""
    folder = tmp_path / "davis"
    images = folder / "JPEGImages" / "480p" / "square"
    images.mkdir(parents=True)
    for file in small_clip.images.iterdir():
        Image.open(file).save(images / f"{file.stem}.jpg")
    shutil.copytree(small_clip.folder / "masks", folder / "Annotations" / "480p" / "square")
    return folder


@pytest.fixture
def stills_folder(small_clip: ClipOnDisk, tmp_path: Path) -> Path:
    """One image and its mask side by side."""
    folder = tmp_path / "stills"
    folder.mkdir()
    Image.open(small_clip.images / "00000.png").save(folder / "square.jpg")
    shutil.copy(small_clip.masks[0], folder / "square.png")
    return folder


def test_clips_are_measured_beside_baselines(
    davis_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "figures.json"
    assert (
        mivos("evaluate", "--data", davis_folder, "--frames", 3, "--ablations", "--json", report, *SMALL) == 0
    )
    figures = json.loads(report.read_text(encoding="utf-8"))
    assert set(figures["clips"]) == {"square"}
    assert set(figures["clips"]["square"]) >= {"J", "F", "objects", "fps", "baselines"}
    assert set(figures["mean"]) == {"J", "F"}
    assert set(figures["baselines"]) == {"still", "flow"}
    assert set(figures["fps_by_objects"]) == {"1"}
    assert figures["options"]["frames"] == 3
    table = capsys.readouterr().out
    assert "| square" in table
    assert "memory switched off" in table


def test_a_robot_corrects_round_by_round(davis_folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "figures.json"
    words = ("--data", davis_folder, "--frames", 3, "--interactive", "click", "--rounds", 2)
    assert mivos("evaluate", *words, "--json", report, *SMALL) == 0
    figures = json.loads(report.read_text(encoding="utf-8"))
    assert len(figures["rounds"]) == 2
    assert figures["options"]["interactive"] == "click"


def test_a_report_is_written_and_not_over_something_else(
    davis_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    folder = tmp_path / "report"
    words = ("evaluate", "--data", davis_folder, "--frames", 2, "--report", folder, *SMALL)
    assert mivos(*words) == 0
    assert {".mivos-files.json", "report.md", "figures.json", "clips.svg", "square.jpg"} == {
        path.name for path in folder.iterdir()
    }
    assert mivos(*words) == 2
    assert "is not empty" in capsys.readouterr().err
    (folder / "thesis.txt").touch()
    (folder / "report.md").write_text("with my own words", encoding="utf-8")
    assert mivos(*words, "--force") == 2
    error = capsys.readouterr().err
    assert "report.md is in the way" in error
    assert (folder / "report.md").read_text(encoding="utf-8") == "with my own words"
    (folder / "report.md").unlink()
    assert mivos(*words, "--force") == 0
    assert (folder / "thesis.txt").exists()


def test_advice_is_measured_and_its_calibration_fitted(
    davis_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--data", davis_folder, "--frames", 3, "--advice", "--rounds", 2, "--draws", 1)
    assert mivos("evaluate", *words, "--interactive", "click", *SMALL) == 0
    assert "| advised" in capsys.readouterr().out
    assert mivos("evaluate", "--fit-confidence", davis_folder, "--frames", 3, *SMALL) == 0
    assert "CALIBRATION = Calibration(bias=" in capsys.readouterr().out


def test_stills_are_measured_beside_grabcut(stills_folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "figures.json"
    assert mivos("evaluate", "--stills", stills_folder, "--clicks", 5, "--json", report, *SMALL) == 0
    figures = json.loads(report.read_text(encoding="utf-8"))
    assert set(figures["iou_after"]) == set(figures["grabcut"]["iou_after"]) == {"1", "3", "5"}
    assert set(figures["scribble"]["iou_after"]) == {"1", "2", "3"}
    assert 1 <= figures["noc85"] <= figures["noc90"] <= 5


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--data", "a", "--clicks", "3"], "--clicks does not go with --data."),
        (["--stills", "a", "--frames", "3"], "--frames does not go with --stills."),
        (["--data", "a", "--rounds", "3"], "--rounds needs --interactive scribble or --interactive click."),
        (["--data", "a", "--top-k", "9"], "--top-k needs --interactive scribble or --interactive click."),
        (["--stills", "a", "--set", "2017/val"], "--set does not go with --stills."),
        (["--data", "a", "--force"], "--force needs --report."),
        (["--data", "a", "--draws", "3"], "--draws needs --advice."),
        (["--data", "a", "--advice", "--ablations"], "--ablations does not go with --advice."),
        (["--fit-confidence", "a", "--rounds", "3"], "--rounds does not go with --fit-confidence."),
    ],
)
def test_an_option_that_would_go_unheard_is_refused(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mivos("evaluate", *words) == 2
    assert capsys.readouterr().err == f"{sentence}\n"


def test_training_leaves_weights_and_is_not_begun_twice(
    stills_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "pictures" / "stills" / "squares"
    shutil.copytree(stills_folder, source)
    words = ("train", "interaction", "--data", tmp_path / "pictures", "--out", tmp_path / "run", "--batch", 1)
    assert mivos(*words, "--steps", 1, "--threads", 1) == 0
    weights = tmp_path / "run" / "interaction.safetensors"
    assert capsys.readouterr().out == f"{weights}\n"
    assert weights.stat().st_size > 100_000
    assert recorded_sha256(weights) == sha256_of(weights)
    assert mivos(*words) == 2
    assert "go on with --resume" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["fusion.safetensors", "fusion.csv"])
def test_training_is_not_begun_beside_weights_and_logs_of_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / name).write_text("mine")
    words = ("train", "fusion", "--data", tmp_path / "pictures", "--out", tmp_path)
    assert mivos(*words) == 2
    assert f"{name} is an earlier training" in capsys.readouterr().err
    if name == "fusion.safetensors":
        assert mivos(*words, "--resume") == 2
        assert "is not what was recorded for it and stays" in capsys.readouterr().err
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.release  # imports torch in several new processes
def test_speed_is_measured_beside_flow_and_grabcut(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "speed.json"
    words = ("bench", "speed", "--frames", 8, "--size", "96x64", "--objects", 1, "--json", report)
    assert mivos(*words, "--working-size", 64, "--dtype", "float32") == 0
    figures = json.loads(report.read_text(encoding="utf-8"))
    assert figures["propagation"]["1"]["fps"] > 0
    assert set(figures["strokes"]) == {"scribble", "click", "brush", "eraser", "lasso", "box"}
    assert set(figures["startup"]) == {"help_s", "import_s", "load_s"}
    assert "frames a second" in capsys.readouterr().out


def test_made_clips_can_be_measured_on(tmp_path: Path) -> None:
    out, report = tmp_path / "made", tmp_path / "figures.json"
    words = ("synthesize", "--clips", 1, "--frames", 2, "--size", "96x64", "--alpha", "--flow", "--out", out)
    assert mivos(*words, "--json", report, "--quiet") == 0
    assert json.loads(report.read_text(encoding="utf-8"))["frames_per_second_per_core"] > 0
    assert {file.name for file in out.iterdir()} >= {
        "JPEGImages",
        "Annotations",
        "Alpha",
        "Flow",
        "manifest.json",
    }
    assert mivos("evaluate", "--data", out, *SMALL) == 0


def test_made_clips_are_replaced_only_when_forced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        "synthesize",
        "--clips",
        1,
        "--frames",
        1,
        "--size",
        "96x64",
        "--quiet",
        "--out",
        tmp_path / "made",
    )
    assert mivos(*words) == 0
    first = (tmp_path / "made" / "manifest.json").read_bytes()
    assert mivos(*words, "--seed", 3) == 2
    assert "is not empty" in capsys.readouterr().err
    assert (tmp_path / "made" / "manifest.json").read_bytes() == first
    assert mivos(*words, "--seed", 3, "--force") == 0
    assert (tmp_path / "made" / "manifest.json").read_bytes() != first


@pytest.mark.release  # imports torch in several new processes
def test_memory_is_measured_for_each_length(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "memory.json"
    words = ("bench", "memory", "--frames", 2, 5, "--size", "96x64", "--objects", 1, "--json", report)
    assert mivos(*words, "--working-size", 64, "--dtype", "float32") == 0
    figures = json.loads(report.read_text(encoding="utf-8"))
    assert figures["frames"] == [2, 5]
    assert all(held is None or held > 100 for held in figures["rss_mb"])
    assert "| peak resident MiB |" in capsys.readouterr().out


def test_a_setting_is_measured_by_the_masks_that_it_changes(
    davis_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "settings.json"
    words = ("--vary", "dtype=float32,bfloat16", "--vary", "max_memory_frames=1,2", "--json", report)
    assert mivos("bench", "settings", "--data", davis_folder, *words, "--working-size", 64) == 0
    rows = json.loads(report.read_text(encoding="utf-8"))["combinations"]
    assert [(row["dtype"], row["max_memory_frames"]) for row in rows] == [
        ("float32", 1), ("float32", 2), ("bfloat16", 1), ("bfloat16", 2)
    ]  # fmt: skip
    assert rows[0]["agreement"] == 1
    assert rows[2]["agreement"] > 0.9
    assert all(0 < row["J"] <= 1 for row in rows)
    assert "| dtype | max_memory_frames | J |" in capsys.readouterr().out


@pytest.mark.parametrize(
    "given", ["dtype", "dtype=int8", "max_memory_frames=", "max_memory_frames=0", "colour=red"]
)
def test_a_setting_that_makes_no_sense_is_refused(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        mivos("bench", "settings", "--data", "d", "--vary", given)
    assert "is not NAME=VALUE,VALUE" in capsys.readouterr().err


def test_a_mask_past_the_end_of_a_clip_is_not_given(
    davis_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mivos("bench", "settings", "--data", davis_folder, "--vary", "mem_every=1", "--given", 0, 9) == 2
    assert capsys.readouterr().err == "square has no frame 9: give masks of earlier frames.\n"
