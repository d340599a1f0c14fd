from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from model.checkpoint import CheckpointError, load_networks, load_weights
from model.compact.fusion import CompactFusion
from model.compact.interaction import CompactInteraction
from model.compact.propagation import CompactPropagation
from model.weights.hashes import record_sha256


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "fusion.safetensors"
    state = CompactFusion().state_dict()
    save_file(
        {key: value.half() if value.is_floating_point() else value for key, value in state.items()}, path
    )
    return path


def save_compact(folder: Path) -> None:
    folder.mkdir(parents=True)
    networks = (("propagation", CompactPropagation()), ("fusion", CompactFusion()))
    for name, network in (*networks, ("interaction", CompactInteraction())):
        save_file(network.state_dict(), folder / f"{name}.safetensors")


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
    with pytest.raises(CheckpointError, match="damaged or incomplete"):
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


def test_a_file_that_is_not_the_recorded_one_is_refused_by_name(weights: Path) -> None:
    record_sha256(weights)
    load_weights(CompactFusion(), weights)
    _edit(weights)
    with pytest.raises(CheckpointError, match=r"fusion\.safetensors is damaged or has been replaced"):
        load_weights(CompactFusion(), weights)
