"""Scan a folder for weights by names, sizes and SHA-256, without loading them; no torch."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mivos_studio.files import sha256_of
from model.errors import CheckpointError
from model.family import Family, KnownFile
from model.weights.hashes import recorded_sha256


@dataclass(frozen=True)
class WeightsFile:
    """One file of weights on disk. recorded: the recorded SHA-256, if any."""

    known: KnownFile
    path: Path
    bytes: int
    sha256: str
    recorded: str | None

    @property
    def is_changed(self) -> bool:
        """Whether it is another file than the one that was recorded."""
        return self.recorded is not None and self.recorded != self.sha256


@dataclass(frozen=True)
class InstalledWeights:
    """The files of a family in a folder, `home`."""

    family: Family
    home: Path
    files: tuple[WeightsFile, ...]

    @property
    def missing(self) -> tuple[KnownFile, ...]:
        """The files that are not present."""
        present = {file.known for file in self.files}
        return tuple(known for known in self.family.files if known not in present)


def saves_folder(folder: Path | None = None) -> Path:
    """Return a folder of weights, the program's own for None. Raises CheckpointError where it is none."""
    base = _program_folder() / "saves" if folder is None else folder
    if not base.is_dir():
        raise CheckpointError(f"The weights folder {base} does not exist; give an existing one.")
    return base


def _program_folder() -> Path:
    """Return the folder that holds the program's packages and `saves` side by side.

    checkout       the packages and `saves` are folders of the repository.
    wheel          `saves` is packed beside the packages and lands with them in site-packages; both are found
                   from this file.
    frozen bundle  modules are read from an archive, so this file's name need not be on disk; the bootloader
                   sets sys._MEIPASS to where it has put the data. Freezers without it put them beside the
                   executable.
    """
    if getattr(sys, "frozen", False):
        return Path(getattr(sys, "_MEIPASS", Path(sys.executable).parent)).resolve()
    return Path(__file__).resolve().parents[2]


def find_home(family: Family, base: Path) -> Path | None:
    """Return where a family's files are: its folder within a saves folder, or that folder itself."""
    homes = (base / family.folder, base)
    return next((home for home in homes if any((home / file.name).is_file() for file in family.files)), None)


def scan(base: Path, families: Iterable[Family]) -> list[InstalledWeights]:
    """List for every family its files in a saves folder.

    Compact files directly in the folder, not in a folder of that name, count as the compact family's.
    """
    installed = []
    taken: set[Path] = set()
    for family in families:
        home = find_home(family, base)
        if home is None or (home == base and taken & {base / file.name for file in family.files}):
            installed.append(InstalledWeights(family, base / family.folder, ()))
            continue
        present = [(known, home / known.name) for known in family.files if (home / known.name).is_file()]
        taken.update(path for _, path in present)
        installed.append(
            InstalledWeights(family, home, tuple(_inspect(known, path) for known, path in present))
        )
    return installed


def unused_files(base: Path, families: Iterable[Family]) -> dict[Path, str]:
    """Return the known files of a folder that no family uses, and why."""
    unused = {base / name: reason for family in families for name, reason in family.unused.items()}
    return {path: reason for path, reason in unused.items() if path.is_file()}


def _inspect(known: KnownFile, path: Path) -> WeightsFile:
    return WeightsFile(known, path, path.stat().st_size, sha256_of(path), recorded_sha256(path))
