"""Read tensors from .pth files, which are pickles and could run code: only tensors are accepted."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import torch
from torch import Tensor

from model.errors import CheckpointError
from model.weights.archive import check_saved


def read_pickled(path: Path) -> dict[str, Tensor]:
    """Read a flat table of tensors, onto the CPU, under their bare names.

    The wrapping of a training state (`network`, `module.`) is removed. Raises CheckpointError where the file
    is damaged, holds something else, or would run code.
    """
    content = load_pickled(path)
    if isinstance(content, dict) and isinstance(content.get("network"), dict):
        content = content["network"]
    return {name.removeprefix("module."): tensor for name, tensor in tensors_of(content, path).items()}


def load_pickled(path: Path, device: torch.device | str = "cpu") -> object:
    """Read what torch.save wrote, if it is plain values and tensors alone. Raises CheckpointError."""
    try:
        check_saved(path)
        with warnings.catch_warnings(action="ignore"):  # of formats that torch did not write
            return torch.load(path, map_location=device, weights_only=True)
    except CheckpointError:
        raise
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"The weights file {path} is no table of tensors alone: it is damaged, or made to run code;"
            " get it again from its authors."
        ) from error
    except (
        Exception
    ) as error:  # damage shows as whatever the pickle trips over: KeyError, IndexError and more
        raise CheckpointError(f"The weights file {path} is damaged or incomplete; copy it again.") from error


def tensors_of(content: object, path: Path) -> dict[str, Tensor]:
    """Return a value that was read from a file as a table of plain tensors. Raises CheckpointError."""
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds no network: it is no table of tensors.")
    for name, tensor in content.items():
        if not isinstance(name, str):
            raise CheckpointError(f"{path} holds another network: the name of an entry is no text.")
        if not _is_plain(tensor):
            raise CheckpointError(f"{path} holds another network: its entry {name!r} is no plain tensor.")
    return dict(content)


def _is_plain(value: object) -> bool:
    """Return whether a value is a dense real tensor with data, not quantized."""
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and not value.is_meta
        and not (value.is_quantized or value.is_complex())
    )
