"""The program that is killed: it works as the window's worker does, with its commands, without the window."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from gui.worker.commands import CollectCommand, Command, ExportCommand, SaveProjectCommand
from gui.worker.project_saver import ProjectSaver
from inference_core.errors import UserError
from inference_core.types import UInt8Array
from mivos_studio.benchmarks.kill.digest import digest_of, output_digest
from mivos_studio.benchmarks.kill.work import (
    Action,
    Collect,
    Do,
    Export,
    Output,
    Report,
    SaveAs,
    SaveScript,
    Work,
)
from mivos_studio.media.clip import Clip, open_clip
from mivos_studio.media.errors import MediaError
from mivos_studio.media.export.formats import find_format
from mivos_studio.media.export.job import ExportJob
from mivos_studio.project.file.clip_reference import ClipReference
from mivos_studio.project.file.leftovers import clear_leftovers
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.file.recovery import RecoveryFolder
from mivos_studio.project.recorder import ScriptRecorder
from mivos_studio.project.scratch import TemporaryScratch
from mivos_studio.project.script import write_script
from mivos_studio.project.steps import NO_RECORD, Propagate
from mivos_studio.window_projects import WindowProject, initial_undo_count

_RETRY_S = 0.05
_FAMILY = "compact"
_CONTENTS, _LARGEST = 6, 40_000
"""Of the scratch store."""


def run(work: Work, report: Callable[[Report], None]) -> None:
    """Do the work; report each action."""
    os.environ.update(OMP_NUM_THREADS="1", TMPDIR=str(work.temporary), XDG_CACHE_HOME=str(work.cache))
    tempfile.tempdir = None
    torch.set_num_threads(1)  # sums in another order would give other masks
    for folder in (work.outputs, work.cache, work.temporary):
        folder.mkdir(parents=True, exist_ok=True)
    clear_leftovers()
    with open_clip(work.clip) as clip:
        _Program(work, clip, report).run()


class _Program:
    def __init__(self, work: Work, clip: Clip, report: Callable[[Report], None]) -> None:
        self._work = work
        self._clip = clip
        self._report = report
        self._recorder = ScriptRecorder()
        self._recovery = RecoveryFolder(work.cache / "recovery")
        self._scratch = _ScratchWork()

    def run(self) -> None:
        """Open or make the project, perform all actions, close it."""
        networks = self._work.options.load()
        self._project = self._opened()
        state = self._project.file.state
        if state is None:
            self._session = self._work.options.open(self._clip, networks, self._project.file.storage)
            object_id = self._session.add_object()
            self._recorder.add_initial_object(object_id, self._session.objects[0].name)
            initial_count = self._session.undo_count
        else:
            file = self._project.file
            self._session = self._work.options.restore(state, file.storage, self._clip, networks)
            self._recorder.load(file.steps())
            initial_count = initial_undo_count(file)
        self._recorder.start(self._session.undo_count)
        self._saver = ProjectSaver(
            self._project, self._recorder, initial_undo_count=initial_count, family=_FAMILY
        )
        self._tell(0, partial(self._saver.save, self._session))
        for number, action in enumerate(self._work.actions, start=1):
            self._tell(number, partial(self._perform, action))
        self._close()

    def _close(self) -> None:
        """Save and close; as the window does not close while it cannot save, it is tried again."""
        while True:
            try:
                self._saver.save(self._session)
                break
            except UserError as error:
                self._report(Report(len(self._work.actions) + 1, self._project.path, str(error)))
                time.sleep(_RETRY_S)
        self._saver.close(self._session, is_discarded=False)

    def _opened(self) -> WindowProject:
        """Open the project, or make one; tried again where the disk is full."""
        while True:
            try:
                if self._work.project is not None:
                    file = ProjectFile.open(self._work.project)
                    if file.is_read_only:
                        file.close()
                        raise MediaError(file.notices[0])
                    return WindowProject(file, (self._recovery,))
                project = WindowProject(self._recovery.create(), (self._recovery,))
                try:
                    here = ClipReference.of(self._work.clip, self._clip, project.path)
                    project.file.set_clip(here)
                except UserError:
                    project.discard()
                    raise
                return project
            except UserError as error:
                self._report(Report(0, self._work.project, str(error)))
                time.sleep(_RETRY_S)

    def _tell(self, number: int, perform: Callable[[], None]) -> None:
        """Perform an action and report it; a failure is reported, and work goes on."""
        began_s = time.perf_counter()
        failure, scratch_failure = _failure_of(perform), _failure_of(self._scratch.work)
        seconds = time.perf_counter() - began_s
        report = Report(number, self._project.path, failure, scratch_failure, seconds)
        self._report(self._described(report) if self._work.describes else report)

    def _described(self, report: Report) -> Report:
        file, action = self._project.file, self._work.actions[report.number - 1] if report.number else None
        self._session.flush()
        holds = digest_of(self._session.state, file.storage.get, file.interaction_count)
        written = output_digest(self._work.outputs / action.name) if isinstance(action, Output) else ""
        return replace(report, holds=holds, written=written)

    def _perform(self, action: Action) -> None:
        if isinstance(action, Do):
            self._do(action)
        elif isinstance(action, SaveScript):
            write_script(self._recorder.script(self._work.outputs), self._work.outputs / action.name)
        else:
            for _ in self._command(action).run(self._session, NO_RECORD):
                pass

    def _do(self, action: Do) -> None:
        """Perform a step; save a propagation after every frame, and every step at its end."""
        step = action.step
        for _ in step.perform_and_record(self._session, _no_mask, self._recorder):
            if isinstance(step, Propagate):
                with suppress(UserError):  # work goes on; the last save has all of it
                    self._saver.save(self._session)
        self._saver.save(self._session)

    def _command(self, action: Output) -> Command:
        path = self._work.outputs / action.name
        match action:
            case SaveAs():
                return SaveProjectCommand(self._saver, path, replaces=True)
            case Collect():
                return CollectCommand(self._saver, path)
            case Export():
                names = {each.object_id: each.name for each in self._session.objects}
                job = ExportJob(self._clip, self._session.ids, names)
                sources = (self._work.clip,)
                return ExportCommand(find_format(action.format_name), job, path, True, (), sources)
        raise TypeError(f"{action} is no action")


class _ScratchWork:
    """Keeps contents in a scratch store, as a session without a project does, and reads them back."""

    def __init__(self) -> None:
        self._store: TemporaryScratch | None = None
        self._rng = np.random.default_rng(0)
        self._kept: dict[int, bytes] = {}

    def work(self) -> None:
        """Put contents and read all. Raises a ScratchError where some do not fit; the others are there."""
        self._store = self._store or TemporaryScratch()
        try:
            for _ in range(2):
                key = int(self._rng.integers(_CONTENTS))
                content = self._rng.bytes(int(self._rng.integers(_LARGEST)))
                self._store.put(key, content)
                self._kept[key] = content
        finally:
            if {key: self._store.get(key) for key in self._kept} != self._kept:
                raise AssertionError("the scratch store holds something else than was put")


def _failure_of(work: Callable[[], None]) -> str:
    """Do some work; return the sentence with which it failed, "" where it did not."""
    try:
        work()
    except UserError as error:
        return str(error)
    return ""


def _no_mask(file: Path, frame_index: int) -> UInt8Array:
    raise MediaError(f"No mask can be read for frame {frame_index}: {file}.")
