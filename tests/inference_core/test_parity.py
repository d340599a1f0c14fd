"""A whole session with the published networks gives the masks that the published program gave."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from torch import Tensor

from inference_core.runtime.geometry import Geometry
from inference_core.session import Session
from inference_core.types import MemoryFrames, MemoryOptions
from model.interfaces import MemoryEntry, Networks, QueryFeatures
from model.layers import winograd
from model.layers.aggregate import aggregate
from model.mivos.family import MIVOS
from tests import parity
from tests.project import SHARED

REFERENCE = SHARED / "reference" / "parity"

ADDED_AND_REMOVED = 2


class Watched:
    """The propagation network, recording how many frames are read and what changes are transferred."""

    multiple = 16
    shares_keys = False

    def __init__(self) -> None:
        self.memory_lengths: list[int] = []
        self.unfused: list[Tensor] = []
        self.changes: list[Tensor] = []
        self.attention: list[Tensor] = []
        self._network = parity.propagation()

    def encode_query(self, image: Tensor) -> QueryFeatures:
        return self._network.encode_query(image)

    def encode_memory(self, image: Tensor, query: QueryFeatures, objects: Tensor) -> MemoryEntry:
        return self._network.encode_memory(image, query, objects)

    def read(
        self,
        query: QueryFeatures,
        keys: Tensor,
        values: Tensor,
        *,
        ages: Sequence[int] | None = None,
        top_k: int | None = None,
    ) -> Tensor:
        self.memory_lengths.append(keys.shape[2])
        return self._network.read(query, keys, values, ages=ages, top_k=top_k)

    def learn_target_models(self, anchors: Sequence[MemoryEntry], known: Sequence[Collection[int]]) -> None:
        pass

    def decode(
        self, query: QueryFeatures, readout: Tensor, previous: Tensor, target_models: Tensor | None = None
    ) -> Tensor:
        logits = self._network.decode(query, readout, previous)
        self.unfused.append(aggregate(torch.sigmoid(logits)))
        return logits

    def transfer(self, query: QueryFeatures, key: Tensor, maps: Tensor) -> Tensor:
        transferred = self._network.transfer(query, key, maps)
        if maps.shape[1] == ADDED_AND_REMOVED:
            self.changes.append(maps)
            self.attention.append(transferred)
        return transferred


class WatchedFusion:
    """The fusion network, recording its input and output."""

    multiple = 1

    def __init__(self) -> None:
        self.distances: list[Tensor] = []
        self.logits: list[Tensor] = []

    def __call__(
        self, image: Tensor, old: Tensor, new: Tensor, attention: Tensor, distance: Tensor
    ) -> Tensor:
        self.distances.append(distance)
        self.logits.append(parity.fusion()(image, old, new, attention, distance))
        return self.logits[-1]


class Run:
    """The published way of working: float32 everywhere, edges left alone, every commitment remembered."""

    def __init__(self, file: str, *, mem_every: int, frames: str = "clip") -> None:
        self.file = file
        self.masks = parity.reference(frames, "masks")
        self.propagation, self.fusion = Watched(), WatchedFusion()
        images = MemoryFrames(list(parity.reference(frames, "frames")))
        scribble = parity.scribble()
        self.session = Session(
            images,
            Networks(
                "mivos",
                self.propagation,
                self.fusion,
                scribble,
                scribble,
                MIVOS.memory,
                MIVOS.calibration,
            ),
            device="cpu",
            dtype="float32",
            working_size=min(images.size),
            prob_dtype="float32",
            refine_edges=False,
            memory=MemoryOptions(mem_every=mem_every, keep_recorrected_entries=True),
        )

    def commit(self, frame_index: int) -> None:
        """Correct a frame with its true mask and propagate."""
        self.session.set_ids(frame_index, self.masks[frame_index])
        for _ in self.session.propagate(frame_index):
            pass

    @property
    def ids(self) -> np.ndarray:
        return np.stack([self.session.ids(frame_index) for frame_index in range(self.session.frame_count)])

    @property
    def prob(self) -> Tensor:
        """(K+1, T, H, W), background first."""
        frames = range(self.session.frame_count)
        return torch.stack([torch.from_numpy(self.session.prob(frame)) for frame in frames], dim=1)

    @property
    def memory(self) -> tuple[Tensor, Tensor]:
        """Keys and values that stay, (K, C, T, gh, gw)."""
        entries = [entry for _, entry in self.session.bank]
        return torch.stack([e.key for e in entries], dim=2), torch.stack([e.value for e in entries], dim=2)

    def assert_ids(self, name: str) -> None:
        assert (self.ids == parity.reference(self.file, name)).mean() >= parity.EQUAL_IDS

    def assert_prob(self, name: str) -> None:
        assert parity.difference(self.prob, self.file, name) < parity.END_TO_END_PROB

    def assert_lengths(self, *names: str) -> None:
        wanted = [length for name in names for length in parity.reference(self.file, name).tolist()]
        assert self.propagation.memory_lengths == wanted


@pytest.fixture(scope="module")
def two_objects() -> Run:
    run = Run("e2e_two_objects", mem_every=5)
    run.commit(4)
    run.assert_ids("r1_masks")
    run.assert_prob("r1_prob")
    run.commit(7)
    return run


def test_parity_of_two_rounds_with_two_objects(two_objects: Run) -> None:
    two_objects.assert_ids("r2_masks")
    two_objects.assert_prob("r2_prob")
    two_objects.assert_lengths("r1_mem_len", "r2_mem_len")


def test_parity_of_the_permanent_memory(two_objects: Run) -> None:
    keys, values = two_objects.memory
    assert parity.difference(keys, two_objects.file, "mem_k") < parity.FEATURES
    assert parity.difference(values, two_objects.file, "mem_v") < parity.FEATURES


def test_parity_of_the_change_that_the_user_made(two_objects: Run) -> None:
    changes = two_objects.propagation.changes[0]
    for channel, name in enumerate(("r2_pos_diff", "r2_neg_diff")):
        wanted = parity.reference_tensor(two_objects.file, name)[1:, 0]
        found = changes[:, channel, ::2, ::2]
        assert (found - wanted).abs().max() < parity.END_TO_END_PROB


def test_parity_of_what_fusion_is_given_and_returns(two_objects: Run) -> None:
    file, fusion = two_objects.file, two_objects.fusion
    fused = [frame for _, _, frame in parity.reference(file, "r2_fuse_frames").tolist()]
    assert fused == [6, 5]
    unfused = torch.stack(two_objects.propagation.unfused[-2:])
    assert parity.difference(unfused, file, "r2_unfused") < parity.END_TO_END_PROB
    attention = torch.cat(two_objects.propagation.attention)
    assert parity.difference(attention, file, "r2_attn") < parity.END_TO_END_PROB
    distances = torch.stack(fusion.distances).repeat_interleave(2, dim=0)
    assert parity.difference(distances, file, "r2_dist") < parity.EXACT
    logits = torch.cat(fusion.logits)
    assert parity.difference(logits, file, "r2_fuse_logits") < parity.END_TO_END_LOGITS


def test_parity_of_two_rounds_with_memory_every_second_frame() -> None:
    run = Run("e2e_mem_every_2", mem_every=2)
    run.commit(4)
    run.assert_ids("r1_masks")
    run.commit(7)
    run.assert_ids("r2_masks")
    run.assert_prob("r2_prob")
    run.assert_lengths("r1_mem_len", "r2_mem_len")


def test_parity_where_wide_convolutions_take_fewer_products(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "_LEAST_POSITIONS", 1)
    quick = Mock(wraps=winograd._convolve)
    monkeypatch.setattr(winograd, "_convolve", quick)
    run = Run("e2e_mem_every_2", mem_every=2)
    for round_, frame_index in (("r1", 4), ("r2", 7)):
        run.commit(frame_index)
        run.assert_ids(f"{round_}_masks")
    run.assert_prob("r2_prob")
    assert quick.call_count > 100


def test_parity_of_three_rounds_with_padding_and_a_frame_corrected_again() -> None:
    run = Run("e2e_padded_single", mem_every=2, frames="e2e_padded_single")
    for name, frame_index in (("r1_masks", 1), ("r2_masks", 4), ("r3_masks", 1)):
        run.commit(frame_index)
        run.assert_ids(name)
    left, right, top, bottom = parity.reference(run.file, "pad").tolist()
    padded = torch.nn.functional.pad(run.prob, (left, right, top, bottom))
    wanted = parity.reference_tensor(run.file, "r3_prob")[:, :, 0]
    window = (..., slice(top, padded.shape[2] - bottom), slice(left, padded.shape[3] - right))
    kept = torch.zeros_like(padded)
    kept[window] = 1.0
    differences = (padded[..., ::2, ::2] - wanted).abs() * kept[..., ::2, ::2]
    assert differences.max() < parity.END_TO_END_PROB
    assert parity.difference(run.memory[0], run.file, "mem_k") < parity.FEATURES
    run.assert_lengths("mem_len")


def test_parity_of_a_padded_crop() -> None:
    left_x, right_x, top_y, bottom_y = parity.reference("interaction", "bbox").tolist()
    size = (bottom_y + 1 - top_y, right_x + 1 - left_x)
    geometry = Geometry(size, size, (64, 64))
    left, right, top, bottom = parity.reference("interaction", "crop_pad").tolist()
    assert geometry.window == (slice(top, 64 - bottom), slice(left, 64 - right))
    pixels = parity.clip_images()[4][top_y : bottom_y + 1, left_x : right_x + 1]
    image = geometry.image(pixels, torch.device("cpu"))
    assert parity.difference(image, "interaction", "crop_image") < parity.EXACT
    prob = parity.reference("interaction", "crop_prob")
    padded = torch.from_numpy(geometry.pad(geometry.crop(prob)))
    assert parity.difference(padded, "interaction", "crop_prob") < parity.EXACT
    mask = aggregate(padded[:, 0], background="constant")
    assert parity.difference(mask, "interaction", "crop_mask") < parity.EXACT


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference data are not on this machine")
def test_parity_fixtures_are_the_reference_thinned_out() -> None:
    for file in parity.KEPT:
        for name, array in parity.thin(REFERENCE / f"{file}.npz").items():
            assert np.array_equal(array, parity.reference(file, name)), f"{file}: {name}"
