"""How the window opens clips and sessions, without importing the code that does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gui.worker.clip_opener import OpenClip
from gui.worker.script_recorder import ScriptRecorder
from gui.worker.shutdown import ReportProgress
from gui.worker.worker import OpenedSession

if TYPE_CHECKING:
    from mivos_studio.media.clip import Clip


@dataclass(frozen=True)
class Backend:
    """Functions that the window calls to open clips and sessions, each on a thread of its own.

    open_clip     opens a clip; None stands for the sample clip.
    open_session  makes a session on a clip.
    """

    open_clip: OpenClip
    open_session: Callable[[Clip, ScriptRecorder, ReportProgress], OpenedSession]
