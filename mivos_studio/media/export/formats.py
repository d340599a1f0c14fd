"""The formats that masks can be exported to, by the names that the command line uses."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mivos_studio.media.errors import MediaError
from mivos_studio.media.export import png_indexed, png_matte
from mivos_studio.media.export.job import ExportJob, ExportProgress, Extent, Planner, Writer
from mivos_studio.media.output.folder import FolderOutput


@dataclass(frozen=True)
class ExportFormat:
    """One format: its name, its files' ending, whether it carries alpha, bits of a channel, its functions."""

    name: str
    extension: str
    alpha: bool
    bits: int
    plan: Planner
    write_files: Writer

    def check(self, extent: Extent, output: FolderOutput, *, compares_content: bool = True) -> None:
        """Raise a MediaError where a result of this extent cannot be put there."""
        names, least_bytes = self.plan(extent)
        output.expect(names, least_bytes, compares_content=compares_content)

    def write_to(self, job: ExportJob, output: FolderOutput) -> Generator[ExportProgress, None, None]:
        """Write a job to a folder that is reserved, yielding after every frame.

        Stopped in between, it leaves nothing. Raises a MediaError where the result cannot be put in place.
        """
        with output.writing() as folder:
            yield from self.write_files(job, folder)

    def write(
        self,
        job: ExportJob,
        path: Path,
        *,
        force: bool = False,
        inputs: Iterable[Path] = (),
        sources: Iterable[Path] = (),
    ) -> Generator[ExportProgress, None, None]:
        """Reserve the folder, write, release it; options as of FolderOutput, where force is `replaces`."""
        with FolderOutput(path, replaces=force, inputs=inputs, sources=sources) as output:
            self.check(job.extent, output)
            with closing(self.write_to(job, output)) as steps:
                yield from steps


FORMATS: tuple[ExportFormat, ...] = (
    ExportFormat(
        "png-indexed", ".png", alpha=False, bits=8, plan=png_indexed.plan, write_files=png_indexed.write
    ),
    ExportFormat("png-matte", ".png", alpha=False, bits=8, plan=png_matte.plan, write_files=png_matte.write),
)


def find_format(name: str) -> ExportFormat:
    """Return the format of that name."""
    for export_format in FORMATS:
        if export_format.name == name:
            return export_format
    known = ", ".join(export_format.name for export_format in FORMATS)
    raise MediaError(f"There is no export format named {name}: choose one of {known}.")
