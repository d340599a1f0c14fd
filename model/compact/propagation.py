"""The compact propagation network: one image key for all objects, a value per object, top-k reading.

In the spirit of STCN (Cheng et al. 2021), with the previous frame's probabilities as an input of the decoder.
The memory grid has stride 8 of the reduced image, 16 of the working size.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.compact.encoder import (
    GRID_STRIDE,
    MERGED,
    MULTIPLE,
    REDUCTION,
    WIDTHS,
    BackboneEncoder,
    ImageEncoder,
    Pyramid,
    holds_backbone,
    reduce_size,
)
from model.compact.target_model import MOST_ANCHORS, TARGET_WEIGHT, appearance, coverage, learn, score
from model.interfaces import MemoryEntry, QueryFeatures
from model.layers.attention import (
    Factors,
    distance_affinity,
    distance_factors,
    exact_product,
    nearest,
    prefer_near,
    read_memory,
    transfer_maps,
    weighted_values,
)
from model.layers.blocks import ConvNorm, ResidualBlock, join, matching, others_of, upsample
from model.weights.tensors import load_state, read_tensors

# Channels of the weights that ship.
KEY_CHANNELS = 64
VALUE_CHANNELS = 96

TOP_K = 24
"""From 8 to 50 J is the same within 0.001 (docs/research/constants.md)."""

# Cells of the memory grid over those of the short side at 480 lines. Chosen with earlier weights
# (docs/research/memory.md); with those that ship one of several equally good pairs, and better than to read
# anywhere (docs/research/constants.md).
_STILL = 4 / 30
_DRIFT = 0.25 / 30


def expected_displacement(ages: Tensor) -> Tensor:
    """Return the expected displacement after so many frames, in shares of the shorter side."""
    return _STILL + _DRIFT * ages


def target_features(image: Tensor, stride2: Tensor, stride4: Tensor, merged: Tensor) -> Tensor:
    """Compute the input of the target models from one image's features (1, C_i, h_i, w_i) -> (P, C)."""
    height, width = merged.shape[-2:]
    return appearance((merged, stride4, stride2, image), (height, width))


class ValueEncoder(nn.Module):
    """Memory value of one object in one frame, from image, its mask, the others' masks and image features."""

    def __init__(self) -> None:
        super().__init__()
        w2, w4, w8, _ = WIDTHS
        self.stem = ConvNorm(5, w2, stride=2)
        self.stage4 = ResidualBlock(w2, w4, stride=2)
        self.stage8 = ResidualBlock(w4, w8, stride=2)
        self.fuse = ResidualBlock(w8 + MERGED, VALUE_CHANNELS)
        self.project = nn.Conv2d(VALUE_CHANNELS, VALUE_CHANNELS, 3, padding=1)

    def forward(self, image: Tensor, own: Tensor, others: Tensor, merged: Tensor) -> Tensor:
        """Encode N objects: own and others (N, 1, h, w) in [0, 1].

        image (1 or N, 3, h, w), merged (1 or N, C, gh, gw). Returns (N, Cv, gh, gw).
        """
        x = F.relu(self.stem(image, own, others))
        x = self.stage8(self.stage4(x))
        out: Tensor = self.project(self.fuse(x, merged))
        return out


class Decoder(nn.Module):
    """Readout, image features, the previous probabilities and target models' scores to one logit a pixel."""

    def __init__(self) -> None:
        super().__init__()
        w2, w4, _, _ = WIDTHS
        wide, middle = 112, 56
        self.before8 = ConvNorm(32, 32, stride=2)
        self.entry = ResidualBlock(VALUE_CHANNELS + MERGED + 32, wide)
        self.down = ResidualBlock(wide, 128, stride=2)
        self.deep = ResidualBlock(128, 128)
        self.back = ConvNorm(128, wide, size=1)
        self.stage4 = ResidualBlock(wide + w4 + 32, middle)
        self.narrow = ConvNorm(middle, w2, size=1)
        self.stage2 = ConvNorm(2 * w2, w2)
        self.predict = nn.Conv2d(w2, 1, 3, padding=1)
        self.hint = nn.Conv2d(1, wide, 3, padding=1, bias=False)
        nn.init.zeros_(self.hint.weight)

    def forward(
        self, pyramid: Pyramid, readout: Tensor, before: Tensor, scores: Tensor | None = None
    ) -> Tensor:
        """Decode N objects: readout (N, Cv, gh, gw), before (N, 2, h, w) own and others' -> (N, 1, h, w).

        The pyramid is of one image for all or of N; scores (N, 1, gh, gw) float32 are of target models.
        """
        before4 = F.pixel_unshuffle(before, 4)
        before8 = F.relu(self.before8(before4))
        x = self.entry(readout, pyramid.merged, before8)
        if scores is not None:
            x = F.relu(x + self.hint(scores.to(x)))
        x = F.relu(x + self.back(upsample(self.deep(self.down(x)), 2)))
        x = self.stage4(upsample(x, 2), pyramid.stride4, before4)
        x = upsample(F.relu(self.narrow(x)), 2)
        x = F.relu(self.stage2(x, pyramid.stride2))
        logits = upsample(self.predict(x), 2).float()
        return logits if scores is None else logits + TARGET_WEIGHT * upsample(scores, GRID_STRIDE)


class CompactPropagation(nn.Module):
    """Encoder, key, value and decoder. `reduction` 1 is for training, whose crops are small already.

    has_backbone  the encoder is EfficientNet-Lite0 instead of the residual one.
    """

    multiple = MULTIPLE
    shares_keys = True

    def __init__(self, *, reduction: int = REDUCTION, top_k: int = TOP_K, has_backbone: bool = False) -> None:
        super().__init__()
        self.reduction = reduction
        self.top_k = top_k
        self.encoder = BackboneEncoder() if has_backbone else ImageEncoder()
        self.key = nn.Conv2d(MERGED, KEY_CHANNELS, 3, padding=1)
        self.value = ValueEncoder()
        self.decoder = Decoder()

    def encode_query(self, image: Tensor) -> QueryFeatures:
        """Encode an image (1, 3, h, w), normalised."""
        small = matching(reduce_size(image, self.reduction), self)
        pyramid = self.encoder(small)
        key = self.key(pyramid.merged)
        return QueryFeatures(key, (small, pyramid.stride2, pyramid.stride4, pyramid.merged))

    def encode_memory(self, image: Tensor, query: QueryFeatures, objects: Tensor) -> MemoryEntry:
        """Memorize an image (1, 3, h, w) with its objects' probabilities (K, h, w) in [0, 1]."""
        del image  # the query's features contain it, reduced
        small, _, _, merged = query.features
        own = matching(reduce_size(objects.unsqueeze(1), self.reduction), self)
        others = others_of(own)
        samples = (target_features(*query.features), coverage(own, _grid(query)))
        return MemoryEntry(query.key, self.value(small, own, others, merged), samples)

    def read(
        self,
        query: QueryFeatures,
        keys: Tensor,
        values: Tensor,
        *,
        ages: Sequence[int] | None = None,
        top_k: int | None = None,
    ) -> Tensor:
        """Read memory: keys (1, Ck, T, gh, gw), values (K, Cv, T, gh, gw) -> readout (K, Cv, gh, gw)."""
        height, width = query.key.shape[-2:]
        memory, queries = keys.flatten(2), query.key.flatten(2)
        chosen = self.top_k if top_k is None else top_k
        factors: Factors = distance_factors
        if ages is not None:
            displacements = expected_displacement(
                torch.tensor(ages, dtype=torch.float32, device=memory.device)
            )
            factors = prefer_near(factors, (height, width), displacements * min(height, width))
        if chosen > 0:
            weights, where = nearest(memory, queries, top_k=chosen, positions=height * width, factors=factors)
            readout = weighted_values(values.flatten(2), weights, where)
        else:
            affinity = exact_product(*factors(memory, queries))
            readout = read_memory(affinity, values.flatten(2), top_k=0, positions=height * width)
        return readout.reshape(*readout.shape[:2], height, width)

    def learn_target_models(
        self, anchors: Sequence[MemoryEntry], known: Sequence[Collection[int]]
    ) -> Tensor | None:
        """Learn a target model of each object: (K, C + 1), see `model.compact.target_model`."""
        samples = [(features, covered) for features, covered in (a.samples for a in anchors[:MOST_ANCHORS])]
        return learn(samples, known[:MOST_ANCHORS]).to(anchors[0].key.device)

    def decode(
        self, query: QueryFeatures, readout: Tensor, previous: Tensor, target_models: Tensor | None = None
    ) -> Tensor:
        """Turn a readout (K, Cv, gh, gw) and the previous frame's objects (K, h, w) into logits (K, h, w)."""
        _, stride2, stride4, merged = query.features
        own = matching(reduce_size(previous.unsqueeze(1), self.reduction), self)
        before = join(own, others_of(own))
        pyramid = Pyramid(stride2, stride4, merged, merged, merged)
        scores = (
            None
            if target_models is None
            else score(target_models, target_features(*query.features), _grid(query))
        )
        logits = self.decoder(pyramid, matching(readout, self), before, scores)
        return upsample(logits, self.reduction)[:, 0] if self.reduction > 1 else logits[:, 0]

    def transfer(self, query: QueryFeatures, key: Tensor, maps: Tensor) -> Tensor:
        """Transfer maps (K, C, h, w) from the frame of `key` (1, Ck, gh, gw) to the query's, same shape."""
        factor = self.reduction * GRID_STRIDE
        grid = F.avg_pool2d(maps.float().to(key.device), factor)
        affinity = distance_affinity(key.flatten(2), query.key.flatten(2))
        transferred = transfer_maps(affinity, grid.flatten(2)).view(grid.shape)
        return F.interpolate(transferred, scale_factor=factor, mode="bilinear", align_corners=False)


def _grid(query: QueryFeatures) -> tuple[int, int]:
    height, width = query.key.shape[-2:]
    return height, width


def load_propagation(path: Path, *, reduction: int = REDUCTION) -> CompactPropagation:
    """Build the network that fits a file's tensors, and load them. Raises CheckpointError."""
    state = read_tensors(path)
    network = CompactPropagation(reduction=reduction, has_backbone=holds_backbone(state))
    load_state(network, state, path)
    return network
