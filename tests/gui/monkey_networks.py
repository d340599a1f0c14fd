"""Tiny networks for long runs: they take a moment, so that gestures fall between frames, and keep nothing."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Sequence

from torch import Tensor

from model.interfaces import MemoryEntry, Networks, QueryFeatures
from tests.inference_core.fakes import FakeFusion, FakeInteraction, FakePropagation, networks_of_fakes

FRAME_S = 0.004
"""Of a propagated frame, beside its computation: a gesture takes about as long."""


class PatientPropagation(FakePropagation):
    """Waits at every frame."""

    def __init__(self) -> None:
        super().__init__()
        self.memory_lengths = deque(maxlen=1)  # type: ignore[assignment]
        self.previous_means = deque(maxlen=1)  # type: ignore[assignment]
        self.known = deque(maxlen=1)  # type: ignore[assignment]

    def decode(
        self, query: QueryFeatures, readout: Tensor, previous: Tensor, target_models: Tensor | None = None
    ) -> Tensor:
        time.sleep(FRAME_S)
        return super().decode(query, readout, previous, target_models)

    def learn_target_models(
        self, anchors: Sequence[MemoryEntry], known: Sequence[Collection[int]]
    ) -> Tensor | None:
        return None


class ForgetfulFusion(FakeFusion):
    """Keeps no list of what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.distances = deque(maxlen=1)  # type: ignore[assignment]
        self.attention = deque(maxlen=1)  # type: ignore[assignment]


class ForgetfulInteraction(FakeInteraction):
    """Keeps no list of what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.planes = deque(maxlen=1)  # type: ignore[assignment]
        self.image_sizes = deque(maxlen=1)  # type: ignore[assignment]


def patient_networks() -> Networks:
    """Return tiny networks that take a moment and keep nothing."""
    interaction = ForgetfulInteraction()
    return networks_of_fakes(PatientPropagation(), ForgetfulFusion(), interaction, interaction)
