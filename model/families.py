"""Families of networks: their files of weights, where to download them, and what they were trained on.

Constants alone: no file is opened here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KnownFile:
    """One file of a family.

    network   "propagation", "fusion" or "interaction".
    url       where it can be downloaded from; empty for files that come with the program.
    page      the same place for a person with a browser.
    """

    network: str
    name: str
    url: str = ""
    page: str = ""


@dataclass(frozen=True)
class Family:
    """Networks that work together.

    folder  where their files lie within a saves folder; "." is the saves folder itself.
    terms   what they were trained on, and their licences: a text that is shown to the user.
    """

    name: str
    folder: str
    files: tuple[KnownFile, ...]
    terms: str


def _own(name: str, terms: str) -> Family:
    networks = ("propagation", "fusion", "interaction")
    return Family(
        name, name, tuple(KnownFile(network, f"{network}.safetensors") for network in networks), terms
    )


def _published(network: str, name: str, drive_id: str) -> KnownFile:
    """A file that the authors of MiVOS keep on Google Drive."""
    # Without `confirm`, Drive returns a confirmation page for a file too large for its virus scan.
    return KnownFile(
        network,
        name,
        f"https://drive.usercontent.google.com/download?id={drive_id}&export=download&confirm=t",
        f"https://drive.google.com/file/d/{drive_id}/view",
    )


COMPACT = _own(
    "compact",
    "Trained by this project on images of others. Some of these sources allow non-commercial use only, and"
    " some state no licence: do not use these weights commercially. The model card, README.md beside them,"
    " names the sources.",
)
COMPACT_FREE = _own(
    "compact-free",
    "Trained by this project on made-up clips and on sources with a permissive licence alone. The model card,"
    " README.md beside them, names the sources.",
)
MIVOS = Family(
    "mivos",
    ".",
    (
        _published("propagation", "propagation_model.pth", "19dfbVDndFkboGLHESi8DGtuxF1B21Nm8"),
        _published("fusion", "fusion.pth", "1Lc1lI5-ix4WsCRdipACXgvS3G-o0lMoz"),
        _published("interaction", "s2m.pth", "1HKwklVey3P2jmmdmrACFlkXtcvNxbKMM"),
    ),
    "Published by the authors of MiVOS (github.com/hkchengrex/MiVOS, MIT licence). Trained on DAVIS,"
    " YouTube-VOS, BL30K, LVIS and sets of single images, of which some allow non-commercial use only.",
)
FAMILIES = {family.name: family for family in (COMPACT, COMPACT_FREE, MIVOS)}

NOT_USED = {
    "fbrs.pth": "clicks are predicted by the compact interaction network, not by f-BRS",
    "stcn.pth": "it belongs to STCN, a variant whose networks are built differently",
    "fusion_stcn.pth": "it belongs to STCN, a variant whose networks are built differently",
}
"""Files that are distributed with the published ones, and why they are not used."""
