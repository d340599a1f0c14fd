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
from mivos_studio.system_errors import reason_of
from model.errors import CheckpointError
from model.layers.blocks import fold_normalisation
from model.weights.archive import check_file
from model.weights.hashes import recorded_sha256
from model.weights.pickled import read_pickled

_COUNT, _VARIANCE = ".num_batches_tracked", "running_var"
_PRECISIONS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_WHOLE_NUMBERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)

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
    check_state(expected, state, path)
    network.load_state_dict(state)


def check_state(expected: Mapping[str, Tensor], found: Mapping[str, Tensor], path: Path) -> None:
    """Check that tensors of a file are those of a network: names, shapes and numbers.

    Raises CheckpointError with the first missing, surplus or wrongly shaped tensor, or the first whose
    numbers the network cannot compute with.
    """
    for key, tensor in expected.items():
        if key not in found:
            raise CheckpointError(f"{path} holds another network: it has no tensor {key!r}.")
        if found[key].shape != tensor.shape:
            shapes = f"{tuple(found[key].shape)}, not {tuple(tensor.shape)}"
            raise CheckpointError(f"{path} holds another network: {key!r} is {shapes}.")
        check_numbers(key, found[key], path, dtype=tensor.dtype)
    surplus = next((key for key in found if key not in expected), None)
    if surplus is not None:
        raise CheckpointError(f"{path} holds another network: it has a tensor {surplus!r} too many.")


def check_numbers(key: str, tensor: Tensor, path: Path, *, dtype: torch.dtype) -> None:
    """Refuse numbers that a network would compute with all the same, to masks that mean nothing.

    dtype  what the network converts them to: they must be finite there. Raises CheckpointError.
    """
    allowed = _PRECISIONS if dtype.is_floating_point else (*_PRECISIONS, *_WHOLE_NUMBERS)
    if tensor.dtype not in allowed:
        kind = str(tensor.dtype).removeprefix("torch.")
        raise CheckpointError(
            f"{path} cannot be used: {key!r} is {kind}; weights are float16, bfloat16, float32 or float64."
        )
    converted = tensor.to(dtype)
    if not (tensor.isfinite().all() and (converted is tensor or converted.isfinite().all())):
        raise CheckpointError(
            f"{path} is damaged: {key!r} has values that are infinite or no numbers; copy it again."
        )
    if key.endswith(_VARIANCE) and (tensor < 0).any():
        raise CheckpointError(f"{path} is damaged: {key!r} has variances below 0; copy it again.")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read all tensors of a safetensors file, or of a published .pth.

    Raises CheckpointError where it is missing, damaged, larger than any network's, or would run code.
    """
    check_file(path)
    try:
        check_recorded(path)
        if path.suffix == ".pth":
            return read_pickled(path)
        _check_header(path)
        return load_file(path)
    except PermissionError as error:
        raise CheckpointError(f"The weights file {path} cannot be read: {reason_of(error)}.") from error
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


def load_for_inference(network: _Network, path: Path) -> _Network:
    """Load a file of weights into a network and make it ready to run; return it."""
    load_weights(network, path)
    make_ready(network)
    return network


def make_ready(network: nn.Module) -> None:
    """Make a network ready to run: eval mode, no gradients, normalisation folded."""
    network.eval().requires_grad_(False)
    fold_normalisation(network)
