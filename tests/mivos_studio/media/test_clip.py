"""One Clip for videos and folders: caching, threads, and what is wrong said in a sentence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from PIL import Image

from inference_core.errors import UserError
from mivos_studio.media.clip import Clip, open_clip
from mivos_studio.media.source import ClipFacts
from tests.mivos_studio.media.videos import FRAMES, Recipe, number_of, write_video

LONG_GROUPS = Recipe(".mp4", "libx264", options={"bf": "3"}, group=250)


class CountingSource:
    """Frames of one value each, and a list of what was asked for."""

    stand_ins: Mapping[int, int] = MappingProxyType({})
    is_revised = False

    def __init__(self, frames: int = 10) -> None:
        self.asked: list[int] = []
        self.facts = ClipFacts(
            size=(4, 5),
            pts=np.arange(frames, dtype=np.int64),
            time_base=Fraction(1, 25),
            frame_rate=Fraction(25),
            names=tuple(str(frame_index) for frame_index in range(frames)),
            bit_depth=8,
        )

    def read(self, frame_index: int, keep_before: int) -> Iterator[tuple[int, np.ndarray]]:
        self.asked.append(frame_index)
        yield frame_index, np.full((4, 5, 3), frame_index, np.uint8)

    def close(self) -> None:
        pass


def test_a_frame_in_the_cache_is_not_decoded_again() -> None:
    source = CountingSource()
    clip = Clip(source)
    first, again = clip[3], clip[3]
    assert first is again
    assert source.asked == [3]


def test_the_cache_stays_within_its_budget_and_forgets_the_least_recently_used() -> None:
    source = CountingSource()
    clip = Clip(source, cache_bytes=3 * 60)
    for frame_index in (0, 1, 2, 0, 3):
        clip[frame_index]
        assert clip.cache.nbytes <= 3 * 60
    clip[0], clip[2], clip[1]
    assert source.asked == [0, 1, 2, 3, 1]


def test_a_frame_larger_than_the_budget_is_still_given() -> None:
    clip = Clip(CountingSource(), cache_bytes=10)
    assert clip[2][0, 0, 0] == 2
    assert clip.cache.nbytes == 0


def test_frames_cannot_be_written_to_by_mistake() -> None:
    image = Clip(CountingSource())[0]
    with pytest.raises(ValueError, match="read-only"):
        image[0, 0] = 1


@pytest.mark.parametrize("frame_index", [-1, 10])
def test_a_frame_that_is_not_there_is_an_index_error(frame_index: int) -> None:
    with pytest.raises(IndexError, match="frames 0 to 9"):
        Clip(CountingSource())[frame_index]


def test_going_through_a_video_decodes_in_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_video(tmp_path / "clip.mp4", Recipe(".mp4", "libx264", options={"bf": "3"}, group=8))
    from mivos_studio.media.video.decoder import VideoDecoder

    with open_clip(path) as clip:

        def refuse(*_: object) -> None:
            raise AssertionError("decoding began anew")

        monkeypatch.setattr(VideoDecoder, "from_keyframe", refuse)
        monkeypatch.setattr(VideoDecoder, "from_first_packet", refuse)
        assert [number_of(image) for image in clip] == list(range(FRAMES))


def test_frames_met_on_the_way_to_one_are_kept(tmp_path: Path) -> None:
    with open_clip(write_video(tmp_path / "clip.mp4", LONG_GROUPS)) as clip:
        clip[30]
        assert all(frame_index in clip.cache for frame_index in range(31))


def test_only_as_many_as_half_of_the_budget_holds_are_kept_on_the_way(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", LONG_GROUPS)
    frame_bytes = 64 * 96 * 3
    with open_clip(path, cache_bytes=8 * frame_bytes) as clip:
        clip[30]
        assert [frame_index in clip.cache for frame_index in range(24, 31)] == [False, False, *[True] * 5]
        assert clip.cache.nbytes <= 8 * frame_bytes


def test_several_threads_read_one_clip_at_the_same_time(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", Recipe(".mp4", "libx264", options={"bf": "3"}))
    with open_clip(path, cache_bytes=6 * 64 * 96 * 3) as clip, ThreadPoolExecutor(4) as threads:
        order = [
            int(frame_index)
            for seed in range(4)
            for frame_index in np.random.default_rng(seed).permutation(FRAMES)
        ]
        assert list(threads.map(lambda frame_index: number_of(clip[frame_index]), order)) == order


def test_a_frame_handed_out_outlives_its_clip(tmp_path: Path) -> None:
    with open_clip(write_video(tmp_path / "clip.mp4", LONG_GROUPS)) as clip:
        image = clip[7]
    assert number_of(image) == 7


def test_a_missing_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no clip at .*clip\.mp4"):
        open_clip(tmp_path / "clip.mp4")


def test_a_single_image_is_a_clip_of_one_frame(tmp_path: Path) -> None:
    Image.new("RGB", (7, 5), (1, 2, 3)).save(tmp_path / "still.png")
    with open_clip(tmp_path / "still.png") as clip:
        assert len(clip) == 1
        assert clip.size == (5, 7)
        assert clip[0][0, 0].tolist() == [1, 2, 3]
        assert clip.names == ("still",)


def test_folders_of_images_open_without_pyav(tmp_path: Path) -> None:
    """Machines that only measure or train have no PyAV."""
    Image.new("RGB", (7, 5)).save(tmp_path / "0.png")
    program = (
        "import sys; sys.modules['av'] = None; "
        "from mivos_studio.media.clip import open_clip; open_clip(sys.argv[1])[0]"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
