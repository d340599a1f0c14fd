"""Numbers that the published program gave with made weights, and the published networks filled with these.

`tests/fixtures/parity` holds the arrays of the reference data, thinned out. To make it again:
`python -m tests.parity REFERENCE`, where REFERENCE is the folder of the whole arrays.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mivos_studio.synthetic.weights import made_state
from model.layers.blocks import fold_normalisation
from model.mivos.fusion import MivosFusion
from model.mivos.propagation import MivosPropagation
from model.mivos.scribble import MivosScribble

FIXTURES = Path(__file__).parent / "fixtures" / "parity"

# Tolerances: a few times what the published program differs from itself between two builds of its libraries.
FEATURES = 3e-4
AFFINITY = 5e-4
WEIGHTS = 1e-4
LOGITS = 5e-4
PROB = 1e-4
END_TO_END_PROB = 2e-3
END_TO_END_LOGITS = 5e-3
EXACT = 1e-6
EQUAL_IDS = 0.999


def _kept(*, whole: str = "", fourth: str = "", eighth: str = "", pixels: str = "") -> dict[str, Any]:
    """By array: all of it, every fourth or eighth channel, or every second pixel of every second line."""
    every = slice(None)
    parts = (
        (whole, ...),
        (fourth, (every, slice(None, None, 4))),
        (eighth, (every, slice(None, None, 8))),
        (pixels, (..., slice(None, None, 2), slice(None, None, 2))),
    )
    return {name: part for names, part in parts for name in names.split()}


KEPT = {
    "weights_check": _kept(whole="net key crc32"),
    "clip": _kept(whole="frames masks"),
    "aggregate": _kept(whole="prob wbg wbg_hard sbg sbg_hard wbg_channel_logits"),
    "memory_read": _kept(whole="mk qk", eighth="mv read_top50 read_top20 read_top1 read_topall"),
    "propagation": _kept(
        whole="affinity topk_idx topk_w attn_pos attn_neg attn_W",
        fourth="mem_enc_f16 mem_k mem7_k mem_k_single q_f8 q_f4 q_k",
        eighth="mem_v mem7_v mem_v_single q_f16 q_v readout readout_single",
        pixels="logits prob_agg prob_single attn_map",
    ),
    "fusion": _kept(whole="prev curr attn dist", pixels="logits prob"),
    "s2m": _kept(
        whole="input_channels_3to5",
        fourth="low_level",
        eighth="backbone_out aspp",
        pixels="logits prob mask_hard",
    ),
    "interaction": _kept(
        whole="bbox crop_pad crop_prob crop_image crop_mask",
        pixels="prev_prob free_prob free_mask stitched_prob stitched_mask click_obj_mask click_mask",
    ),
    "e2e_two_objects": _kept(
        whole="r1_masks r2_masks r1_mem_len r2_mem_len r2_fuse_frames r2_dist",
        fourth="mem_k",
        eighth="mem_v",
        pixels="r1_prob r2_prob r2_pos_diff r2_neg_diff r2_unfused r2_attn r2_fuse_logits",
    ),
    "e2e_mem_every_2": _kept(whole="r1_masks r2_masks r1_mem_len r2_mem_len", pixels="r2_prob"),
    "e2e_padded_single": _kept(
        whole="frames masks pad r1_masks r2_masks r3_masks mem_len", fourth="mem_k", pixels="r3_prob"
    ),
}
"""By file and array, which part of it is kept."""

_Network = TypeVar("_Network", bound=nn.Module)


def reference(file: str, name: str) -> NDArray[Any]:
    """Return an array of the reference data, thinned out as `KEPT` says."""
    array: NDArray[Any] = _open(file)[name]
    return array


def reference_tensor(file: str, name: str) -> Tensor:
    return torch.from_numpy(reference(file, name))


def difference(actual: Tensor, file: str, name: str) -> float:
    """Return the largest difference of a whole result from an array of the reference data.

    The two may differ in dimensions of one entry.
    """
    kept = reference_tensor(file, name)
    whole_shape = _shape(file, name)
    thinned = actual.float().reshape(whole_shape)[KEPT[file][name]]
    return float((thinned - kept).abs().max())


@cache
def clip_images() -> tuple[NDArray[np.uint8], ...]:
    """The nine frames (96, 160, 3) of the reference clip."""
    return tuple(reference("clip", "frames"))


def objects(frame_index: int) -> Tensor:
    """The two objects of a frame of the reference clip, (2, 96, 160) float in {0, 1}."""
    ids = torch.from_numpy(reference("clip", "masks")[frame_index])
    return torch.stack([ids == 1, ids == 2]).float()


@cache
def propagation() -> MivosPropagation:
    return _ready(MivosPropagation())


@cache
def fusion() -> MivosFusion:
    return _ready(MivosFusion())


@cache
def scribble() -> MivosScribble:
    return _ready(MivosScribble())


def fill(network: nn.Module) -> None:
    """Give a network the made weights."""
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    network.load_state_dict({name: torch.as_tensor(made) for name, made in made_state(shapes).items()})


def _ready(network: _Network) -> _Network:
    fill(network)
    network.eval().requires_grad_(False)
    fold_normalisation(network)
    return network


@cache
def _open(file: str) -> dict[str, NDArray[Any]]:
    with np.load(FIXTURES / f"{file}.npz") as arrays:
        return dict(arrays)


def _shape(file: str, name: str) -> tuple[int, ...]:
    return tuple(_open(file)[f"{name}.shape"].tolist())


def thin(source: Path) -> dict[str, NDArray[Any]]:
    """Take from a file of whole arrays what is kept, and the shapes that the arrays had."""
    kept: dict[str, NDArray[Any]] = {}
    with np.load(source) as arrays:
        for name, part in KEPT[source.stem].items():
            kept[name] = arrays[name][part]
            kept[f"{name}.shape"] = np.array(arrays[name].shape)
    return kept


if __name__ == "__main__":
    FIXTURES.mkdir(parents=True, exist_ok=True)
    for file in KEPT:
        np.savez_compressed(FIXTURES / f"{file}.npz", **thin(Path(sys.argv[1]) / f"{file}.npz"))
