"""A machine without disk space, rights, weights or folders: a plain sentence, and work goes on if it can."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from PyQt5.QtCore import QCoreApplication, QTimer
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAbstractButton, QApplication, QDialog, QFileDialog, QLineEdit

from gui.screenshot import save_screenshot
from mivos_studio import app
from mivos_studio.media.errors import MediaError
from mivos_studio.one_line import one_line
from mivos_studio.project.file.project_file import ProjectFile
from tests.conftest import ClipOnDisk
from tests.gui.bad_files import DEEP, PLACES, a_text, cut, folder_with_a_cut_frame
from tests.gui.bench import Bench, check_sentence, real_window
from tests.gui.gestures import drag, press, wait_idle, wait_until

pytestmark = pytest.mark.usefixtures("application")


@pytest.fixture
def bench(small_clip: ClipOnDisk, tmp_path: Path) -> Iterator[Bench]:
    with real_window(tmp_path) as made:
        made.open(small_clip.images)
        made.work()
        yield made


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Leave no space on a disk."""
    stone = disk / "stone"
    with stone.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    stone.unlink()


def banner_sentence(bench: Bench, kind: str = "error") -> str:
    """Wait for an error, or a note, in the banner; return it."""
    banner = bench.window.banner
    wait_until(lambda: bool(banner.text) and banner.property("kind") == kind, 60)
    check_sentence(banner.text)
    return banner.text


# Weights.


def no_folder(folder: Path) -> Path:
    return folder / "nowhere"


def empty_folder(folder: Path) -> Path:
    (folder / "weights").mkdir()
    return folder / "weights"


def cut_weights(folder: Path) -> Path:
    copied = _copied_weights(folder)
    for file in copied.rglob("*.safetensors"):
        file.write_bytes(file.read_bytes()[:1000])
    return copied


def texts_for_weights(folder: Path) -> Path:
    copied = _copied_weights(folder)
    for file in copied.rglob("*.safetensors"):
        file.write_text("weights", encoding="utf-8")
    return copied


def pipes_for_weights(folder: Path) -> Path:
    copied = _copied_weights(folder)
    for file in copied.rglob("*.safetensors"):
        file.unlink()
        os.mkfifo(file)
    return copied


def _copied_weights(folder: Path) -> Path:
    return Path(shutil.copytree(Path(__file__).parents[2] / "saves" / "compact", folder / "weights"))


@pytest.mark.parametrize(
    "build", [no_folder, a_text, empty_folder, cut_weights, texts_for_weights, pipes_for_weights]
)
def test_weights_that_are_none_are_a_sentence_and_the_clip_can_be_looked_at(
    build: Callable[[Path], Path], small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    options = app.WindowOptions(device="cpu", working_size=64, weights=build(tmp_path))
    with real_window(tmp_path / "home", networks=False, options=options) as bench:
        bench.window.open(small_clip.images)
        print(build.__name__, banner_sentence(bench))
        bench.window.navigator.go_to(3)
        wait_until(lambda: bench.window.canvas.shown_frame == 3)
        bench.check_nothing_else_is_said()
        assert list((tmp_path / "home" / "cache" / "recovery").glob("*.mivos")) == []


# Folders of the program.


def test_without_its_folders_the_program_works_in_the_temporary_one(
    small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    for name in ("cache", "settings"):
        (tmp_path / name).write_text("a file where a folder should be", encoding="utf-8")
    with real_window(tmp_path) as bench:
        bench.open(small_clip.images)
        assert bench.window.banner.text.startswith("Work without a name is kept in ")
        bench.work()
        bench.check_usable()
        bench.check_nothing_else_is_said()
        assert bench.project.exists()


def test_without_any_folder_to_write_in_that_is_a_sentence(
    small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "cache"))
    with real_window(tmp_path) as bench:
        bench.window.open(small_clip.images)
        print(banner_sentence(bench))
        bench.check_nothing_else_is_said()


def test_without_any_temporary_folder_that_is_a_sentence(
    small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "cache")])
    monkeypatch.setattr(tempfile, "tempdir", None)
    with real_window(tmp_path) as bench:
        bench.window.open(small_clip.images)
        print(banner_sentence(bench))
        bench.check_nothing_else_is_said()


def test_a_sample_clip_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    with real_window(tmp_path) as bench:
        bench.window.open(None)
        print(banner_sentence(bench))
        bench.check_nothing_else_is_said()


def test_when_no_project_can_be_made_for_another_clip_the_one_before_is_open_again(
    bench: Bench, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recovery = tmp_path / "cache" / "recovery"
    shutil.rmtree(recovery)
    recovery.write_text("a file", encoding="utf-8")
    monkeypatch.setattr(tempfile, "tempdir", str(recovery))
    other = shutil.copytree(small_clip.images, tmp_path / "other")
    print(bench.sentence_of(lambda: bench.window.open(other)))


def test_work_without_a_name_is_open_again_too(
    small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with real_window(tmp_path) as bench:
        bench.open(small_clip.images)
        drag(bench.window.canvas, [(20, 30), (26, 30)])
        wait_idle(bench.window)
        monkeypatch.setattr(app._LazyProjects, "create", _refuse, raising=False)
        monkeypatch.setattr("mivos_studio.window_projects.WindowProjects.create", _refuse)
        other = shutil.copytree(small_clip.images, tmp_path / "other")
        bench.sentence_of(lambda: bench.window.open(other))


def _refuse(*_: object) -> None:
    raise MediaError("The disk is full: free some space.")


@pytest.mark.parametrize("content", ["", "notes", DEEP, "[1, 2]", '["a\\u0000b", "/nowhere"]', "{}", b"\xff"])
def test_a_list_of_recent_projects_that_is_none_is_an_empty_menu(
    content: str | bytes, tmp_path: Path
) -> None:
    (tmp_path / "settings").mkdir()
    path = tmp_path / "settings" / "recent.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with real_window(tmp_path) as bench:
        assert recent_texts(bench) == ["None yet"]


def test_a_pipe_for_a_list_of_recent_projects_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "settings").mkdir()
    os.mkfifo(tmp_path / "settings" / "recent.json")
    with real_window(tmp_path) as bench:
        assert recent_texts(bench) == ["None yet"]


def recent_texts(bench: Bench) -> list[str]:
    menu = bench.window.actions_by_name["open_recent"].menu()
    assert menu is not None
    menu.aboutToShow.emit()
    return [action.text() for action in menu.actions()]


def test_strange_files_among_those_of_earlier_runs_are_left_alone(tmp_path: Path) -> None:
    recovery = tmp_path / "cache" / "recovery"
    (recovery / "folder.mivos").mkdir(parents=True)
    (recovery / "text.mivos").write_text("notes", encoding="utf-8")
    (recovery / "empty.mivos").touch()
    os.mkfifo(recovery / "pipe.mivos")
    (recovery / "link.mivos").symlink_to("/dev/zero")
    before = sorted(recovery.iterdir())
    with real_window(tmp_path) as bench:
        bench.window.parts.projects.offer_unnamed()
        finder = bench.window.parts.projects._finder
        assert finder is not None
        wait_until(finder.isFinished)
        QTest.qWait(20)
        assert bench.window.banner.text == ""
        bench.check_nothing_else_is_said("Starting …")
    assert sorted(recovery.iterdir()) == before


# Disks.


def test_on_a_full_disk_every_stroke_stays_and_is_saved_once_there_is_space(
    bench: Bench,
    small_disk: Path,
) -> None:
    window = bench.window
    window.parts.projects.save_as(_place(small_disk / "work.mivos"))
    wait_idle(window)
    with filled(small_disk):
        drag(window.canvas, [(60, 50), (64, 50)])
        wait_idle(window)
        print(banner_sentence(bench))
        masks = bench.state()[0]
        bench.check_banner_fits()
    drag(window.canvas, [(70, 20), (72, 20)])
    wait_idle(window)
    assert window.banner.text == "Everything is saved again."
    assert bench.state()[0] != masks
    with ProjectFile.open(small_disk / "work.mivos", writes=False) as project:
        state = project.state
        assert state is not None
        session = window.controller.session
        assert session is not None
        assert len(state.done) == session.undo_count


def _place(path: Path) -> object:
    from gui.controllers.project_controller import SavePlace

    return SavePlace(path)


@pytest.mark.parametrize("action", ["save_script", "save_project_as", "collect"])
def test_results_on_a_full_disk_are_a_sentence(
    action: str,
    bench: Bench,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(small_disk / "result"), "Scripts (*.json)")
    )
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(small_disk / "result"))
    with filled(small_disk):
        print(action, bench.sentence_of(bench.window.actions_by_name[action].trigger))
    assert list(small_disk.rglob("*")) == []


def test_an_export_to_a_disk_that_fills_up_is_a_sentence_and_leaves_nothing(
    bench: Bench,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mivos_studio.media.output.folder.check_free_space", lambda *_: None)

    def export() -> None:
        QTimer.singleShot(0, lambda: _fill_in(small_disk / "masks"))
        bench.window.actions_by_name["export"].trigger()

    with filled(small_disk):
        print(bench.sentence_of(export))
    assert list(small_disk.rglob("*")) == []


def _fill_in(folder: Path) -> None:
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, QDialog)
    line, start = (
        dialog.findChild(QLineEdit, "export_folder"),
        dialog.findChild(QAbstractButton, "export_start"),
    )
    assert line is not None
    assert start is not None
    line.setText(str(folder))
    start.click()
    if dialog.isVisible():
        dialog.reject()


def test_a_project_on_a_read_only_disk_is_looked_at(bench: Bench, small_disk: Path, tmp_path: Path) -> None:
    window = bench.window
    window.parts.projects.save_as(_place(small_disk / "work.mivos"))
    wait_idle(window)
    window.parts.projects.save_as(_place(tmp_path / "elsewhere.mivos"))
    wait_idle(window)
    masks = bench.state()[0]
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    window.open(small_disk / "work.mivos")
    wait_until(lambda: "(read-only)" in window.windowTitle())
    print(banner_sentence(bench))
    assert bench.state()[0] == masks
    drag(window.canvas, [(60, 50), (64, 50)])
    wait_idle(window)
    print(banner_sentence(bench))
    assert bench.state()[0] == masks
    window.parts.projects.save_as(_place(tmp_path / "mine.mivos"))
    wait_idle(window)
    bench.check_usable()


@pytest.mark.parametrize("name", PLACES)
def test_a_screenshot_to_an_impossible_place_is_a_sentence(name: str, bench: Bench, tmp_path: Path) -> None:
    place = PLACES[name](tmp_path)
    if name in ("a pipe", "a device"):
        pytest.skip("a device or pipe takes what is written")
    with pytest.raises(MediaError) as found:
        save_screenshot(bench.window.grab(), place)
    check_sentence(one_line(str(found.value)))


def test_the_window_closes_also_without_its_screenshot(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    codes: list[int] = []
    monkeypatch.setattr(QCoreApplication, "exit", codes.append)  # else it ends the loops of later dialogs
    options = app.WindowOptions(screenshot=tmp_path / "nowhere" / "window.png")
    app._finish(bench.window, options, said.append)
    assert not bench.window.isVisible()
    (sentence,) = said
    check_sentence(sentence)
    assert codes == [2]


# A clip with a frame that cannot be read.


def test_a_damaged_frame_is_told_once_and_the_others_are_usable(tmp_path: Path) -> None:
    clip = folder_with_a_cut_frame(tmp_path, "jpg")
    with real_window(tmp_path) as bench:
        bench.open(clip)
        bench.window.navigator.go_to(1)
        assert banner_sentence(bench, "note").startswith("Frame 1 is damaged: the nearest good frame")
        bench.window.banner.hide()
        drag(bench.window.canvas, [(20, 30), (26, 30)])
        assert "draw on a frame that is not" in banner_sentence(bench)
        bench.window.navigator.go_to(2)
        wait_idle(bench.window)
        bench.check_usable()
        bench.check_nothing_else_is_said()


def test_a_clip_that_is_damaged_while_it_is_open_is_told_and_propagated_through(
    small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    clip = shutil.copytree(small_clip.images, tmp_path / "clip")
    with real_window(tmp_path) as bench:
        bench.open(clip)
        cut(clip / "00004.png")
        drag(bench.window.canvas, [(20, 30), (26, 30)])
        wait_idle(bench.window)
        press(bench.window, "propagate")
        wait_idle(bench.window)
        bench.window.navigator.go_to(4)
        assert banner_sentence(bench, "note").startswith("Frame 4 is damaged")
        session = bench.window.controller.session
        assert session is not None
        assert all(session.ids(frame_index).any() for frame_index in range(6))
        bench.window.navigator.go_to(0)
        wait_idle(bench.window)
        bench.check_usable()
