"""Answers the monkey's dialogs at random: a timer looks for one, also inside the event loop of another.

File and colour dialogs are Qt's own, with real widgets: `AA_DontUseNativeDialogs` must be set.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PyQt5 import sip
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtWidgets import (
    QAbstractButton,
    QApplication,
    QColorDialog,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QListWidget,
    QMessageBox,
    QWidget,
)

from gui.panels.dialogs.clip_dialog import ClipDialog
from gui.panels.dialogs.export_dialog import ExportDialog
from gui.panels.dialogs.recovery_dialog import RecoveryDialog
from gui.panels.dialogs.shortcut_sheet import ShortcutSheet
from gui.panels.dialogs.unnamed_dialog import CANCEL, DISCARD, KEEP, SAVE, UnnamedDialog
from mivos_studio.media.output.places import PROJECT_SUFFIX
from tests.gui import hand

PATIENCE = 4
"""Answers that a dialog may refuse, as the export's does for a folder that it cannot use; then it is left."""
_ANSWERS = "answers"
_UNNAMED = {SAVE: "save", KEEP: "keep", DISCARD: "discard", CANCEL: "cancel"}


@dataclass(frozen=True)
class Places:
    """Where the monkey finds clips, and where it puts projects, exports and scripts."""

    clips: tuple[Path, ...]
    folder: Path
    """Of projects, exports and scripts."""

    def projects(self) -> list[Path]:
        """Return the projects that have a name."""
        return sorted(self.folder.glob(f"*{PROJECT_SUFFIX}"))

    def scripts(self) -> list[Path]:
        """Return the scripts that were saved."""
        return sorted(self.folder.glob("*.json"))


class DialogPlayer:
    """Answers every dialog some milliseconds after it was shown.

    note      is called with a text for each answer.
    unknown   is called with a text about a dialog that no rule here covers.
    """

    def __init__(
        self, seed: int, places: Places, note: Callable[[str], None], unknown: Callable[[str], None]
    ) -> None:
        self._seed = seed
        self._places = places
        self._note = note
        self._unknown = unknown
        self._number = 0
        self._is_running = False
        self.answers: Counter[str] = Counter()
        """How often each kind was answered so, as "unnamed: keep"."""
        self.is_discarded = False
        """Whether the work of the open clip was discarded, in the dialog about work without a name."""
        self.shown_recovery: list[str] | None = None
        """The rows of the last dialog with work of earlier runs; None before one was shown."""
        self.has_opened = False
        """Whether something was opened from that dialog."""

    def start(self) -> None:
        """Look for dialogs from now on; there must be an application. Does nothing the second time."""
        if not self._is_running:
            self._is_running = True
            self._again()

    def stop(self) -> None:
        """Leave dialogs alone from now on."""
        self._is_running = False

    def _again(self) -> None:
        # A timer of its own for each look: Qt fires no timer whose slot has not returned, and a dialog may be
        # answered from the event loop of the one below.
        if self._is_running:
            QTimer.singleShot(random.Random(f"{self._seed}/{self._number}").randint(2, 25), self._look)

    def _look(self) -> None:
        self._again()
        dialog = visible_dialog()
        if dialog is None or QApplication.activePopupWidget() is not None:
            return
        self._number += 1
        rng = random.Random(f"{self._seed}/dialog {self._number}")
        tries = dialog.property(_ANSWERS) or 0
        dialog.setProperty(_ANSWERS, tries + 1)
        if tries >= PATIENCE:
            self._say(dialog, "left")
            hand.key(dialog, Qt.Key.Key_Escape)
            return
        self._answer(dialog, rng)

    def _answer(self, dialog: QDialog, rng: random.Random) -> None:
        if isinstance(dialog, UnnamedDialog):
            self._answer_unnamed(dialog, rng)
        elif isinstance(dialog, RecoveryDialog):
            self._answer_recovery(dialog, rng)
        elif isinstance(dialog, ExportDialog):
            self._answer_export(dialog, rng)
        elif isinstance(dialog, QFileDialog):
            self._answer_file(dialog, rng)
        elif isinstance(dialog, QColorDialog):
            self._answer_colour(dialog, rng)
        elif isinstance(dialog, ShortcutSheet):
            self._say(dialog, "closed")
            hand.key(dialog, Qt.Key.Key_Escape)
        elif isinstance(dialog, QMessageBox) and not isinstance(dialog, ClipDialog):
            self._answer_box(dialog, rng)
        else:
            self._unknown(f"no rule for {type(dialog).__name__} “{dialog.windowTitle()}”: {_text_of(dialog)}")
            hand.key(dialog, Qt.Key.Key_Escape)

    # The program's own.

    def _answer_unnamed(self, dialog: UnnamedDialog, rng: random.Random) -> None:
        choice = rng.choices([SAVE, KEEP, DISCARD, CANCEL], [4, 5, 1, 2])[0]
        button = dialog.button(choice)
        if choice == CANCEL and rng.random() < 0.5:
            self._say(dialog, "escape")
            hand.key(dialog, Qt.Key.Key_Escape)
        elif button is not None:
            self.is_discarded = self.is_discarded or choice == DISCARD
            self._say(dialog, _UNNAMED[choice])
            hand.click(button)

    def _answer_recovery(self, dialog: RecoveryDialog, rng: random.Random) -> None:
        listed = dialog.findChild(QListWidget, "recovery_list")
        assert listed is not None
        if dialog.property(_ANSWERS) == 1:
            self.shown_recovery = [listed.item(row).text() for row in range(listed.count())]
        row = rng.randrange(listed.count())
        name = rng.choices(["recovery_open", "recovery_discard", "recovery_later"], [3, 1, 2])[0]
        self.has_opened = self.has_opened or name == "recovery_open"
        self._say(dialog, f"{name} {row}")
        button = dialog.findChild(QAbstractButton, name)
        assert button is not None
        listed.setCurrentRow(row)
        hand.click(button)

    def _answer_export(self, dialog: ExportDialog, rng: random.Random) -> None:
        if rng.random() < 0.15:
            self._say(dialog, "cancel")
            hand.key(dialog, Qt.Key.Key_Escape)
            return
        formats = dialog.findChild(QComboBox, "export_format")
        line = dialog.findChild(QLineEdit, "export_folder")
        start = dialog.findChild(QAbstractButton, "export_start")
        assert formats is not None
        assert line is not None
        assert start is not None
        formats.setCurrentIndex(rng.randrange(formats.count()))
        line.setText(str(self._places.folder / f"masks {rng.randrange(3)}"))
        self._say(dialog, f"{formats.currentText()} {Path(line.text()).name}")
        if rng.random() < 0.15:
            browse = next(b for b in dialog.findChildren(QAbstractButton) if b.text().startswith("Browse"))
            hand.click(browse)
        else:
            hand.click(start)

    # Qt's.

    def _answer_file(self, dialog: QFileDialog, rng: random.Random) -> None:
        wanted = None if rng.random() < 0.15 else self._file_for(dialog.windowTitle(), rng)
        line = dialog.findChild(QLineEdit, "fileNameEdit")
        if wanted is None or line is None:
            self._say(dialog, "cancel")
            hand.key(dialog, Qt.Key.Key_Escape)
            return
        self._say(dialog, wanted.name)
        line.setText(str(wanted))
        hand.key(dialog, Qt.Key.Key_Return)

    def _file_for(self, title: str, rng: random.Random) -> Path | None:
        places = self._places
        projects, scripts = places.projects(), places.scripts()
        if title == "Save project as":
            ending = PROJECT_SUFFIX if rng.random() < 0.7 else ""
            return places.folder / f"work {rng.randrange(4)}{ending}"
        if title == "Open project":
            return rng.choice(projects) if projects else None
        if title == "Open clip":
            return rng.choice([clip for clip in places.clips if clip.is_file()])
        if title == "Open image folder":
            return rng.choice([clip for clip in places.clips if clip.is_dir()])
        if title == "Save script":
            return places.folder / f"script {rng.randrange(2)}.json"
        if title == "Play script":
            return rng.choice(scripts) if scripts else None
        if title in ("Collect into a new or empty folder", "Folder for the masks"):
            folder = places.folder / f"folder {rng.randrange(3)}"
            folder.mkdir(exist_ok=True)
            return folder
        self._unknown(f"no file for the dialog “{title}”")
        return None

    def _answer_colour(self, dialog: QColorDialog, rng: random.Random) -> None:
        if rng.random() < 0.2:
            self._say(dialog, "cancel")
            hand.key(dialog, Qt.Key.Key_Escape)
            return
        line = next(each for each in dialog.findChildren(QLineEdit) if each.text().startswith("#"))
        line.setFocus()
        line.selectAll()
        hand.type_text(dialog, f"#{rng.randrange(1 << 24):06x}")
        self._say(dialog, "colour")
        hand.key(dialog, Qt.Key.Key_Return)

    def _answer_box(self, box: QMessageBox, rng: random.Random) -> None:
        button = rng.choice(box.buttons())
        self._say(box, button.text().replace("&", ""))
        hand.click(button)

    def _say(self, dialog: QDialog, answer: str) -> None:
        kind = dialog.objectName() or dialog.windowTitle() or type(dialog).__name__
        self.answers[f"{kind}: {answer.split(' ')[0]}"] += 1
        self._note(f"  {kind}: {answer}")


def visible_dialog() -> QDialog | None:
    """Return the dialog on top; None where there is none."""
    modal = QApplication.activeModalWidget()
    if isinstance(modal, QDialog):
        return modal
    shown = [
        each
        for each in QApplication.topLevelWidgets()
        if isinstance(each, QDialog) and not sip.isdeleted(each) and each.isVisible()
    ]
    return shown[-1] if shown else None


def close_popups() -> None:
    """Close menus and lists that are open."""
    for _ in range(4):
        popup = QApplication.activePopupWidget()
        if popup is None:
            return
        hand.key(popup, Qt.Key.Key_Escape)


def _text_of(dialog: QWidget) -> str:
    return dialog.text() if isinstance(dialog, QMessageBox) else ""
