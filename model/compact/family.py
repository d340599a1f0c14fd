"""The family `compact`: our own small networks. No torch until loaded."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from model.family import Calibration, Family, MemoryDefaults, files_of

if TYPE_CHECKING:
    from model.interfaces import Networks

FILES = files_of("propagation", "fusion", "interaction")
MEMORY = MemoryDefaults(mem_every=3, max_memory_frames=8, feature_bytes=768 * 2**20)
"""Chosen with earlier weights (docs/research/memory.md). With those that ship, one frame in five lowers J;
other intervals and caps are as good (docs/research/constants.md). Features of some 280 frames fit."""

CALIBRATION = Calibration(bias=1.684, precision=0.111, recall=0.596)
"""By `mivos evaluate --fit-confidence` on real and made clips: docs/research/confidence.md."""

TRAINING = "mivos_studio.training.tasks.compact"


def load_compact(family: Family, home: Path, saves: Path | None, *, compares_starts: bool) -> Networks:
    """Load the compact networks; one network predicts from scribbles and from clicks.

    compares_starts  whether interaction compares predictions from several starting masks.
    """
    from model.compact.fusion import CompactFusion
    from model.compact.interaction import load_interaction
    from model.compact.propagation import load_propagation
    from model.interfaces import Networks
    from model.weights.tensors import load_for_inference, make_ready

    del saves  # all files are in the family's own folder
    files = family.paths(home)
    propagation = load_propagation(files["propagation"])
    make_ready(propagation)
    fusion = load_for_inference(CompactFusion(), files["fusion"])
    interaction = load_interaction(files["interaction"], compares_starts=compares_starts)
    make_ready(interaction)
    return Networks(
        family.name, propagation, fusion, interaction, interaction, family.memory, family.calibration
    )


COMPACT = Family(
    name="compact",
    summary="small, trained on research data",
    folder="compact",
    files=FILES,
    terms="Trained by this project on images of others. Some of these sources allow non-commercial use only,"
    " and some state no licence: do not use these weights commercially. The model card, README.md beside"
    " them, names the sources.",
    memory=MEMORY,
    calibration=CALIBRATION,
    load=partial(load_compact, compares_starts=True),
    training=TRAINING,
    ships=True,
)
