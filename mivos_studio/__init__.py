"""MiVOS Studio: cut objects out of a clip. The names in `__all__` are its public Python API.

They are imported when they are first used (PEP 562), so that a program which opens clips does not load torch,
and one that trains does not load PyAV.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inference_core.errors import InvalidInteractionError as InvalidInteractionError
    from inference_core.errors import NotReadyError as NotReadyError
    from inference_core.errors import UserError as UserError
    from inference_core.session import Session as Session
    from inference_core.state.round import Round as Round
    from inference_core.types import Direction as Direction
    from inference_core.types import FrameMask as FrameMask
    from inference_core.types import Frames as Frames
    from inference_core.types import Interaction as Interaction
    from inference_core.types import MemoryBudget as MemoryBudget
    from inference_core.types import MemoryFrames as MemoryFrames
    from inference_core.types import MemoryOptions as MemoryOptions
    from inference_core.types import ObjectInfo as ObjectInfo
    from inference_core.types import Progress as Progress
    from inference_core.types import Region as Region
    from inference_core.types import ScratchStore as ScratchStore
    from inference_core.types import Stroke as Stroke
    from inference_core.types import Tool as Tool
    from mivos_studio.media.clip import Clip as Clip
    from mivos_studio.media.clip import open_clip as open_clip
    from mivos_studio.media.palette import read_ids as read_ids
    from mivos_studio.media.palette import write_ids as write_ids
    from mivos_studio.project.file.project_file import ProjectFile as ProjectFile
    from mivos_studio.project.scratch import TemporaryScratch as TemporaryScratch
    from model.checkpoint import load_networks as load_networks

_MODULE_OF = {
    "Clip": "mivos_studio.media.clip",
    "Direction": "inference_core.types",
    "FrameMask": "inference_core.types",
    "Frames": "inference_core.types",
    "Interaction": "inference_core.types",
    "InvalidInteractionError": "inference_core.errors",
    "MemoryBudget": "inference_core.types",
    "MemoryFrames": "inference_core.types",
    "MemoryOptions": "inference_core.types",
    "NotReadyError": "inference_core.errors",
    "ObjectInfo": "inference_core.types",
    "Progress": "inference_core.types",
    "ProjectFile": "mivos_studio.project.file.project_file",
    "Region": "inference_core.types",
    "Round": "inference_core.state.round",
    "ScratchStore": "inference_core.types",
    "Session": "inference_core.session",
    "Stroke": "inference_core.types",
    "TemporaryScratch": "mivos_studio.project.scratch",
    "Tool": "inference_core.types",
    "UserError": "inference_core.errors",
    "load_networks": "model.checkpoint",
    "open_clip": "mivos_studio.media.clip",
    "read_ids": "mivos_studio.media.palette",
    "write_ids": "mivos_studio.media.palette",
}
__all__ = list(_MODULE_OF)


def __getattr__(name: str) -> Any:
    """Import a public name from its module."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})
