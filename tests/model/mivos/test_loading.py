"""A family is loaded from a folder of the published files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from mivos_studio.cli.main import main
from model.checkpoint import load_networks
from model.compact.interaction import CompactInteraction
from model.errors import CheckpointError
from model.mivos.fusion import MivosFusion
from model.mivos.propagation import MivosPropagation
from model.mivos.scribble import MivosScribble
from tests import parity
from tests.conftest import FRAMES, ClipOnDisk


@pytest.fixture(scope="module")
def saves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saves")
    networks = (MivosPropagation(), MivosFusion(), MivosScribble())
    for name, network in zip(("propagation_model", "fusion", "s2m"), networks, strict=True):
        parity.fill(network)
        torch.save(network.state_dict(), folder / f"{name}.pth")
    (folder / "compact").mkdir()
    save_file(CompactInteraction().state_dict(), folder / "compact" / "interaction.safetensors")
    return folder


def test_complete_published_files_are_used_by_default(saves: Path) -> None:
    networks = load_networks("auto", saves)
    assert networks.family == "mivos"
    assert isinstance(networks.interaction, MivosScribble)
    assert isinstance(networks.clicks, CompactInteraction)
    for network in (networks.propagation, networks.fusion, networks.interaction, networks.clicks):
        assert isinstance(network, nn.Module)
        assert not network.training
        assert not any(isinstance(part, nn.BatchNorm2d) for part in network.modules())


def test_a_published_file_that_is_missing_is_named(tmp_path: Path, saves: Path) -> None:
    (tmp_path / "fusion.pth").symlink_to(saves / "fusion.pth")
    with pytest.raises(CheckpointError, match=r"propagation_model\.pth is missing"):
        load_networks("mivos", tmp_path)


def test_the_command_line_propagates_with_the_published_networks(
    tmp_path: Path, saves: Path, small_clip: ClipOnDisk
) -> None:
    out = tmp_path / "masks"
    words = ["propagate", str(small_clip.images), "--mask", f"0={small_clip.masks[0]}", "--out", str(out)]
    assert main([*words, "--models", "mivos", "--weights", str(saves), "--working-size", "64"]) == 0
    masks = sorted(out.glob("*.png"))
    assert len(masks) == FRAMES
    assert np.array_equal(np.array(Image.open(masks[0])), np.array(Image.open(small_clip.masks[0])))
