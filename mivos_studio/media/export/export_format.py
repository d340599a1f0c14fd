"""What an export format is: its name and properties, what it will write, and how it is written."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mivos_studio.media.export.job import Expectation, ExportJob, ExportProgress, Extent, Planner, Writer
from mivos_studio.media.output.folder import FolderOutput


@dataclass(frozen=True)
class ExportFormat:
    """One format.

    name         as the command line and scripts of others spell it.
    extension    ending of its files, with the dot.
    alpha        whether it carries alpha.
    bits         of a channel.
    title        in the window's list of formats.
    explanation  one sentence below it.
    plan         returns the files that it will consist of.
    write_files  writes them into an empty folder.
    """

    name: str
    extension: str
    alpha: bool
    bits: int
    title: str
    explanation: str
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


def together(formats: Sequence[ExportFormat]) -> ExportFormat:
    """Return one format that writes all of these, each into a folder of its name; the only one as it is."""
    if len(formats) == 1:
        return formats[0]

    def plan(extent: Extent) -> Expectation:
        plans = {each.name: each.plan(extent) for each in formats}
        names = tuple(f"{folder}/{name}" for folder, planned in plans.items() for name in planned.names)
        return Expectation(names, sum(planned.least_bytes for planned in plans.values()))

    def write(job: ExportJob, folder: Path) -> Iterator[ExportProgress]:
        frames = len(job.clip)
        for number, each in enumerate(formats):
            (folder / each.name).mkdir()
            for done, _ in each.write_files(job, folder / each.name):
                yield ExportProgress(number * frames + done, len(formats) * frames)

    return ExportFormat(
        name=",".join(each.name for each in formats),
        extension="",
        alpha=any(each.alpha for each in formats),
        bits=max(each.bits for each in formats),
        title=", ".join(each.title for each in formats),
        explanation="",
        plan=plan,
        write_files=write,
    )
