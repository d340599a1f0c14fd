"""The interface between the core and a family of networks; `mivos` and `compact` implement it.

Shapes use h, w for the padded working size in pixels (multiples of `multiple`), gh, gw for the memory grid,
K for objects (rows, background left out), R for rows of keys: K where keys depend on the mask (mivos),
1 where one key serves all objects (compact).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from model.family import Calibration, MemoryDefaults


@dataclass(frozen=True)
class QueryFeatures:
    """Features of the frame being segmented; they depend on the image alone, and are cached across rounds.

    key       (1, Ck, gh, gw).
    features  further inputs of the family's decoder, opaque to the core.
    """

    key: Tensor
    features: tuple[Tensor, ...]

    @property
    def nbytes(self) -> int:
        """Bytes held, for the feature cache's budget."""
        return sum(t.numel() * t.element_size() for t in (self.key, *self.features))


@dataclass(frozen=True)
class MemoryEntry:
    """One memorized frame: key (R, Ck, gh, gw), value (K, Cv, gh, gw).

    samples  training samples of the family's target models, opaque to the core.
    """

    key: Tensor
    value: Tensor
    samples: tuple[Tensor, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes held, for the memory bank's budget."""
        return sum(t.numel() * t.element_size() for t in (self.key, self.value, *self.samples))


class PropagationNetwork(Protocol):
    """The network of bidirectional propagation: keys, values, reading, decoding, all without gradients."""

    multiple: int
    """Padded heights and widths must be multiples of this."""

    shares_keys: bool
    """True where one key serves all objects (R = 1); it is then the query's.

    Where it is False, a memory entry is computed from image and masks alone, and the query may be empty.
    """

    def encode_query(self, image: Tensor) -> QueryFeatures:
        """Encode an image (1, 3, h, w), normalised."""
        ...

    def encode_memory(self, image: Tensor, query: QueryFeatures, objects: Tensor) -> MemoryEntry:
        """Memorize an image (1, 3, h, w) with its objects' probabilities (K, h, w) in [0, 1]."""
        ...

    def read(
        self,
        query: QueryFeatures,
        keys: Tensor,
        values: Tensor,
        *,
        ages: Sequence[int] | None = None,
        top_k: int | None = None,
    ) -> Tensor:
        """Read memory: keys (R, Ck, T, gh, gw), values (K, Cv, T, gh, gw) -> readout (K, Cv, gh, gw).

        ages   frames between each of the T memorized frames and the query's; None: not known. A family may
               prefer near positions in recent frames; the published one ignores ages.
        top_k  None means the family's own number; 0 means no filter. More than the positions means all.
        """
        ...

    def learn_target_models(
        self, anchors: Sequence[MemoryEntry], known: Sequence[Collection[int]]
    ) -> Tensor | None:
        """Learn a target model of each object from anchors; None in a family that reads memory alone.

        anchors  nearest first; a family may use the first few alone.
        known    of each anchor the rows of the objects for which it holds a mask.
        """
        ...

    def decode(
        self, query: QueryFeatures, readout: Tensor, previous: Tensor, target_models: Tensor | None = None
    ) -> Tensor:
        """Turn a readout into logits (K, h, w).

        previous (K, h, w) holds the objects' probabilities in the previous frame; target_models is the result
        of `learn_target_models`. The published family uses neither.
        """
        ...

    def transfer(self, query: QueryFeatures, key: Tensor, maps: Tensor) -> Tensor:
        """Transfer maps (K, C, h, w) from the frame of `key` (R, Ck, gh, gw) to the query's by affinity.

        Softmax over all positions of the one memory frame, no top-k filter; maps are area-averaged to the
        grid, transferred, and enlarged bilinearly. Returns (K, C, h, w). MiVOS, section 3.3.
        """
        ...


class FusionNetwork(Protocol):
    """Blends old and new probabilities between two anchors (MiVOS, difference-aware fusion)."""

    multiple: int

    def __call__(
        self, image: Tensor, old: Tensor, new: Tensor, attention: Tensor, distance: Tensor
    ) -> Tensor:
        """Fuse one frame.

        image (1, 3, h, w) normalised; old, new (K, h, w) probabilities; attention (K, 2, h, w), the user's
        additions and removals transferred to the frame; distance (2,), frames to the (old, new) anchor over
        the frames between them. Returns logits (K, h, w).
        """
        ...


class InteractionNetwork(Protocol):
    """Turns strokes into masks (S2M in the published family)."""

    multiple: int

    def predictions(
        self, image: Tensor, previous: Tensor, positive: Tensor, negative: Tensor
    ) -> Iterator[Tensor]:
        """Predict from strokes: yield a first result quickly, then better ones where there are any.

        image (1, 3, h, w) normalised; previous, positive, negative (K, h, w) in [0, 1]. Yields logits
        (K, h, w).
        """
        ...


@dataclass(frozen=True)
class Networks:
    """The networks of one family, ready to run, in eval mode.

    interaction is for scribbles, clicks for clicks and boxes; both may be the same network.
    memory and calibration are those of the family, see `model.family`. notices are sentences to show to the
    user on what was found when they were loaded.
    """

    family: str
    propagation: PropagationNetwork
    fusion: FusionNetwork
    interaction: InteractionNetwork
    clicks: InteractionNetwork
    memory: MemoryDefaults
    calibration: Calibration
    notices: tuple[str, ...] = ()
