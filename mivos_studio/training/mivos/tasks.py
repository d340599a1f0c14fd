"""Network, samples and loss_step of each published network, and its weights in the published form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from mivos_studio.training.compact.fusion_data import FusionData, propagate_clips
from mivos_studio.training.compact.interaction_data import InteractionData
from mivos_studio.training.compact.propagation_data import PropagationData
from mivos_studio.training.data.sources import Sources, TrainingDataError
from mivos_studio.training.mivos.loss_steps import FusionLossStep, PropagationLossStep, ScribbleLossStep
from mivos_studio.training.mivos.recipe import PublishedRecipe
from mivos_studio.training.processes import join_processes
from mivos_studio.training.trainer import Trainer, TrainingTask
from model.checkpoint import load_weights
from model.families import MIVOS
from model.layers.blocks import fold_normalisation
from model.mivos.fusion import MivosFusion
from model.mivos.propagation import MivosPropagation
from model.mivos.scribble import MivosScribble
from model.weights.hashes import put_in_place

if TYPE_CHECKING:
    from mivos_studio.training.run import TrainingOptions

_FILES = {file.network: file.name for file in MIVOS.files}


def find_weights(name: str, *folders: Path | None) -> Path | None:
    """Return the first folder's published file of a network, None where there is none."""
    paths = (folder / _FILES[name] for folder in folders if folder is not None)
    return next((path for path in paths if path.is_file()), None)


def publish(name: str, trainer: Trainer) -> Path:
    """Write a network's weights in the published form; a saves folder takes the file as it is."""
    path = trainer.folder / _FILES[name]
    if trainer.processes.is_first:
        partial = path.with_name(f".{path.name}.partial")
        torch.save({key: value.cpu().contiguous() for key, value in trainer.average.items()}, partial)
        put_in_place(partial, path)
    return path


def _propagation(options: TrainingOptions, sources: Sources, recipe: PublishedRecipe) -> TrainingTask:
    network = MivosPropagation()
    samples = PropagationData(options.seed, recipe.samples, lambda _: recipe.size, sources)
    return TrainingTask(network, samples, PropagationLossStep(network, recipe.hardest_share))


def _scribbles(options: TrainingOptions, sources: Sources, recipe: PublishedRecipe) -> TrainingTask:
    network = MivosScribble()
    samples = InteractionData(options.seed, recipe.samples, lambda _: recipe.size, sources)
    return TrainingTask(network, samples, ScribbleLossStep(network, recipe.hardest_share))


def _fusion(options: TrainingOptions, sources: Sources, recipe: PublishedRecipe) -> TrainingTask:
    """Needs the trained propagation network, in `out` or in `warm_start`."""
    trained = find_weights("propagation", options.out, options.warm_start)
    if trained is None:
        raise TrainingDataError(
            f"Fusion learns from propagation: train that first, or put its {_FILES['propagation']}"
            f" into {options.out}."
        )
    teacher = MivosPropagation()
    load_weights(teacher, trained)
    fold_normalisation(teacher.eval())
    processes = join_processes()
    if processes.is_first:
        propagate_clips(sources, teacher, options.out / "walks")
    processes.wait()
    clips = propagate_clips(sources, teacher, options.out / "walks")
    if not clips:
        raise TrainingDataError("Fusion learns from clips, and none of the sources has a long enough one.")
    network = MivosFusion()
    samples = FusionData(options.seed, recipe.samples, lambda _: recipe.size, clips)
    return TrainingTask(network, samples, FusionLossStep(network, teacher, recipe.hardest_share))


COURSES: dict[str, Callable[[TrainingOptions, Sources, PublishedRecipe], TrainingTask]] = {
    "propagation": _propagation,
    "interaction": _scribbles,
    "fusion": _fusion,
}
