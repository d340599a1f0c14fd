"""What has been done in the window, as steps of a script. Written by the worker, read by the window."""

from __future__ import annotations

import threading
from pathlib import Path

from workspace.script import Script, ScriptObject
from workspace.steps import Step


class Journal:
    """Steps in the order in which the session took them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: list[ScriptObject] = []
        self._steps: list[Step] = []

    def declare(self, object_id: int, name: str) -> None:
        """Note an object that was there before the first step."""
        with self._lock:
            self._objects.append(ScriptObject(object_id, name))

    def record(self, step: Step) -> None:
        """Note a step that the session has taken."""
        with self._lock:
            self._steps.append(step)

    def script(self, folder: Path) -> Script:
        """Give all of it as a script that lies in a folder."""
        with self._lock:
            return Script(tuple(self._objects), tuple(self._steps), folder)
