"""The File and Help menus: clips, scripts and exports, with their dialogs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtWidgets import QDialog, QFileDialog, QMessageBox, QWidget

from gui.controllers.controller import Controller
from gui.panels.dialogs.export_dialog import Confirmation, ExportDialog, ExportRequest
from gui.panels.dialogs.shortcut_sheet import Rows, ShortcutSheet
from gui.state.session_model import Messages
from gui.worker.commands import ExportCommand, PlayScriptCommand
from inference_core.errors import UserError
from inference_core.types import UInt8Array
from mivos_studio.media.errors import MediaError
from mivos_studio.media.output.file import refuse_stream
from mivos_studio.project.recorder import INCOMPLETE, ScriptRecorder
from mivos_studio.project.script import ScriptClip, read_script, write_script

if TYPE_CHECKING:
    from mivos_studio.media.clip import Clip
    from mivos_studio.media.export.job import ExportJob

VIDEOS = "Videos (*.mp4 *.mov *.mkv *.webm *.avi *.m4v *.mxf *.mpg *.mpeg *.ogv *.ts *.wmv);;All files (*)"
_SCRIPTS = "Scripts (*.json)"
_SCRIPTS_WITH_UNDONE = "Scripts with what was undone (*.json)"
_SCRIPT_SUFFIX = ".json"
_PROGRAM = "mivos-studio"
_ABOUT = (
    "Cut objects out of a clip: draw on one frame, propagate through all, correct, fuse.",
    "The method is <i>Modular Interactive Video Object Segmentation</i> (Cheng, Tai, Tang; CVPR 2021).",
    "The program is under the MIT licence; PyQt5 and FFmpeg's encoders, on which it runs, are under the GPL.",
)


@dataclass(frozen=True, eq=False)
class OpenedClip:
    """The open clip, its path, and the recorder of the steps performed on it."""

    clip: Clip
    path: Path | None
    recorder: ScriptRecorder

    @property
    def sources(self) -> tuple[Path, ...]:
        """Files that are never overwritten, and into whose folder nothing is exported."""
        return () if self.path is None else (self.path,)

    @property
    def masks(self) -> tuple[Path, ...]:
        """Mask files that the recorded steps refer to."""
        steps = self.recorder.script(Path()).steps
        return tuple(file for step in steps for file in step.masks.values())


class FileController(QObject):
    """Opens the dialogs of the File and Help menus and runs what is chosen in them."""

    clip_chosen = pyqtSignal(object)
    """Path."""
    quit_requested = pyqtSignal()

    def __init__(
        self, window: QWidget, controller: Controller, messages: Messages, keys: Mapping[str, Rows]
    ) -> None:
        """keys are the sections of the shortcut sheet."""
        super().__init__(window)
        self._window = window
        self._controller = controller
        self._messages = messages
        self._keys = keys
        self._opened: OpenedClip | None = None

    def set_clip(self, opened: OpenedClip) -> None:
        """Set the clip that scripts and exports refer to."""
        self._opened = opened

    @property
    def clip_path(self) -> Path | None:
        """The open clip's path; None where it is the sample clip, or none is open."""
        return self._opened.path if self._opened else None

    @property
    def clip_name(self) -> str:
        """The clip's name in the window."""
        path = self.clip_path
        return path.name if path else "Sample clip"

    def describe_work(self, initial_undo_count: int) -> tuple[str, ...]:
        """Describe the work on this clip, in parts of a sentence.

        initial_undo_count  undo steps before the user's first, which do not count.
        """
        return self._opened.recorder.describe_work(initial_undo_count) if self._opened else ()

    # Requests.

    def ask_for_clip(self) -> None:
        """Ask for a video and open it."""
        chosen, _ = QFileDialog.getOpenFileName(self._window, "Open clip", self._folder(), VIDEOS)
        if chosen:
            self.clip_chosen.emit(Path(chosen))

    def ask_for_images(self) -> None:
        """Ask for a folder of images and open it."""
        chosen = QFileDialog.getExistingDirectory(self._window, "Open image folder", self._folder())
        if chosen:
            self.clip_chosen.emit(Path(chosen))

    def ask_for_script(self) -> None:
        """Ask for a script and play it."""
        chosen, _ = QFileDialog.getOpenFileName(self._window, "Play script", self._folder(), _SCRIPTS)
        if chosen:
            self.play_script(Path(chosen))

    def ask_where_to_save_script(self) -> None:
        """Ask for a file, and whether what was undone is wanted, and write the script."""
        if self._opened is None:
            return
        suggested = str(self._script_folder() / f"{self._name()}_script{_SCRIPT_SUFFIX}")
        filters = [_SCRIPTS, *([_SCRIPTS_WITH_UNDONE] if self._opened.recorder.has_undone else [])]
        chosen, kind = QFileDialog.getSaveFileName(self._window, "Save script", suggested, ";;".join(filters))
        if chosen:
            self._save_chosen_script(Path(chosen), with_undone=kind == _SCRIPTS_WITH_UNDONE)

    def _save_chosen_script(self, path: Path, *, with_undone: bool) -> None:
        """Save where the dialog says; a name without an ending gets one, and replaces nothing then."""
        if not path.suffix:
            path = path.with_name(f"{path.name}{_SCRIPT_SUFFIX}")
            if os.path.lexists(path):
                self._messages.error.emit(f"{path} is there already: choose another name.")
                return
        self.save_script(path, with_undone=with_undone)

    def ask_for_export(self) -> None:
        """Ask for format and folder, and export the masks."""
        from mivos_studio.media.export.formats import FORMATS  # imports Pillow, not needed before

        if self._opened is None:
            return
        height, width = self._opened.clip.size
        summary = f"{len(self._opened.clip)} frames of {width} × {height} pixels"
        folder = Path(self._folder()) / f"{self._name()}_masks"
        dialog = ExportDialog(FORMATS.values(), folder, summary, self._check_export, self._window)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.export(dialog.request)
        dialog.deleteLater()

    def show_shortcuts(self) -> None:
        """Show all keys and gestures."""
        ShortcutSheet(self._keys, self._window).exec()

    def show_about(self) -> None:
        """Show version, networks, device, and the licence terms of the weights."""
        opened = self._controller.opened
        lines = [f"<b>MiVOS Studio</b> {_version()}", *_ABOUT]
        if opened is not None:
            lines.append(f"<b>Networks</b> {escape(opened.description)}")
            lines.append(f"The networks' weights ({opened.family}): {escape(opened.terms)}")
        QMessageBox.about(self._window, "About MiVOS Studio", "".join(f"<p>{line}</p>" for line in lines))

    def quit(self) -> None:
        """Close the window."""
        self.quit_requested.emit()

    # Without a dialog.

    def play_script(self, path: Path) -> None:
        """Play a script on the open clip."""
        try:
            script = read_script(path)
        except UserError as error:
            self._messages.error.emit(str(error))
            return
        opened = self._opened
        if opened is not None:
            notices = script.notices(opened.path)
            self._controller.submit(PlayScriptCommand(script, len(opened.clip), self._read_ids, notices))

    def save_script(self, path: Path, *, with_undone: bool = False) -> bool:
        """Write what was done on this clip as a script, to a temporary file that then replaces an older one.

        with_undone  also what was undone since.
        Returns whether it was written; if not, the banner shows why, and an older script is unchanged.
        """
        if self._opened is None:
            return False
        recorder, clip = self._opened.recorder, self._opened.path
        script = recorder.script(path.parent, with_undone=with_undone)
        if clip is not None:
            script = replace(script, clip=ScriptClip.of(clip, path.parent))
        try:
            refuse_stream(path)
            inputs = (*self._opened.sources, *self._opened.masks)
            write_script(script, path, inputs=inputs)
        except MediaError as error:
            self._messages.error.emit(str(error))
            return False
        lacking = () if recorder.is_complete else (INCOMPLETE,)
        self._messages.note.emit(" ".join((f"The script is in {path}.", *lacking)))
        return True

    def export(self, request: ExportRequest) -> None:
        """Export the masks of all frames on the worker's thread."""
        from mivos_studio.media.export.formats import find_format  # imports Pillow, not needed before

        job, opened = self._export_job(), self._opened
        if job is None or opened is None:
            return
        export_format = find_format(request.format_name)
        self._controller.submit(
            ExportCommand(export_format, job, request.folder, request.replaces, opened.masks, opened.sources)
        )

    def _check_export(self, request: ExportRequest) -> Confirmation | None:
        """Return what the user must confirm before an export, or None.

        Raises a MediaError where the export is not possible. The folder is not changed.
        """
        from mivos_studio.media.export.formats import find_format
        from mivos_studio.media.output.folder import FolderOutput

        job, opened = self._export_job(), self._opened
        if job is None or opened is None:
            return None
        output = FolderOutput(request.folder, replaces=True, inputs=opened.masks, sources=opened.sources)
        compares_content = output.is_quick_to_compare
        find_format(request.format_name).check(job.extent, output, compares_content=compares_content)
        with output:
            pass  # raises if the folder cannot be used
        if not output.holds_files:
            return None
        if count := len(output.earlier_files(compares_content=compares_content)):
            masks = "1 mask" if count == 1 else f"{count} masks"
            text = f"Replace {masks} of an earlier export in {output.path}? Other files there stay."
            return Confirmation(text, "Replace")
        text = f"{output.path} holds other files, which stay as they are. Write the masks beside them?"
        return Confirmation(text, "Write beside them")

    def _export_job(self) -> ExportJob | None:
        from mivos_studio.media.export.job import ExportJob

        session, opened = self._controller.session, self._opened
        if session is None or opened is None:
            return None
        names = {each.object_id: each.name for each in session.objects}
        return ExportJob(opened.clip, session.ids, names)

    def _read_ids(self, path: Path, frame_index: int) -> UInt8Array:
        from mivos_studio.media.palette import read_ids

        ids = read_ids(path)
        size = self._opened.clip.size if self._opened else ids.shape
        if ids.shape != size:
            raise UserError(
                f"The mask {path} for frame {frame_index} is {ids.shape[1]}x{ids.shape[0]}; "
                f"the clip is {size[1]}x{size[0]}: save it at the clip's size."
            )
        return ids

    def _folder(self) -> str:
        path = self._opened.path if self._opened else None
        return str(Path(os.path.realpath(path)).parent) if path else str(Path.home())

    def _script_folder(self) -> Path:
        """Return the folder of the project where it has a name, else the clip's, or the user's."""
        saver = self._controller.saver
        if saver is not None and saver.project.has_name:
            return saver.project.path.absolute().parent
        folder = Path(self._folder())
        return folder if os.access(folder, os.W_OK) else Path.home()

    def _name(self) -> str:
        """Return the clip's name without its ending: results are named after it."""
        path = self._opened.path if self._opened else None
        if path is None:
            return "sample"
        path = Path(os.path.realpath(path))
        return path.name if path.is_dir() else path.stem


def _version() -> str:
    """Return the installed version; empty in a checkout that was never installed."""
    try:
        return version(_PROGRAM)
    except PackageNotFoundError:
        return ""
