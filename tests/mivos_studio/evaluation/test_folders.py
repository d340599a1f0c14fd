"""Folders of clips and stills are read in order; errors name what does not fit."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from mivos_studio.evaluation.errors import EvaluationError
from mivos_studio.evaluation.folders import IMAGES, MASKS, Selection, read_clips, read_stills
from tests.inference_core.fakes import square_clip, square_ids
from tests.mivos_studio.evaluation.example_folders import FRAMES, make_clip, make_still, save, write_list

BLANK = np.zeros((64, 96), dtype=np.uint8)


def test_a_clip_gives_frames_and_true_ids(tmp_path):
    clip = make_clip(tmp_path)
    assert (clip.name, len(clip.frames), clip.frames.size) == ("squares", FRAMES, (64, 96))
    assert clip.frames[2].shape == (64, 96, 3)
    np.testing.assert_array_equal(clip.ids(2), square_ids(2, both=True))


def test_its_objects_are_those_of_the_first_frame(tmp_path):
    clip = make_clip(tmp_path)
    late = square_ids(3, both=True)
    late[0, 0] = 7
    save(late, clip.mask_paths[3])
    assert clip.object_ids == (1, 2)
    np.testing.assert_array_equal(clip.masks(3), np.stack([late == 1, late == 2]))


def test_clips_come_in_the_order_of_their_names_and_no_longer_than_asked(tmp_path):
    make_clip(tmp_path, "second")
    make_clip(tmp_path, "first")
    assert [(clip.name, len(clip.frames)) for clip in read_clips(tmp_path, Selection(max_frames=3))] == [
        ("first", 3),
        ("second", 3),
    ]


def test_a_list_names_the_clips_and_their_order(tmp_path):
    for name in ("a", "b", "c"):
        make_clip(tmp_path, name)
    write_list(tmp_path, "2017/val", "c", "a")
    assert [clip.name for clip in read_clips(tmp_path, Selection(list_name="2017/val"))] == ["c", "a"]


def test_in_the_lists_of_2016_all_objects_are_one(tmp_path):
    make_clip(tmp_path)
    entries = [f"/{IMAGES}/squares/0000{index}.jpg /{MASKS}/squares/0000{index}.png" for index in range(2)]
    write_list(tmp_path, "2016/val", *entries)
    (clip,) = read_clips(tmp_path, Selection(list_name="2016/val"))
    assert clip.object_ids == (1,)
    np.testing.assert_array_equal(clip.ids(1), square_ids(1, both=True) > 0)


def test_frames_and_masks_may_lie_side_by_side(tmp_path):
    for place in ("farm/cow", "sea"):
        (tmp_path / place).mkdir(parents=True)
        for frame_index in range(3):
            save(square_clip(3)[frame_index], tmp_path / place / f"{frame_index}.jpg")
            save(square_ids(frame_index), tmp_path / place / f"{frame_index}.png")
    clips = read_clips(tmp_path, Selection(max_frames=2))
    assert [(clip.name, len(clip.frames)) for clip in clips] == [("farm/cow", 2), ("sea", 2)]
    with pytest.raises(EvaluationError, match="has no lists of clips"):
        read_clips(tmp_path, Selection(list_name="2017/val"))


def test_a_missing_list_is_named(tmp_path):
    make_clip(tmp_path)
    with pytest.raises(EvaluationError, match=r"no list .*2017/test\.txt: name one as YEAR/NAME"):
        read_clips(tmp_path, Selection(list_name="2017/test"))


def _without_masks(folder):
    shutil.rmtree(folder / MASKS)


def _without_clips(folder):
    shutil.rmtree(folder / IMAGES / "squares")


def _without_one_mask(folder):
    (folder / MASKS / "squares" / "00002.png").unlink()


def _with_a_small_mask(folder):
    save(BLANK[:50], folder / MASKS / "squares" / "00002.png")


def _with_an_empty_first_mask(folder):
    save(BLANK, folder / MASKS / "squares" / "00000.png")


def _with_one_frame(folder):
    for path in sorted((folder / IMAGES / "squares").iterdir())[1:]:
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (_without_masks, "DAVIS layout"),
        (_without_clips, "no clips"),
        (_without_one_mask, r"00002\.jpg has no mask"),
        (_with_a_small_mask, "96x50 pixels instead of 96x64"),
        (_with_an_empty_first_mask, "must hold an object"),
        (_with_one_frame, "at least two"),
    ],
)
def test_a_folder_that_cannot_be_measured_is_refused(tmp_path, spoil, complaint):
    make_clip(tmp_path)
    spoil(tmp_path)
    with pytest.raises(EvaluationError, match=complaint):
        read_clips(tmp_path)


def test_a_still_is_a_pair_of_image_and_mask(tmp_path):
    make_still(tmp_path, "b")
    make_still(tmp_path, "a")
    stills = read_stills(tmp_path)
    assert [still.mask_path.stem for still in stills] == ["a", "b"]
    np.testing.assert_array_equal(stills[0].truth, square_ids() == 1)


@pytest.mark.parametrize(
    ("name", "complaint"), [("square.jpg", "no image square.jpg"), ("square.png", "no pairs")]
)
def test_half_a_pair_is_refused(tmp_path, name, complaint):
    make_still(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(EvaluationError, match=complaint):
        read_stills(tmp_path)


def test_a_still_without_an_object_is_refused(tmp_path):
    make_still(tmp_path)
    save(BLANK, tmp_path / "square.png")
    with pytest.raises(EvaluationError, match="holds no object"):
        read_stills(tmp_path)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(EvaluationError, match="There is no folder"):
        read_stills(tmp_path / "nowhere")
