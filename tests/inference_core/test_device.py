from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from inference_core.device import Compute, choose_compute, place_networks, within_memory
from inference_core.errors import UserError
from model.interfaces import Networks


class Weighted(nn.Module):
    multiple = 16

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((3,), 1 / 3))


def weighted_networks() -> Networks:
    return Networks("fake", *(Weighted() for _ in range(4)))  # type: ignore[arg-type]


def test_an_unknown_device_is_named() -> None:
    with pytest.raises(UserError, match="Unknown device 'gpu'"):
        choose_compute("gpu")


def test_an_unknown_dtype_is_named() -> None:
    with pytest.raises(UserError, match="Unknown dtype 'int8'"):
        choose_compute("cpu", "int8")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_an_absent_device_is_refused_in_a_sentence() -> None:
    with pytest.raises(UserError, match="no cuda device"):
        choose_compute("cuda")


def test_half_precision_is_refused_on_a_cpu() -> None:
    with pytest.raises(UserError, match="bfloat16 or float32"):
        choose_compute("cpu", "float16")


@pytest.mark.parametrize(("has_it", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_a_cpu_runs_bfloat16_only_where_it_has_it(
    monkeypatch: pytest.MonkeyPatch, has_it: bool, dtype: torch.dtype
) -> None:
    monkeypatch.setattr("inference_core.device._cpu_has_bfloat16", lambda: has_it)
    assert choose_compute("cpu").dtype == dtype


def test_networks_that_are_converted_leave_the_originals_alone() -> None:
    networks = weighted_networks()
    placed = place_networks(networks, choose_compute("cpu", "bfloat16"))
    assert placed.fusion.weight.dtype == torch.bfloat16  # type: ignore[attr-defined]
    assert networks.fusion.weight.dtype == torch.float32  # type: ignore[attr-defined]


def test_networks_that_fit_already_are_not_copied() -> None:
    networks = weighted_networks()
    assert place_networks(networks, choose_compute("cpu", "float32")).propagation is networks.propagation


CPU = Compute(torch.device("cpu"), torch.float32, casts_weights=True)


class Greedy:
    """Runs out of memory as often as told."""

    def __init__(self, failures: int, error: RuntimeError) -> None:
        self.failures, self.error = failures, error

    def __call__(self) -> str:
        if self.failures:
            self.failures -= 1
            raise self.error
        return "done"


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory"),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=["cuda", "cpu"])
def test_a_call_that_runs_out_of_memory_is_made_again_with_more_room(error: RuntimeError) -> None:
    room: list[str] = []
    assert within_memory(CPU, Greedy(1, error), lambda: room.append("made")) == "done"
    assert room == ["made"]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=["cuda", "cpu"])
def test_memory_that_runs_out_for_good_becomes_a_sentence(error: RuntimeError) -> None:
    with pytest.raises(UserError, match="smaller working size"):
        within_memory(CPU, Greedy(2, error), lambda: None)


def test_other_faults_of_a_network_are_not_hidden() -> None:
    with pytest.raises(RuntimeError, match="shapes"):
        within_memory(CPU, Greedy(1, RuntimeError("shapes do not fit")), lambda: None)


def test_a_network_that_does_two_things_stays_one_when_converted() -> None:
    networks = weighted_networks()
    shared = replace(networks, clicks=networks.interaction)
    placed = place_networks(shared, choose_compute("cpu", "bfloat16"))
    assert placed.clicks is placed.interaction
    apart = place_networks(networks, choose_compute("cpu", "bfloat16"))
    assert apart.clicks is not apart.interaction
