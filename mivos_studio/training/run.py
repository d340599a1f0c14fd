"""Train networks in order: build, resume or warm-start, teach, leave weights in the output folder."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import torch
from torch import nn

from inference_core.runtime.device import choose_compute
from mivos_studio.training.compact.backbone import read_backbone
from mivos_studio.training.compact.fusion import FusionLossStep
from mivos_studio.training.compact.fusion_data import FusionData, propagate_clips
from mivos_studio.training.compact.interaction import InteractionLossStep
from mivos_studio.training.compact.interaction_data import InteractionData
from mivos_studio.training.compact.propagation import PropagationLossStep
from mivos_studio.training.compact.propagation_data import FRAMES, PropagationData
from mivos_studio.training.curve import draw_log
from mivos_studio.training.data.sources import Sources, TrainingDataError, find_sources
from mivos_studio.training.mivos import tasks as mivos
from mivos_studio.training.mivos.recipe import RECIPES as PUBLISHED_RECIPES
from mivos_studio.training.mivos.recipe import PublishedRecipe
from mivos_studio.training.processes import join_processes
from mivos_studio.training.trainer import Recipe, Trainer, TrainingTask
from model.checkpoint import family_folder, load_propagation, load_weights
from model.compact.encoder import BackboneEncoder, ImageEncoder
from model.compact.fusion import CompactFusion
from model.compact.interaction import CompactInteraction
from model.compact.propagation import CompactPropagation
from model.layers.blocks import fold_normalisation

SEED = 14159265
NETWORKS = ("propagation", "interaction", "fusion")
"""In the order in which they are trained: fusion learns from what propagation makes."""

_SIZES = ((0.0, 128), (0.2, 160), (0.7, 192))
"""Side of a training crop in pixels from a point of the schedule on: coarse first, fine later."""

_FUSION_SIZE = 160

RECIPES = {
    "propagation": Recipe(steps=2800),
    "interaction": Recipe(steps=2300, batch=12, averaging=0.99),
    "fusion": Recipe(steps=800, batch=12, averaging=0.995),
}


@dataclass(frozen=True)
class TrainingOptions:
    """What to train with.

    family   "compact", or "mivos" for the published networks.
    folders  hold stills/SOURCE and video/SOURCE/CLIP; sources names those to take, none means all.
    hours    limits each network's run; the schedule goes on where the run is resumed.
    steps    replaces the recipe's number of steps.
    learning_rate  replaces the recipe's highest rate: a lower one refines weights that are good already.
    crop     side in pixels of every training crop, instead of sizes that grow along the schedule.
    frames   frames of every sample of propagation, instead of three.
    backbone  a file of what EfficientNet-Lite0 learned on ImageNet: propagation's encoder begins with it.
    left_out  clips, as SOURCE/CLIP, that are not learned from: to choose by.
    parts    parts of the network to teach, as "decoder"; the others stay as they are. None named: all.
    resume   continue from the checkpoint in `out`; where it is gone, begin with the weights that ship, unless
             sources are chosen: what others taught must not come in by the back door.
    warm_start  a folder of weights to begin with where there is no checkpoint.
    device   "auto" takes a GPU where one is present.
    workers  processes that make samples; None: none beside a CPU, all cores but one beside a GPU.
    on_step  hears of every step: network, steps done, steps in all.
    """

    folders: Sequence[Path]
    out: Path
    family: str = "compact"
    sources: Sequence[str] = ()
    hours: float | None = None
    steps: int | None = None
    batch: int | None = None
    learning_rate: float | None = None
    crop: int | None = None
    frames: int | None = None
    backbone: Path | None = None
    left_out: Sequence[str] = ()
    parts: Sequence[str] = ()
    resume: bool = False
    warm_start: Path | None = None
    device: str = "auto"
    threads: int | None = None
    workers: int | None = None
    seed: int = SEED
    on_step: Callable[[str, int, int], None] | None = None


def train(name: str, options: TrainingOptions) -> list[Path]:
    """Train one of NETWORKS, or "all" in order; returns the files of weights.

    Those of the compact family are averaged and in half precision, those of mivos in the published form.
    Raises TrainingDataError where the pictures or, for fusion, the propagation network are missing, or
    options do not go together.
    """
    if name != "all" and name not in NETWORKS:
        raise TrainingDataError(f"There is no network called {name}; choose {', '.join(NETWORKS)} or all.")
    if name == "all" and options.parts:
        raise TrainingDataError("Parts are of one network: name it in place of all.")
    if options.frames and (name not in ("propagation", "all") or options.family == "mivos"):
        raise TrainingDataError("Frames can be chosen for the compact propagation network alone.")
    if options.backbone and (name != "propagation" or options.family == "mivos"):
        raise TrainingDataError("A backbone can be given to the compact propagation network alone.")
    if options.backbone and options.warm_start:
        raise TrainingDataError("Begin with a backbone or with earlier weights: choose one of them.")
    cv2.setNumThreads(1)
    if options.threads:
        torch.set_num_threads(options.threads)
    sources = find_sources(options.folders, wanted=options.sources, left_out=options.left_out)
    wanted = NETWORKS if name == "all" else (name,)
    return [_train_one(network, options, sources) for network in wanted]


def _train_one(name: str, options: TrainingOptions, sources: Sources) -> Path:
    torch.manual_seed(options.seed)
    recipe: Recipe = PUBLISHED_RECIPES[name] if options.family == "mivos" else RECIPES[name]
    recipe = replace(
        recipe,
        steps=options.steps or recipe.steps,
        batch=options.batch or recipe.batch,
        learning_rate=options.learning_rate or recipe.learning_rate,
        hours=options.hours or math.inf,
        workers=_workers(options),
    )
    processes = join_processes()
    if recipe.batch % processes.count:
        raise TrainingDataError(
            f"A batch of {recipe.batch} samples cannot be shared evenly by {processes.count} processes: "
            "choose another --batch."
        )
    if isinstance(recipe, PublishedRecipe):
        task = mivos.COURSES[name](options, sources, recipe)
    else:
        task = _COURSES[name](options, sources, recipe)
    if (weights := _weights_to_begin_with(name, options)) is not None:
        load_weights(task.network, weights)
    _freeze_all_but(options.parts, task.network)
    trainer = Trainer(name, task.network, options.out, recipe, _device(options), processes, task.slow)
    if options.resume:
        trainer.resume()
    report = options.on_step
    on_step = None if report is None else lambda done, total: report(name, done, total)
    trainer.run(task.samples, task.loss_step, on_step)
    if processes.is_first:
        draw_log(trainer.log)
    return mivos.publish(name, trainer) if options.family == "mivos" else trainer.weights


def _freeze_all_but(parts: Sequence[str], network: nn.Module) -> None:
    names = [name for name, _ in network.named_children()]
    if strange := [part for part in parts if part not in names]:
        raise TrainingDataError(f"The network has no part {strange[0]}: choose from {', '.join(names)}.")
    for name, part in network.named_children():
        part.requires_grad_(not parts or name in parts)


def _workers(options: TrainingOptions) -> int:
    """A GPU waits for its samples, a CPU that makes them itself does not."""
    if options.workers is not None:
        return options.workers
    return max(1, (os.cpu_count() or 1) - 1) if _device(options).type == "cuda" else 0


def _weights_to_begin_with(name: str, options: TrainingOptions) -> Path | None:
    home = options.warm_start
    if options.family == "mivos":
        return mivos.find_weights(name, home)
    if _goes_on(name, options):
        return None
    if home is None and options.resume and not options.sources and not options.backbone:
        home = family_folder("compact")
    weights = home / f"{name}.safetensors" if home is not None else None
    return weights if weights is not None and weights.exists() else None


def _goes_on(name: str, options: TrainingOptions) -> bool:
    """Whether there is a checkpoint to resume."""
    return options.resume and (options.out / f"{name}.checkpoint.pt").exists()


def _device(options: TrainingOptions) -> torch.device:
    if options.device != "auto":
        return torch.device(options.device)
    if torch.cuda.is_available():
        return torch.device("cuda", join_processes().local)
    return torch.device("cpu")


def _propagation(options: TrainingOptions, sources: Sources, recipe: Recipe) -> TrainingTask:
    network = _propagation_to_begin_with(options)
    frames = options.frames or FRAMES
    samples = PropagationData(options.seed, recipe.samples, _size_at(recipe, options.crop), sources, frames)
    return TrainingTask(network, samples, PropagationLossStep(network), slow="encoder.backbone.")


def _propagation_to_begin_with(options: TrainingOptions) -> CompactPropagation:
    """Build what there are weights or a backbone for; the weights themselves are filled in later."""
    begun = options.out / "propagation.safetensors"
    earlier = begun if _goes_on("propagation", options) else _weights_to_begin_with("propagation", options)
    if earlier is not None and earlier.exists():
        return load_propagation(earlier, reduction=1)
    network = CompactPropagation(reduction=1, has_backbone=options.backbone is not None)
    if options.backbone is not None and isinstance(network.encoder, BackboneEncoder):
        network.encoder.backbone.load_state_dict(read_backbone(options.backbone))
    return network


def _interaction(options: TrainingOptions, sources: Sources, recipe: Recipe) -> TrainingTask:
    """Begins with the encoder of a trained propagation network where there is one of the same shape."""
    network = CompactInteraction()
    if trained := _trained_propagation(options):
        encoder = load_propagation(trained, reduction=1).encoder
        if isinstance(encoder, ImageEncoder):
            network.encoder.load_state_dict(encoder.state_dict(), strict=False)
    samples = InteractionData(options.seed, recipe.samples, _size_at(recipe, options.crop), sources)
    return TrainingTask(network, samples, InteractionLossStep(network))


def _fusion(options: TrainingOptions, sources: Sources, recipe: Recipe) -> TrainingTask:
    """Needs the trained propagation network, in `out` or in `warm_start`."""
    trained = _trained_propagation(options)
    if trained is None:
        raise TrainingDataError(
            f"Fusion learns from propagation: train that first, or put its weights into {options.out}."
        )
    walker, teacher = (load_propagation(trained, reduction=1) for _ in range(2))
    fold_normalisation(walker.eval())
    walker.to(choose_compute("cpu").dtype)
    processes = join_processes()
    if not processes.is_first:  # the first one walks, the others read what it wrote
        processes.wait()
    clips = propagate_clips(sources, walker, options.out / "walks")
    if processes.is_first:
        processes.wait()
    if not clips:
        raise TrainingDataError("Fusion learns from clips, and none of the sources has a long enough one.")
    network = CompactFusion(reduction=1)
    samples = FusionData(options.seed, recipe.samples, lambda _: _FUSION_SIZE, clips)
    return TrainingTask(network, samples, FusionLossStep(network, teacher.to(_device(options))))


def _trained_propagation(options: TrainingOptions) -> Path | None:
    homes = [home for home in (options.out, options.warm_start) if home is not None]
    return next((path for home in homes if (path := home / "propagation.safetensors").exists()), None)


_COURSES: dict[str, Callable[[TrainingOptions, Sources, Recipe], TrainingTask]] = {
    "propagation": _propagation,
    "interaction": _interaction,
    "fusion": _fusion,
}


def _size_at(recipe: Recipe, crop: int | None) -> Callable[[int], int]:
    """Sizes change between two batches, never within one."""
    sizes = _SIZES if crop is None else ((0.0, crop),)

    def size_at(number: int) -> int:
        step = number // recipe.batch
        return [size for begin, size in sizes if step >= begin * recipe.steps][-1]

    return size_at
