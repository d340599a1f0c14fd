"""Files of weights: what fits loads, and what does not is named with its file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from model.compact.fusion import CompactFusion
from model.errors import CheckpointError
from model.weights.hashes import record_sha256
from model.weights.tensors import load_weights


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "fusion.safetensors"
    state = CompactFusion().state_dict()
    save_file(
        {key: value.half() if value.is_floating_point() else value for key, value in state.items()}, path
    )
    return path


def _edit(path: Path, **changes: torch.Tensor | None) -> None:
    state: dict[str, torch.Tensor | None] = dict(CompactFusion().state_dict())
    state.update({key.replace("__", "."): value for key, value in changes.items()})
    save_file({key: value.contiguous() for key, value in state.items() if value is not None}, path)


def test_half_precision_loads_into_a_network_of_full_precision(weights: Path) -> None:
    network = CompactFusion()
    load_weights(network, weights)
    assert next(network.parameters()).dtype == torch.float32


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nothing\.safetensors is missing"):
        load_weights(CompactFusion(), tmp_path / "nothing.safetensors")


def test_a_truncated_file_is_named(weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="damaged or incomplete"):
        load_weights(CompactFusion(), weights)


def test_text_in_place_of_weights_is_named(weights: Path) -> None:
    weights.write_text("<html>not found</html>")
    with pytest.raises(CheckpointError, match="or is damaged: its header"):
        load_weights(CompactFusion(), weights)


def test_a_missing_tensor_is_named(weights: Path) -> None:
    _edit(weights, predict__bias=None)
    with pytest.raises(CheckpointError, match=r"no tensor 'predict\.bias'"):
        load_weights(CompactFusion(), weights)


def test_a_wrong_shape_is_named(weights: Path) -> None:
    _edit(weights, predict__bias=torch.zeros(3))
    with pytest.raises(CheckpointError, match=r"'predict\.bias' is \(3,\), not \(1,\)"):
        load_weights(CompactFusion(), weights)


def test_a_surplus_tensor_is_named(weights: Path) -> None:
    _edit(weights, extra=torch.zeros(1))
    with pytest.raises(CheckpointError, match="'extra' too many"):
        load_weights(CompactFusion(), weights)


def test_a_file_that_is_not_the_recorded_one_is_refused_by_name(weights: Path) -> None:
    record_sha256(weights)
    load_weights(CompactFusion(), weights)
    _edit(weights)
    with pytest.raises(CheckpointError, match=r"fusion\.safetensors is damaged or has been replaced"):
        load_weights(CompactFusion(), weights)


@pytest.mark.parametrize(
    "kind", [torch.int32, torch.bool, torch.complex64, torch.float8_e4m3fn, torch.float8_e5m2, torch.uint8]
)
def test_weights_of_a_kind_that_no_network_has_are_refused(weights: Path, kind: torch.dtype) -> None:
    _edit(weights, predict__bias=CompactFusion().predict.bias.detach().to(kind))
    with pytest.raises(CheckpointError, match=r"'predict\.bias' is .*; weights are float16"):
        load_weights(CompactFusion(), weights)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_no_numbers_are_refused(weights: Path, value: float) -> None:
    _edit(weights, predict__bias=torch.full_like(CompactFusion().predict.bias.detach(), value))
    with pytest.raises(CheckpointError, match=r"'predict\.bias' has values that are infinite or no numbers"):
        load_weights(CompactFusion(), weights)


def test_a_file_of_thousands_of_tensors_is_refused_by_its_header(weights: Path) -> None:
    save_file({f"tensor{number:05}": torch.zeros(1) for number in range(10_000)}, weights)
    with pytest.raises(CheckpointError, match="its header is too long"):
        load_weights(CompactFusion(), weights)
