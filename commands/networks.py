"""Which weights a command runs on: those the caller names, else those that ship with the program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.interfaces import Networks

SHIPPED = "compact"


def weights_folder() -> Path:
    """Name the folder of the weights that ship: beside the packages, in a checkout and when installed."""
    return Path(__file__).resolve().parent.parent / "saves" / SHIPPED


def load(models: str, weights: Path | None) -> Networks:
    """Load the three networks of a family; "auto" takes the shipped one."""
    from model.checkpoint import load_networks

    family = SHIPPED if models == "auto" else models
    return load_networks(family, weights or weights_folder())
