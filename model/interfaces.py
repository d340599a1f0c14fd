"""What the core asks of a family of networks. `mivos` and `compact` both answer; the core never knows which.

Shapes use h, w for the padded working size in pixels (multiples of `multiple`), gh, gw for the memory grid,
K for objects (rows, background left out), R for rows of keys: K where keys depend on the mask (mivos),
1 where one key serves all objects (compact).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


@dataclass(frozen=True)
class QueryFeatures:
    """Features of the frame being segmented; they depend on the image alone, so they are kept across rounds.

    key       (1, Ck, gh, gw).
    features  what the family's decoder needs besides, opaque to the core.
    """

    key: Tensor
    features: tuple[Tensor, ...]

    @property
    def nbytes(self) -> int:
        """Bytes held, for the feature cache's budget."""
        return sum(t.numel() * t.element_size() for t in (self.key, *self.features))


@dataclass(frozen=True)
class MemoryEntry:
    """One memorised frame: key (R, Ck, gh, gw), value (K, Cv, gh, gw).

    samples  what the family's target models are learned from, opaque to the core.
    """

    key: Tensor
    value: Tensor
    samples: tuple[Tensor, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes held, for the memory bank's budget."""
        return sum(t.numel() * t.element_size() for t in (self.key, self.value, *self.samples))


class PropagationNetwork(Protocol):
    """Bidirectional propagation's network: keys, values, reading, decoding. Everything without gradients."""

    multiple: int
    """Padded heights and widths must be multiples of this."""

    shares_keys: bool
    """True where one key serves all objects (R = 1); it is then the query's.

    Where it is False, a memory entry comes from image and masks alone, and the query may be empty.
    """

    feature_budget_bytes: int
    """Memory that query features are worth, kept for later rounds: the dearer they are, the more."""

    mem_every: int
    """A walk keeps a frame this far from the one kept last: the pace that was measured best."""

    max_memory_frames: int
    """More of these frames than so many are thinned out."""

    def encode_query(self, image: Tensor) -> QueryFeatures:
        """Take the features of an image (1, 3, h, w), normalised."""
        ...

    def encode_memory(self, image: Tensor, query: QueryFeatures, objects: Tensor) -> MemoryEntry:
        """Memorise an image (1, 3, h, w) with its objects' probabilities (K, h, w) in [0, 1]."""
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

        ages   how many frames lie between each of the T memorised frames and the query's; None: not known. A
               family may look nearer by in what was seen lately; the published one does not ask.
        top_k  None means the family's own number; 0 means no filter. More than there are positions means all.
        """
        ...

    def learn_target_models(
        self, anchors: Sequence[MemoryEntry], known: Sequence[Collection[int]]
    ) -> Tensor | None:
        """Learn from anchors what each object looks like; None in a family that relies on memory alone.

        anchors come nearest first; a family may look at the first few alone.
        known  of each anchor the rows of objects that it says something of.
        """
        ...

    def decode(
        self, query: QueryFeatures, readout: Tensor, previous: Tensor, targets: Tensor | None = None
    ) -> Tensor:
        """Turn a readout into logits (K, h, w).

        previous (K, h, w) holds the objects' probabilities in the frame just walked from; targets is what
        `learn_target_models` gave. The published family looks at neither.
        """
        ...

    def transfer(self, query: QueryFeatures, key: Tensor, maps: Tensor) -> Tensor:
        """Carry maps (K, C, h, w) from the frame of `key` (R, Ck, gh, gw) to the query's frame by affinity.

        Softmax over all positions of the one memory frame, no top-k filter; maps are area-averaged to the
        grid, carried, and enlarged bilinearly. Returns (K, C, h, w). MiVOS, section 3.3.
        """
        ...


class FusionNetwork(Protocol):
    """Blends old and new probabilities between two anchors (MiVOS, difference-aware fusion)."""

    multiple: int

    def __call__(
        self, image: Tensor, old: Tensor, new: Tensor, attention: Tensor, distance: Tensor
    ) -> Tensor:
        """Fuse one frame.

        image (1, 3, h, w) normalised; old, new (K, h, w) probabilities; attention (K, 2, h, w), where the
        user's additions and removals land; distance (2,), way to the (old, new) anchor over the way between.
        Returns logits (K, h, w).
        """
        ...


class InteractionNetwork(Protocol):
    """Turns strokes into masks (S2M in the published family)."""

    multiple: int

    def predictions(
        self, image: Tensor, previous: Tensor, positive: Tensor, negative: Tensor
    ) -> Iterator[Tensor]:
        """Answer strokes: the first answer comes soon, others that may follow are better.

        image (1, 3, h, w) normalised; previous, positive, negative (K, h, w) in [0, 1]. Gives logits
        (K, h, w).
        """
        ...


@dataclass(frozen=True)
class Networks:
    """The networks of one family, ready to run, in eval mode.

    interaction  answers scribbles; clicks answers clicks and boxes. One network may do both.
    """

    family: str
    propagation: PropagationNetwork
    fusion: FusionNetwork
    interaction: InteractionNetwork
    clicks: InteractionNetwork
