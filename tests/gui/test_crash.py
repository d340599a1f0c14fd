"""An error that nobody caught becomes a error_message and a report; the program goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from gui.crash import error_message
from inference_core.errors import NotReadyError
from mivos_studio.media.errors import MediaError
from tests.project import PROJECT

SLOT = """
import sys
from pathlib import Path
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication
from gui.crash import ErrorReporter
application = QApplication([])
net = ErrorReporter(Path(sys.argv[1]))
net.caught.connect(lambda text: print(text))
net.install()
def slot():
    raise RuntimeError("the slot broke")
QTimer.singleShot(0, slot)
QTimer.singleShot(100, application.quit)
application.exec()
print("still alive")
"""


def test_an_error_in_a_slot_does_not_end_the_process(tmp_path: Path) -> None:
    report = tmp_path / "folder" / "errors.txt"
    done = subprocess.run(
        [sys.executable, "-c", SLOT, str(report)],
        cwd=PROJECT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "still alive" in done.stdout
    assert "the slot broke" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "Traceback" in report.read_text(encoding="utf-8")


def test_errors_that_the_user_can_correct_keep_their_own_text() -> None:
    assert (
        error_message(NotReadyError("Draw on a frame before propagating."))
        == "Draw on a frame before propagating."
    )
    assert error_message(MediaError("There is no mask at a.png.")) == "There is no mask at a.png."


def test_other_errors_are_shown_with_type_first_line_and_report_file() -> None:
    text = error_message(RuntimeError("odd\nsecond line"), Path("errors.txt"))
    assert "RuntimeError: odd" in text
    assert "second line" not in text
    assert "errors.txt" in text


def test_a_memory_error_is_shown_with_advice() -> None:
    assert "--working-size" in error_message(MemoryError())
