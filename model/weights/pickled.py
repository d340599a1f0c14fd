"""Read tensors from .pth files, which are pickles and could run code: only tensors are accepted."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model.errors import CheckpointError

MOST_BYTES = 2 * 2**30
"""The largest published file has 200 MiB, in some 600 tensors."""
_MOST_ENTRIES = 5000


def read_pickled(path: Path) -> dict[str, Tensor]:
    """Read a flat table of tensors, onto the CPU, under their bare names.

    The wrapping of a training state (`network`, `module.`) is removed. Raises CheckpointError where the file
    is damaged, holds something else, or would run code.
    """
    content = load_pickle(path)
    if isinstance(content, dict) and isinstance(content.get("network"), dict):
        content = content["network"]
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds no network: it is no table of tensors.")
    for name, tensor in content.items():
        if not isinstance(name, str) or not _is_plain(tensor):
            raise CheckpointError(f"{path} holds another network: its entry {name!r} is no plain tensor.")
    return {name.removeprefix("module."): tensor for name, tensor in content.items()}


def load_pickle(path: Path, device: torch.device | str = "cpu") -> Any:
    """Read what torch.save wrote: tensors, numbers, texts, and tables and lists of them.

    Raises CheckpointError where the file is damaged, has too much in it, or would run code.
    """
    _check_archive(path)
    try:
        with warnings.catch_warnings(action="ignore"):  # of formats that torch did not write
            return torch.load(path, map_location=device, weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"The weights file {path} is no table of tensors alone: it is damaged, or made to run code;"
            " get it again from its authors."
        ) from error
    except (
        Exception
    ) as error:  # damage shows as whatever the pickle trips over: KeyError, IndexError and more
        raise CheckpointError(f"The weights file {path} is damaged or incomplete; copy it again.") from error


def _check_archive(path: Path) -> None:
    """Refuse an archive with so much in it that reading it would take long, or fill the memory."""
    if not zipfile.is_zipfile(path):
        return  # the older format, of a size that was looked at before
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise CheckpointError(f"The weights file {path} is damaged or incomplete; copy it again.") from error
    if len(entries) > _MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise CheckpointError(f"{path} holds another network: it has more in it than any network of ours.")


def _is_plain(value: object) -> bool:
    """Return whether a value is a dense real tensor on the CPU, not quantized."""
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.is_cpu
        and not (value.is_quantized or value.is_complex())
    )
