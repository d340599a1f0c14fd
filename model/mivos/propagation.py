"""The published propagation network: keys and values of every object apart, top-k reading (MiVOS, 3.2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from model.interfaces import MemoryEntry, QueryFeatures
from model.layers.attention import (
    dot_affinity,
    dot_factors,
    nearest,
    read_memory,
    transfer_maps,
    weighted_values,
)
from model.layers.blocks import join, matching, others_of
from model.mivos.decoder import Decoder
from model.mivos.encoders import GRID_STRIDE, ImageEncoder, ImageFeatures, KeyValue, MaskEncoder

TOP_K = 50
"""The published number."""


class MivosPropagation(nn.Module):
    """Encoders, keys, values and decoder. Query features hold the decoder's parts of the frame alone.

    These are its skip branches and half of the sums of its first block: 57 % and 5 % of the cost of decoding
    one object, and hardly larger than the features that they replace.
    """

    multiple = GRID_STRIDE
    shares_keys = False

    def __init__(self, *, top_k: int = TOP_K) -> None:
        super().__init__()
        self.top_k = top_k
        self.mask_rgb_encoder = MaskEncoder()
        self.rgb_encoder = ImageEncoder()
        self.kv_m_f16 = KeyValue()
        self.kv_q_f16 = KeyValue()
        self.decoder = Decoder()

    def encode_query(self, image: Tensor) -> QueryFeatures:
        """Encode an image (1, 3, h, w), normalised."""
        features: ImageFeatures = self.rgb_encoder(matching(image, self))
        key, value = self.kv_q_f16(features.f16)
        return QueryFeatures(key, (self.decoder.compress.frame_sums(value), *self.decoder.skips(features)))

    def encode_memory(self, image: Tensor, query: QueryFeatures, objects: Tensor) -> MemoryEntry:
        """Memorize an image (1, 3, h, w) with its objects' probabilities (K, h, w) in [0, 1]."""
        own = objects.unsqueeze(1)
        planes = join(*(matching(x, self) for x in (image, own, others_of(own))))
        return MemoryEntry(*self.kv_m_f16(self.mask_rgb_encoder(planes)))

    def read(
        self,
        query: QueryFeatures,
        keys: Tensor,
        values: Tensor,
        *,
        ages: Sequence[int] | None = None,
        top_k: int | None = None,
    ) -> Tensor:
        """Read memory: keys (K, Ck, T, gh, gw), values (K, Cv, T, gh, gw) -> readout (K, Cv, gh, gw)."""
        height, width = query.key.shape[-2:]
        memory, queries = keys.flatten(2), query.key.flatten(2)
        chosen = self.top_k if top_k is None else top_k
        if chosen > 0:
            weights, where = nearest(
                memory, queries, top_k=chosen, positions=height * width, factors=dot_factors
            )
            readout = weighted_values(values.flatten(2), weights, where)
        else:
            affinity = dot_affinity(memory, queries)
            readout = read_memory(affinity, values.flatten(2), top_k=0, positions=height * width)
        return readout.reshape(*readout.shape[:2], height, width)

    def learn_target_models(self, anchors: Sequence[MemoryEntry], known: Sequence[Collection[int]]) -> None:
        """Return None: the published network has no target models."""
        del anchors, known

    def decode(
        self, query: QueryFeatures, readout: Tensor, previous: Tensor, target_models: Tensor | None = None
    ) -> Tensor:
        """Turn a readout (K, Cv, gh, gw) into logits (K, h, w) float32; the other inputs are not used."""
        frame_sums, skip8, skip4 = query.features
        compressed = self.decoder.compress.from_sums(readout.to(frame_sums), frame_sums)
        return self.decoder.refine(compressed, (skip8, skip4))[:, 0]

    def transfer(self, query: QueryFeatures, key: Tensor, maps: Tensor) -> Tensor:
        """Transfer maps (K, C, h, w) from the frame of `key` (K, Ck, gh, gw) to the query's, same shape."""
        grid = F.avg_pool2d(maps.float().to(key.device), GRID_STRIDE)
        affinity = dot_affinity(key.flatten(2), query.key.flatten(2))
        transferred = transfer_maps(affinity, grid.flatten(2)).view(grid.shape)
        return F.interpolate(transferred, scale_factor=GRID_STRIDE, mode="bilinear", align_corners=False)
