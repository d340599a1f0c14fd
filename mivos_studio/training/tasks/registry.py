"""Registry of training tasks by family and network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mivos_studio.training.data.sources import TrainingDataError
from mivos_studio.training.options import TrainingOptions
from mivos_studio.training.task import TrainingTask
from mivos_studio.training.tasks.compact import COMPACT_TASKS
from mivos_studio.training.tasks.mivos import MIVOS_TASKS

NETWORKS = ("propagation", "interaction", "fusion")
"""In the order in which they are trained: fusion is trained on masks that propagation makes."""

_FAMILIES: Mapping[str, Mapping[str, TrainingTask[Any]]] = {"compact": COMPACT_TASKS, "mivos": MIVOS_TASKS}


def choose_tasks(name: str, options: TrainingOptions) -> list[TrainingTask[Any]]:
    """Return the tasks of one of NETWORKS, or of "all" in order.

    Raises TrainingDataError where there is no such network, or the options do not apply to it.
    """
    if name != "all" and name not in NETWORKS:
        raise TrainingDataError(f"There is no network called {name}; choose {', '.join(NETWORKS)} or all.")
    family = _FAMILIES[options.family]
    tasks = [family[network] for network in (NETWORKS if name == "all" else (name,))]
    if name == "all" and options.parts:
        raise TrainingDataError("Parts are of one network: name it in place of all.")
    if options.frames and not any(task.takes_frames for task in tasks):
        raise TrainingDataError("Frames can be chosen for the compact propagation network alone.")
    if options.backbone and not all(task.takes_backbone for task in tasks):
        raise TrainingDataError(
            "A backbone can be given to the compact propagation or interaction network alone."
        )
    if options.backbone and options.warm_start:
        raise TrainingDataError("Begin with a backbone or with earlier weights: choose one of them.")
    return tasks
