"""Folders of images as clips."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mivos_studio.input_files import InputFileError
from mivos_studio.media.clip import open_clip
from mivos_studio.media.damage import damage_notice
from mivos_studio.media.errors import MediaError
from mivos_studio.media.image_folder import list_images


def _save(path: Path, level: int = 0, size: tuple[int, int] = (8, 6)) -> Path:
    Image.new("RGB", size, (level, level, level)).save(path)
    return path


def test_frames_are_sorted_by_the_numbers_in_their_names(tmp_path: Path) -> None:
    for number in (10, 9, 100, 1):
        _save(tmp_path / f"shot2_frame{number}.png", number)
    with open_clip(tmp_path) as clip:
        assert [int(image[0, 0, 0]) for image in clip] == [1, 9, 10, 100]
        assert clip.names == ("shot2_frame1", "shot2_frame9", "shot2_frame10", "shot2_frame100")


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["shot2.1001.png", "shot2.1002.png", "shot2.1004.png"], [1001, 1002, 1004]),
        (["a_010_v2.png", "b_011_v2.png"], [0, 1]),
        (["left.png", "right.png"], [0, 1]),
    ],
)
def test_frames_have_the_numbers_of_their_files_where_these_rise(
    tmp_path: Path, names: list[str], numbers: list[int]
) -> None:
    for name in names:
        _save(tmp_path / name)
    with open_clip(tmp_path) as clip:
        assert [clip.info(frame_index) for frame_index in range(len(clip))] == [(n, True) for n in numbers]


@pytest.mark.parametrize("is_reversed", [False, True])
def test_names_that_differ_in_leading_zeros_or_case_alone_have_one_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_reversed: bool
) -> None:
    names = ["Frame1.png", "frame01.png", "frame1.png", "frame2.png"]
    for name in names:
        (tmp_path / name).touch()
    found = sorted(tmp_path.iterdir(), reverse=is_reversed)
    monkeypatch.setattr(Path, "iterdir", lambda folder: iter(found))
    assert [path.name for path in list_images(tmp_path)] == names


@pytest.mark.parametrize("ending", ["jpg", "JPEG", "png", "bmp", "webp", "tif", "tiff"])
def test_every_kind_of_image_is_read(tmp_path: Path, ending: str) -> None:
    _save(tmp_path / f"0.{ending}", 80)
    with open_clip(tmp_path) as clip:
        assert abs(int(clip[0][3, 3, 1]) - 80) <= 2


def test_frames_are_a_25th_of_a_second_apart_unless_told_otherwise(tmp_path: Path) -> None:
    for number in range(3):
        _save(tmp_path / f"{number}.png")
    with open_clip(tmp_path) as clip, open_clip(tmp_path, folder_rate=Fraction(24000, 1001)) as film:
        assert clip.frame_rate == 25
        assert clip.timestamps == (Fraction(0), Fraction(1, 25), Fraction(2, 25))
        assert film.timestamps[1] == Fraction(1001, 24000)


def test_masks_beside_the_frames_are_left_alone(tmp_path: Path) -> None:
    for number in range(3):
        _save(tmp_path / f"{number}.jpg", 200)
        _save(tmp_path / f"{number}.png", 1)
    with open_clip(tmp_path) as clip:
        assert len(clip) == 3
        assert clip[0].mean() > 190


def test_a_preview_beside_many_frames_is_left_alone(tmp_path: Path) -> None:
    for number in range(3):
        _save(tmp_path / f"{number}.png", 50)
    _save(tmp_path / "preview.jpg", 200, size=(3, 3))
    with open_clip(tmp_path) as clip:
        assert len(clip) == 3


def test_hidden_files_and_folders_inside_are_left_alone(tmp_path: Path) -> None:
    _save(tmp_path / "0.png")
    (tmp_path / "._0.png").write_bytes(b"not an image")
    (tmp_path / "1.png").mkdir()
    with open_clip(tmp_path) as clip:
        assert len(clip) == 1


def test_the_first_image_of_another_size_is_named(tmp_path: Path) -> None:
    _save(tmp_path / "0.png")
    _save(tmp_path / "1.png")
    _save(tmp_path / "2.png", size=(8, 7))
    _save(tmp_path / "3.png", size=(9, 7))
    with pytest.raises(MediaError, match=r"2\.png has 8x7 pixels, 0\.png has 8x6"):
        open_clip(tmp_path)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(MediaError, match="has no images in it"):
        open_clip(tmp_path)


def _folder_with_damage(folder: Path, *damaged: int, keeps: float = 0.5) -> Path:
    rng = np.random.default_rng(0)
    for number in range(5):
        path = folder / f"{number}.png"
        Image.fromarray(rng.integers(0, 255, (60, 80, 3), np.uint8)).save(path)
        if number in damaged:
            path.write_bytes(path.read_bytes()[: int(keeps * path.stat().st_size)])
    return folder


def test_a_broken_image_costs_its_frame_alone(tmp_path: Path) -> None:
    with open_clip(_folder_with_damage(tmp_path, 1, 2)) as clip:
        assert clip.damaged == ()
        assert all(clip.info(frame_index).is_valid for frame_index in range(5)), "not read yet"
        assert np.array_equal(clip[2], clip[0])
        assert np.array_equal(clip[1], clip[0])
        assert not np.array_equal(clip[3], clip[0])
        assert clip.damaged == (1, 2)
        assert [clip.info(frame_index).is_valid for frame_index in range(5)] == [
            True,
            False,
            False,
            True,
            True,
        ]


@pytest.mark.parametrize("keeps", [0.5, 0.0])
def test_a_first_image_that_is_broken_does_not_make_a_clip_impossible_to_open(
    tmp_path: Path, keeps: float
) -> None:
    with open_clip(_folder_with_damage(tmp_path, 0, 1, keeps=keeps)) as clip:
        assert len(clip) == 5
        assert np.array_equal(clip[0], clip[2])
        assert clip.damaged == (0,)


def test_a_folder_of_broken_images_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"0\.png is not an image"):
        open_clip(_folder_with_damage(tmp_path, *range(5), keeps=0.0))
    with open_clip(_folder_with_damage(tmp_path)) as clip:
        for number in range(5):
            path = tmp_path / f"{number}.png"
            path.write_bytes(path.read_bytes()[:1000])
        with pytest.raises(MediaError, match="cannot be read"):
            clip[3]


def test_an_image_that_is_gone_is_an_error_and_no_damage(tmp_path: Path) -> None:
    with open_clip(_folder_with_damage(tmp_path)) as clip:
        (tmp_path / "3.png").unlink()
        with pytest.raises(InputFileError, match=r"no image at .*3\.png"):
            clip[3]
        assert clip.damaged == ()


def test_the_notice_of_damage_joins_runs() -> None:
    assert damage_notice((4,)).startswith("Frame 4 is damaged:")
    assert damage_notice((4, 7, 8, 9, 11)).startswith("Frames 4, 7-9, 11 are damaged:")
    assert " and 30 more places are damaged" in damage_notice(range(0, 100, 2))


def test_a_file_that_only_calls_itself_an_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "0.jpg").write_bytes(b"no image at all")
    with pytest.raises(MediaError, match=r"0\.jpg is not an image"):
        open_clip(tmp_path)
