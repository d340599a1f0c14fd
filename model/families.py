"""Registry of the families of networks: each is a module with its `Family`, and one entry here. No torch."""

from __future__ import annotations

from model.compact.family import COMPACT
from model.compact.free_family import COMPACT_FREE
from model.family import Family
from model.mivos.family import MIVOS

FAMILIES: dict[str, Family] = {family.name: family for family in (COMPACT, COMPACT_FREE, MIVOS)}
"""Every family by its name; `--models`, `mivos weights`, the loader and training go by it."""

BEST_FIRST = (MIVOS, COMPACT)
"""What "auto" chooses from: the first family whose files are all there, else the last."""
