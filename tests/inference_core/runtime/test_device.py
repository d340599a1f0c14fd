from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from inference_core.errors import UserError
from inference_core.runtime.device import Compute, choose_compute, fallback, is_out_of_memory, place_networks
from model.interfaces import Networks
from tests.inference_core.fakes import networks_of_fakes


class Weighted(nn.Module):
    multiple = 16

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((3,), 1 / 3))


def weighted_networks() -> Networks:
    return networks_of_fakes(*(Weighted() for _ in range(4)))  # type: ignore[arg-type]


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
    monkeypatch.setattr("inference_core.runtime.device._cpu_has_bfloat16", lambda: has_it)
    assert choose_compute("cpu").dtype == dtype


def test_networks_that_are_converted_leave_the_originals_alone() -> None:
    networks = weighted_networks()
    placed = place_networks(networks, choose_compute("cpu", "bfloat16"))
    assert placed.fusion.weight.dtype == torch.bfloat16  # type: ignore[attr-defined]
    assert networks.fusion.weight.dtype == torch.float32  # type: ignore[attr-defined]


def test_networks_that_fit_already_are_not_copied() -> None:
    networks = weighted_networks()
    assert place_networks(networks, choose_compute("cpu", "float32")).propagation is networks.propagation


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
    ids=["cuda", "cpu", "mps", "cudnn"],
)
def test_memory_that_runs_out_is_recognised_on_every_device(error: RuntimeError) -> None:
    assert is_out_of_memory(error)


def test_other_faults_of_a_network_are_not_taken_for_full_memory() -> None:
    assert not is_out_of_memory(RuntimeError("shapes do not fit"))


@pytest.mark.parametrize(
    ("had", "gets"), [(torch.float16, torch.bfloat16), (torch.float32, torch.float32)], ids=["half", "full"]
)
def test_the_processor_goes_on_in_full_precision_only_where_that_was_chosen(
    monkeypatch: pytest.MonkeyPatch, had: torch.dtype, gets: torch.dtype
) -> None:
    monkeypatch.setattr("inference_core.runtime.device._cpu_has_bfloat16", lambda: True)
    chosen = fallback(Compute(torch.device("cuda"), had, casts_weights=False))
    assert (chosen.device.type, chosen.dtype) == ("cpu", gets)
    assert chosen.is_last_resort


def test_a_network_that_does_two_things_stays_one_when_converted() -> None:
    networks = weighted_networks()
    shared = replace(networks, clicks=networks.interaction)
    placed = place_networks(shared, choose_compute("cpu", "bfloat16"))
    assert placed.clicks is placed.interaction
    apart = place_networks(networks, choose_compute("cpu", "bfloat16"))
    assert apart.clicks is not apart.interaction
