"""Run training tasks in order: set up, resume or warm-start, train, leave weights in the output folder."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import torch
from torch import nn

from mivos_studio.training.curve import draw_log
from mivos_studio.training.data.sources import Sources, TrainingDataError, find_sources
from mivos_studio.training.options import TrainingOptions
from mivos_studio.training.processes import join_processes
from mivos_studio.training.task import RecipeT, TrainingTask
from mivos_studio.training.trainer import Trainer
from model.weights.tensors import load_weights


def train(tasks: Sequence[TrainingTask[Any]], options: TrainingOptions) -> list[Path]:
    """Run the tasks one after the other; return the files of weights.

    Raises TrainingDataError where the training data or, for fusion, the propagation network are missing.
    """
    cv2.setNumThreads(1)
    if options.threads:
        torch.set_num_threads(options.threads)
    sources = find_sources(options.folders, wanted=options.sources, left_out=options.left_out)
    return [_run(task, options, sources) for task in tasks]


def _run(task: TrainingTask[RecipeT], options: TrainingOptions, sources: Sources) -> Path:
    torch.manual_seed(options.seed)
    recipe = replace(
        task.recipe,
        steps=options.steps or task.recipe.steps,
        batch=options.batch or task.recipe.batch,
        learning_rate=options.learning_rate or task.recipe.learning_rate,
        hours=options.hours or math.inf,
        workers=_workers(options),
    )
    processes = join_processes()
    if recipe.batch % processes.count:
        raise TrainingDataError(
            f"A batch of {recipe.batch} samples cannot be shared evenly by {processes.count} processes: "
            "choose another --batch."
        )
    setup = task.set_up(options, sources, recipe)
    if (weights := task.initial_weights(options)) is not None:
        load_weights(setup.network, weights)
    _freeze_all_but(options.parts, setup.network)
    device = options.torch_device()
    trainer = Trainer(task.name, setup.network, options.out, recipe, device, processes, setup.slow)
    if options.resume:
        trainer.resume()
    report = options.on_step
    on_step = None if report is None else lambda done, total: report(task.name, done, total)
    trainer.run(setup.samples, setup.loss_step, on_step)
    if processes.is_first:
        draw_log(trainer.log)
    return task.publish(trainer)


def _freeze_all_but(parts: Sequence[str], network: nn.Module) -> None:
    names = [name for name, _ in network.named_children()]
    if strange := [part for part in parts if part not in names]:
        raise TrainingDataError(f"The network has no part {strange[0]}: choose from {', '.join(names)}.")
    for name, part in network.named_children():
        part.requires_grad_(not parts or name in parts)


def _workers(options: TrainingOptions) -> int:
    """On a GPU, samples are made in other processes; on a CPU in the training process itself."""
    if options.workers is not None:
        return options.workers
    return max(1, (os.cpu_count() or 1) - 1) if options.torch_device().type == "cuda" else 0
