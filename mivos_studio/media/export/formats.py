"""Registry of the formats that masks can be exported to: each is a module, and one entry here."""

from __future__ import annotations

from mivos_studio.media.errors import MediaError
from mivos_studio.media.export.export_format import ExportFormat, together
from mivos_studio.media.export.png_indexed import PNG_INDEXED
from mivos_studio.media.export.png_matte import PNG_MATTE

FORMATS: dict[str, ExportFormat] = {each.name: each for each in (PNG_INDEXED, PNG_MATTE)}
"""Every format by its name; the window's dialog, `mivos formats` and `--format` go by it."""


def find_format(name: str) -> ExportFormat:
    """Return the format of that name. Raises a MediaError."""
    if name not in FORMATS:
        raise MediaError(f"There is no export format named {name}: choose one of {', '.join(FORMATS)}.")
    return FORMATS[name]


def find_formats(names: str) -> ExportFormat:
    """Return the format of NAME[,NAME], one that writes all of them where there are several."""
    return together([find_format(name) for name in dict.fromkeys(names.split(","))])
