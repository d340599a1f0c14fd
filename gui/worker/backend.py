"""How the window opens clips and sessions, without importing the code that does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gui.worker.file_opener import OpenClip
from gui.worker.project import OpenedFile, Projects
from gui.worker.report_maker import MakeReport
from gui.worker.shutdown import ReportProgress
from gui.worker.worker import OpenedSession
from mivos_studio.project.recorder import ScriptRecorder


@dataclass(frozen=True)
class Backend:
    """Functions that the window calls to open clips and sessions, each on a thread of its own.

    open_clip     opens a clip; None stands for the sample clip.
    open_session  makes a session on a clip, or restores that of a project.
    projects      opens projects; None where the window is used without.
    make_report   makes the report for a bug; None where the window is used without.
    """

    open_clip: OpenClip
    open_session: Callable[[OpenedFile, ScriptRecorder, ReportProgress], OpenedSession]
    projects: Projects | None = None
    make_report: MakeReport | None = None
