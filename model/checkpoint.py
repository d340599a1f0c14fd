"""Load weights safely: no file can run code; errors name the file and the first tensor that does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from mivos_studio.files import sha256_of
from model.compact.encoder import REDUCTION, holds_backbone
from model.compact.fusion import CompactFusion
from model.compact.interaction import CompactInteraction
from model.compact.propagation import CompactPropagation
from model.errors import CheckpointError as CheckpointError
from model.families import COMPACT, COMPACT_FREE, FAMILIES, MIVOS
from model.interfaces import Networks
from model.layers.blocks import fold_normalisation
from model.mivos.fusion import MivosFusion
from model.mivos.propagation import MivosPropagation
from model.mivos.scribble import MivosScribble
from model.weights.hashes import recorded_sha256
from model.weights.pickled import read_pickled
from model.weights.store import find_home, saves_folder

_COUNT = ".num_batches_tracked"


def load_networks(family: str, folder: Path | None = None) -> Networks:
    """Load a family of networks for inference: eval mode, no gradients, normalisation folded, float32, CPU.

    family  "compact", "compact-free", "mivos" (the published networks), or "auto": mivos where all of its
            files are, else compact.
    folder  a saves folder, as `model.families` lays it out, or the family's folder itself; None means the
            program's own.
    Raises CheckpointError.
    """
    chosen = _best_family(folder) if family == "auto" else family
    if chosen == "mivos":
        return _load_mivos(folder)
    if chosen in ("compact", "compact-free"):
        return _load_compact(chosen, folder)
    names = ", ".join(FAMILIES)
    raise CheckpointError(f"There is no family of networks called {family!r}; use auto, {names}.")


def _best_family(folder: Path | None) -> str:
    home = find_home(MIVOS, saves_folder(folder))
    is_complete = home is not None and all((home / file.name).is_file() for file in MIVOS.files)
    return "mivos" if is_complete else "compact"


def _load_compact(family: str, folder: Path | None) -> Networks:
    fusion = CompactFusion()
    home = family_folder(family, folder)
    files = {file.network: home / file.name for file in FAMILIES[family].files}
    propagation = load_propagation(files["propagation"])
    # The free weights are most confident of masks that are far too large: with several starts, five clicks
    # on Berkeley give an IoU of 0.54 instead of 0.69.
    interaction = load_interaction(files["interaction"], compares_starts=family != COMPACT_FREE.name)
    for network in (propagation, interaction):
        _make_ready(network)
    _load_for_inference(fusion, files["fusion"])
    return Networks(family, propagation, fusion, interaction, interaction)


def _load_mivos(folder: Path | None) -> Networks:
    """Load the published networks; clicks use the compact one, that of the program if the folder has none."""
    propagation, fusion, scribbles = MivosPropagation(), MivosFusion(), MivosScribble()
    home = family_folder("mivos", folder)
    for file, network in zip(MIVOS.files, (propagation, fusion, scribbles), strict=True):
        _load_for_inference(network, home / file.name)
    name = next(file.name for file in COMPACT.files if file.network == "interaction")
    beside = find_home(COMPACT, saves_folder(folder))
    own = family_folder("compact") if beside is None or not (beside / name).is_file() else beside
    clicks = load_interaction(own / name)
    _make_ready(clicks)
    return Networks("mivos", propagation, fusion, scribbles, clicks)


def family_folder(family: str, folder: Path | None = None) -> Path:
    """Find the folder of a family's files. Raises CheckpointError where there is none."""
    base = saves_folder(folder)
    home = find_home(FAMILIES[family], base)
    if home is None:
        raise CheckpointError(
            f"There are no {family} weights in {base}: choose another family, or a folder that holds them."
        )
    return home


def load_propagation(path: Path, *, reduction: int = REDUCTION) -> CompactPropagation:
    """Build the compact propagation network that fits a file's tensors, and load them.

    Raises CheckpointError.
    """
    state = read_tensors(path)
    network = CompactPropagation(reduction=reduction, has_backbone=holds_backbone(state))
    _load_state(network, state, path)
    return network


def load_interaction(path: Path, *, compares_starts: bool = True) -> CompactInteraction:
    """Build the compact interaction network that fits a file's tensors, and load them.

    Raises CheckpointError.
    """
    state = read_tensors(path)
    network = CompactInteraction(compares_starts=compares_starts, has_backbone=holds_backbone(state))
    _load_state(network, state, path)
    return network


def load_weights(network: nn.Module, path: Path) -> None:
    """Load a file of weights into a network; half precision is converted to the network's own.

    Raises CheckpointError with the first missing, surplus or wrongly shaped tensor.
    """
    _load_state(network, read_tensors(path), path)


def _load_state(network: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    expected = network.state_dict()
    # Old files lack these counts, which inference does not use.
    state = {key: count for key, count in expected.items() if key.endswith(_COUNT)} | dict(state)
    _compare(expected, state, path)
    network.load_state_dict(state)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read all tensors of a safetensors file, or of a published .pth.

    Raises CheckpointError where it is missing, damaged, or would run code.
    """
    if not path.is_file():
        raise CheckpointError(f"The weights file {path} is missing; put it there or give another folder.")
    check_recorded(path)
    if path.suffix == ".pth":
        return read_pickled(path)
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


def _compare(expected: Mapping[str, Tensor], found: Mapping[str, Tensor], path: Path) -> None:
    for key, tensor in expected.items():
        if key not in found:
            raise CheckpointError(f"{path} holds another network: it has no tensor {key!r}.")
        if found[key].shape != tensor.shape:
            shapes = f"{tuple(found[key].shape)}, not {tuple(tensor.shape)}"
            raise CheckpointError(f"{path} holds another network: {key!r} is {shapes}.")
    surplus = next((key for key in found if key not in expected), None)
    if surplus is not None:
        raise CheckpointError(f"{path} holds another network: it has a tensor {surplus!r} too many.")


def _load_for_inference(network: nn.Module, path: Path) -> None:
    """Load weights and make a network ready to run."""
    load_weights(network, path)
    _make_ready(network)


def _make_ready(network: nn.Module) -> None:
    network.eval().requires_grad_(False)
    fold_normalisation(network)
