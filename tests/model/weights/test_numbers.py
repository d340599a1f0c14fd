"""Numbers that no network can compute with are refused by the loader of every family."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from model.checkpoint import load_networks
from model.compact.fusion import CompactFusion
from model.compact.interaction import CompactInteraction
from model.compact.propagation import CompactPropagation
from model.errors import CheckpointError
from model.families import FAMILIES
from model.mivos.fusion import MivosFusion
from model.mivos.propagation import MivosPropagation
from model.mivos.scribble import MivosScribble
from model.weights.hashes import record_of, recorded_sha256

_COMPACT = {
    "propagation": CompactPropagation,
    "fusion": CompactFusion,
    "interaction": CompactInteraction,
}
NETWORKS: dict[str, dict[str, type[nn.Module]]] = {
    "compact": _COMPACT,
    "compact-free": _COMPACT,
    "mivos": {"propagation": MivosPropagation, "fusion": MivosFusion, "interaction": MivosScribble},
}


def state_of(network: type[nn.Module]) -> dict[str, Tensor]:
    """Return tensors of a network's shapes; torch.save writes each as one number."""
    with torch.device("meta"):
        expected = network().state_dict()
    return {key: torch.ones((), dtype=value.dtype).expand(value.shape) for key, value in expected.items()}


def save(state: dict[str, Tensor], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".pth":
        torch.save(state, path)
    else:
        save_file({key: value.contiguous() for key, value in state.items()}, path)


def save_family(family: str, saves: Path) -> dict[str, Path]:
    """Write the files of a family into a saves folder; return them by network."""
    paths = FAMILIES[family].paths(saves / FAMILIES[family].folder)
    for name, path in paths.items():
        save(state_of(NETWORKS[family][name]), path)
    return paths


def test_every_family_is_tested() -> None:
    assert NETWORKS.keys() == FAMILIES.keys()


@pytest.mark.parametrize("name", ["propagation", "fusion", "interaction"])
@pytest.mark.parametrize("family", NETWORKS)
def test_each_file_of_a_family_is_checked(family: str, name: str, tmp_path: Path) -> None:
    paths = save_family(family, tmp_path)
    state = state_of(NETWORKS[family][name])
    key = next(reversed(state))
    state[key] = torch.full(state[key].shape, float("nan"))
    save(state, paths[name])
    with pytest.raises(CheckpointError, match=f"{paths[name].name} .*{key!r} has values that are infinite"):
        load_networks(family, tmp_path)


@pytest.mark.parametrize(
    ("number", "dtype", "reason"),
    [
        (float("nan"), torch.float32, "infinite or no numbers"),
        (float("inf"), torch.float16, "infinite or no numbers"),
        (-float("inf"), torch.bfloat16, "infinite or no numbers"),
        (1e300, torch.float64, "infinite or no numbers"),
        (1, torch.int64, "is int64"),
        (1, torch.int8, "is int8"),
        (1, torch.bool, "is bool"),
        (1, torch.complex64, "is complex64|is no plain tensor"),
        (1, torch.float8_e4m3fn, "is float8_e4m3fn"),
        (1, torch.float8_e5m2, "is float8_e5m2"),
    ],
    ids=str,
)
@pytest.mark.parametrize("family", ["compact", "mivos"])
def test_each_kind_of_number_is_checked(
    family: str, number: float, dtype: torch.dtype, reason: str, tmp_path: Path
) -> None:
    paths = save_family(family, tmp_path)
    state = state_of(NETWORKS[family]["propagation"])
    key = next(reversed(state))
    state[key] = torch.full(state[key].shape, number, dtype=torch.float64).to(dtype)
    save(state, paths["propagation"])
    with pytest.raises(CheckpointError, match=reason):
        load_networks(family, tmp_path)


@pytest.mark.parametrize(("number", "reason"), [(float("nan"), "no numbers"), (True, "is bool")])
def test_counts_of_batches_are_checked_too(number: float, reason: str, tmp_path: Path) -> None:
    paths = save_family("mivos", tmp_path)
    state = state_of(MivosPropagation)
    key = next(key for key in state if key.endswith("num_batches_tracked"))
    state[key] = torch.tensor(number)
    save(state, paths["propagation"])
    with pytest.raises(CheckpointError, match=reason):
        load_networks("mivos", tmp_path)


def test_variances_below_0_are_refused(tmp_path: Path) -> None:
    paths = save_family("mivos", tmp_path)
    state = state_of(MivosPropagation)
    key = next(key for key in state if key.endswith("running_var"))
    state[key] = torch.full(state[key].shape, -0.5)
    save(state, paths["propagation"])
    with pytest.raises(CheckpointError, match="has variances below 0"):
        load_networks("mivos", tmp_path)


@pytest.mark.parametrize("family", NETWORKS)
def test_thousands_of_tensors_are_refused(family: str, tmp_path: Path) -> None:
    paths = save_family(family, tmp_path)
    state = {f"tensor{number:05}": torch.zeros(1) for number in range(10_000)}
    save(state, paths["propagation"])
    with pytest.raises(CheckpointError, match="holds another network"):
        load_networks(family, tmp_path)


def test_published_files_are_recorded_once_they_have_loaded(tmp_path: Path) -> None:
    paths = save_family("mivos", tmp_path)
    whole = paths["interaction"].read_bytes()
    paths["interaction"].write_bytes(whole[:-100])
    with pytest.raises(CheckpointError, match="damaged or incomplete"):
        load_networks("mivos", tmp_path)
    assert not any(record_of(path).exists() for path in paths.values())
    paths["interaction"].write_bytes(whole)
    (notice,) = load_networks("mivos", tmp_path).notices
    for path in paths.values():
        assert f"{path.name} {recorded_sha256(path)}" in notice
    assert load_networks("mivos", tmp_path).notices == ()
    save(state_of(MivosFusion), paths["fusion"].with_name("other.pth"))
    paths["fusion"].with_name("other.pth").replace(paths["fusion"])
    with pytest.raises(CheckpointError, match=r"fusion\.pth is damaged or has been replaced"):
        load_networks("mivos", tmp_path)


def test_own_weights_are_recorded_when_they_are_made_not_when_they_are_used(tmp_path: Path) -> None:
    paths = save_family("compact", tmp_path)
    assert load_networks("compact", tmp_path).notices == ()
    assert not any(record_of(path).exists() for path in paths.values())
