"""A family of networks as somebody would add one: the compact networks with random weights."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from model.compact.fusion import CompactFusion
from model.compact.interaction import CompactInteraction
from model.compact.propagation import CompactPropagation
from model.family import Calibration, Family, MemoryDefaults, files_of
from model.interfaces import Networks
from model.weights.tensors import load_for_inference


def _load(family: Family, home: Path, saves: Path | None) -> Networks:
    files = family.paths(home)
    propagation = load_for_inference(CompactPropagation(), files["propagation"])
    fusion = load_for_inference(CompactFusion(), files["fusion"])
    interaction = load_for_inference(CompactInteraction(), files["interaction"])
    return Networks(
        family.name, propagation, fusion, interaction, interaction, family.memory, family.calibration
    )


TOY = Family(
    name="toy",
    summary="random weights",
    folder="toys",
    files=files_of("propagation", "fusion", "interaction"),
    terms="Random numbers, free for all.",
    memory=MemoryDefaults(mem_every=2, max_memory_frames=3, feature_bytes=2**20),
    calibration=Calibration(bias=0.25, precision=0.5, recall=0.75),
    load=_load,
    training="mivos_studio.training.tasks.compact",
)


def write_weights(saves: Path) -> None:
    """Write the family's files into a saves folder."""
    torch.manual_seed(0)
    home = saves / TOY.folder
    home.mkdir(parents=True)
    networks: dict[str, nn.Module] = {
        "propagation": CompactPropagation(),
        "fusion": CompactFusion(),
        "interaction": CompactInteraction(),
    }
    for name, path in TOY.paths(home).items():
        save_file(networks[name].state_dict(), path)
