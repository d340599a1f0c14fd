"""Ablations switch off one part, delegate the rest, and do not change the given networks."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from inference_core.runtime.device import choose_compute, place_networks
from mivos_studio.evaluation.ablation import (
    ABLATIONS,
    FUSIONS,
    TopK,
    WithoutMemory,
    WithoutPrevious,
    own_logits,
    replace_fusion,
    switch_off,
)
from model.layers.aggregate import aggregate
from tests.inference_core.fakes import FakePropagation, fake_networks
from tests.mivos_studio.evaluation.example_folders import fake_settings

IMAGE = torch.rand(1, 3, 32, 48, generator=torch.Generator().manual_seed(0))
OBJECTS = (torch.rand(2, 32, 48, generator=torch.Generator().manual_seed(1)) > 0.5).float()


def _propagate_one_frame(network):
    query = network.encode_query(IMAGE)
    entry = network.encode_memory(IMAGE, query, OBJECTS)
    readout = network.read(query, entry.key[:, :, None], entry.value[:, :, None])
    return readout, network.decode(query, readout, OBJECTS)


def test_without_memory_the_readout_is_zero_and_of_the_same_shape():
    whole, _ = _propagate_one_frame(FakePropagation())
    readout, _ = _propagate_one_frame(WithoutMemory(FakePropagation()))
    assert whole.any()
    assert readout.shape == whole.shape
    assert not readout.any()


def test_without_previous_the_decoder_gets_no_earlier_mask():
    inside = FakePropagation()
    readout, _ = _propagate_one_frame(WithoutPrevious(inside))
    assert readout.any()
    assert inside.previous_means == [0.0]


@pytest.mark.parametrize("part", ABLATIONS)
def test_switching_off_leaves_the_given_networks_alone(part):
    networks = fake_networks()
    without = switch_off(networks, part)
    assert type(without.propagation) is ABLATIONS[part]
    assert type(networks.propagation) is FakePropagation
    assert without.fusion is networks.fusion


@pytest.mark.parametrize("part", ABLATIONS)
def test_other_calls_are_delegated(part):
    whole = FakePropagation()
    ablation = ABLATIONS[part](whole)
    query = ablation.encode_query(IMAGE)
    maps = torch.rand(2, 1, 32, 48)
    assert torch.equal(ablation.transfer(query, query.key, maps), maps)
    assert whole.calls == {"encode_query": 1, "transfer": 1}
    assert (ablation.multiple, ablation.shares_keys) == (whole.multiple, whole.shares_keys)


@pytest.mark.parametrize("objects", [1, 2, 6])
@pytest.mark.parametrize("sharpness", [0.5, 8.0])
def test_soft_aggregation_can_be_inverted(objects, sharpness):
    generator = torch.Generator().manual_seed(objects)
    shares = torch.softmax(sharpness * torch.randn(objects + 1, 20, 30, generator=generator), dim=0)
    again = aggregate(torch.sigmoid(own_logits(shares[1:])))
    torch.testing.assert_close(again, shares, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("name", "weight"), [("newest", 1.0), ("linear", 0.25)])
def test_plain_fusions_weight_by_their_rule(name, weight):
    old, new = torch.full((1, 4, 4), 0.9), torch.full((1, 4, 4), 0.1)
    distance = torch.tensor([0.25, 0.75])  # a quarter of the distance to the old anchor
    logits = FUSIONS[name](torch.zeros(1, 3, 4, 4), old, new, torch.zeros(1, 2, 4, 4), distance)
    fused = aggregate(torch.sigmoid(logits))[1]
    torch.testing.assert_close(fused, torch.full((4, 4), weight * 0.1 + (1 - weight) * 0.9))


def test_replacing_fusion_leaves_the_given_networks_alone():
    networks = fake_networks()
    assert replace_fusion(networks, "linear").fusion is FUSIONS["linear"]
    assert networks.fusion is not FUSIONS["linear"]


def test_top_k_ignores_the_callers_value():
    used = []
    inside = FakePropagation()
    inside.read = lambda *given, ages, top_k: used.append(top_k)
    network = TopK(inside, 20)
    query = network.encode_query(IMAGE)
    network.read(query, query.key, query.key, top_k=50)
    network.read(query, query.key, query.key)
    assert used == [20, 20]


class _Weighted(nn.Conv2d):
    multiple, shares_keys = 16, True


def test_the_network_inside_is_placed_in_the_session_s_precision():
    networks = switch_off(fake_networks(), "memory")
    networks.propagation.network = _Weighted(3, 3, 1)
    placed = place_networks(networks, choose_compute("cpu", "bfloat16"))
    assert placed.propagation.network.weight.dtype == torch.bfloat16
    assert fake_settings().as_figures()["dtype"] == "float32"
