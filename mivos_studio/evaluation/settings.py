"""Settings of a measurement: networks, device, precision, working size; and its progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from inference_core.runtime.device import choose_compute, place_networks
from inference_core.session import Session
from inference_core.types import Frames
from model.interfaces import Networks

OnProgress = Callable[[int, int], None]
"""Called with the steps done and the steps in all."""


@dataclass(frozen=True)
class Settings:
    """What sessions are opened with; the names are those of `Session`."""

    networks: Networks
    device: str = "auto"
    dtype: str = "auto"
    working_size: int = 480

    @cached_property
    def placed(self) -> Networks:
        """The networks on their device; moved once, so that sessions need no copies of their own."""
        return place_networks(self.networks, choose_compute(self.device, self.dtype))

    def open(self, frames: Frames) -> Session:
        """Open a session on a clip, with the program's defaults."""
        return Session(
            frames,
            self.placed,
            device=self.device,
            dtype=self.dtype,
            working_size=self.working_size,
        )

    def as_figures(self) -> dict[str, str | int]:
        """Return the settings as figures; device and dtype as resolved from "auto"."""
        compute = choose_compute(self.device, self.dtype)
        return {
            "family": self.networks.family,
            "device": compute.device.type,
            "dtype": str(compute.dtype).removeprefix("torch."),
            "working_size": self.working_size,
        }


class Steps:
    """Counts steps and reports them."""

    def __init__(self, total: int, on_progress: OnProgress) -> None:
        self._done, self._total = 0, total
        self._on_progress = on_progress

    def advance(self) -> None:
        """Count one more step."""
        self._done += 1
        self._on_progress(self._done, self._total)


def ignore_progress(done: int, total: int) -> None:
    """Do nothing."""
