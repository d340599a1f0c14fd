"""What a family of networks is: files, terms, loader, memory defaults, calibration, training. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.interfaces import Networks


@dataclass(frozen=True)
class KnownFile:
    """One file of a family.

    network     "propagation", "fusion" or "interaction".
    url         where it can be downloaded from; empty where it cannot.
    page        the same place for a person with a browser.
    most_bytes  how large it can be; 0 where it cannot be downloaded.
    """

    network: str
    name: str
    url: str = ""
    page: str = ""
    most_bytes: int = 0


@dataclass(frozen=True)
class MemoryDefaults:
    """What propagation memorizes with a family's networks: the best values measured.

    mem_every          frames between two memorized frames that a segment keeps.
    max_memory_frames  a segment thins out its memorized frames beyond this number.
    feature_bytes      size of the cache of query features for later rounds: larger for slower encoders.
    """

    mem_every: int
    max_memory_frames: int
    feature_bytes: int


@dataclass(frozen=True)
class Calibration:
    """From agreement with the nearest anchor to confidence: weights of a logistic function.

    precision, recall  weigh the log odds of the two shares; see `inference_core.propagation.confidence`.
    """

    bias: float
    precision: float
    recall: float


@dataclass(frozen=True)
class Family:
    """Networks that work together, and everything that differs between them and others.

    summary      what they are, in a few words, for lists of choices.
    folder       where their files lie within a saves folder; "." is the saves folder itself.
    terms        what they were trained on, and their licences: a text that is shown to the user.
    load         called with the family, the folder of its files, and the saves folder, None for the program's
                 own; builds the networks for inference: eval mode, no gradients, normalisation folded,
                 float32, on the CPU. Raises CheckpointError.
    training     module whose TASKS train the networks, by the networks' names; empty where none does.
    ships        whether the files come with the program.
    unused       files that are distributed with the family's own, by name, and why they are not used.
    """

    name: str
    summary: str
    folder: str
    files: tuple[KnownFile, ...]
    terms: str
    memory: MemoryDefaults
    calibration: Calibration
    load: Callable[[Family, Path, Path | None], Networks]
    training: str = ""
    ships: bool = False
    unused: Mapping[str, str] = field(default_factory=dict)

    def file_names(self) -> dict[str, str]:
        """Return the files' names by network."""
        return {file.network: file.name for file in self.files}

    def paths(self, home: Path) -> dict[str, Path]:
        """Return the files' paths in a folder by network."""
        return {file.network: home / file.name for file in self.files}

    def is_complete(self, home: Path) -> bool:
        """Return whether all files are in a folder."""
        return all(path.is_file() for path in self.paths(home).values())


def files_of(*networks: str) -> tuple[KnownFile, ...]:
    """Return a file NETWORK.safetensors for each network."""
    return tuple(KnownFile(network, f"{network}.safetensors") for network in networks)
