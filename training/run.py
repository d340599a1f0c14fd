"""Train networks in order: build, warm-start or resume, teach, leave weights in the output folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from model.compact.propagation import CompactPropagation
from training.propagation import PropagationLesson
from training.propagation_data import PropagationData
from training.sources import Sources, find_sources
from training.trainer import Lesson, Recipe, Trainer

SEED = 14159265
_SIZES = ((0.0, 128), (0.4, 160), (0.75, 192))
"""Side of a training crop in pixels from a point of the schedule on: coarse first, fine later."""


@dataclass(frozen=True)
class TrainingOptions:
    """What to train with. `steps` None means the network's own recipe; `hours` limits each network's run."""

    folders: Sequence[Path]
    out: Path
    sources: Sequence[str] = ()
    hours: float | None = None
    steps: int | None = None
    resume: bool = False
    device: str = "cpu"
    threads: int | None = None
    workers: int = 0
    seed: int = SEED


@dataclass(frozen=True)
class _Course:
    """One network's way to be trained."""

    recipe: Recipe
    build: Callable[[], nn.Module]
    samples: Callable[[Sources, int, Recipe], Dataset[dict[str, Tensor]]]
    lesson: Callable[[nn.Module], Lesson]


def _sizes(recipe: Recipe) -> Callable[[int], int]:
    def size_at(number: int) -> int:
        progress = number / (recipe.steps * recipe.batch)
        return [size for begin, size in _SIZES if progress >= begin][-1]

    return size_at


def _propagation_samples(sources: Sources, seed: int, recipe: Recipe) -> Dataset[dict[str, Tensor]]:
    return PropagationData(sources, seed, recipe.steps * recipe.batch, _sizes(recipe))


COURSES = {
    "propagation": _Course(
        Recipe(steps=6000),
        lambda: CompactPropagation(reduction=1),
        _propagation_samples,
        PropagationLesson,  # type: ignore[arg-type]
    ),
}


def train(name: str, options: TrainingOptions) -> Path:
    """Train one network of COURSES; returns the file of its averaged 16-bit weights."""
    course = COURSES[name]
    cv2.setNumThreads(1)
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    changes = {"workers": options.workers}
    if options.steps:
        changes["steps"] = options.steps
    recipe = Recipe(**{**course.recipe.__dict__, **changes, "hours": options.hours or course.recipe.hours})
    sources = find_sources(options.folders, wanted=options.sources)
    network = course.build()
    trainer = Trainer(name, network, options.out, recipe, torch.device(options.device))
    if options.resume:
        trainer.resume()
    trainer.run(course.samples(sources, options.seed, recipe), course.lesson(network))
    return options.out / f"{name}.safetensors"
