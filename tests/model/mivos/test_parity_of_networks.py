"""Each published network, with made weights, gives the numbers of the published program."""

from __future__ import annotations

import zlib
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from inference_core.runtime.geometry import Geometry
from model.interfaces import MemoryEntry, QueryFeatures
from model.layers.aggregate import aggregate
from model.layers.attention import dot_affinity, dot_factors, nearest
from model.layers.blocks import join, others_of
from model.mivos.fusion import MivosFusion
from model.mivos.propagation import MivosPropagation
from model.mivos.scribble import MivosScribble
from tests import parity

CPU = torch.device("cpu")


@cache
def image(frame_index: int) -> Tensor:
    size = (96, 160)
    return Geometry(size, size, size).image(parity.clip_images()[frame_index], CPU)


@cache
def query() -> QueryFeatures:
    return parity.propagation().encode_query(image(5))


@cache
def entry(frame_index: int, count: int = 2) -> MemoryEntry:
    objects = parity.objects(frame_index)[:count]
    return parity.propagation().encode_memory(image(frame_index), query(), objects)


@cache
def memory() -> tuple[Tensor, Tensor]:
    entries = (entry(4), entry(7))
    return torch.stack([e.key for e in entries], dim=2), torch.stack([e.value for e in entries], dim=2)


@cache
def readout() -> Tensor:
    return parity.propagation().read(query(), *memory())


@pytest.mark.parametrize(
    ("name", "make"), [("propagation", MivosPropagation), ("fusion", MivosFusion), ("s2m", MivosScribble)]
)
def test_parity_of_names_and_made_weights(name: str, make: type[nn.Module]) -> None:
    of_network = parity.reference("weights_check", "net") == name
    keys, sums = (parity.reference("weights_check", part)[of_network].tolist() for part in ("key", "crc32"))
    network = make()
    parity.fill(network)
    made = {
        key: zlib.crc32(tensor.contiguous().numpy().tobytes()) for key, tensor in network.state_dict().items()
    }
    assert made == dict(zip(keys, sums, strict=True))


def test_parity_of_the_image_encoder() -> None:
    features = parity.propagation().rgb_encoder(image(5))
    for name, step in (("f4", 16), ("f8", 8), ("f16", 4)):
        part = getattr(features, name)[:, ::step]
        assert parity.difference(part, "propagation", f"q_{name}") < parity.FEATURES


def test_parity_of_the_query() -> None:
    network = parity.propagation()
    _, value = network.kv_q_f16(network.rgb_encoder(image(5)).f16)
    assert parity.difference(query().key, "propagation", "q_k") < parity.FEATURES
    assert parity.difference(value, "propagation", "q_v") < parity.FEATURES


def test_parity_of_the_mask_encoder() -> None:
    own = parity.objects(4).unsqueeze(1)
    seen = parity.propagation().mask_rgb_encoder(join(image(4), own, others_of(own)))
    assert parity.difference(seen[:, ::4], "propagation", "mem_enc_f16") < parity.FEATURES


@pytest.mark.parametrize(("frame_index", "prefix"), [(4, "mem"), (7, "mem7")])
def test_parity_of_memorized_frames(frame_index: int, prefix: str) -> None:
    memorized = entry(frame_index)
    assert parity.difference(memorized.key, "propagation", f"{prefix}_k") < parity.FEATURES
    assert parity.difference(memorized.value, "propagation", f"{prefix}_v") < parity.FEATURES


def test_parity_of_a_single_memorized_object() -> None:
    memorized = entry(4, 1)
    assert parity.difference(memorized.key, "propagation", "mem_k_single") < parity.FEATURES
    assert parity.difference(memorized.value, "propagation", "mem_v_single") < parity.FEATURES


def test_parity_of_the_affinity() -> None:
    affinity = dot_affinity(memory()[0].flatten(2), query().key.flatten(2))
    assert parity.difference(affinity.transpose(1, 2), "propagation", "affinity") < parity.AFFINITY


def test_parity_of_the_fifty_best() -> None:
    weights, where = nearest(
        memory()[0].flatten(2), query().key.flatten(2), top_k=50, positions=60, factors=dot_factors
    )
    assert parity.difference(weights.transpose(1, 2), "propagation", "topk_w") < parity.WEIGHTS
    # Neighbours of nearly equal value may change places at the cut.
    wanted = parity.reference_tensor("propagation", "topk_idx").long().transpose(1, 2)
    known = torch.zeros(2, 60, 120).scatter_(2, wanted, 1.0).gather(2, where)
    assert known.mean() > 0.999


def test_parity_of_the_readout() -> None:
    assert parity.difference(readout(), "propagation", "readout") < parity.LOGITS


def test_parity_of_the_readout_of_a_single_object() -> None:
    network, alone = parity.propagation(), entry(4, 1)
    single = network.read(query(), alone.key.unsqueeze(2), alone.value.unsqueeze(2))
    assert parity.difference(single, "propagation", "readout_single") < parity.LOGITS
    prob = torch.sigmoid(network.decode(query(), single, parity.objects(4)[:1]))
    assert parity.difference(prob, "propagation", "prob_single") < parity.PROB


def test_parity_of_the_decoder() -> None:
    logits = parity.propagation().decode(query(), readout(), parity.objects(4))
    assert parity.difference(logits, "propagation", "logits") < parity.LOGITS
    prob = aggregate(torch.sigmoid(logits))
    assert parity.difference(prob, "propagation", "prob_agg") < parity.PROB


def test_parity_of_the_transferred_change() -> None:
    key = entry(4).key[:1]
    affinity = dot_affinity(key.flatten(2), query().key.flatten(2))
    weights = torch.softmax(affinity, dim=-1).transpose(1, 2)
    assert parity.difference(weights, "propagation", "attn_W") < parity.WEIGHTS
    change = torch.cat([parity.reference_tensor("propagation", f"attn_{sign}") for sign in ("pos", "neg")], 1)
    transferred = parity.propagation().transfer(query(), key, change)
    assert parity.difference(transferred, "propagation", "attn_map") < parity.PROB


@pytest.mark.parametrize(("top_k", "name"), [(50, "50"), (20, "20"), (1, "1"), (0, "all")])
def test_parity_of_reading_memory(top_k: int, name: str) -> None:
    keys, values, wanted = (parity.reference_tensor("memory_read", part) for part in ("mk", "mv", "qk"))
    read = parity.propagation().read(QueryFeatures(wanted, ()), keys, values, top_k=top_k)
    expected = parity.reference_tensor("memory_read", f"read_top{name}")
    assert (read - expected).abs().max() < parity.EXACT


def test_parity_of_fusion() -> None:
    old, new, attention, distance = (
        parity.reference_tensor("fusion", name) for name in ("prev", "curr", "attn", "dist")
    )
    logits = parity.fusion()(image(5), old[0], new[0], attention, distance[0])
    assert parity.difference(logits, "fusion", "logits") < parity.LOGITS
    assert parity.difference(torch.sigmoid(logits), "fusion", "prob") < parity.PROB


def test_parity_of_scribbles() -> None:
    planes = parity.reference_tensor("s2m", "input_channels_3to5").float().unbind(dim=1)
    logits = parity.scribble()(image(4), *planes)
    assert parity.difference(logits, "s2m", "logits") < parity.LOGITS
    prob = torch.sigmoid(logits)
    assert parity.difference(prob, "s2m", "prob") < parity.PROB
    hard = aggregate(prob, hard=True)[:, ::2, ::2].argmax(dim=0)
    wanted = parity.reference_tensor("s2m", "mask_hard")[:, 0].argmax(dim=0)
    assert (hard == wanted).float().mean() >= parity.EQUAL_IDS


def test_parity_of_the_scribble_networks_backbone() -> None:
    network = parity.scribble()
    planes = parity.reference_tensor("s2m", "input_channels_3to5")[:1].float()
    low, deep = network.backbone(torch.cat([image(4), planes], dim=1))
    assert parity.difference(low[:, ::16], "s2m", "low_level") < parity.FEATURES
    assert parity.difference(deep[:, ::8], "s2m", "backbone_out") < parity.FEATURES
    assert parity.difference(network.classifier.aspp(deep), "s2m", "aspp") < parity.FEATURES
