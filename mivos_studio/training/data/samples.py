"""Base of the data sets: a sample is a pure function of seed and number, so that training resumes exactly."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from torch import Tensor
from torch.utils.data import Dataset


@dataclass(frozen=True)
class Samples(Dataset[dict[str, Tensor]]):
    """`length` samples; size_at(n) is the side of sample n in pixels, a multiple of 16."""

    seed: int
    length: int
    size_at: Callable[[int], int]

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        return self.draw(np.random.default_rng([self.seed, number]), self.size_at(number))

    @abstractmethod
    def draw(self, rng: Generator, size: int) -> dict[str, Tensor]:
        """Make one sample, `size` pixels wide and high."""
