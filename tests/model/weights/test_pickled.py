"""Published weights are pickles: they are read without running code, and errors name what does not fit."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from model.errors import CheckpointError
from model.mivos.fusion import MivosFusion
from model.mivos.scribble import MivosScribble
from model.weights.pickled import read_pickled
from model.weights.tensors import load_weights
from tests import parity


class Harmful:
    """Runs a command when it is unpickled carelessly."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.trace),)


@pytest.fixture
def state() -> OrderedDict[str, torch.Tensor]:
    network = MivosFusion()
    parity.fill(network)
    return OrderedDict(network.state_dict())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fusion.pth"


@pytest.mark.parametrize("is_zipped", [True, False], ids=["zip", "legacy"])
def test_both_formats_of_torch_load(
    state: OrderedDict[str, torch.Tensor], path: Path, is_zipped: bool
) -> None:
    torch.save(state, path, _use_new_zipfile_serialization=is_zipped)
    network = MivosFusion()
    load_weights(network, path)
    assert torch.equal(network.final_conv.weight, state["final_conv.weight"])


def test_the_wrapping_of_a_training_state_is_removed(
    state: OrderedDict[str, torch.Tensor], path: Path
) -> None:
    wrapped = {f"module.{name}": tensor for name, tensor in state.items()}
    torch.save({"it": 7, "network": wrapped, "optimizer": {"lr": 0.1}, "scheduler": {}}, path)
    assert read_pickled(path).keys() == state.keys()


def test_counts_missing_from_old_files_are_no_error(tmp_path: Path) -> None:
    state = MivosScribble().state_dict()
    path = tmp_path / "s2m.pth"
    torch.save({name: each for name, each in state.items() if not name.endswith("num_batches_tracked")}, path)
    load_weights(MivosScribble(), path)


@pytest.mark.parametrize("is_zipped", [True, False], ids=["zip", "legacy"])
def test_a_file_that_would_run_code_runs_nothing(
    state: OrderedDict[str, torch.Tensor], path: Path, tmp_path: Path, is_zipped: bool
) -> None:
    trace = tmp_path / "trace"
    torch.save({**state, "conv9.0.weight": Harmful(trace)}, path, _use_new_zipfile_serialization=is_zipped)
    with pytest.raises(CheckpointError, match=r"fusion\.pth is no table of tensors alone"):
        load_weights(MivosFusion(), path)
    assert not trace.exists()


def test_a_bare_pickle_that_would_run_code_runs_nothing(path: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    path.write_bytes(pickle.dumps(Harmful(trace)))
    with pytest.raises(CheckpointError, match="made to run code"):
        load_weights(MivosFusion(), path)
    assert not trace.exists()


@pytest.mark.parametrize("is_zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("kept", [0, 20, 5_000, -5])
def test_a_truncated_file_is_named(
    state: OrderedDict[str, torch.Tensor], path: Path, is_zipped: bool, kept: int
) -> None:
    torch.save(state, path, _use_new_zipfile_serialization=is_zipped)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"fusion\.pth .*damaged"):
        load_weights(MivosFusion(), path)


def test_scrambled_bytes_are_named_whatever_they_break(
    state: OrderedDict[str, torch.Tensor], path: Path
) -> None:
    torch.save(state, path, _use_new_zipfile_serialization=False)
    whole = path.read_bytes()
    for place in range(20, 600, 29):
        path.write_bytes(whole[:place] + b"\xfe\x93R" + whole[place + 3 :])
        with pytest.raises(CheckpointError, match=r"fusion\.pth"):
            load_weights(MivosFusion(), path)


def test_another_network_is_named_with_its_first_difference(path: Path) -> None:
    torch.save(MivosScribble().state_dict(), path)
    with pytest.raises(
        CheckpointError, match=r"fusion\.pth holds another network: it has no tensor 'conv1\.0"
    ):
        load_weights(MivosFusion(), path)


def test_a_wrong_shape_is_named(state: OrderedDict[str, torch.Tensor], path: Path) -> None:
    state["final_conv.bias"] = torch.zeros(2)
    torch.save(state, path)
    with pytest.raises(CheckpointError, match=r"'final_conv\.bias' is \(2,\), not \(1,\)"):
        load_weights(MivosFusion(), path)


@pytest.mark.parametrize(
    "odd",
    [3, torch.zeros(2).to_sparse(), torch.zeros(2, dtype=torch.complex64), torch.zeros(2, device="meta")],
)
def test_an_entry_that_is_no_plain_tensor_is_named(
    state: OrderedDict[str, torch.Tensor], path: Path, odd: object
) -> None:
    torch.save({**state, "odd": odd}, path)
    with pytest.raises(CheckpointError, match="'odd' is no plain tensor"):
        load_weights(MivosFusion(), path)


def test_a_list_is_no_network(path: Path) -> None:
    torch.save([1, 2], path)
    with pytest.raises(CheckpointError, match="holds no network"):
        load_weights(MivosFusion(), path)


def test_a_file_of_thousands_of_tensors_is_refused_before_they_are_read(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(5001):
            archive.writestr(f"data/{number}", b"")
    with pytest.raises(CheckpointError, match="has more in it than any network"):
        load_weights(MivosFusion(), path)
