"""The one caller of the networks: images in, tensors out, padded and on the device; arrays for the tools."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import count

import torch
from torch import Tensor

from inference_core.runtime.device import Compute, fallback, is_out_of_memory, place_networks
from inference_core.runtime.feature_cache import FeatureCache
from inference_core.runtime.geometry import Geometry, Size
from inference_core.tools.tool_input import NetworkName
from inference_core.types import BoolArray, Float32Array, Frames, UInt8Array
from model.interfaces import MemoryEntry, Networks, QueryFeatures

NO_FEATURES = QueryFeatures(torch.empty(0), ())
"""What a network is given that memorizes image and masks alone."""

# How far a small crop is enlarged, so that a network has enough pixels. IoU after one click in crops of 24
# pixels is 0.54 at their own size, 0.63 at twice, 0.66 at four times that (docs/research/constants.md).
_CROP_MOST_ENLARGED = 4.0


class NetworkRunner:
    """Networks, frames and the feature cache of one session. Used by one thread at a time.

    Every tensor that comes out is float32 on the device, except features, keys and values, which keep the
    networks' dtype. `interact` takes and yields numpy arrays.
    """

    def __init__(
        self,
        frames: Frames,
        networks: Networks,
        compute: Compute,
        working_size: int,
        features: FeatureCache,
    ) -> None:
        self.frames = frames
        self._given = networks
        self.compute = compute
        self.networks = place_networks(networks, compute)
        self.features = features
        self._interaction_multiple = math.lcm(networks.interaction.multiple, networks.clicks.multiple)
        multiple = math.lcm(
            networks.propagation.multiple, networks.fusion.multiple, self._interaction_multiple
        )
        self.geometry = Geometry.fit(frames.size, working_size, multiple)

    def fall_back(self) -> None:
        """Go on with the processor: tensors made before are of no use any more."""
        self.compute = fallback(self.compute)
        self.networks = place_networks(self._given, self.compute)
        self.features.reset()

    def image(self, pixels: UInt8Array, geometry: Geometry | None = None) -> Tensor:
        """Normalise and pad (H, W, 3) uint8 RGB -> (1, 3, h, w)."""
        return (geometry or self.geometry).image(pixels, self.compute.device)

    def query(self, frame_index: int, image: Tensor) -> QueryFeatures:
        """Return a frame's features, from the cache where possible."""
        features = self.features.get(frame_index)
        if features is None:
            with self._inference():
                features = self.networks.propagation.encode_query(image)
            self.features.put(frame_index, features)
        return features

    def memorize(self, image: Tensor, query: QueryFeatures, objects: Tensor) -> MemoryEntry:
        """Make a memory entry of an image with its objects' probabilities (K, h, w)."""
        with self._inference():
            return self.networks.propagation.encode_memory(image, query, objects)

    def memorize_frame(self, frame_index: int, objects: Tensor) -> MemoryEntry:
        """Make a memory entry of a frame of the clip."""
        image = self.image(self.frames[frame_index])
        needs_query = self.networks.propagation.shares_keys
        return self.memorize(image, self.query(frame_index, image) if needs_query else NO_FEATURES, objects)

    def read(self, query: QueryFeatures, keys: Tensor, values: Tensor, ages: Sequence[int]) -> Tensor:
        """Read memory: keys (R, Ck, T, gh, gw), values (K, Cv, T, gh, gw) -> readout (K, Cv, gh, gw).

        ages  how many frames lie between each of the T memorized frames and the query's.
        """
        with self._inference():
            return self.networks.propagation.read(query, keys, values, ages=ages)

    def learn_target_models(
        self, anchors: Sequence[MemoryEntry], known: Sequence[Collection[int]]
    ) -> Tensor | None:
        """Fit a target model for each object; known: the rows that were committed on each anchor."""
        with self._inference():
            return self.networks.propagation.learn_target_models(anchors, known)

    def decode(
        self, query: QueryFeatures, readout: Tensor, previous: Tensor, target_models: Tensor | None
    ) -> Tensor:
        """Turn a readout into each object's own probability (K, h, w) in [0, 1]."""
        with self._inference():
            logits = self.networks.propagation.decode(query, readout, previous, target_models)
            return torch.sigmoid(logits.float())

    def transfer(self, query: QueryFeatures, key: Tensor, maps: Tensor) -> Tensor:
        """Transfer maps (K, C, h, w) from the frame of `key` to the query's frame."""
        with self._inference():
            return self.networks.propagation.transfer(query, key, maps).float()

    def fuse(self, image: Tensor, old: Tensor, new: Tensor, attention: Tensor, distance: Tensor) -> Tensor:
        """Blend old and new (K, h, w) -> each object's own probability (K, h, w) in [0, 1]."""
        with self._inference():
            logits = self.networks.fusion(image, old, new, attention, distance)
            return torch.sigmoid(logits.float())

    def interact(
        self,
        name: NetworkName,
        geometry: Geometry,
        pixels: UInt8Array,
        *,
        previous: BoolArray,
        positive: BoolArray,
        negative: BoolArray,
        free_memory: Callable[[int], None],
    ) -> Iterator[Float32Array]:
        """Turn guidance maps of strokes (K, h, w) into each object's own probability (K, h, w) in [0, 1].

        The first prediction comes soon, others that may follow are better. Where memory runs out before the
        first, it is computed again; after it, no other follows.

        name         the network of the family.
        pixels       (H, W, 3) uint8 RGB of the geometry's source size.
        free_memory  called between two attempts with the number of failures; raises where nothing is left
                     to try.
        """
        for failures in count(1):
            is_given = False
            network = self.networks.interaction if name == "interaction" else self.networks.clicks
            try:
                predictions = network.predictions(
                    self.image(pixels, geometry), *map(self._plane, (previous, positive, negative))
                )
                while True:
                    with self._inference():
                        logits = next(predictions, None)
                    if logits is None:
                        return
                    prob: Float32Array = torch.sigmoid(logits.float()).cpu().numpy()
                    is_given = True
                    yield prob
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            # Outside of the handler, whose error still holds the tensors of the prediction.
            logits = None
            free_memory(failures)
            if is_given:
                return

    def crop_geometry(self, size: Size) -> Geometry:
        """Return the sizes for a crop (H, W): enlarged when small, reduced when large, as frames are."""
        short, long = sorted(self.geometry.working)
        # A long thin crop must not cost more than the whole frame.
        side = max(1, min(short, round(long * min(size) / max(size))))
        return Geometry.fit(size, side, self._interaction_multiple, most_enlarged=_CROP_MOST_ENLARGED)

    def _plane(self, masks: BoolArray) -> Tensor:
        """Bring masks (K, h, w) to the device as a network sees them, 0 and 1."""
        return torch.from_numpy(masks).to(self.compute.device).float()

    @contextmanager
    def _inference(self) -> Iterator[None]:
        with torch.inference_mode(), self.compute.autocast():
            yield
