"""Where results go: no file that is not an earlier result is ever touched, and all is known at the start."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mivos_studio.cli.main import main
from tests.conftest import FRAMES, ClipOnDisk

SMALL = ("--working-size", "64", "--dtype", "float32", "--quiet")


def mivos(*words: object) -> int:
    return main([str(word) for word in words])


def propagate(clip: ClipOnDisk, out: Path, *words: object) -> int:
    return mivos("propagate", clip.images, f"--mask=0={clip.masks[0]}", "--out", out, *SMALL, *words)


def everything(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def own_clip(small_clip: ClipOnDisk, tmp_path: Path) -> ClipOnDisk:
    """A clip whose folder a test may write into; a text file and a folder lie among the frames."""
    shutil.copytree(small_clip.images, tmp_path / "clip")
    (tmp_path / "clip" / "notes.txt").write_text("mine")
    (tmp_path / "clip" / "plates").mkdir()
    (tmp_path / "clip" / "plates" / "00000.png").write_text("mine")
    return ClipOnDisk(tmp_path / "clip", small_clip.masks)


def refused(capsys: pytest.CaptureFixture[str], code: int, sentence: str) -> None:
    error = capsys.readouterr().err
    assert code == 2
    assert sentence in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("name", ["clip", "link", "copy"])
@pytest.mark.parametrize("force", [(), ("--force",)], ids=["", "forced"])
def test_a_folder_of_numbered_pngs_with_other_files_is_refused_and_nothing_touched(
    own_clip: ClipOnDisk,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    force: tuple[str, ...],
) -> None:
    (tmp_path / "link").symlink_to("clip", target_is_directory=True)
    shutil.copytree(own_clip.images, tmp_path / "copy")
    before = everything(tmp_path)
    code = propagate(own_clip, tmp_path / name, *force)
    if name == "copy":
        refused(capsys, code, "00000.png is in the way, and was not written" if force else "is not empty")
    else:
        refused(capsys, code, "is the folder of the clip itself")
    assert everything(tmp_path) == before


def test_a_mask_in_use_is_not_replaced(
    own_clip: ClipOnDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert propagate(own_clip, tmp_path / "out") == 0
    before = everything(tmp_path)
    mask = f"--mask=0={tmp_path / 'out' / '00000.png'}"
    code = mivos("propagate", own_clip.images, mask, "--out", tmp_path / "out", "--force", *SMALL)
    refused(capsys, code, "is an input of this work")
    assert everything(tmp_path) == before


@pytest.mark.parametrize("option", ["--json", "--timings"])
def test_figures_are_written_over_no_input_and_no_foreign_file(
    own_clip: ClipOnDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    mask = tmp_path / "mask.png"
    shutil.copy(own_clip.masks[0], mask)
    os.link(mask, tmp_path / "hard.json")
    (tmp_path / "notes.txt").write_text("mine")
    before = everything(tmp_path)
    for name, sentence in (
        ("mask.png", "is an input"),
        ("hard.json", "is an input"),
        ("notes.txt", "is not a file of figures"),
        ("clip/00001.png", "is not a file of figures"),
        ("out", "is the folder of the result, too"),
    ):
        words = (f"--mask=0={mask}", "--out", tmp_path / "out", option, tmp_path / name)
        refused(capsys, mivos("propagate", own_clip.images, *words, *SMALL), sentence)
    assert everything(tmp_path) == before


def test_a_script_is_not_written_over_by_its_figures(
    own_clip: ClipOnDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"version": 1, "objects": [], "steps": []}))
    before = script.read_bytes()
    words = ("replay", own_clip.images, "--script", script, "--out", tmp_path / "out", "--json", script)
    refused(capsys, mivos(*words, *SMALL), "is an input of this work")
    assert script.read_bytes() == before


def test_figures_are_not_put_where_a_mask_goes(
    own_clip: ClipOnDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    code = propagate(own_clip, tmp_path / "out", "--json", tmp_path / "out" / "00003.png")
    refused(capsys, code, "is where a file of the result goes")
    assert list((tmp_path / "out").iterdir()) == []


def test_json_and_timings_are_both_written_and_written_again(own_clip: ClipOnDisk, tmp_path: Path) -> None:
    files = (tmp_path / "figures.json", tmp_path / "timings.json")
    for out in ("one", "two"):
        assert propagate(own_clip, tmp_path / out, "--json", files[0], "--timings", files[1]) == 0
    assert [json.loads(file.read_text())["frames"] for file in files] == [FRAMES - 1, FRAMES - 1]


def test_a_full_disk_is_known_before_the_work(
    own_clip: ClipOnDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_work(*_: object) -> None:
        pytest.fail("the work began")

    monkeypatch.setattr("mivos_studio.cli.job.open_session", no_work)
    monkeypatch.setattr("mivos_studio.media.output.places.shutil.disk_usage", lambda _: _Usage())
    before = everything(tmp_path)
    refused(capsys, propagate(own_clip, tmp_path / "new" / "out"), "free some space")
    assert everything(tmp_path) == before


class _Usage:
    free = 1000


def test_a_name_that_is_too_long_leaves_nothing_behind(
    own_clip: ClipOnDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(tmp_path)
    refused(capsys, propagate(own_clip, tmp_path / "new" / ("x" * 256)), "its name is too long")
    assert everything(tmp_path) == before
    assert propagate(own_clip, tmp_path / ("x" * 255)) == 0


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as on POSIX")
def test_what_happens_to_the_folder_during_a_run_and_after_a_kill(
    own_clip: ClipOnDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The place is taken from the start to the end, and free again once the process is dead."""
    out = tmp_path / "out"
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"version": 1, "objects": [], "steps": [{"do": "undo"}] * 200_000}))
    words = ["replay", str(own_clip.images), "--script", str(script), "--out", str(out), *SMALL]
    with subprocess.Popen(
        [sys.executable, "-m", "mivos_studio.cli", *words, "--acknowledge"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ack 1\n"
        refused(capsys, propagate(own_clip, out), "is being written by another run")
        process.send_signal(signal.SIGKILL)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".mivos-")] != []
    assert propagate(own_clip, out) == 0
    assert len(list(out.glob("*.png"))) == FRAMES
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".mivos-")] == []


def test_a_foreign_file_that_appears_during_the_run_stays(
    own_clip: ClipOnDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mivos_studio.cli import job

    out = tmp_path / "out"
    assert propagate(own_clip, out) == 0
    open_session = job.open_session

    def meanwhile(*given: object) -> object:
        (out / "late.txt").write_text("late")
        return open_session(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(job, "open_session", meanwhile)
    assert propagate(own_clip, out, "--force") == 0
    assert (out / "late.txt").read_text() == "late"
    assert len(list(out.glob("*.png"))) == FRAMES

    def with_a_frame(*given: object) -> object:
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "00002.png").write_text("theirs")
        return open_session(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(job, "open_session", with_a_frame)
    refused(capsys, propagate(own_clip, tmp_path / "new"), "The finished result is in")
    assert everything(tmp_path / "new") == {"00002.png": b"theirs"}
    assert len(list((tmp_path / "new-kept").glob("*.png"))) == FRAMES
