"""The command line end to end, on a small clip and with the networks that ship."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mivos_studio.cli.main import main
from tests.conftest import FRAMES, HEIGHT, WIDTH, ClipOnDisk

SMALL = ("--working-size", "64", "--dtype", "float32", "--quiet")


def mivos(*words: object) -> int:
    return main([str(word) for word in words])


def written_ids(folder: Path) -> list[np.ndarray]:
    return [np.asarray(Image.open(file)) for file in sorted(folder.glob("*.png"))]


def script_file(folder: Path, *steps: dict[str, Any]) -> Path:
    file = folder / "script.json"
    document = {"version": 1, "objects": [{"id": 1, "name": "square"}], "steps": steps}
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def test_propagate_writes_one_indexed_png_a_frame_at_the_sources_size(
    small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert (
        mivos("propagate", small_clip.images, "--mask", f"0={small_clip.masks[0]}", "--out", out, *SMALL) == 0
    )
    masks = [f"{number:05}.png" for number in range(FRAMES)]
    assert [file.name for file in sorted(out.iterdir())] == [".mivos-files.json", *masks]
    with Image.open(out / "00003.png") as image:
        assert (image.mode, image.size) == ("P", (WIDTH, HEIGHT))
        assert image.getpalette()[:6] == [0, 0, 0, 128, 0, 0]


def test_given_masks_come_out_as_they_went_in(small_clip: ClipOnDisk, tmp_path: Path) -> None:
    masks = [f"--mask={number}={small_clip.masks[number]}" for number in (0, 4)]
    assert mivos("propagate", small_clip.images, *masks, "--out", tmp_path / "out", *SMALL) == 0
    ids = written_ids(tmp_path / "out")
    for number in (0, 4):
        np.testing.assert_array_equal(ids[number], np.asarray(Image.open(small_clip.masks[number])))


def test_pixel_values_are_object_ids(small_clip: ClipOnDisk, tmp_path: Path) -> None:
    seven = tmp_path / "seven.png"
    Image.fromarray(np.asarray(Image.open(small_clip.masks[0])) * np.uint8(7)).save(seven)
    assert mivos("propagate", small_clip.images, f"--mask=0={seven}", "--out", tmp_path / "out", *SMALL) == 0
    assert {int(i) for ids in written_ids(tmp_path / "out") for i in np.unique(ids)} == {0, 7}


def test_timings_tell_every_round(small_clip: ClipOnDisk, tmp_path: Path) -> None:
    masks = [f"--mask={number}={small_clip.masks[number]}" for number in (0, 4)]
    timings = tmp_path / "timings.json"
    out = tmp_path / "out"
    assert mivos("propagate", small_clip.images, *masks, "--out", out, "--timings", timings, *SMALL) == 0
    figures = json.loads(timings.read_text(encoding="utf-8"))
    assert [timed["anchor"] for timed in figures["rounds"]] == [0, 4]
    assert figures["frames"] == sum(timed["frames"] for timed in figures["rounds"])
    assert figures["seconds"] == pytest.approx(sum(timed["seconds"] for timed in figures["rounds"]))
    assert figures["fps"] == pytest.approx(figures["frames"] / figures["seconds"])
    assert figures["peak_rss_mb"] > 50
    assert (figures["device"], figures["dtype"], figures["working_size"]) == ("cpu", "float32", 64)


def test_replay_plays_a_script_and_acknowledges_each_step(
    small_clip: ClipOnDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = script_file(
        tmp_path,
        {"do": "brush", "frame": 0, "object": 1, "points": [[14, 32], [30, 32]], "radius_px": 9},
        {"do": "propagate", "frame": 0},
        {"do": "reset", "frame": 5},
        {"do": "undo"},
        {"do": "set_ids", "frame": 2, "file": os.path.relpath(small_clip.masks[2], tmp_path)},
        {"do": "lock", "object": 1},
    )
    out = tmp_path / "out"
    assert mivos("replay", small_clip.images, "--script", script, "--out", out, "--acknowledge", *SMALL) == 0
    assert capsys.readouterr().out.split("\n") == [*(f"ack {number}" for number in range(1, 7)), ""]
    ids = written_ids(out)
    assert ids[0][32, 20] == 1
    np.testing.assert_array_equal(ids[2], np.asarray(Image.open(small_clip.masks[2])))


def test_the_same_script_gives_the_same_bytes(small_clip: ClipOnDisk, tmp_path: Path) -> None:
    script = script_file(
        tmp_path,
        {"do": "scribble", "frame": 0, "object": 1, "points": [[14, 32], [30, 32]]},
        {"do": "click", "frame": 0, "object": 1, "points": [[60, 10]], "positive": False},
        {"do": "propagate"},
    )
    for name in ("first", "second"):
        assert mivos("replay", small_clip.images, "--script", script, "--out", tmp_path / name, *SMALL) == 0
    first, second = (
        [file.read_bytes() for file in sorted((tmp_path / n).iterdir())] for n in ("first", "second")
    )
    assert first == second


def test_an_earlier_result_is_kept_unless_forced(
    small_clip: ClipOnDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ("propagate", small_clip.images, f"--mask=0={small_clip.masks[0]}", "--out", out, *SMALL)
    assert mivos(*words) == 0
    earlier = everything_in(out)
    assert mivos(*words[:2], f"--mask=0={small_clip.masks[5]}", *words[3:]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert everything_in(out) == earlier
    assert mivos(*words[:2], f"--mask=0={small_clip.masks[5]}", *words[3:], "--force") == 0
    assert everything_in(out).keys() == earlier.keys()
    assert everything_in(out) != earlier


def test_force_keeps_other_files_in_the_folder(small_clip: ClipOnDisk, tmp_path: Path) -> None:
    (tmp_path / "novel.txt").write_text("chapter one", encoding="utf-8")
    words = ("propagate", small_clip.images, f"--mask=0={small_clip.masks[0]}", "--out", tmp_path, *SMALL)
    assert mivos(*words, "--force") == 0
    assert len(list(tmp_path.glob("*.png"))) == FRAMES
    assert (tmp_path / "novel.txt").read_text(encoding="utf-8") == "chapter one"


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_interrupted_command_exits_with_130_and_leaves_nothing(
    small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mivos_studio.media.export.png_indexed.save_ids", interrupted)
    out = tmp_path / "out"
    assert (
        mivos("propagate", small_clip.images, f"--mask=0={small_clip.masks[0]}", "--out", out, *SMALL) == 130
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as on POSIX")
def test_ctrl_c_in_a_real_process_exits_with_130(small_clip: ClipOnDisk, tmp_path: Path) -> None:
    steps = [{"do": "undo"}] * 200_000
    script = script_file(tmp_path, *steps)
    words = [
        "replay",
        str(small_clip.images),
        "--script",
        str(script),
        "--out",
        str(tmp_path / "out"),
        *SMALL,
    ]
    program = [sys.executable, "-m", "mivos_studio.cli", *words, "--acknowledge"]
    with subprocess.Popen(
        program,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background of a shell would hand down that the signal is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ack 1\n"
        process.send_signal(signal.SIGINT)
        for _ in process.stdout:
            pass
        assert process.stderr.read() == "Interrupted.\n"
    assert process.returncode == 130
    assert [file.name for file in tmp_path.iterdir()] == ["script.json"]


def test_a_fault_of_ours_is_one_sentence_and_a_file_of_details(
    small_clip: ClipOnDisk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("broken on purpose")

    monkeypatch.setattr("mivos_studio.cli.job.open_clip", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    out = tmp_path / "out"
    assert mivos("propagate", small_clip.images, f"--mask=0={small_clip.masks[0]}", "--out", out) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    details = Path(error.split()[-1])
    assert "broken on purpose" in details.read_text(encoding="utf-8")
    assert not out.exists()


def test_help_is_there_before_torch_and_numpy() -> None:
    program = (
        "import sys; from mivos_studio.cli.main import main\n"
        "late = {'torch', 'numpy', 'cv2', 'PyQt5', 'msgspec', 'natsort', 'tqdm'}\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(sorted(late & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.endswith("[]\n")
    for command in ("propagate", "replay", "evaluate", "synthesize", "train", "weights", "gui"):
        assert f"    {command}" in result.stdout


@pytest.mark.skipif(os.name != "posix", reason="a pipe whose reader is gone raises as on POSIX")
def test_a_reader_that_closes_the_pipe_early_is_no_fault() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    program = [sys.executable, "-m", "mivos_studio.cli", "weights", "list"]
    done = subprocess.run(program, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
