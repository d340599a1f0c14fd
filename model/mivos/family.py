"""The family `mivos`: the published networks (MiVOS, CVPR 2021). No torch until loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from model.compact.family import CALIBRATION, COMPACT
from model.family import Family, KnownFile, MemoryDefaults

if TYPE_CHECKING:
    from model.interfaces import Networks


_NUMBER_BYTES = 4
_TENSOR_BYTES = 1024
"""At most, for a tensor's name and position in the file: torch 2.13 uses 150 to 310 bytes in both formats."""


def _published(network: str, name: str, drive_id: str, *, tensors: int, numbers: int) -> KnownFile:
    """A file that the authors of MiVOS keep on Google Drive.

    tensors, numbers  how many the network's state has, counted in its state_dict. They bound the file, which
                      holds float32; its exact size and its SHA-256 are not known here.
    """
    # Without `confirm`, Drive returns a confirmation page for a file too large for its virus scan.
    return KnownFile(
        network,
        name,
        f"https://drive.usercontent.google.com/download?id={drive_id}&export=download&confirm=t",
        f"https://drive.google.com/file/d/{drive_id}/view",
        most_bytes=_NUMBER_BYTES * numbers + _TENSOR_BYTES * tensors,
    )


def _load(family: Family, home: Path, saves: Path | None) -> Networks:
    """Load the published networks; clicks use the compact one, that of the program if the folder has none."""
    from model.compact.interaction import load_interaction
    from model.interfaces import Networks
    from model.mivos.fusion import MivosFusion
    from model.mivos.propagation import MivosPropagation
    from model.mivos.scribble import MivosScribble
    from model.weights.store import find_home, saves_folder
    from model.weights.tensors import load_for_inference, make_ready

    files = family.paths(home)
    propagation = load_for_inference(MivosPropagation(), files["propagation"])
    fusion = load_for_inference(MivosFusion(), files["fusion"])
    scribbles = load_for_inference(MivosScribble(), files["interaction"])
    name = COMPACT.file_names()["interaction"]
    beside = find_home(COMPACT, saves_folder(saves))
    if beside is None or not (beside / name).is_file():
        beside = saves_folder() / COMPACT.folder
    clicks = load_interaction(beside / name)
    make_ready(clicks)
    return Networks(family.name, propagation, fusion, scribbles, clicks, family.memory, family.calibration)


MIVOS = Family(
    name="mivos",
    summary="the published networks, large",
    folder=".",
    files=(
        _published(
            "propagation",
            "propagation_model.pth",
            "19dfbVDndFkboGLHESi8DGtuxF1B21Nm8",
            tensors=597,
            numbers=53_747_223,
        ),
        _published("fusion", "fusion.pth", "1Lc1lI5-ix4WsCRdipACXgvS3G-o0lMoz", tensors=12, numbers=39_905),
        _published(
            "interaction", "s2m.pth", "1HKwklVey3P2jmmdmrACFlkXtcvNxbKMM", tensors=368, numbers=39_822_974
        ),
    ),
    terms="Published by the authors of MiVOS (github.com/hkchengrex/MiVOS, MIT licence). Trained on DAVIS,"
    " YouTube-VOS, BL30K, LVIS and sets of single images, of which some allow non-commercial use only.",
    # The published values; the features are some 22 MiB a frame of 480 lines in bfloat16, and half the time
    # of a later round.
    # mem_every: the published number. Published is no cap: what one costs, docs/research/memory.md. Features
    # are
    # some 22 MiB a frame of 480 lines in bfloat16, and half the time of a later round.
    memory=MemoryDefaults(mem_every=5, max_memory_frames=16, feature_bytes=2048 * 2**20),
    # Not measured: these are the numbers of the compact networks. With the published weights at hand,
    # `mivos evaluate --fit-confidence DIR --models mivos` prints the family's own.
    calibration=CALIBRATION,
    load=_load,
    training="mivos_studio.training.tasks.mivos",
    unused={
        "fbrs.pth": "clicks are predicted by the compact interaction network, not by f-BRS",
        "stcn.pth": "it belongs to STCN, a variant whose networks are built differently",
        "fusion_stcn.pth": "it belongs to STCN, a variant whose networks are built differently",
    },
)
