"""Open weights safely: no file can run code; one that does not fit is named with its first difference."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from model.blocks import fold_normalisation
from model.catalogue import FAMILIES
from model.checksums import recorded_sha256, sha256_of
from model.compact.fusion import CompactFusion
from model.compact.interaction import CompactInteraction
from model.compact.propagation import CompactPropagation
from model.errors import CheckpointError as CheckpointError
from model.interfaces import Networks
from model.inventory import find_home, saves_folder


def load_networks(family: str, folder: Path | None = None) -> Networks:
    """Load a family of networks for inference: eval mode, no gradients, normalisation folded, float32, CPU.

    family  "compact", "compact-free", or "auto" for the best family that is there.
    folder  a saves folder (holding FAMILY/NETWORK.safetensors) or the family's folder itself; None means the
            program's own.
    Raises CheckpointError.
    """
    chosen = "compact" if family == "auto" else family
    if chosen not in ("compact", "compact-free"):
        raise CheckpointError(
            f"There is no family of networks called {family!r}; use auto, compact or compact-free."
        )
    home = family_folder(chosen, folder)
    propagation, fusion, interaction = CompactPropagation(), CompactFusion(), CompactInteraction()
    for file, network in zip(FAMILIES[chosen].files, (propagation, fusion, interaction), strict=True):
        load_weights(network, home / file.name)
        _ready(network)
    return Networks(chosen, propagation, fusion, interaction, interaction)


def family_folder(family: str, folder: Path | None = None) -> Path:
    """Find the folder of a family's files. Raises CheckpointError where there is none."""
    base = saves_folder(folder)
    home = find_home(FAMILIES[family], base)
    if home is None:
        raise CheckpointError(
            f"There are no {family} weights in {base}: choose another family, or a folder that holds them."
        )
    return home


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
    check_recorded(path)
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"The weights file {path} is damaged or incomplete; copy it again.") from error


def check_recorded(path: Path) -> None:
    """Raise a CheckpointError where a file is not the one whose SHA-256 was recorded beside it."""
    recorded = recorded_sha256(path)
    if recorded is not None and recorded != sha256_of(path):
        raise CheckpointError(
            f"The weights file {path} is damaged or has been replaced (its SHA-256 is not the recorded one): "
            "copy it again, or accept it with `mivos weights record`."
        )


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
