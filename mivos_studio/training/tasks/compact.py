"""Training tasks of the compact networks; their weights are written averaged and in half precision."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from torch import nn

from inference_core.runtime.device import choose_compute
from mivos_studio.training.compact.backbone import read_backbone
from mivos_studio.training.compact.fusion import FusionLossStep
from mivos_studio.training.compact.fusion_data import PROPAGATIONS_FOLDER, FusionData, propagate_clips
from mivos_studio.training.compact.interaction import InteractionLossStep
from mivos_studio.training.compact.interaction_data import InteractionData
from mivos_studio.training.compact.propagation import PropagationLossStep
from mivos_studio.training.compact.propagation_data import FRAMES, PropagationData
from mivos_studio.training.data.sources import Sources, TrainingDataError
from mivos_studio.training.options import TrainingOptions
from mivos_studio.training.processes import join_processes
from mivos_studio.training.task import TrainingSetup, TrainingTask
from mivos_studio.training.trainer import Recipe, Trainer
from model.checkpoint import family_folder
from model.compact.encoder import PRETRAINED, BackboneEncoder
from model.compact.fusion import CompactFusion
from model.compact.interaction import CompactInteraction, load_interaction
from model.compact.propagation import CompactPropagation, load_propagation
from model.families import FAMILIES
from model.layers.blocks import fold_normalisation

_SIZES = ((0.0, 128), (0.2, 160), (0.7, 192))
"""Side of a training crop in pixels from a point of the schedule on: coarse first, fine later."""

_FUSION_SIZE = 160


def _set_up_propagation(options: TrainingOptions, sources: Sources, recipe: Recipe) -> TrainingSetup:
    network = _build_propagation(options)
    frames = options.frames or FRAMES
    samples = PropagationData(options.seed, recipe.samples, _size_at(recipe, options.crop), sources, frames)
    return TrainingSetup(network, samples, PropagationLossStep(network), slow=PRETRAINED)


def _build_propagation(options: TrainingOptions) -> CompactPropagation:
    """Build the network that the first weights or the backbone fit; the weights are loaded later."""
    if earlier := _earlier_weights("propagation", options):
        return load_propagation(earlier, reduction=1)
    network = CompactPropagation(reduction=1, has_backbone=options.backbone is not None)
    _begin_from_backbone(network.encoder, options)
    return network


def _set_up_interaction(options: TrainingOptions, sources: Sources, recipe: Recipe) -> TrainingSetup:
    network = _build_interaction(options)
    samples = InteractionData(options.seed, recipe.samples, _size_at(recipe, options.crop), sources)
    slow = PRETRAINED if network.has_backbone else ""
    return TrainingSetup(network, samples, InteractionLossStep(network), slow)


def _build_interaction(options: TrainingOptions) -> CompactInteraction:
    """Build the network that the first weights fit; without any, start with a backbone or an encoder.

    The encoder is that of a trained propagation network, where there is one and no backbone is given.
    """
    if earlier := _earlier_weights("interaction", options):
        return load_interaction(earlier)
    trained = None if options.backbone else _trained_propagation(options)
    if trained is None:
        network = CompactInteraction(has_backbone=options.backbone is not None)
        _begin_from_backbone(network.encoder, options)
        return network
    encoder = load_propagation(trained, reduction=1).encoder
    network = CompactInteraction(has_backbone=isinstance(encoder, BackboneEncoder))
    network.encoder.load_state_dict(encoder.state_dict(), strict=False)  # it has no guides
    return network


def _begin_from_backbone(encoder: nn.Module, options: TrainingOptions) -> None:
    """Load ImageNet's weights into an encoder with a backbone, where the options name their file."""
    if options.backbone is not None and isinstance(encoder, BackboneEncoder):
        encoder.backbone.load_state_dict(read_backbone(options.backbone))


def _set_up_fusion(options: TrainingOptions, sources: Sources, recipe: Recipe) -> TrainingSetup:
    """Needs the trained propagation network, in `out` or in `warm_start`."""
    trained = _trained_propagation(options)
    if trained is None:
        raise TrainingDataError(
            f"Fusion learns from propagation: train that first, or put its weights into {options.out}."
        )
    # One copy, folded and in the CPU's precision, makes the data; the other one is for the loss step.
    for_data, for_loss = (load_propagation(trained, reduction=1) for _ in range(2))
    fold_normalisation(for_data.eval())
    for_data.to(choose_compute("cpu").dtype)
    processes = join_processes()
    if not processes.is_first:  # the first one propagates, the others read the files that it wrote
        processes.wait()
    mem_every = FAMILIES[options.family].memory.mem_every
    clips = propagate_clips(sources, for_data, options.out / PROPAGATIONS_FOLDER, mem_every=mem_every)
    if processes.is_first:
        processes.wait()
    if not clips:
        raise TrainingDataError("Fusion learns from clips, and none of the sources has a long enough one.")
    network = CompactFusion(reduction=1)
    samples = FusionData(options.seed, recipe.samples, lambda _: _FUSION_SIZE, clips)
    return TrainingSetup(network, samples, FusionLossStep(network, for_loss.to(options.torch_device())))


def _trained_propagation(options: TrainingOptions) -> Path | None:
    folders = [folder for folder in (options.out, options.warm_start) if folder is not None]
    return next((path for folder in folders if (path := folder / "propagation.safetensors").exists()), None)


def _earlier_weights(name: str, options: TrainingOptions) -> Path | None:
    """Return the file whose architecture this training goes on with: its own weights, or the initial ones."""
    own = options.out / f"{name}.safetensors"
    earlier = own if _resumes(name, options) else _initial_weights(name, options)
    return earlier if earlier is not None and earlier.exists() else None


def _initial_weights(name: str, options: TrainingOptions) -> Path | None:
    if _resumes(name, options):
        return None
    folder = options.warm_start
    if folder is None and options.resume and not options.sources and not options.backbone:
        folder = family_folder(options.family)
    weights = folder / f"{name}.safetensors" if folder is not None else None
    return weights if weights is not None and weights.exists() else None


def _resumes(name: str, options: TrainingOptions) -> bool:
    """Whether there is a checkpoint to resume."""
    return options.resume and (options.out / f"{name}.checkpoint.pt").exists()


def _size_at(recipe: Recipe, crop: int | None) -> Callable[[int], int]:
    """Return the crop size of each sample: it changes between two batches, never within one."""
    sizes = _SIZES if crop is None else ((0.0, crop),)

    def size_at(number: int) -> int:
        step = number // recipe.batch
        return [size for begin, size in sizes if step >= begin * recipe.steps][-1]

    return size_at


def _weights_of(trainer: Trainer) -> Path:
    return trainer.weights


TASKS: dict[str, TrainingTask[Recipe]] = {
    "propagation": TrainingTask(
        "propagation",
        Recipe(steps=2800),
        _set_up_propagation,
        partial(_initial_weights, "propagation"),
        _weights_of,
        takes_frames=True,
        takes_backbone=True,
    ),
    "interaction": TrainingTask(
        "interaction",
        Recipe(steps=2300, batch=12, averaging=0.998),
        _set_up_interaction,
        partial(_initial_weights, "interaction"),
        _weights_of,
        takes_backbone=True,
    ),
    "fusion": TrainingTask(
        "fusion",
        Recipe(steps=800, batch=12, averaging=0.995),
        _set_up_fusion,
        partial(_initial_weights, "fusion"),
        _weights_of,
    ),
}
