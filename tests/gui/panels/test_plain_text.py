"""Names of files and objects are shown as they are, and widen nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAction, QLabel, QLineEdit, QMenu, QMessageBox, QWidget

from gui.main_window import MainWindow
from gui.panels.dialogs.clip_dialog import ClipDialog
from gui.panels.dialogs.export_dialog import Confirmation, ExportDialog
from gui.panels.dialogs.unnamed_dialog import UnnamedDialog
from gui.panels.plain_text import breakable, menu_text, shortened, tooltip_text
from gui.state.session_view import ClipFacts
from mivos_studio.media.errors import MediaError
from mivos_studio.media.export.formats import FORMATS
from tests.gui.bad_files import STRANGE
from tests.gui.conftest import OpenWindow
from tests.gui.fake_projects import FakeProjects
from tests.gui.fake_session import FakeSession
from tests.gui.gestures import wait_idle

SHOWN = "<b>bold</b> & &amp; �[2J � line"
LONG = "n" * 4000
BREAK = "\u200b"


def labels_that_interpret(widget: QWidget) -> list[str]:
    return [
        label.text()
        for label in widget.findChildren(QLabel)
        if label.textFormat() != Qt.TextFormat.PlainText and label.text()
    ]


def test_no_label_of_the_window_interprets_tags(open_window: OpenWindow) -> None:
    assert labels_that_interpret(open_window()) == []


def test_the_banner_shows_tags_and_marks_instead_of_controls(open_window: OpenWindow) -> None:
    window = open_window()
    window.messages.error.emit(f"There is no clip at {STRANGE}: check its name.")
    assert window.banner.text == f"There is no clip at {SHOWN}: check its name."


@pytest.mark.parametrize("size", [(1280, 720), (1000, 640)])
def test_a_path_of_4000_characters_fits_into_the_banner(
    open_window: OpenWindow, size: tuple[int, int]
) -> None:
    window = open_window(size=size)
    least = window.minimumSizeHint().width()
    window.messages.error.emit(f"There is no clip at /{LONG}: check its name.")
    QTest.qWait(20)
    banner = window.banner
    assert window.width() == size[0]
    assert window.minimumSizeHint().width() == least
    assert window.canvas.geometry().contains(banner.geometry())
    assert banner.height() < window.canvas.height() / 2
    text = banner.findChild(QWidget, "banner_text")
    assert text is not None
    assert text.height() >= text.heightForWidth(text.width()), "all lines are seen"
    assert banner.text.endswith("nnn: check its name.")
    assert BREAK not in banner.text, "what is copied is the path"


def test_a_long_name_of_a_clip_is_cut_in_title_status_and_tooltips(open_window: OpenWindow) -> None:
    window = open_window(size=(1280, 720))
    least = window.minimumSizeHint().width()
    for name in (f"{'n' * 250}.mp4", "鯉" * 80, STRANGE):
        window.navigator.clip_shown.emit(ClipFacts(name, 12, (48, 80), 25.0))
        window.parts.projects.title_changed.emit(name, False)
        QTest.qWait(10)
        assert window.width() == 1280
        assert window.minimumSizeHint().width() <= least
        facts = window.findChild(QLabel, "clip_facts")
        status = window.findChild(QLabel, "status")
        assert facts is not None
        assert status is not None
        assert "12 frames" in facts.text()
        assert status.width() > 100, "there is space for the status"
    assert window.windowTitle().startswith(SHOWN)
    assert facts.text().startswith(f"{SHOWN}   80 × 48")
    assert (
        facts.toolTip() == f"<qt>{SHOWN.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}</qt>"
    )


def test_names_of_objects_are_plain_in_list_menu_and_tooltips(open_window: OpenWindow) -> None:
    session = FakeSession()
    window = open_window(session, size=(1280, 720))
    least = window.minimumSizeHint().width()
    for name in ("<b>A</b> & B", "o" * 200):
        window.edit.set_name(1, name)
        wait_idle(window)
        assert session.objects[0].name == name
        assert window.minimumSizeHint().width() <= least
        row = window.findChild(QWidget, "object_row")
        assert row is not None
        assert (
            not Qt.mightBeRichText(row.toolTip().replace("<qt>", "").replace("</qt>", ""))
            or "&lt;" in row.toolTip()
        )
        undo = window.actions_by_name["undo"]
        assert len(undo.text()) <= 81
        assert "<b>" not in undo.toolTip()


def test_a_name_that_is_longer_than_its_field_is_not_changed_by_looking_at_it(
    open_window: OpenWindow,
) -> None:
    session = FakeSession()
    window = open_window(session)
    window.edit.set_name(1, "o" * 200)
    wait_idle(window)
    calls = list(session.calls)
    window.parts.edit.rename_object()
    field = window.findChild(QLineEdit, "name_1")
    assert field is not None
    QTest.keyClick(field, Qt.Key.Key_Return)
    wait_idle(window)
    assert session.objects[0].name == "o" * 200
    assert session.calls == calls


def test_recent_projects_are_plain_and_cut(open_window: OpenWindow) -> None:
    session = FakeSession()
    projects = FakeProjects(session.clip)
    projects.recents = [Path(f"/work/{STRANGE}.mivos"), Path(f"/work/{LONG}.mivos"), Path("/work/R&D.mivos")]
    window = open_window(session, projects=projects)
    entries = entries_of(window, "open_recent")
    assert entries[0].text().replace("&&", "&") == "b> & &amp; �[2J � line"
    assert len(entries[1].text()) <= 80
    assert entries[2].text() == "R&&D"
    for entry in entries:
        assert "<b>" not in entry.toolTip()
        assert "\n" not in entry.toolTip()


def entries_of(window: MainWindow, name: str) -> list[QAction]:
    menu = window.actions_by_name[name].menu()
    assert isinstance(menu, QMenu)
    menu.aboutToShow.emit()
    return menu.actions()


@pytest.mark.parametrize("name", [STRANGE, LONG])
def test_dialogs_show_names_as_they_are_and_fit(open_window: OpenWindow, name: str) -> None:
    window = open_window(size=(1280, 720))
    boxes: list[QMessageBox] = [
        ClipDialog(f"The clip of {name} is not at {name}.", "Choose it.", window, can_use=False),
        UnnamedDialog(name, "1 stroke", "", window),
        UnnamedDialog(name, "1 stroke", f"{name} cannot be saved.", window),
    ]
    for box in boxes:
        box.open()
        QTest.qWait(10)
        assert labels_that_interpret(box) == []
        assert box.width() <= 1280
        assert box.height() <= 720
        assert "\x1b" not in box.text() + box.informativeText()
        box.reject()


@pytest.mark.parametrize("name", [STRANGE, LONG])
def test_the_export_dialog_shows_names_as_they_are_and_fits(open_window: OpenWindow, name: str) -> None:
    window = open_window(size=(1280, 720))

    def refuse(_: object) -> Confirmation | None:
        raise MediaError(f"{name} cannot be written: name another place.")

    dialog = ExportDialog(FORMATS.values(), Path("/tmp"), "12 frames", refuse, window)
    dialog.open()
    width = dialog.width()
    dialog.accept()
    QTest.qWait(10)
    message = dialog.findChild(QLabel, "export_message")
    assert message is not None
    assert message.text().replace(BREAK, "").endswith("name another place.")
    assert labels_that_interpret(dialog) == []
    assert dialog.width() == width
    assert dialog.height() <= 720
    assert message.height() >= message.heightForWidth(message.width())
    dialog.reject()


def test_what_is_short_and_plain_stays_as_it_is() -> None:
    assert (
        tooltip_text("Undo scribble on Dog (Ctrl+Z)\nGold: corrected")
        == "Undo scribble on Dog (Ctrl+Z)\nGold: corrected"
    )
    assert menu_text("koi") == shortened("koi", 3) == breakable("koi") == "koi"
    assert breakable("/tmp/some/folder/" * 9) == "/tmp/some/folder/" * 9


def test_long_ones_are_cut_and_broken_but_never_inside_a_character() -> None:
    assert shortened("0123456789", 5) == "01…89"
    assert len(menu_text("n" * 500)) == 80
    family = "👩\u200d👩\u200d👧e\u0301" * 30
    assert breakable(family).replace(BREAK, "") == family
    for piece in breakable(family).split(BREAK):
        assert piece[0] not in "\u200d\u0301"
        assert piece[-1] != "\u200d"
    assert len(breakable("n" * 400).split(BREAK)) == 50
