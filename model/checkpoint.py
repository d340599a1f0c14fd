"""Open weights safely: no file can run code; one that does not fit is named with its first difference."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from model.blocks import fold_normalisation
from model.compact.fusion import CompactFusion
from model.compact.interaction import CompactInteraction
from model.compact.propagation import CompactPropagation
from model.interfaces import Networks

SAVES = Path(__file__).resolve().parent.parent / "saves"
"""Where the program's own weights are, in a checkout and beside an installed package alike."""

_COMPACT = ("propagation", "fusion", "interaction")


class CheckpointError(ValueError):
    """A weights file is missing, damaged or of another network; the text says which and what to do."""


@dataclass(frozen=True)
class WeightsFile:
    """One file of weights as it lies on disk."""

    family: str
    network: str
    path: Path
    bytes: int
    sha256: str


def load_networks(family: str, folder: Path | None = None) -> Networks:
    """Load a family of networks for inference: eval mode, no gradients, normalisation folded, float32, CPU.

    family  "compact", or "auto" for the best family that is there.
    folder  a saves folder (holding FAMILY/NETWORK.safetensors) or the family's folder itself; None means the
            program's own.
    Raises CheckpointError.
    """
    if family not in ("auto", "compact"):
        raise CheckpointError(f"There is no family of networks called {family!r}; use auto or compact.")
    home = family_folder("compact", folder)
    propagation, fusion, interaction = CompactPropagation(), CompactFusion(), CompactInteraction()
    for name, network in zip(_COMPACT, (propagation, fusion, interaction), strict=True):
        load_weights(network, home / f"{name}.safetensors")
        _ready(network)
    return Networks("compact", propagation, fusion, interaction)


def family_folder(family: str, folder: Path | None = None) -> Path:
    """Find the folder of a family's files. Raises CheckpointError when the named folder does not exist."""
    base = SAVES if folder is None else folder
    if not base.is_dir():
        raise CheckpointError(f"The weights folder {base} does not exist; give an existing one.")
    return base / family if (base / family).is_dir() else base


def load_weights(network: nn.Module, path: Path) -> None:
    """Fill a network from a safetensors file; half precision is widened to the network's own.

    Raises CheckpointError with the first missing, surplus or wrongly shaped tensor.
    """
    state = read_tensors(path)
    _compare(network.state_dict(), state, path)
    network.load_state_dict(state)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read all tensors of a safetensors file. Raises CheckpointError where it is missing or damaged."""
    if not path.is_file():
        raise CheckpointError(f"The weights file {path} is missing; put it there or give another folder.")
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"The weights file {path} is damaged or incomplete; copy it again.") from error


def list_weights(folder: Path | None = None) -> list[WeightsFile]:
    """List the compact family's files that are there, with size and SHA-256."""
    home = family_folder("compact", folder)
    paths = [(name, home / f"{name}.safetensors") for name in _COMPACT]
    return [
        WeightsFile("compact", name, path, path.stat().st_size, sha256_of(path))
        for name, path in paths
        if path.is_file()
    ]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _compare(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor], path: Path) -> None:
    for key, tensor in wanted.items():
        if key not in found:
            raise CheckpointError(f"{path} holds another network: it has no tensor {key!r}.")
        if found[key].shape != tensor.shape:
            shapes = f"{tuple(found[key].shape)}, not {tuple(tensor.shape)}"
            raise CheckpointError(f"{path} holds another network: {key!r} is {shapes}.")
    surplus = next((key for key in found if key not in wanted), None)
    if surplus is not None:
        raise CheckpointError(f"{path} holds another network: it has a tensor {surplus!r} too many.")


def _ready(network: nn.Module) -> None:
    network.eval().requires_grad_(False)
    fold_normalisation(network)
