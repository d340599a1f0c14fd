"""Load weights safely: no file can run code; errors name the file and the first tensor that does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from mivos_studio.files import sha256_of
from model.errors import CheckpointError
from model.layers.blocks import fold_normalisation
from model.weights.hashes import recorded_sha256
from model.weights.pickled import MOST_BYTES, read_pickled

_COUNT = ".num_batches_tracked"
_PRECISIONS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)

# A header takes some 100 bytes for each tensor.
_LENGTH_BYTES = 8
_MOST_HEADER_BYTES = 2**19

_Network = TypeVar("_Network", bound=nn.Module)


def load_weights(network: nn.Module, path: Path) -> None:
    """Load a file of weights into a network; half precision is converted to the network's own.

    Raises CheckpointError with the first missing, surplus or wrongly shaped tensor.
    """
    load_state(network, read_tensors(path), path)


def load_state(network: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """Load tensors that were read from a file; see `load_weights`."""
    expected = network.state_dict()
    # Old files lack these counts, which inference does not use.
    state = {key: count for key, count in expected.items() if key.endswith(_COUNT)} | dict(state)
    _compare(expected, state, path)
    network.load_state_dict(state)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read all tensors of a safetensors file, or of a published .pth.

    Raises CheckpointError where it is missing, damaged, larger than any network's, or would run code.
    """
    if not path.is_file():
        raise CheckpointError(f"The weights file {path} is missing; put it there or give another folder.")
    if path.stat().st_size > MOST_BYTES:
        raise CheckpointError(f"The weights file {path} has over {MOST_BYTES // 2**20} MiB: no network has.")
    check_recorded(path)
    if path.suffix == ".pth":
        return read_pickled(path)
    try:
        _check_header(path)
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"The weights file {path} is damaged or incomplete; copy it again.") from error


def _check_header(path: Path) -> None:
    """Refuse a header of so many tensors that reading it would take long. Raises OSError, CheckpointError."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
    if length > _MOST_HEADER_BYTES:
        raise CheckpointError(
            f"The weights file {path} holds another network, or is damaged: its header is too long."
        )


def check_recorded(path: Path) -> None:
    """Raise a CheckpointError where a file is not the one whose SHA-256 was recorded beside it."""
    recorded = recorded_sha256(path)
    if recorded is not None and recorded != sha256_of(path):
        raise CheckpointError(
            f"The weights file {path} is damaged or has been replaced (its SHA-256 is not the recorded one): "
            "copy it again, or accept it with `mivos weights record`."
        )


def _compare(expected: Mapping[str, Tensor], found: Mapping[str, Tensor], path: Path) -> None:
    for key, tensor in expected.items():
        if key not in found:
            raise CheckpointError(f"{path} holds another network: it has no tensor {key!r}.")
        if found[key].shape != tensor.shape:
            shapes = f"{tuple(found[key].shape)}, not {tuple(tensor.shape)}"
            raise CheckpointError(f"{path} holds another network: {key!r} is {shapes}.")
        if tensor.is_floating_point():
            _check_values(key, found[key], path)
    surplus = next((key for key in found if key not in expected), None)
    if surplus is not None:
        raise CheckpointError(f"{path} holds another network: it has a tensor {surplus!r} too many.")


def _check_values(key: str, tensor: Tensor, path: Path) -> None:
    """Refuse values that would be computed with all the same, to masks that mean nothing."""
    if tensor.dtype not in _PRECISIONS:
        kind = str(tensor.dtype).removeprefix("torch.")
        raise CheckpointError(
            f"{path} cannot be used: {key!r} is {kind}; weights are float16, bfloat16, float32 or float64."
        )
    if not tensor.isfinite().all():
        raise CheckpointError(
            f"{path} is damaged: {key!r} has values that are infinite or no numbers; copy it again."
        )


def load_for_inference(network: _Network, path: Path) -> _Network:
    """Load a file of weights into a network and make it ready to run; return it."""
    load_weights(network, path)
    make_ready(network)
    return network


def make_ready(network: nn.Module) -> None:
    """Make a network ready to run: eval mode, no gradients, normalisation folded."""
    network.eval().requires_grad_(False)
    fold_normalisation(network)
