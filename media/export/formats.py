"""The formats that masks can be exported to, by the names that the command line uses."""

from __future__ import annotations

from dataclasses import dataclass

from media.errors import MediaError
from media.export import png_indexed, png_matte
from media.export.job import Writer


@dataclass(frozen=True)
class ExportFormat:
    """One format: its name, its files' ending, whether it carries alpha, bits of a channel, its writer."""

    name: str
    extension: str
    alpha: bool
    bits: int
    write: Writer


FORMATS: tuple[ExportFormat, ...] = (
    ExportFormat("png-indexed", ".png", alpha=False, bits=8, write=png_indexed.write),
    ExportFormat("png-matte", ".png", alpha=False, bits=8, write=png_matte.write),
)


def find_format(name: str) -> ExportFormat:
    """Return the format of that name."""
    for export_format in FORMATS:
        if export_format.name == name:
            return export_format
    known = ", ".join(export_format.name for export_format in FORMATS)
    raise MediaError(f"There is no export format named {name}: choose one of {known}.")
