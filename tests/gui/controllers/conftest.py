"""A window whose projects are kept in memory, and the choice of a file's name in its dialog."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt5.QtWidgets import QFileDialog

from gui.main_window import MainWindow
from tests.gui.conftest import OpenWindow
from tests.gui.fake_projects import FakeProjects
from tests.gui.fake_session import FakeSession

KOI = Path("/work/koi.mivos")


@pytest.fixture
def projects(session: FakeSession) -> FakeProjects:
    return FakeProjects(session.clip)


@pytest.fixture
def window(open_window: OpenWindow, session: FakeSession, projects: FakeProjects) -> MainWindow:
    return open_window(session, projects=projects)


def choose_name(monkeypatch: pytest.MonkeyPatch, path: Path | None) -> None:
    """Let the dialog return a name, or none, as where the user cancels it."""
    chosen = ("", "") if path is None else (str(path), "")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: chosen)
