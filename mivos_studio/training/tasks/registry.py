"""Training tasks by family and network. A family names the module of its tasks, see `model.family`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from mivos_studio.training.data.sources import TrainingDataError
from mivos_studio.training.options import TrainingOptions
from mivos_studio.training.task import TrainingTask
from model.families import FAMILIES

NETWORKS = ("propagation", "interaction", "fusion")
"""In the order in which they are trained: fusion is trained on masks that propagation makes."""


def tasks_of(family: str) -> Mapping[str, TrainingTask[Any]]:
    """Return the training tasks of a family by network: TASKS of the module that the family names.

    Raises TrainingDataError where there is no such family, or none of its networks can be trained.
    """
    trained = [name for name, known in FAMILIES.items() if known.training]
    if family not in trained:
        raise TrainingDataError(f"No training for a family called {family}: choose {', '.join(trained)}.")
    tasks: Mapping[str, TrainingTask[Any]] = import_module(FAMILIES[family].training).TASKS
    return tasks


def choose_tasks(name: str, options: TrainingOptions) -> list[TrainingTask[Any]]:
    """Return the tasks of one of NETWORKS, or of "all" in order.

    Raises TrainingDataError where there is no such network, or the options do not apply to it.
    """
    if name != "all" and name not in NETWORKS:
        raise TrainingDataError(f"There is no network called {name}; choose {', '.join(NETWORKS)} or all.")
    family = tasks_of(options.family)
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
