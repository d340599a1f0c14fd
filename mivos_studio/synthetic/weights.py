"""Pseudo-random weights for the published networks: the same numbers on every machine.

They segment nothing, but gains and offsets keep activations in a useful range, so that speed and numbers can
be checked without the trained weights.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from math import prod, sqrt

import numpy as np
from numpy.typing import NDArray

_GAINS = {
    ".bn3.weight": 0.25,
    ".skip_conv1.weight": 0.2,
    "decoder.pred.weight": 0.5,
    "classifier.classifier.3.weight": 4.0,
    "final_conv.weight": 3.0,
}
_OFFSETS = {"decoder.pred.bias": 3.0, "classifier.classifier.3.bias": 1.5, "final_conv.bias": 1.5}

_MASK_STEM = "mask_rgb_encoder.conv1.weight"
_MASK_CHANNELS = slice(3, 5)
_MASK_GAIN = np.float32(4)


def made_state(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[np.generic]]:
    """Make the weights of a network: by name of the tensor its shape -> an array, float32 or int64."""
    return {name: made_tensor(name, shape) for name, shape in shapes.items()}


def made_tensor(name: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """Make one tensor. Its name seeds its numbers, so the order of tensors does not matter."""
    kind = name.rpartition(".")[2]
    if kind == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    noise = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape, dtype=np.float32)
    if kind == "running_mean":
        return np.float32(0.1) * noise
    if kind == "running_var":
        return np.float32(1.0) + np.float32(0.1) * np.abs(noise)
    if kind == "bias":
        return np.float32(0.1) * noise + np.float32(_OFFSETS.get(name, 0.0))
    gain = next((value for end, value in _GAINS.items() if name.endswith(end)), 1.0)
    if len(shape) == 1:
        return (np.float32(1.0) + np.float32(0.1) * noise) * np.float32(gain)
    weight = noise * np.float32(sqrt(2.0 / prod(shape[1:])) * gain)
    if name == _MASK_STEM:
        weight[:, _MASK_CHANNELS] *= _MASK_GAIN
    return weight
