"""Whether the window shows what its session holds, once nothing runs any more."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PyQt5.QtCore import QPoint
from PyQt5.QtGui import QImage
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QProgressBar,
)

from gui.canvas.canvas import _IDLE_MS
from gui.main_window import MainWindow
from gui.state.frame_table import FrameConfidence
from gui.state.overlay import UInt32Array, paint, rgb32
from gui.state.session_view import StatusKind
from inference_core.session import Session
from tests.gui.monkey_dialogs import visible_dialog


def is_opening(window: MainWindow) -> bool:
    """Return whether a clip or its session is still being opened."""
    controller = window.controller
    is_loading = controller._worker is not None and controller.session is None
    return is_loading or window.parts.session.state.is_opening or window.clips._waiting is not None


def is_quiet(window: MainWindow) -> bool:
    """Return whether nothing runs, nothing is asked, and the canvas shows the frame that is wanted."""
    if visible_dialog() is not None or QApplication.activePopupWidget() is not None:
        return False
    if is_opening(window) or window.controller.is_busy or window.navigator._playback_start is not None:
        return False
    return window.controller.session is None or not stale_canvas(window, window.controller.session)


def stale_canvas(window: MainWindow, session: Session) -> list[str]:
    """Return what the canvas shows that is not the wanted frame with the session's masks."""
    canvas, view = window.canvas, window.model.state
    if canvas.shown_frame != view.frame_index:
        return [f"frame {canvas.shown_frame} is shown, {view.frame_index} is wanted"]
    assert window.files._opened is not None
    image = rgb32(window.files._opened.clip[view.frame_index])
    overlay = np.empty(session.size, np.uint32)
    paint(
        session.ids(view.frame_index),
        view.style(tuple(each.object_id for each in session.objects)).table(),
        overlay,
    )
    differing = []
    if not np.array_equal(canvas._frame_item._array, image):
        differing.append("the canvas shows another image")
    if not np.array_equal(canvas._overlay_item._array, overlay):
        differing.append("the canvas shows other masks")
    return differing


def differences_shown(window: MainWindow) -> list[str]:
    """Return every difference between a quiet window and its session, as sentences."""
    session = window.controller.session
    if session is None:
        return []
    return [
        *stale_canvas(window, session),
        *_canvas(window),
        *_undo(window, session),
        *_objects(window, session),
        *_timeline(window, session),
        *_commands(window),
        *_view(window),
        *_title(window, session),
    ]


def stale_pixels(window: MainWindow) -> str:
    """Return where canvas or timeline on the screen are not as they would be painted now; empty: nowhere.

    Only on the offscreen platform, whose screen has nothing else on it. Waits until scaled images are smooth.
    """
    if QApplication.platformName() != "offscreen":
        return ""
    QTest.qWait(2 * _IDLE_MS)
    screen = window.screen()
    assert screen is not None
    on_screen = pixels(screen.grabWindow(int(window.winId())).toImage())
    wanted = pixels(window.grab().toImage())
    height, width = np.minimum(on_screen.shape, wanted.shape)[:2]
    differs = on_screen[:height, :width] != wanted[:height, :width]
    for widget in (window.canvas, window.timeline):
        start = widget.mapTo(window, QPoint())
        part = differs[start.y() : start.y() + widget.height(), start.x() : start.x() + widget.width()]
        rows, columns = np.nonzero(part)
        if len(rows):
            return (
                f"{len(rows)} stale pixels of {widget.objectName()}, columns {columns.min()} to"
                f" {columns.max()}, rows {rows.min()} to {rows.max()}"
            )
    return ""


def pixels(image: QImage) -> UInt32Array:
    """Return an image's pixels, (H, W) uint32."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    memory = image.constBits()
    memory.setsize(image.sizeInBytes())
    return np.frombuffer(memory, np.uint32).reshape(image.height(), image.width()).copy()


def _canvas(window: MainWindow) -> Iterator[str]:
    if window.canvas._previews and window.canvas._gesture is None:
        yield f"{len(window.canvas._previews)} previews of strokes are left"
    region = window.model.state.region
    if (region is None) != window.canvas._region_item._hole.isEmpty():
        yield f"the region on the canvas is not {region}"


def _undo(window: MainWindow, session: Session) -> Iterator[str]:
    actions, initial = window.actions_by_name, window.controller.initial_undo_count
    count = session.undo_count - initial
    if count < 0:
        yield f"{-count} of the steps before the user's first are undone"
    if actions["undo"].isEnabled() != (count > 0):
        yield f"undo is {actions['undo'].isEnabled()} with {count} steps"
    if actions["redo"].isEnabled() != session.can_redo:
        yield f"redo is {actions['redo'].isEnabled()}"
    done = [entry for entry in session.history if not entry.is_undone]
    undone = [entry for entry in session.history if entry.is_undone]
    if len(done) != session.undo_count or bool(undone) != session.can_redo:
        yield f"the history has {len(done)} and {len(undone)} steps"
    for name, text, entry in (
        ("undo", "Undo", done[-1] if count > 0 else None),
        ("redo", "Redo", undone[0] if undone else None),
    ):
        wanted = f"{text} {entry.label}" if entry is not None else text
        found = actions[name].text().replace("&&", "&")
        if found != wanted and not (found.endswith("…") and wanted.startswith(found[:-1])):
            yield f"{name} is called “{found}”, not “{wanted}”"


def _objects(window: MainWindow, session: Session) -> Iterator[str]:
    listed = window.findChild(QListWidget, "object_list")
    assert listed is not None
    view, objects = window.model.state, session.objects
    ids = [each.object_id for each in objects]
    if view.object_id not in ids:
        yield f"object {view.object_id} is chosen, there are {ids}"
    if listed.count() != len(objects):
        yield f"{listed.count()} rows for {len(objects)} objects"
        return
    for row, each in enumerate(objects):
        name = listed.itemWidget(listed.item(row)).findChild(QLineEdit, f"name_{each.object_id}")
        if name is None or (name.text() != each.name and name.isReadOnly()):
            yield f"row {row} is called {name and name.text()}, not {each.name}"
    if ids and listed.currentRow() != ids.index(view.object_id):
        yield f"row {listed.currentRow()} is chosen, not object {view.object_id}"
    colours = {each.object_id: each.settings.colour for each in objects if each.settings.colour is not None}
    if dict(view.colours) != colours:
        yield f"colours {dict(view.colours)}, not {colours}"


def _timeline(window: MainWindow, session: Session) -> Iterator[str]:
    timeline = window.timeline
    if timeline.propagated_frames:
        yield f"frames {sorted(timeline.propagated_frames)} count as just propagated"
    marks = timeline._marks
    if marks.anchors != frozenset(session.anchors) or marks.drafts != frozenset(session.drafts):
        yield f"marks {marks}, not {session.anchors} and {session.drafts}"
    if timeline._frame_index != window.model.state.frame_index:
        yield f"the playhead is at {timeline._frame_index}"
    for frame_index, confidences in enumerate(session.confidences()):
        wanted = FrameConfidence.lowest(confidences)
        found = timeline._table.confidence(frame_index)
        is_same = (found is None) == (wanted is None)
        if is_same and found is not None and wanted is not None:
            is_same = found.object_id == wanted.object_id and abs(found.value - wanted.value) < 1e-6
        if not is_same:
            yield f"the timeline says {found} of frame {frame_index}, the session {wanted}"


def _commands(window: MainWindow) -> Iterator[str]:
    actions, state = window.actions_by_name, window.parts.session.state
    for name in ("propagate", "propagate_backward", "propagate_forward"):
        if not actions[name].isEnabled():
            yield f"{name} is disabled"
    if actions["cancel"].isEnabled():
        yield "cancel is enabled"
    left = {kind: text for kind, text in state.statuses.items() if kind is not StatusKind.SUGGESTION}
    if left:
        yield f"the status is {left}"
    status, progress = window.findChild(QLabel, "status"), window.findChild(QProgressBar, "progress")
    assert status is not None
    assert progress is not None
    if status.text() != state.status:
        yield f"the status line says “{status.text()}”, not “{state.status}”"
    if progress.value() != 0:
        yield f"the progress bar is at {progress.value()}"
    if window.controller._running or window.controller._finished_strokes:
        yield f"{window.controller._running} and {window.controller._finished_strokes} are left"


def _view(window: MainWindow) -> Iterator[str]:
    view = window.model.state
    modes, chip = window.findChild(QComboBox, "view_mode"), window.findChild(QAbstractButton, "region_chip")
    assert modes is not None
    assert chip is not None
    if modes.currentData() != view.view_mode:
        yield f"the view mode's list shows {modes.currentData()}, not {view.view_mode}"
    if chip.isVisibleTo(window) != (view.region is not None):
        yield "the region's button is wrong"
    for name, action in window.actions_by_name.items():
        if name.startswith("tool_") and action.isChecked() != (name == f"tool_{view.tool}"):
            yield f"{name} is {action.isChecked()} with the tool {view.tool}"
    counter = window.findChild(QLabel, "counter")
    assert counter is not None
    if not counter.text().startswith(f"{view.frame_index} / {view.frame_count - 1} "):
        yield f"the counter shows {counter.text()}"
    if window.canvas._pen != view.pen:
        yield f"the canvas draws with {window.canvas._pen}, not {view.pen}"


def _title(window: MainWindow, session: Session) -> Iterator[str]:
    projects = window.parts.projects
    project = projects.project
    assert project is not None
    is_begun = session.undo_count > window.controller.initial_undo_count
    if projects.has_unnamed_work != (is_begun and not project.has_name):
        yield "the work without a name is wrong"
    if window.isWindowModified() != projects.has_unnamed_work:
        yield f"the title shows {window.isWindowModified()} for work without a name"
    if not window.windowTitle().startswith(projects.name.replace("[*]", "[ * ]")):
        yield f"the title is {window.windowTitle()}, not {projects.name}"
