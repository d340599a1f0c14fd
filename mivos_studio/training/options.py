"""Options of a training run, and the device that they choose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from mivos_studio.training.processes import join_processes

SEED = 14159265


@dataclass(frozen=True)
class TrainingOptions:
    """What to train with.

    family   a name of `model.families.FAMILIES`.
    folders  hold stills/SOURCE and video/SOURCE/CLIP; sources names those to use, none named means all.
    hours    limits each network's run; the schedule continues where the run is resumed.
    steps    replaces the recipe's number of steps.
    learning_rate  replaces the recipe's highest rate: a lower one fine-tunes trained weights.
    crop     side in pixels of every training crop, instead of sizes that grow along the schedule.
    frames   frames of every sample of propagation, instead of three.
    backbone  a file of EfficientNet-Lite0's ImageNet weights: the encoder of propagation or interaction
             starts with them.
    left_out  clips, as SOURCE/CLIP, and stills, as SOURCE/NAME, that are not trained on, to validate on.
    parts    parts of the network to train, such as "decoder"; the others are frozen. None named: all.
    resume   continue from the checkpoint in `out`; without one, start from the weights that ship, unless
             sources are chosen: weights trained on other sources must not be used then.
    warm_start  a folder of weights to start from where there is no checkpoint.
    device   "auto" takes a GPU where one is present.
    workers  processes that make samples; None: none on a CPU, all cores but one with a GPU.
    on_step  called after every step with the network's name, the steps done and the steps in all.
    """

    folders: Sequence[Path]
    out: Path
    family: str = "compact"
    sources: Sequence[str] = ()
    hours: float | None = None
    steps: int | None = None
    batch: int | None = None
    learning_rate: float | None = None
    crop: int | None = None
    frames: int | None = None
    backbone: Path | None = None
    left_out: Sequence[str] = ()
    parts: Sequence[str] = ()
    resume: bool = False
    warm_start: Path | None = None
    device: str = "auto"
    threads: int | None = None
    workers: int | None = None
    seed: int = SEED
    on_step: Callable[[str, int, int], None] | None = None

    def torch_device(self) -> torch.device:
        """Return the chosen device; for "auto" the GPU of this process, or the CPU."""
        if self.device != "auto":
            return torch.device(self.device)
        if torch.cuda.is_available():
            return torch.device("cuda", join_processes().local)
        return torch.device("cpu")
