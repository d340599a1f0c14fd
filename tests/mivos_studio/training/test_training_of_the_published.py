"""Training of the published networks: the same samples, weights written in the published form."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
import torch
from torch import Tensor, nn

from mivos_studio.training.data.sources import TrainingDataError
from mivos_studio.training.mivos.loss_steps import PropagationLossStep, ScribbleLossStep
from mivos_studio.training.mivos.recipe import RECIPES
from mivos_studio.training.options import TrainingOptions
from mivos_studio.training.tasks.mivos import TASKS
from mivos_studio.training.trainer import LossStep
from model.mivos.fusion import MivosFusion
from model.mivos.propagation import MivosPropagation
from model.mivos.scribble import MivosScribble
from model.weights.tensors import load_weights
from tests import parity
from tests.mivos_studio.training.example_data import losses_of, make_images, run_training

SIZE = 64

_Network = TypeVar("_Network", bound=nn.Module)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("images")
    make_images(root, stills=3, frames=11, step=8)
    return root


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, task in TASKS.items():
        recipe = replace(task.recipe, size=SIZE, learning_rate=1e-3, log_every=2)
        monkeypatch.setitem(TASKS, name, replace(task, recipe=recipe))


def _options(images: Path, out: Path, **changes: object) -> TrainingOptions:
    plain = TrainingOptions([images], out, family="mivos", steps=8, batch=2, threads=1)
    return replace(plain, **changes)


def _save_made(network: nn.Module, path: Path) -> None:
    parity.fill(network)
    torch.save(network.state_dict(), path)


@pytest.mark.usefixtures("small")
def test_a_few_steps_of_fusion_reduce_the_loss(images: Path, tmp_path: Path) -> None:
    _save_made(MivosPropagation(), tmp_path / "propagation_model.pth")
    (weights,) = run_training("fusion", _options(images, tmp_path, steps=16))
    assert weights == tmp_path / "fusion.pth"
    losses = losses_of(tmp_path / "fusion.csv")
    assert losses[-1] < losses[0]
    load_weights(MivosFusion(), weights)


def _learn(network: nn.Module, loss_step: LossStep, batch: dict[str, Tensor]) -> list[float]:
    """Take two of the published steps on one batch; return the losses before, between and after."""
    optimizer = RECIPES["propagation"].optimizer(network.parameters())
    losses = []
    for _ in range(3):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss, _ = loss_step(batch, 0.0)
        losses.append(float(loss.detach()))
        if len(losses) < 3:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses


def _squares() -> Tensor:
    """Objects (B, T, K, h, w) of two samples; the second has one object."""
    objects = torch.zeros(2, 3, 3, 32, 32)
    objects[0, :, 0, 4:16, 4:16] = 1.0
    objects[0, :, 1, 20:30, 10:24] = 1.0
    objects[1, :, 0, 8:24, 2:16] = 1.0
    return objects


def _made(network: _Network) -> _Network:
    parity.fill(network)
    return network.train()


def test_a_few_steps_of_propagation_reduce_the_loss_and_leave_normalisation_alone() -> None:
    network, objects = _made(MivosPropagation()), _squares()
    statistics = network.rgb_encoder.bn1.running_mean.clone()
    batch = {"images": objects.sum(dim=2, keepdim=True).repeat(1, 1, 3, 1, 1), "objects": objects}
    losses = _learn(network, PropagationLossStep(network, lambda _: 1.0), batch)
    assert losses[-1] < losses[0]
    assert torch.equal(network.rgb_encoder.bn1.running_mean, statistics)


def test_a_few_steps_of_scribbles_reduce_the_loss() -> None:
    network, truth = _made(MivosScribble()), _squares()[:, 0, 0]
    guides = torch.zeros(2, 3, 32, 32)
    guides[:, 1, 10:13, 6:12] = 1.0
    batch = {"image": truth[:, None].repeat(1, 3, 1, 1), "guides": guides, "truth": truth}
    losses = _learn(network, ScribbleLossStep(network, lambda _: 1.0), batch)
    assert losses[-1] < losses[0]


def test_fusion_without_a_propagation_network_names_the_missing_file(images: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match=r"propagation_model\.pth"):
        run_training("fusion", _options(images, tmp_path))


def test_the_published_rates_fall_once_and_the_loss_narrows() -> None:
    recipe = RECIPES["fusion"]
    rates = [recipe.rate(step) for step in (0, 19_999, 20_000, 29_999)]
    assert rates == pytest.approx([1e-4, 1e-4, 1e-5, 1e-5])
    assert recipe.clip_norm == math.inf
    shares = [recipe.hardest_share(progress) for progress in (0.0, 0.2, 0.35, 0.5, 1.0)]
    assert shares == pytest.approx([1.0, 1.0, 0.575, 0.15, 0.15])
