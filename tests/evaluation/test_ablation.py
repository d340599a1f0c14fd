"""What is switched off is off, the rest is passed on, and the networks given stay as they are."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from evaluation.ablation import ABLATIONS, WithoutMemory, WithoutPrevious, switch_off
from inference_core.device import choose_compute, place_networks
from tests.evaluation.made import fake_settings
from tests.inference_core.fakes import FakePropagation, fake_networks

IMAGE = torch.rand(1, 3, 32, 48, generator=torch.Generator().manual_seed(0))
OBJECTS = (torch.rand(2, 32, 48, generator=torch.Generator().manual_seed(1)) > 0.5).float()


def _walk_one_frame(network):
    query = network.encode_query(IMAGE)
    entry = network.encode_memory(IMAGE, query, OBJECTS)
    readout = network.read(query, entry.key[:, :, None], entry.value[:, :, None])
    return readout, network.decode(query, readout, OBJECTS)


def test_without_memory_the_readout_is_zero_and_of_the_same_shape():
    whole, _ = _walk_one_frame(FakePropagation())
    readout, _ = _walk_one_frame(WithoutMemory(FakePropagation()))
    assert whole.any()
    assert readout.shape == whole.shape
    assert not readout.any()


def test_without_previous_the_decoder_sees_no_earlier_mask():
    inside = FakePropagation()
    readout, _ = _walk_one_frame(WithoutPrevious(inside))
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
def test_other_calls_are_passed_on(part):
    whole = FakePropagation()
    ablation = ABLATIONS[part](whole)
    query = ablation.encode_query(IMAGE)
    maps = torch.rand(2, 1, 32, 48)
    assert torch.equal(ablation.transfer(query, query.key, maps), maps)
    assert whole.calls == {"encode_query": 1, "transfer": 1}
    assert (ablation.multiple, ablation.shares_keys) == (whole.multiple, whole.shares_keys)


class _Weighted(nn.Conv2d):
    multiple, shares_keys = 16, True


def test_the_network_inside_is_placed_in_the_session_s_precision():
    networks = switch_off(fake_networks(), "memory")
    networks.propagation.network = _Weighted(3, 3, 1)
    placed = place_networks(networks, choose_compute("cpu", "bfloat16"))
    assert placed.propagation.network.weight.dtype == torch.bfloat16
    assert fake_settings().as_figures()["dtype"] == "float32"
