"""Training tasks of the published networks; their weights are written in the published form."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch

from mivos_studio.files import written_beside
from mivos_studio.training.compact.fusion_data import PROPAGATIONS_FOLDER, FusionData, propagate_clips
from mivos_studio.training.compact.interaction_data import InteractionData
from mivos_studio.training.compact.propagation_data import PropagationData
from mivos_studio.training.data.sources import Sources, TrainingDataError
from mivos_studio.training.mivos.loss_steps import FusionLossStep, PropagationLossStep, ScribbleLossStep
from mivos_studio.training.mivos.recipe import RECIPES, PublishedRecipe
from mivos_studio.training.options import TrainingOptions
from mivos_studio.training.processes import join_processes
from mivos_studio.training.task import TrainingSetup, TrainingTask
from mivos_studio.training.trainer import Trainer
from model.layers.blocks import fold_normalisation
from model.mivos.family import MIVOS
from model.mivos.fusion import MivosFusion
from model.mivos.propagation import MivosPropagation
from model.mivos.scribble import MivosScribble
from model.weights.hashes import put_in_place
from model.weights.tensors import load_weights

_FILES = MIVOS.file_names()


def _find_weights(name: str, *folders: Path | None) -> Path | None:
    """Return the first folder's published file of a network, None where there is none."""
    paths = (folder / _FILES[name] for folder in folders if folder is not None)
    return next((path for path in paths if path.is_file()), None)


def _initial_weights(name: str, options: TrainingOptions) -> Path | None:
    return _find_weights(name, options.warm_start)


def _publish(trainer: Trainer) -> Path:
    """Write a network's weights in the published form, which a saves folder takes as it is."""
    path = trainer.folder / _FILES[trainer.name]
    if trainer.processes.is_first:
        with written_beside(path, put_in_place) as partial:
            torch.save({key: value.cpu().contiguous() for key, value in trainer.average.items()}, partial)
    return path


def _set_up_propagation(options: TrainingOptions, sources: Sources, recipe: PublishedRecipe) -> TrainingSetup:
    network = MivosPropagation()
    samples = PropagationData(options.seed, recipe.samples, lambda _: recipe.size, sources)
    return TrainingSetup(network, samples, PropagationLossStep(network, recipe.hardest_share))


def _set_up_scribbles(options: TrainingOptions, sources: Sources, recipe: PublishedRecipe) -> TrainingSetup:
    network = MivosScribble()
    samples = InteractionData(options.seed, recipe.samples, lambda _: recipe.size, sources)
    return TrainingSetup(network, samples, ScribbleLossStep(network, recipe.hardest_share))


def _set_up_fusion(options: TrainingOptions, sources: Sources, recipe: PublishedRecipe) -> TrainingSetup:
    """Needs the trained propagation network, in `out` or in `warm_start`."""
    trained = _find_weights("propagation", options.out, options.warm_start)
    if trained is None:
        raise TrainingDataError(
            f"Fusion learns from propagation: train that first, or put its {_FILES['propagation']}"
            f" into {options.out}."
        )
    propagation = MivosPropagation()
    load_weights(propagation, trained)
    fold_normalisation(propagation.eval())
    processes = join_processes()
    folder, mem_every = options.out / PROPAGATIONS_FOLDER, MIVOS.memory.mem_every
    if processes.is_first:
        propagate_clips(sources, propagation, folder, mem_every=mem_every)
    processes.wait()
    clips = propagate_clips(sources, propagation, folder, mem_every=mem_every)
    if not clips:
        raise TrainingDataError("Fusion learns from clips, and none of the sources has a long enough one.")
    network = MivosFusion()
    samples = FusionData(options.seed, recipe.samples, lambda _: recipe.size, clips)
    return TrainingSetup(network, samples, FusionLossStep(network, propagation, recipe.hardest_share))


TASKS: dict[str, TrainingTask[PublishedRecipe]] = {
    name: TrainingTask(name, RECIPES[name], set_up, partial(_initial_weights, name), _publish)
    for name, set_up in (
        ("propagation", _set_up_propagation),
        ("interaction", _set_up_scribbles),
        ("fusion", _set_up_fusion),
    )
}
