"""Read the checkpoint of a training, whose content is checked like that of any file of weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mivos_studio.training.data.sources import TrainingDataError
from model.errors import CheckpointError
from model.weights.pickled import load_pickled, tensors_of
from model.weights.tensors import check_numbers, check_state


@dataclass(frozen=True)
class TrainingState:
    """What a checkpoint holds: weights and their average by name, the optimizer's state, steps, seconds."""

    network: dict[str, Tensor]
    average: dict[str, Tensor]
    optimizer: dict[str, Any]
    step: int
    trained_s: float


def read_state(path: Path, expected: Mapping[str, Tensor], device: torch.device) -> TrainingState:
    """Read a checkpoint onto a device; `expected` is the network's own state.

    Raises TrainingDataError where it is damaged or of another network.
    """
    try:
        content = load_pickled(path, device)
        if not isinstance(content, dict):
            raise CheckpointError(_no_checkpoint(path))
        network, average = (tensors_of(content.get(key), path) for key in ("network", "average"))
        for tensors in (network, average):
            check_state(expected, tensors, path)
    except CheckpointError as error:
        raise TrainingDataError(str(error)) from error
    optimizer, step, trained_s = (content.get(key) for key in ("optimizer", "step", "trained_s"))
    if not isinstance(optimizer, dict) or type(step) is not int or step < 0:
        raise TrainingDataError(_no_checkpoint(path))
    if not isinstance(trained_s, float) or not math.isfinite(trained_s):
        raise TrainingDataError(_no_checkpoint(path))
    return TrainingState(network, average, optimizer, step, trained_s)


def restore_optimizer(optimizer: torch.optim.Optimizer, saved: dict[str, Any], path: Path) -> None:
    """Restore the moments of an optimizer; its settings stay those of the recipe.

    path  of the checkpoint, for the error. Raises TrainingDataError where the moments do not fit the weights.
    """
    groups = optimizer.state_dict()["param_groups"]
    try:
        is_fitting = [each["params"] for each in saved["param_groups"]] == [each["params"] for each in groups]
        optimizer.load_state_dict({"state": saved["state"], "param_groups": groups})
        for weight, moments in optimizer.state.items():
            is_fitting &= all(moment.shape in (weight.shape, ()) for moment in moments.values())
            for name, moment in moments.items():
                check_numbers(f"optimizer.{name}", moment, path, dtype=weight.dtype)
    except CheckpointError as error:
        raise TrainingDataError(str(error)) from error
    except (ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        raise TrainingDataError(_no_checkpoint(path)) from error
    if not is_fitting:
        raise TrainingDataError(_no_checkpoint(path))


def _no_checkpoint(path: Path) -> str:
    return f"{path} is no checkpoint of a training, or damaged: copy it again, or name another folder."
