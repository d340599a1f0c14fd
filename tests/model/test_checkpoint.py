"""Families of networks load by their names, from the program's own folder or another."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from model.checkpoint import load_networks
from model.compact.fusion import CompactFusion
from model.compact.interaction import CompactInteraction
from model.compact.propagation import CompactPropagation
from model.errors import CheckpointError


def save_compact(folder: Path) -> None:
    folder.mkdir(parents=True)
    networks = (("propagation", CompactPropagation()), ("fusion", CompactFusion()))
    for name, network in (*networks, ("interaction", CompactInteraction())):
        save_file(network.state_dict(), folder / f"{name}.safetensors")


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(CheckpointError, match="no family of networks called 'other'"):
        load_networks("other")


def test_a_weights_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        load_networks("compact", tmp_path / "nowhere")


def test_the_shipped_networks_load_ready_to_run() -> None:
    networks = load_networks("auto")
    assert networks.family == "compact"
    for network in (networks.propagation, networks.fusion, networks.interaction):
        assert isinstance(network, torch.nn.Module)
        assert not network.training
        assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_family_whose_files_are_elsewhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="There are no compact-free weights in"):
        load_networks("compact-free", tmp_path)


def test_the_free_family_is_the_compact_networks_with_other_weights(tmp_path: Path) -> None:
    save_compact(tmp_path / "compact-free")
    assert load_networks("compact-free", tmp_path).family == "compact-free"
