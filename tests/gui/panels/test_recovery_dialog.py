"""The list of work without a name."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtWidgets import QApplication, QListWidget, QWidget

from gui.panels.dialogs.recovery_dialog import RecoveryDialog
from gui.worker.project import UnnamedProject


def test_of_a_long_name_the_middle_is_left_out_and_the_date_stays_whole(application: QApplication) -> None:
    parent = QWidget()
    names = ("a" * 32, "interview take 7 graded 2024-11-03 camera B.mov")
    projects = [UnnamedProject(Path(f"{name}.mivos"), name, 1.7e9, 999, 4096) for name in names]
    dialog = RecoveryDialog(projects, lambda _: True, parent)
    dialog.open()
    listed = dialog.findChild(QListWidget, "recovery_list")
    assert listed is not None
    texts = [listed.item(row).text() for row in range(listed.count())]
    assert texts[0].startswith(f"{names[0]} – 1")
    assert texts[1].startswith("interview take 7…03 camera B.mov – 1")
    assert texts[1].split(" – ")[1:] == texts[0].split(" – ")[1:]
    for row in range(listed.count()):
        width = listed.fontMetrics().horizontalAdvance(texts[row])
        assert width < listed.viewport().width(), "nothing is elided"
    dialog.reject()
