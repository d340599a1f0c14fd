"""What `propagate` and `replay` share: clip and session at the start, masks and figures at the end."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference_core.errors import UserError
from inference_core.types import UInt8Array
from mivos_studio.cli.options import session_options
from mivos_studio.cli.output import check_apart, check_json
from mivos_studio.cli.progress import ProgressBar
from mivos_studio.cli.stderr import say
from mivos_studio.media.clip import Clip, open_clip
from mivos_studio.media.damage import damage_notice
from mivos_studio.media.export.formats import find_formats
from mivos_studio.media.export.job import ExportJob, Extent
from mivos_studio.media.output.folder import FolderOutput
from mivos_studio.media.palette import read_ids
from mivos_studio.peak_memory import peak_rss_mb
from mivos_studio.project.scratch import TemporaryScratch

if TYPE_CHECKING:
    from inference_core.session import Session
    from mivos_studio.project.file.project_file import ProjectFile


def open_job(options: Namespace, inputs: Iterable[Path]) -> tuple[Clip, FolderOutput]:
    """Check where the results go, open the clip; return it with the output folder.

    inputs  what is read besides the clip.
    """
    export_format = find_formats(options.format)
    source = Path(options.clip)
    output = FolderOutput(options.out, replaces=options.force, inputs=inputs, sources=[source])
    check_json(options, [*inputs, source], output)
    clip = open_clip(options.clip)
    extent = Extent(len(clip), clip.size, {})
    export_format.check(extent, output)
    check_apart(options, output, export_format.plan(extent).names)
    return clip, output


def read_mask(clip: Clip, file: Path, frame_index: int) -> UInt8Array:
    """Read the mask of a frame as ids (H, W) uint8 and check that frame and size are the clip's."""
    if frame_index >= len(clip):
        raise UserError(f"{file} is given for frame {frame_index}; the clip's last frame is {len(clip) - 1}.")
    ids = read_ids(file)
    if ids.shape != clip.size:
        height, width = ids.shape
        raise UserError(f"{file} is {width}x{height}; the clip is {clip.size[1]}x{clip.size[0]}.")
    return ids


def open_session(
    clip: Clip, options: Namespace, open_project: Callable[[], ProjectFile] | None = None
) -> tuple[Session, ProjectFile | None]:
    """Load the networks and start a session on the clip; its notices go to stderr.

    open_project  opens the project whose session goes on, or a new one; called once the networks are loaded,
                  so that none is made where that fails.
    """
    import torch

    torch.manual_seed(options.seed)
    chosen = session_options(options)
    networks = chosen.load()
    for notice in networks.notices:
        print_notice(notice)
    project = None if open_project is None else open_project()
    try:
        if project is None:
            session = chosen.open(clip, networks, TemporaryScratch())
        elif project.state is None:
            session = chosen.open(clip, networks, project.storage)
        else:
            session = chosen.restore(project.state, project.storage, clip, networks)
        if project is not None:
            _note_family(project, session, networks.family)
    except BaseException:
        if project is not None:
            project.close()
        raise
    session.on_notice(print_notice)
    return session, project


def _note_family(project: ProjectFile, session: Session, family: str) -> None:
    """Print a notice where the work was done with networks of another family; remember this one."""
    from mivos_studio.project.file.view_keys import FAMILY, as_mapping, other_family

    notice = other_family(project.view, family)
    if notice is not None:
        print_notice(notice)
    project.save(session, view={**as_mapping(project.view), FAMILY: family})


def print_notice(notice: str) -> None:
    """Print a notice on stderr, below the progress bar where there is one."""
    if sys.stderr.isatty():
        print(file=sys.stderr)
    say(notice)


def write_masks(session: Session, clip: Clip, output: FolderOutput, options: Namespace) -> None:
    """Write the masks at the source's size, in the formats of --format: all of them or none."""
    job = ExportJob(clip, session.ids, {each.object_id: each.name for each in session.objects})
    bar = ProgressBar("write", quiet=options.quiet)
    with closing(find_formats(options.format).write_to(job, output)) as steps:
        for done, total in steps:
            bar.show(done, total)
    bar.clear()
    note_damage(clip)


def note_damage(clip: Clip) -> None:
    """Print a notice of the damaged frames that were met, if there were any."""
    if clip.damaged:
        print_notice(damage_notice(clip.damaged))


def circumstances(session: Session) -> dict[str, Any]:
    """Return the circumstances under which figures were measured."""
    return {
        "peak_rss_mb": peak_rss_mb(),
        "device": session.device,
        "dtype": session.dtype,
        "working_size": min(session.working_size),
    }
