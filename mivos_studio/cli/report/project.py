"""Facts of a project and its clip: counts, sizes and settings; no names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from inference_core.errors import UserError
from mivos_studio.project.file.check import check_project
from mivos_studio.project.file.clip_reference import ClipReference, find_clip
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.file.schema import VERSION
from mivos_studio.project.file.script import script_of

if TYPE_CHECKING:
    from inference_core.state.snapshot import SessionSnapshot

_ENDINGS = ("mp4", "mov", "mkv", "webm", "avi", "m4v", "mxf", "mpg", "mpeg", "ogv", "ts", "wmv")


def personal_paths(project: Path) -> list[str]:
    """Return the paths whose parts may name a clip or its owner: the project's, and its clip's."""
    paths = [str(project)]
    try:
        with ProjectFile.open(project, writes=False) as opened:
            clip = opened.clip
            paths += [clip.absolute, clip.relative or ""] if clip is not None else []
    except UserError:
        pass  # the report says that it cannot be opened
    return paths


def project_facts(path: Path) -> Iterator[str]:
    """Yield the facts of a project, and what is wrong with it."""
    checked = check_project(path)
    yield f"format {VERSION}, {len(checked.problems)} problems found by a check"
    yield "bytes: " + ", ".join(f"{name} {size}" for name, size in checked.sizes.items())
    with ProjectFile.open(path, writes=False) as project:
        view, clip, state = project.view, project.clip, project.state
        family = view.get("family") if isinstance(view, dict) else None
        if family in ("compact", "compact-free", "mivos"):
            yield f"networks {family}"
        yield from _work(project)
        if state is not None:
            yield from _state(state)
        if clip is not None:
            yield from _clip(clip, path)


def _work(project: ProjectFile) -> Iterator[str]:
    recorded = script_of(project, Path(), with_undone=True)
    steps = recorded.script.steps
    counts = Counter(step.verb for step in steps)
    during = Counter(part.verb for step in steps for part in step.parts)
    yield f"steps: {_listed(counts)}; during propagations: {_listed(during)}"
    if not recorded.is_complete:
        yield "the steps are not all of its session"


def _state(state: SessionSnapshot) -> Iterator[str]:
    now, settings, memory = state.state, state.settings, state.settings.memory
    damaged = sum(not frame.is_valid for frame in state.frames)
    yield f"{len(state.frames)} frames of {state.size[1]}x{state.size[0]}, {damaged} damaged"
    locked = sum(each.is_locked for each in now.objects)
    yield f"{len(now.objects)} objects, {locked} locked; {len(state.records)} frames with masks"
    yield f"{len(now.drafts)} drafts, {len(now.anchors)} anchors, {len(now.rounds)} rounds"
    yield f"{len(now.unfinished)} unfinished segments"
    yield f"{len(state.done)} undo steps, {len(state.undone)} redo steps"
    edges = "refined" if settings.edges.refine else "as they are"
    yield f"working size {settings.working_size}, probabilities in {settings.prob_dtype}, edges {edges}"
    yield (
        f"memory: every {memory.mem_every} frames, at most {memory.max_memory_frames} frames and"
        f" {memory.max_anchors} anchors"
    )


def _clip(clip: ClipReference, project: Path) -> Iterator[str]:
    try:
        found = find_clip(clip, project)
    except UserError:
        yield "the clip is not found"
        return
    ending = found.path.suffix.lower().removeprefix(".")
    kind = "images" if found.path.is_dir() else ending if ending in _ENDINGS else "of another ending"
    content = "the same" if found.is_same else "another"
    yield f"clip: {kind}, {clip.bytes} bytes, {float(clip.frame_rate):.3f} frames a second, {content} content"
    if not found.path.is_dir():
        yield from _stream(found.path)


def _stream(path: Path) -> Iterator[str]:
    """Yield what FFmpeg says of a video's stream."""
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        size = f"{context.width}x{context.height}"
        yield f"stream: {container.format.name}, {context.name}, {context.pix_fmt}, {size}"
        yield f"rate {stream.average_rate}, time base {stream.time_base}, {stream.frames} frames stated"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {verb}" for verb, count in sorted(counts.items())) or "none"
