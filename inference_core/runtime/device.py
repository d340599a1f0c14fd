"""Which device, which dtype, and what happens when memory runs out. The one place that decides."""

from __future__ import annotations

import copy
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, cast

import torch

from inference_core.errors import UserError
from model.interfaces import Networks

DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

_OUT_OF_MEMORY = (
    "can't allocate memory",  # the CPU's allocator
    "MPS backend out of memory",
    "ALLOC_FAILED",  # CUDA's libraries, which allocate on their own
)

_Network = TypeVar("_Network")


@dataclass(frozen=True)
class Compute:
    """Device and dtype of the networks; probabilities are float32 everywhere.

    casts_weights  True where weights are converted once (CPU), False where autocast converts (CUDA).
    """

    device: torch.device
    dtype: torch.dtype
    casts_weights: bool

    @property
    def is_last_resort(self) -> bool:
        """Whether there is nothing to fall back on when memory runs out."""
        return self.device.type == "cpu"

    def autocast(self) -> AbstractContextManager[object]:
        """Return the context that network calls run in."""
        if self.casts_weights or self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.dtype)


class _HostFeatures(Protocol):
    def _is_avx512_bf16_supported(self) -> bool: ...

    def _is_amx_tile_supported(self) -> bool: ...


def choose_compute(device: str = "auto", dtype: str = "auto") -> Compute:
    """Choose device and precision; raise a UserError where a given one cannot be used."""
    chosen = torch.device(_choose_device(device))
    if dtype != "auto" and dtype not in DTYPES:
        raise UserError(f"Unknown dtype {dtype!r}: choose auto, {', '.join(DTYPES)}.")
    precision = _automatic_dtype(chosen) if dtype == "auto" else DTYPES[dtype]
    if chosen.type == "cpu" and precision == torch.float16:
        raise UserError("float16 does not run on a CPU: choose bfloat16 or float32.")
    return Compute(chosen, precision, casts_weights=chosen.type != "cuda")


def choose_training_compute(device: torch.device) -> Compute:
    """Decide in which precision to train on a device: weights stay float32, autocast converts as it goes.

    bfloat16 where it is fast, else float32: float16 would need its gradients scaled.
    """
    precision = _automatic_dtype(device)
    return Compute(device, precision if precision == torch.bfloat16 else torch.float32, casts_weights=False)


def place_networks(networks: Networks, compute: Compute) -> Networks:
    """Bring networks to a device and dtype. Those handed in stay as they are: other sessions may use them."""
    interaction = _place(networks.interaction, compute)
    is_shared = networks.clicks is networks.interaction
    return replace(
        networks,
        propagation=_place(networks.propagation, compute),
        fusion=_place(networks.fusion, compute),
        interaction=interaction,
        clicks=interaction if is_shared else _place(networks.clicks, compute),
    )


def fallback(compute: Compute) -> Compute:
    """Return what to go on with where a device's memory is not enough: the processor.

    float32 stays float32.
    """
    return choose_compute("cpu", "float32" if compute.dtype == torch.float32 else "auto")


def is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether memory ran out. CUDA's allocator has an error class; elsewhere the text decides."""
    return isinstance(error, torch.OutOfMemoryError) or any(text in str(error) for text in _OUT_OF_MEMORY)


def release_cached() -> None:
    """Give back what torch's allocators keep for later."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _choose_device(device: str) -> str:
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return "cuda" if present["cuda"] else "mps" if present["mps"] else "cpu"
    if device not in present:
        raise UserError(f"Unknown device {device!r}: choose {', '.join(DEVICES)}.")
    if not present[device]:
        raise UserError(f"This machine has no {device} device that torch can use: choose auto or cpu.")
    return device


def _automatic_dtype(device: torch.device) -> torch.dtype:
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if device.type == "cpu" and _cpu_has_bfloat16():
        return torch.bfloat16
    return torch.float32


def _cpu_has_bfloat16() -> bool:
    """Without these instructions bfloat16 is emulated, slower than float32."""
    host = cast(_HostFeatures, torch.cpu)
    # oneDNN respects ONEDNN_MAX_CPU_ISA; instructions that it may not use do not count.
    return torch.ops.mkldnn._is_mkldnn_bf16_supported() and (
        host._is_avx512_bf16_supported() or host._is_amx_tile_supported()
    )


def _place(network: _Network, compute: Compute) -> _Network:
    if not isinstance(network, torch.nn.Module):
        return network
    dtype = compute.dtype if compute.casts_weights else torch.float32
    state = (*network.parameters(), *network.buffers())
    is_there = all(
        t.device.type == compute.device.type and (t.dtype == dtype or not t.is_floating_point())
        for t in state
    )
    if is_there:
        return network
    return cast(_Network, copy.deepcopy(network).to(device=compute.device, dtype=dtype))
