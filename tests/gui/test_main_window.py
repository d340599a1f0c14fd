"""The whole window on a fake session, with real events on the offscreen platform."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QFileDialog,
    QLineEdit,
    QListWidget,
    QWidget,
)

from gui.controllers.project_controller import SavePlace
from gui.main_window import MainWindow
from gui.state.overlay import ViewMode
from inference_core.errors import InvalidInteractionError
from inference_core.types import Region, Tool
from mivos_studio.project.playback import play
from mivos_studio.project.script import ScriptClip, read_script
from mivos_studio.project.steps import RenameObject
from tests.gui.conftest import OpenWindow
from tests.gui.fake_session import FRAME_COUNT, FakeSession
from tests.gui.gestures import CTRL, RIGHT, SHIFT, drag, key, press, status, wait_idle, wait_until


def area(session: FakeSession, frame_index: int, object_id: int = 1) -> int:
    return int((session.ids(frame_index) == object_id).sum())


def test_a_scribble_becomes_a_mask_on_the_frame_it_was_drawn_on(
    open_window: OpenWindow, session: FakeSession
) -> None:
    window = open_window(session)
    drag(window.canvas, [(20, 20), (30, 20), (40, 20)])
    wait_idle(window)
    assert session.ids(0)[20, 30] == 1
    assert session.drafts == (0,)


def test_the_right_button_removes(open_window: OpenWindow, session: FakeSession) -> None:
    window = open_window(session)
    key(window, Qt.Key.Key_B)
    drag(window.canvas, [(20, 20), (40, 20)])
    wait_idle(window)
    before = area(session, 0)
    drag(window.canvas, [(40, 20)], RIGHT)
    wait_idle(window)
    assert 0 < area(session, 0) < before


def test_navigating_away_keeps_the_draft_on_its_frame(open_window: OpenWindow, session: FakeSession) -> None:
    window = open_window(session)
    window.navigator.go_to(3)
    wait_idle(window)
    drag(window.canvas, [(20, 20)])
    wait_idle(window)
    window.navigator.go_to(9)
    wait_idle(window)
    press(window, "propagate")
    wait_idle(window)
    assert session.anchors == (3,)
    assert session.rounds[0].anchor == 3


def test_propagating_after_a_reset_reports_that_nothing_was_drawn(
    open_window: OpenWindow, session: FakeSession
) -> None:
    window = open_window(session)
    drag(window.canvas, [(20, 20)])
    wait_idle(window)
    key(window, Qt.Key.Key_R, CTRL)
    wait_idle(window)
    press(window, "propagate")
    wait_idle(window)
    assert window.banner.text == "Draw on a frame before propagating."
    assert session.rounds == ()


def test_propagate_pressed_twice_propagates_once(open_window: OpenWindow) -> None:
    gate = threading.Semaphore(0)
    session = FakeSession(gate=gate)
    window = open_window(session)
    drag(window.canvas, [(20, 20)])
    wait_idle(window)
    press(window, "propagate")
    button = window.findChild(QAbstractButton, "propagate")
    assert button is not None
    assert not button.isEnabled()
    press(window, "propagate")
    key(window, Qt.Key.Key_P)
    gate.release(100)
    wait_idle(window)
    assert [call for call in session.calls if call.startswith("propagate")] == ["propagate None both"]
    assert len(session.rounds) == 1


def test_a_cancelled_propagation_keeps_finished_frames_and_resumes_later(open_window: OpenWindow) -> None:
    gate = threading.Semaphore(4)
    session = FakeSession(gate=gate)
    window = open_window(session)
    drag(window.canvas, [(20, 20)])
    press(window, "propagate")
    wait_until(lambda: window.timeline.propagated_frames == frozenset({1, 2, 3, 4}))
    press(window, "cancel")
    gate.release(1)
    wait_idle(window)
    assert [area(session, i) > 0 for i in range(FRAME_COUNT)] == [True] * 6 + [False] * 6
    gate.release(100)
    press(window, "propagate")
    wait_idle(window)
    assert all(area(session, i) > 0 for i in range(FRAME_COUNT))


def test_a_stroke_during_a_propagation_is_processed_before_it_ends(open_window: OpenWindow) -> None:
    gate = threading.Semaphore(3)
    session = FakeSession(gate=gate)
    window = open_window(session)
    drag(window.canvas, [(20, 20)])
    press(window, "propagate")
    wait_until(lambda: len(window.timeline.propagated_frames) == 3)
    key(window, Qt.Key.Key_Home)
    wait_until(lambda: window.canvas.shown_frame == 0)
    drag(window.canvas, [(50, 30)])
    gate.release(1)
    wait_until(lambda: "interact 0" in session.calls[2:])
    gate.release(100)
    wait_idle(window)
    assert session.ids(0)[30, 50] == 1
    assert [call for call in session.calls if call.startswith("propagate")] == ["propagate None both"]
    assert session.undo_count == 3


def test_undo_during_a_propagation_ends_and_undoes_it_and_redo_restores_it(
    open_window: OpenWindow,
) -> None:
    gate = threading.Semaphore(3)
    session = FakeSession(gate=gate)
    window = open_window(session)
    drag(window.canvas, [(20, 20)])
    press(window, "propagate")
    wait_until(lambda: len(window.timeline.propagated_frames) == 3)
    key(window, Qt.Key.Key_Z, CTRL)
    gate.release(100)
    wait_idle(window)
    assert [i for i in range(FRAME_COUNT) if area(session, i)] == [0]
    assert session.drafts == (0,)
    assert session.calls.count("undo") == 1
    assert sum(call.startswith("propagate") for call in session.calls) == 1, "it must not start again"
    assert window.timeline.propagated_frames == frozenset()
    assert window.timeline.describe(1) == "Frame 1: no mask yet"
    assert status(window) == "Ready"
    key(window, Qt.Key.Key_Z, CTRL | SHIFT)
    wait_idle(window)
    assert all(area(session, i) for i in range(4))
    assert not area(session, FRAME_COUNT - 1)
    press(window, "propagate")  # what was left goes on from there
    wait_idle(window)
    assert all(area(session, i) for i in range(FRAME_COUNT))


def test_several_undos_during_a_propagation_undo_one_step_each(
    open_window: OpenWindow,
) -> None:
    gate = threading.Semaphore(3)
    session = FakeSession(gate=gate)
    window = open_window(session)
    drag(window.canvas, [(20, 20)])
    wait_idle(window)
    drag(window.canvas, [(60, 20)])
    wait_idle(window)
    press(window, "propagate")
    wait_until(lambda: len(window.timeline.propagated_frames) == 3)
    for _ in range(2):
        press(window, "undo")
    gate.release(100)
    wait_idle(window)
    assert session.ids(0)[20, 20] == 1, "the first stroke is there"
    assert session.ids(0)[20, 60] == 0, "the second is not"
    assert session.rounds == ()
    press(window, "undo")
    wait_idle(window)
    assert not any(area(session, i) for i in range(FRAME_COUNT))
    assert not window.actions_by_name["undo"].isEnabled()


def test_the_status_line_names_the_running_command_also_after_a_stroke_in_between(
    open_window: OpenWindow,
) -> None:
    gate = threading.Semaphore(3)
    session = FakeSession(gate=gate)
    window = open_window(session)
    drag(window.canvas, [(20, 20)])
    press(window, "propagate")
    wait_until(lambda: len(window.timeline.propagated_frames) == 3)
    drag(window.canvas, [(60, 30)])
    gate.release(3)
    wait_until(lambda: len(window.timeline.propagated_frames) >= 5)
    assert status(window) == "Propagate …"
    press(window, "cancel")
    assert status(window) == "Stopping …"
    gate.release(1)
    wait_idle(window)
    assert status(window) == "Ready"


def test_undo_goes_back_to_the_start_and_redo_to_the_end(
    open_window: OpenWindow, session: FakeSession
) -> None:
    window = open_window(session)
    drag(window.canvas, [(20, 20), (30, 20)])
    press(window, "propagate")
    wait_idle(window)
    window.navigator.go_to(5)
    wait_idle(window)
    drag(window.canvas, [(60, 30)])
    press(window, "propagate")
    wait_idle(window)
    end = [session.ids(i) for i in range(FRAME_COUNT)]
    for _ in range(4):
        press(window, "undo")
    wait_idle(window)
    assert not any(area(session, i) for i in range(FRAME_COUNT))
    assert not window.actions_by_name["undo"].isEnabled()
    for _ in range(4):
        press(window, "redo")
    wait_idle(window)
    for frame_index, ids in enumerate(end):
        np.testing.assert_array_equal(session.ids(frame_index), ids)


def test_a_ctrl_drag_chooses_a_region_and_escape_leaves_it(
    open_window: OpenWindow, session: FakeSession
) -> None:
    window = open_window(session)
    wait_idle(window)
    whole = window.canvas.view.scale
    drag(window.canvas, [(10, 10), (20, 15), (29, 24)], keys=CTRL)
    assert window.model.state.region == Region(10, 10, 30, 25)
    assert window.canvas.view.scale > 2 * whole
    key(window, Qt.Key.Key_B)
    drag(window.canvas, [(11, 11), (28, 23)])
    wait_idle(window)
    ids = session.ids(0)
    ids[10:25, 10:30] = 0
    assert not ids.any()
    key(window, Qt.Key.Key_Escape)
    assert window.model.state.region is None
    assert window.canvas.view.scale == whole


def test_n_goes_to_the_least_confident_frame_and_the_lane_follows_undo_and_redo(
    open_window: OpenWindow, session: FakeSession
) -> None:
    window = open_window(session)
    key(window, Qt.Key.Key_N)
    assert "propagate first" in window.banner.text
    drag(window.canvas, [(20, 20)])
    press(window, "propagate")
    wait_idle(window)
    key(window, Qt.Key.Key_Home)
    key(window, Qt.Key.Key_N)
    assert window.model.state.frame_index == FRAME_COUNT - 1
    described = window.timeline.describe(FRAME_COUNT - 1)
    assert "propagated, expected overlap" in described
    assert status(window) == described
    key(window, Qt.Key.Key_Left)
    assert status(window) == "Ready"
    key(window, Qt.Key.Key_N)
    wait_idle(window)
    drag(window.canvas, [(60, 30)])
    press(window, "propagate")
    wait_idle(window)
    press(window, "next_to_correct")
    assert window.model.state.frame_index in (5, 6)
    surer = window.timeline.describe(9)
    for _ in range(2):
        press(window, "undo")
    wait_idle(window)
    assert window.timeline.describe(FRAME_COUNT - 1) == described
    assert window.timeline.describe(9) != surer
    for _ in range(2):
        press(window, "redo")
    wait_idle(window)
    assert window.timeline.describe(9) == surer


def test_resetting_a_frame_and_removing_an_object_update_the_lane(
    open_window: OpenWindow, session: FakeSession
) -> None:
    window = open_window(session)
    drag(window.canvas, [(20, 20)])
    press(window, "propagate")
    wait_idle(window)
    window.navigator.go_to(4)
    wait_idle(window)
    key(window, Qt.Key.Key_R, CTRL)
    wait_idle(window)
    assert window.timeline.describe(4) == "Frame 4: no mask yet"
    assert "propagated" in window.timeline.describe(5)
    press(window, "add_object")
    wait_idle(window)
    key(window, Qt.Key.Key_1)
    press(window, "remove_object")
    wait_idle(window)
    assert window.timeline.describe(5) == "Frame 5: no mask yet"
    press(window, "undo")
    wait_idle(window)
    assert "propagated" in window.timeline.describe(5)


def test_objects_are_added_chosen_by_number_locked_hidden_and_removed(
    open_window: OpenWindow, session: FakeSession
) -> None:
    window = open_window(session)
    press(window, "add_object")
    wait_idle(window)
    assert window.model.state.object_id == 2
    drag(window.canvas, [(60, 20)])
    key(window, Qt.Key.Key_1)
    assert window.model.state.object_id == 1
    key(window, Qt.Key.Key_2)
    key(window, Qt.Key.Key_K)
    wait_idle(window)
    assert session.objects[1].is_locked
    drag(window.canvas, [(30, 20)])
    wait_idle(window)
    assert "locked" in window.banner.text
    key(window, Qt.Key.Key_H)
    assert window.model.state.hidden == {2}
    press(window, "remove_object")
    wait_idle(window)
    rows = window.findChild(QListWidget, "object_list")
    assert rows is not None
    assert rows.count() == 1
    assert area(session, 0, 2) == 0


def name_field(window: MainWindow, object_id: int = 1) -> QLineEdit:
    found = window.findChild(QLineEdit, f"name_{object_id}")
    assert found is not None
    return found


def test_f2_renames_the_object_and_undo_restores_the_old_name(
    open_window: OpenWindow, session: FakeSession, tmp_path: Path
) -> None:
    window = open_window(session)
    key(window, Qt.Key.Key_F2)
    QTest.keyClicks(name_field(window), "red koi")
    QTest.keyClick(name_field(window), Qt.Key.Key_Return)
    wait_idle(window)
    assert session.objects[0].name == "red koi"
    assert name_field(window).text() == "red koi"
    window.files.save_script(tmp_path / "work.json")
    assert read_script(tmp_path / "work.json").steps == (RenameObject(1, "red koi"),)
    press(window, "undo")
    wait_idle(window)
    assert session.objects[0].name == "Object 1"
    assert name_field(window).text() == "Object 1"


def test_a_double_click_edits_the_name_and_keys_trigger_no_shortcuts_meanwhile(
    open_window: OpenWindow, session: FakeSession
) -> None:
    window = open_window(session)
    rows = window.findChild(QListWidget, "object_list")
    assert rows is not None
    middle = rows.visualItemRect(rows.item(0)).center()
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseDClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    wait_until(name_field(window).hasFocus)
    QTest.keyClicks(name_field(window), "b x 2")
    assert name_field(window).text() == "b x 2"
    assert window.model.state.tool == Tool.SCRIBBLE
    drag(window.canvas, [(20, 20)])  # a press elsewhere ends the typing
    wait_idle(window)
    assert session.objects[0].name == "b x 2"
    assert session.drafts == (0,)


def test_escape_and_an_empty_name_keep_the_old_one(open_window: OpenWindow, session: FakeSession) -> None:
    window = open_window(session)
    for typed, end in (("gold", Qt.Key.Key_Escape), ("  ", Qt.Key.Key_Return)):
        key(window, Qt.Key.Key_F2)
        QTest.keyClicks(name_field(window), typed)
        QTest.keyClick(name_field(window), end)
        wait_idle(window)
        assert name_field(window).text() == "Object 1"
        key(window, Qt.Key.Key_B)
        assert window.model.state.tool == Tool.BRUSH
    assert session.calls == []


@pytest.mark.parametrize("is_refused", [False, True], ids=["undone at once", "refused"])
def test_a_name_that_was_typed_in_vain_is_not_shown(
    open_window: OpenWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch, is_refused: bool
) -> None:
    window = open_window(session)
    if is_refused:
        monkeypatch.setattr(session, "rename_object", _refuse)
    key(window, Qt.Key.Key_F2)
    QTest.keyClicks(name_field(window), "red koi")
    QTest.keyClick(name_field(window), Qt.Key.Key_Return)
    assert name_field(window).text() == "red koi", "until it is known what becomes of it"
    if not is_refused:
        press(window, "undo")
    wait_idle(window)
    assert session.objects[0].name == "Object 1"
    assert name_field(window).text() == "Object 1"


def _refuse(*_: object) -> None:
    raise InvalidInteractionError("This object has a name for ever.")


def test_keys_choose_tools_widths_and_views(open_window: OpenWindow) -> None:
    window = open_window()
    for which, tool in (
        (Qt.Key.Key_C, Tool.CLICK),
        (Qt.Key.Key_L, Tool.LASSO),
        (Qt.Key.Key_B, Tool.BRUSH),
    ):
        key(window, which)
        assert window.model.state.tool == tool
    before = window.model.state.radius_px
    key(window, Qt.Key.Key_BracketRight)
    assert window.model.state.radius_px > before
    key(window, Qt.Key.Key_BracketLeft)
    key(window, Qt.Key.Key_BracketLeft)
    assert window.model.state.radius_px < before
    key(window, Qt.Key.Key_V)
    assert window.model.state.view_mode is ViewMode.OUTLINE
    box = window.findChild(QComboBox, "view_mode")
    assert box is not None
    box.setCurrentIndex(box.findData(ViewMode.MATTE))
    assert window.model.state.view_mode is ViewMode.MATTE


def test_one_view_mode_and_one_tool_at_a_time_are_checked_in_the_menus(open_window: OpenWindow) -> None:
    actions = open_window().actions_by_name
    for prefix, chosen in (("view_", "view_matte"), ("tool_", "tool_lasso")):
        group = [action for name, action in actions.items() if name.startswith(prefix)]
        for _ in range(2):  # the second time it is checked already
            actions[chosen].trigger()
            assert [action for action in group if action.isChecked()] == [actions[chosen]]
        assert all(action.actionGroup().isExclusive() for action in group)
    assert actions["show_history"].actionGroup() is None


def test_arrows_home_and_end_move_and_a_tap_on_space_plays(open_window: OpenWindow) -> None:
    window = open_window()
    key(window, Qt.Key.Key_Right)
    key(window, Qt.Key.Key_Right)
    key(window, Qt.Key.Key_Left)
    assert window.model.state.frame_index == 1
    key(window, Qt.Key.Key_End)
    assert window.model.state.frame_index == FRAME_COUNT - 1
    key(window, Qt.Key.Key_Home)
    key(window, Qt.Key.Key_Space)
    wait_until(lambda: window.model.state.frame_index > 2)
    key(window, Qt.Key.Key_Space)
    stopped = window.model.state.frame_index
    QTest.qWait(120)
    assert window.model.state.frame_index == stopped


def test_a_saved_script_replays_with_the_same_masks(open_window: OpenWindow, tmp_path: Path) -> None:
    gate = threading.Semaphore(3)
    session = FakeSession(gate=gate)
    window = open_window(session)
    drag(window.canvas, [(20, 20), (22.5, 24.25), (30, 20)])
    press(window, "add_object")
    wait_idle(window)
    drag(window.canvas, [(60, 30)])
    press(window, "propagate")
    wait_until(lambda: len(window.timeline.propagated_frames) == 3)
    press(window, "cancel")
    gate.release(1)
    wait_idle(window)
    drag(window.canvas, [(60, 12)], RIGHT)
    press(window, "undo")
    gate.release(100)
    press(window, "propagate")
    wait_idle(window)
    window.files.save_script(tmp_path / "work.json")
    other = FakeSession()
    for _ in play(
        other, read_script(tmp_path / "work.json"), lambda file, frame: other.ids(frame), lambda _: None
    ):
        pass
    for frame_index in range(FRAME_COUNT):
        np.testing.assert_array_equal(other.ids(frame_index), session.ids(frame_index))


def saved_script(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, path: Path, kind: str = ""
) -> list[str]:
    """Save a script through the dialog; return the name and the kinds that it suggests."""
    asked: list[str] = []

    def choose(parent: object, title: str, suggested: str, kinds: str) -> tuple[str, str]:
        asked.extend((suggested, *kinds.split(";;")))
        return str(path), kind or kinds.split(";;")[0]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    window.files.ask_where_to_save_script()
    return asked


def test_a_script_is_named_after_the_clip_and_leaves_out_what_was_undone_unless_it_is_wanted(
    open_window: OpenWindow, session: FakeSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(session)
    opened = window.files._opened
    assert opened is not None
    clip = tmp_path / "shot.v2.mp4"
    clip.touch()
    window.files.set_clip(replace(opened, path=clip))
    drag(window.canvas, [(20, 20), (40, 20)])
    wait_idle(window)
    suggested = str(tmp_path / "shot.v2_script.json")
    assert saved_script(window, monkeypatch, tmp_path / "a.json") == [suggested, "Scripts (*.json)"]
    press(window, "add_object")
    press(window, "undo")
    wait_idle(window)
    kinds = ["Scripts (*.json)", "Scripts with what was undone (*.json)"]
    assert saved_script(window, monkeypatch, tmp_path / "b.json") == [suggested, *kinds]
    assert [step.verb for step in read_script(tmp_path / "b.json").steps] == ["scribble"]
    assert saved_script(window, monkeypatch, tmp_path / "c.json", kinds[1]) == [suggested, *kinds]
    assert [step.verb for step in read_script(tmp_path / "c.json").steps] == [
        "scribble",
        "add_object",
        "undo",
    ]
    assert read_script(tmp_path / "c.json").clip == ScriptClip(path="shot.v2.mp4")


def test_a_script_whose_name_has_no_ending_gets_one_and_replaces_nothing_then(
    open_window: OpenWindow, session: FakeSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(session)
    saved_script(window, monkeypatch, tmp_path / "work")
    assert window.banner.text == f"The script is in {tmp_path / 'work.json'}."
    saved_script(window, monkeypatch, tmp_path / "work")
    assert window.banner.text == f"{tmp_path / 'work.json'} is there already: choose another name."


def test_a_script_goes_beside_a_project_that_has_a_name(
    open_window: OpenWindow, session: FakeSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(session)
    window.parts.projects.save_as(SavePlace(tmp_path / "work" / "koi.mivos"))
    wait_idle(window)
    asked = saved_script(window, monkeypatch, tmp_path / "a.json")
    assert asked[0] == str(tmp_path / "work" / "clip_script.json")


def test_a_script_of_another_clip_is_played_with_a_notice(
    open_window: OpenWindow, session: FakeSession, tmp_path: Path
) -> None:
    window = open_window(session)
    steps = [{"do": "reset", "frame": 0}]
    script = {"version": 1, "clip": {"path": "clips/clip.mp4"}, "steps": steps}
    (tmp_path / "own.json").write_text(json.dumps(script), encoding="utf-8")
    window.files.play_script(tmp_path / "own.json")
    wait_idle(window)
    assert window.banner.text == "The script has been played."
    script["clip"] = {"path": "other.mp4"}
    (tmp_path / "other.json").write_text(json.dumps(script), encoding="utf-8")
    window.files.play_script(tmp_path / "other.json")
    wait_idle(window)
    notice = "The script was made on other.mp4 and is played on clip.mp4: check the masks."
    assert window.banner.text == f"The script has been played. {notice}"
    assert session.calls.count("reset 0") == 2


def test_saving_replaces_an_older_script_and_no_other_file(
    open_window: OpenWindow, session: FakeSession, tmp_path: Path
) -> None:
    window = open_window(session)
    for _ in range(2):
        window.files.save_script(tmp_path / "work.json")
    assert window.banner.text == f"The script is in {tmp_path / 'work.json'}."
    (tmp_path / "package.json").write_text('{"version": "1.0.0"}', encoding="utf-8")
    window.files.save_script(tmp_path / "package.json")
    assert "is there and is not a script" in window.banner.text
    assert (tmp_path / "package.json").read_text(encoding="utf-8") == '{"version": "1.0.0"}'


@pytest.mark.parametrize(
    "name",
    [
        *(
            "canvas",
            "timeline",
            "object_list",
            "history_list",
            "view_mode",
            "status",
            "export",
            "undo",
            "redo",
        ),
        *("tool_scribble", "tool_click", "tool_brush", "tool_eraser", "tool_lasso", "tool_box"),
        *("tool_region", "propagate", "cancel"),
    ],
)
def test_the_documented_object_names_exist(open_window: OpenWindow, name: str) -> None:
    assert len(open_window().findChildren(QWidget, name)) == 1


def test_the_session_is_changed_on_one_thread_that_is_not_the_windows(
    open_window: OpenWindow, session: FakeSession
) -> None:
    window = open_window(session)
    drag(window.canvas, [(20, 20)])
    press(window, "propagate")
    press(window, "undo")
    wait_idle(window)
    assert len(session.threads) == 1
    assert threading.get_ident() not in session.threads


def test_another_clip_can_be_opened_while_the_first_is_propagated(open_window: OpenWindow) -> None:
    gate = threading.Semaphore(3)
    session = FakeSession(gate=gate)
    window = open_window(session)
    drag(window.canvas, [(20, 20)])
    press(window, "propagate")
    wait_until(lambda: len(window.timeline.propagated_frames) == 3)
    window.open(Path("other.mp4"))
    threading.Timer(0.2, gate.release, (1,)).start()  # the frame under way when the clip changes
    wait_until(lambda: "other.mp4" in window.windowTitle())
    wait_idle(window)
    assert window.timeline.propagated_frames == frozenset()
    assert window.model.state.frame_index == 0


def test_an_error_in_the_session_is_reported_and_the_window_keeps_working(
    open_window: OpenWindow, session: FakeSession, slot_errors_fail: list[BaseException]
) -> None:
    window = open_window(session)
    session.reset = lambda frame_index: [][0]  # type: ignore[method-assign]
    key(window, Qt.Key.Key_R, CTRL)
    wait_idle(window)
    assert [type(error) for error in slot_errors_fail] == [IndexError]
    slot_errors_fail.clear()
    drag(window.canvas, [(20, 20)])
    wait_idle(window)
    assert area(session, 0) > 0


def test_about_shows_version_networks_device_and_licence_terms(
    open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    shown: list[str] = []
    monkeypatch.setattr(
        "gui.controllers.file_controller.QMessageBox.about", lambda parent, title, text: shown.append(text)
    )
    window.files.show_about()
    assert f"<b>MiVOS Studio</b> {version('mivos-studio')}" in shown[0]
    assert "fake · cpu · float32" in shown[0]
    assert "The networks' weights (fake): None to speak of." in shown[0]
