"""Load a family of networks from its files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from model.errors import CheckpointError
from model.families import BEST_FIRST, FAMILIES
from model.interfaces import Networks
from model.weights.hashes import record_first_use
from model.weights.store import find_home, saves_folder


def load_networks(family: str, folder: Path | None = None) -> Networks:
    """Load a family of networks for inference: eval mode, no gradients, normalisation folded, float32, CPU.

    family  a name of `model.families.FAMILIES`, or "auto": the first of BEST_FIRST whose files are all there.
    folder  a saves folder, with the families' folders in it, or a family's folder itself; None means the
            program's own.
    Published files that have no recorded SHA-256 yet, as those put there by hand, are recorded; the networks'
    notices say so. Raises CheckpointError.
    """
    name = _best_family(folder) if family == "auto" else family
    if name not in FAMILIES:
        names = ", ".join(FAMILIES)
        raise CheckpointError(f"There is no family of networks called {name!r}; use auto, {names}.")
    chosen = FAMILIES[name]
    home = family_folder(name, folder)
    networks = chosen.load(chosen, home, folder)
    published = [home / known.name for known in chosen.files if known.url]
    return replace(networks, notices=(*networks.notices, *record_first_use(published)))


def family_folder(family: str, folder: Path | None = None) -> Path:
    """Find the folder of a family's files. Raises CheckpointError where there is none."""
    base = saves_folder(folder)
    home = find_home(FAMILIES[family], base)
    if home is None:
        raise CheckpointError(
            f"There are no {family} weights in {base}: choose another family, or a folder that holds them."
        )
    return home


def _best_family(folder: Path | None) -> str:
    base = saves_folder(folder)
    homes = ((family, find_home(family, base)) for family in BEST_FIRST)
    complete = (family.name for family, home in homes if home is not None and family.is_complete(home))
    return next(complete, BEST_FIRST[-1].name)
