"""The interface between the training run and the networks that it trains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from torch import Tensor, nn
from torch.utils.data import Dataset

from mivos_studio.training.data.sources import Sources
from mivos_studio.training.options import TrainingOptions
from mivos_studio.training.trainer import LossStep, Recipe, Trainer

RecipeT = TypeVar("RecipeT", bound=Recipe)


@dataclass(frozen=True)
class TrainingSetup:
    """One network with its samples and its loss step.

    slow  prefix of the names of weights that are trained at a lower rate; empty: none.
    """

    network: nn.Module
    samples: Dataset[dict[str, Tensor]]
    loss_step: LossStep
    slow: str = ""


@dataclass(frozen=True)
class TrainingTask(Generic[RecipeT]):
    """How one network of a family is trained.

    name       of the network; its checkpoint, log and weights are named after it.
    recipe     the default one; options may replace steps, batch and rate.
    set_up     builds network, samples and loss step for the final recipe. Raises TrainingDataError.
    initial_weights  file to load into the network before training; None: the network stays as it was built.
    publish    returns the file of trained weights, and writes it where it is not the trainer's own.
    takes_frames, takes_backbone  whether the options of that name apply to it.
    """

    name: str
    recipe: RecipeT
    set_up: Callable[[TrainingOptions, Sources, RecipeT], TrainingSetup]
    initial_weights: Callable[[TrainingOptions], Path | None]
    publish: Callable[[Trainer], Path]
    takes_frames: bool = False
    takes_backbone: bool = False
