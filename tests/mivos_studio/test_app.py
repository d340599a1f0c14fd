"""The start of the program: bad arguments are refused, and the first paint comes before torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PyQt5.QtGui import QPixmap
from PyQt5.QtWidgets import QApplication

from gui.screenshot import save_screenshot
from inference_core.errors import UserError
from mivos_studio import app
from mivos_studio.cli.gui import parse
from mivos_studio.media.clip import open_clip
from mivos_studio.media.errors import MediaError
from mivos_studio.synthetic.sample import write_sample
from tests.project import PROJECT

FIRST_PAINT = """
import json, sys, time
from inference_core.errors import UserError
from mivos_studio import app
from mivos_studio.cli.gui import parse
application, window = app.open_window(parse(sys.argv[1:]))
heavy = ("torch", "av", "cv2", "PIL")
def painted():
    print(json.dumps([name for name in heavy if name in sys.modules]))
    application.exit(0)
window.first_painted.disconnect()
window.first_painted.connect(painted)
code = application.exec()
window.close()
sys.exit(code)
"""


def run(*words: str, code: str = "") -> subprocess.CompletedProcess[str]:
    start = ["-c", code] if code else ["interactive_gui.py"]
    return subprocess.run(
        [sys.executable, *start, *words],
        cwd=PROJECT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["missing.mp4"], "there is no file or folder at missing.mp4"),
        (["--video", "missing.mp4"], "there is no file or folder"),
        (["--images", "README.md"], "is not a folder"),
        (["--video", "docs"], "is a folder"),
        (["docs", "--images", "docs"], "name one clip"),
        (["--script", "missing.json"], "there is no script"),
        (["--models", "huge"], "invalid choice"),
        (["--exit-after", "soon"], "soon"),
        (["--screenshot", "no/such/folder/a.png"], "no folder"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(
    words: list[str], part: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROJECT)
    with pytest.raises(SystemExit) as left:
        parse(words)
    said = capsys.readouterr().err
    assert left.value.code == 2
    assert part in said
    assert len(said.splitlines()) == 1


def test_a_project_is_opened_as_a_clip_is_and_earlier_work_is_offered_to_users_alone(tmp_path: Path) -> None:
    project = tmp_path / "koi.mivos"
    project.touch()
    assert parse([str(project)]).clip == project
    assert parse([str(project)]).offers_recovery
    assert not parse([str(project), "--exit-after", "1"]).offers_recovery


def test_the_first_paint_comes_before_anything_heavy_is_imported() -> None:
    done = run(code=FIRST_PAINT)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_a_clip_that_cannot_be_read_is_reported_in_the_banner_and_the_window_stays(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video")
    code = """
import sys; from mivos_studio import app; from mivos_studio.cli.gui import parse
from PyQt5.QtCore import QTimer
application, window = app.open_window(parse(sys.argv[1:]))
def check():
    if window.banner.text:
        print(window.banner.text)
        window.close()
timer = QTimer()
timer.timeout.connect(check)
timer.start(20)
sys.exit(application.exec())
"""
    done = run(str(broken), code=code)
    assert done.returncode == 0, done.stderr
    assert "broken.mp4" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(("said", "heard"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "active"}, "ACTIVE")])
def test_torchs_idle_threads_sleep_unless_the_environment_sets_otherwise(
    said: dict[str, str], heard: str
) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", "from mivos_studio import app; app.let_idle_threads_sleep(); import torch"],
        cwd=PROJECT,
        env={**kept, **said, "OMP_DISPLAY_ENV": "true"},  # OpenMP prints what it has understood
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert f"OMP_WAIT_POLICY = '{heard}'" in done.stderr


def test_opencvs_qt_plugin_paths_are_removed_and_others_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import cv2

    own = Path(cv2.__file__).parent / "qt"
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", str(own / "plugins"))
    monkeypatch.setenv("QT_QPA_FONTDIR", str(tmp_path))
    app.drop_foreign_qt_plugins()
    assert "QT_QPA_PLATFORM_PLUGIN_PATH" not in os.environ
    assert os.environ["QT_QPA_FONTDIR"] == str(tmp_path)


def test_a_screenshot_replaces_an_older_one_and_no_other_image(
    application: QApplication, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixmap = QPixmap(40, 30)
    pixmap.fill()
    for _ in range(2):
        parse(["--screenshot", str(tmp_path / "window.png")])
        save_screenshot(pixmap, tmp_path / "window.png")
    pixmap.save(str(tmp_path / "photo.png"))
    before = (tmp_path / "photo.png").read_bytes()
    with pytest.raises(SystemExit) as stop:
        parse(["--screenshot", str(tmp_path / "photo.png")])
    assert stop.value.code == 2
    assert "photo.png is there and is not a screenshot" in capsys.readouterr().err
    with pytest.raises(MediaError, match="is not a screenshot"):
        save_screenshot(pixmap, tmp_path / "photo.png")
    assert (tmp_path / "photo.png").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.png", "window.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_without_a_display_there_is_one_sentence_and_exit_code_2() -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb", "DISPLAY": ":4321"}
    done = subprocess.run(
        [sys.executable, "-m", "mivos_studio.cli", "gui"],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("The window cannot be opened: there is no display")
    assert done.stderr.count("\n") == 1


def test_two_first_starts_at_once_make_one_sample_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(folder: Path, **options: object) -> Path:
        return write_sample(folder, frames=2, before_frame=lambda _: both.wait(10))

    both = threading.Barrier(2)
    monkeypatch.setattr("mivos_studio.synthetic.sample.write_sample", write)
    with ThreadPoolExecutor(2) as starts:
        made = [starts.submit(app._sample_clip, tmp_path / "cache", lambda _: None) for _ in range(2)]
        assert {start.result() for start in made} == {tmp_path / "cache" / "sample"}
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["sample"]
    assert len(open_clip(tmp_path / "cache" / "sample")) == 2


def test_the_window_s_report_is_that_of_the_command(tmp_path: Path) -> None:
    waits: list[str] = []
    text = app._make_report(tmp_path / "nothing.mivos", None, waits.append)
    assert text.startswith("Report of MiVOS Studio\n")
    assert "\nProject\n  not found out: ProjectError: <left out>\n" in text
    assert waits


def test_a_report_that_is_stopped_ends_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Recorded(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *words: object, **options: object) -> None:
            super().__init__(*words, **options)  # type: ignore[call-overload]
            started.append(self)

    def stop(_: str) -> None:
        raise UserError("stopped")

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    with pytest.raises(UserError, match="stopped"):
        app._make_report(None, None, stop)
    assert started[0].returncode is not None
