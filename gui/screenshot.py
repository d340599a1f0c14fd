"""Screenshots of the window as PNG files, marked with a text chunk by which they are recognized."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtGui import QImageReader, QPixmap

from mivos_studio.media.errors import MediaError
from mivos_studio.media.output.file import FileKind, written_file

_KEY, _PROGRAM = "Software", "mivos-studio"


def save_screenshot(pixmap: QPixmap, path: Path) -> None:
    """Write a screenshot as PNG; replaces an older screenshot only. Raises a MediaError where it cannot."""
    image = pixmap.toImage()
    image.setText(_KEY, _PROGRAM)
    with written_file(path, SCREENSHOT) as beside:
        if not image.save(str(beside), "PNG"):
            raise MediaError(f"{path} cannot be written: name another place.")


def _is_screenshot(path: Path) -> bool:
    reader = QImageReader(str(path))
    return reader.canRead() and reader.text(_KEY) == _PROGRAM


SCREENSHOT = FileKind("a screenshot", _is_screenshot)
"""A PNG that `save_screenshot` wrote."""
