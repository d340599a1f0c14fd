"""Each known defect of the published tool that a core can have, and that ours has not."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from inference_core.errors import NotReadyError
from inference_core.session import Session
from inference_core.types import MemoryBudget, UInt8Array
from model.compact.family import COMPACT
from model.compact.fusion import CompactFusion
from model.compact.interaction import CompactInteraction
from model.compact.propagation import CompactPropagation
from model.interfaces import MemoryEntry, Networks, QueryFeatures
from model.layers.attention import dot_affinity, read_memory
from tests.inference_core.fakes import (
    FakeClip,
    FakeFusion,
    FakeInteraction,
    FakePropagation,
    MemoryScratch,
    fake_networks,
    fake_session,
    networks_of,
    networks_of_fakes,
    square_clip,
    square_ids,
    stroke,
)


def test_a_correction_is_not_applied_to_a_frame_that_is_shown_later() -> None:
    session = fake_session()
    session.add_object("red")
    list(session.interact(stroke("lasso", [[8, 8], [24, 8], [24, 24], [8, 24]], frame=0)))
    session.ids(7)  # the user goes to another frame, then presses Propagate
    list(session.propagate())
    assert session.anchors == (0,)
    assert [frame_index for frame_index, _ in session.bank] == [0]


def test_a_mask_that_was_reset_is_not_propagated() -> None:
    session = fake_session()
    session.add_object("red")
    list(session.interact(stroke()))
    session.reset(0)
    with pytest.raises(NotReadyError):
        session.propagate()


def test_strokes_on_a_frame_survive_a_visit_to_another_one() -> None:
    session = fake_session()
    session.add_object("red")
    list(session.interact(stroke(points=[[20, 20]], frame=0)))
    list(session.interact(stroke(points=[[20, 20]], frame=4)))
    list(session.interact(stroke(points=[[60, 20]], frame=0)))
    assert networks_of(session)[2].planes[-1][1][0, 20, 20] == 1


def test_a_frame_that_is_corrected_again_replaces_its_entry_in_the_bank() -> None:
    session = fake_session()
    for _ in range(3):
        session.set_ids(0, square_ids(0))
        list(session.propagate())
    wrong = np.zeros((64, 96), np.uint8)
    wrong[:8] = 1
    session.set_ids(0, wrong)
    list(session.propagate())
    ((frame_index, entry),) = session.bank
    assert frame_index == 0
    assert entry.value[0, 0, 0].min() == 1
    assert entry.value[0, 0, 3].max() == 0
    assert [each.bank_length for each in session.rounds] == [1, 1, 1, 1]


def compact_networks() -> Networks:
    torch.manual_seed(0)
    interaction = CompactInteraction()
    parts = (CompactPropagation(), CompactFusion(), interaction)
    for part in parts:
        part.eval().requires_grad_(False)
    return Networks("compact", *parts, interaction, COMPACT.memory, COMPACT.calibration)


def test_a_memory_with_fewer_cells_than_top_k_is_read_all_the_same() -> None:
    clip = FakeClip([np.random.default_rng(i).integers(0, 255, (20, 30, 3), np.uint8) for i in range(3)])
    session = Session(clip, compact_networks(), device="cpu", dtype="float32")
    ids = np.zeros((20, 30), np.uint8)
    ids[5:15, 5:15] = 1
    session.set_ids(0, ids)
    assert len(list(session.propagate())) == 2
    assert np.isfinite(session.prob(2)).all()
    assert session.bank[0][1].key[0, 0].numel() < 50


class MaskKeyed(FakePropagation):
    """Keys depend on the mask, a row for each object, as in the published network; 3 positions count."""

    shares_keys = False

    def __init__(self) -> None:
        super().__init__()
        self.readouts: list[Tensor] = []

    def encode_memory(self, image: Tensor, query: QueryFeatures, objects: Tensor) -> MemoryEntry:
        key = self.encode_query(image).key
        entry = super().encode_memory(image, query, objects)
        return MemoryEntry(torch.cat([key * (1 + value) for value in entry.value[:, None]]), entry.value)

    def read(
        self,
        query: QueryFeatures,
        keys: Tensor,
        values: Tensor,
        *,
        ages: Sequence[int] | None = None,
        top_k: int | None = None,
    ) -> Tensor:
        height, width = query.key.shape[2:]
        affinity = dot_affinity(keys.flatten(2), query.key.flatten(2))
        readout = read_memory(affinity, values.flatten(2), top_k=3, positions=height * width)
        self.readouts.append(readout.unflatten(2, (height, width)))
        return self.readouts[-1]


def test_top_k_reads_several_objects_as_it_reads_one() -> None:
    own: dict[tuple[int, ...], list[Tensor]] = {}
    for chosen in ((1,), (2,), (1, 2)):
        networks = networks_of_fakes(MaskKeyed(), FakeFusion(), FakeInteraction(), FakeInteraction())
        session = Session(square_clip(4), networks, device="cpu", dtype="float32")
        ids = square_ids(0, both=True)
        session.set_ids(0, np.where(np.isin(ids, chosen), ids, 0))
        list(session.propagate(frame_range=(0, 1)))
        own[chosen] = networks.propagation.readouts  # type: ignore[attr-defined]
    assert torch.equal(own[(1, 2)][0], torch.cat([own[(1,)][0], own[(2,)][0]]))


def odd_session() -> Session:
    session = fake_session(FakeClip([np.zeros((93, 151, 3), np.uint8)] * 2))
    session.add_object("red")
    return session


def test_strokes_are_drawn_on_the_true_frame_not_on_the_padded_one() -> None:
    session = odd_session()
    list(session.interact(stroke(points=[[150, 92]], radius=1)))
    positive = networks_of(session)[2].planes[-1][1][0]
    assert positive.shape == (96, 160)
    y, x = np.nonzero(positive.numpy())
    # Padding is 1 row above and 4 columns to the left; the last pixel lies there, and nothing lies beyond.
    assert (y.max(), x.max()) == (92 + 1, 150 + 4)


def test_a_click_in_a_region_gets_the_regions_padding() -> None:
    session = odd_session()
    list(session.interact(stroke("click", [[30, 20]], region=(20, 10, 73, 73))))
    positive = networks_of(session)[2].planes[-1][1][0].numpy()
    height, width = positive.shape
    scale = 93 / 53
    expected = (
        (20 - 10 + 0.5) * scale + (height - 63 * scale) // 2,
        (30 - 20 + 0.5) * scale + (width - 93) // 2,
    )
    np.testing.assert_allclose(np.argwhere(positive).mean(axis=0) + 0.5, expected, atol=1)


def test_the_brush_keeps_its_size_inside_a_region() -> None:
    sizes = []
    for region in (None, (0, 0, 100, 90)):
        session = odd_session()
        list(session.interact(stroke("brush", [[40, 40], [60, 50]], radius=9, region=region)))
        sizes.append(int((session.ids(0) == 1).sum()))
    assert sizes[0] == sizes[1]


def test_a_frame_is_decoded_once_for_each_propagation() -> None:
    clip = square_clip(10)
    session = fake_session(clip)
    session.set_ids(0, square_ids(0))
    clip.decoded.clear()
    list(session.propagate())
    assert set(clip.decoded.values()) == {1}


class PassingClip:
    """Makes every frame anew and knows how many of them are still alive."""

    size = (64, 96)

    def __init__(self) -> None:
        self.alive = 0
        self.most = 0

    def __len__(self) -> int:
        return 40

    def __getitem__(self, frame_index: int) -> UInt8Array:
        image = np.random.default_rng(frame_index).integers(0, 255, (64, 96, 3), np.uint8)
        self.alive += 1
        self.most = max(self.most, self.alive)
        weakref.finalize(image, self._gone)
        return image

    def _gone(self) -> None:
        self.alive -= 1


def test_no_more_than_a_few_frames_are_in_memory_at_once() -> None:
    clip = PassingClip()
    session = Session(clip, fake_networks(), device="cpu", dtype="float32")  # type: ignore[arg-type]
    session.set_ids(20, square_ids(0))
    list(session.propagate())
    assert clip.most <= 3
    assert clip.alive <= 1


def test_masks_beyond_the_budget_are_in_the_scratch_store_not_in_memory() -> None:
    scratch = MemoryScratch()
    session = fake_session(square_clip(18), scratch=scratch, budget=MemoryBudget(contents=2000))
    session.set_ids(0, square_ids(0, both=True))
    list(session.propagate())
    store = session._context.mask_store.blobs
    assert store.resident_bytes <= 2000
    assert sum(map(len, scratch.contents.values())) > 2000
    assert all(session.ids(frame_index).any() for frame_index in range(18))


def test_several_frames_can_be_labelled_for_one_propagation() -> None:
    session = fake_session()
    for frame_index in (0, 5, 11):
        session.set_ids(frame_index, square_ids(frame_index))
    list(session.propagate())
    assert session.anchors == (0, 5, 11)


def test_existing_masks_can_be_loaded_and_go_on_from_there() -> None:
    session = fake_session()
    for frame_index in range(12):
        session.set_ids(frame_index, square_ids(frame_index, both=True))
    list(session.interact(stroke("brush", [[60, 60]], frame=4, radius=3)))
    assert session.ids(4)[60, 60] == 1
    assert all((session.ids(f) == square_ids(f, both=True)).all() for f in range(12) if f != 4)


def test_commit_before_any_interaction_is_a_sentence_not_a_crash() -> None:
    with pytest.raises(NotReadyError, match="before propagating"):
        fake_session().propagate()


def test_frames_smaller_than_anything_the_networks_expect_work() -> None:
    clip = FakeClip([np.full((3, 2, 3), 9, np.uint8)] * 2)
    session = Session(clip, compact_networks(), device="cpu", dtype="float32")
    session.add_object("dot")
    list(session.interact(stroke("brush", [[0, 0]], radius=0.5)))
    list(session.interact(stroke("scribble", [[1, 2]], radius=0.5)))
    list(session.propagate())
    assert session.ids(1).shape == (3, 2)
