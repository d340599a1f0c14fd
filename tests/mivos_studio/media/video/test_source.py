"""Any frame of any kind of video, exactly."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mivos_studio.media.clip import open_clip
from tests.mivos_studio.media.videos import (
    FRAMES,
    HEIGHT,
    WIDTH,
    Recipe,
    number_of,
    numbered_frame,
    write_video,
)

UNEVEN = tuple(int(pts) for pts in np.cumsum(np.random.default_rng(1).integers(10, 90, FRAMES)))

H264 = Recipe(".mp4", "libx264", options={"bf": "3"})
RECIPES = {
    "h264 with B-frames": H264,
    "h264 with open groups": Recipe(
        ".mkv",
        "libx264",
        options={"x264-params": "open-gop=1:bframes=3:keyint=12:scenecut=0:b-pyramid=normal"},
    ),
    "h264 that refreshes bit by bit": Recipe(
        ".mp4", "libx264", options={"x264-params": "intra-refresh=1:keyint=10:bframes=0"}
    ),
    "h264 at an uneven rate": Recipe(
        ".mp4", "libx264", options={"bf": "3"}, pts=UNEVEN, time_base=Fraction(1, 1000)
    ),
    "h264 in a transport stream": Recipe(".ts", "libx264", options={"bf": "3"}),
    "h264 without a container": Recipe(".h264", "libx264", options={"bf": "3"}),
    "h264 with 10 bits": Recipe(".mp4", "libx264", "yuv420p10le", options={"bf": "2"}),
    "hevc": Recipe(".mp4", "libx265", options={"x265-params": "log-level=none:keyint=12:open-gop=1"}),
    "mpeg-4 with B-frames in avi": Recipe(".avi", "mpeg4", options={"bf": "2"}),
    "h264 with B-frames in avi": Recipe(".avi", "libx264", options={"bf": "3"}),
    "mpeg-1 in a program stream": Recipe(".mpg", "mpeg1video", options={"bf": "2"}),
    "mpeg-1 without a container": Recipe(".m1v", "mpeg1video", options={"bf": "2"}),
    "mpeg-2 in a program stream": Recipe(".vob", "mpeg2video", options={"bf": "2"}),
    "mpeg-2 in mxf": Recipe(".mxf", "mpeg2video", options={"bf": "2"}),
    "wmv": Recipe(".asf", "wmv2"),
    "flash": Recipe(".flv", "flv1"),
    "mpeg-2": Recipe(".ts", "mpeg2video", options={"bf": "2"}),
    "vp8": Recipe(".webm", "libvpx", options={"auto-alt-ref": "1", "lag-in-frames": "16", "b": "1M"}),
    "vp9": Recipe(".webm", "libvpx-vp9", options={"lag-in-frames": "16", "b": "1M"}),
    "av1": Recipe(".mp4", "libsvtav1", options={"preset": "8", "crf": "5"}),
    "ffv1": Recipe(".mkv", "ffv1", "bgr0"),
    "motion jpeg": Recipe(".mov", "mjpeg", "yuvj420p"),
    "prores": Recipe(".mov", "prores_ks", "yuv422p10le"),
    "animated gif": Recipe(".gif", "gif", "rgb8"),
}


@pytest.fixture(params=list(RECIPES.values()), ids=list(RECIPES))
def recipe(request: pytest.FixtureRequest) -> Recipe:
    chosen = request.param
    assert isinstance(chosen, Recipe)
    return chosen


@pytest.fixture
def video(recipe: Recipe, tmp_path: Path) -> Path:
    return write_video(tmp_path / f"clip{recipe.ending}", recipe)


def test_every_frame_is_there_once_in_order(video: Path) -> None:
    with open_clip(video) as clip:
        assert [number_of(image) for image in clip] == list(range(FRAMES))


def test_a_frame_asked_for_alone_is_the_one_met_in_sequence(video: Path) -> None:
    with open_clip(video) as in_sequence, open_clip(video, cache_bytes=0) as alone:
        images = list(in_sequence)
        for frame_index in np.random.default_rng(0).permutation(FRAMES).tolist():
            assert np.array_equal(alone[frame_index], images[frame_index]), f"frame {frame_index}"


def test_stepping_backwards_shows_every_frame(video: Path) -> None:
    with open_clip(video) as clip:
        assert [number_of(clip[frame_index]) for frame_index in range(FRAMES - 1, -1, -1)] == list(
            range(FRAMES - 1, -1, -1)
        )


def test_frames_are_rgb_of_the_stated_size(video: Path) -> None:
    with open_clip(video) as clip:
        assert clip.size == (HEIGHT, WIDTH)
        assert clip[3].shape == (HEIGHT, WIDTH, 3)
        assert clip[3].dtype == np.uint8
        # Colour subsampling and GIF's few colours shift flat areas by some levels, swapped channels by more.
        difference = np.abs(clip[3].astype(int) - numbered_frame(3))[HEIGHT // 2 + 8 :]
        assert difference.mean() < 20


def test_timestamps_rise(video: Path) -> None:
    with open_clip(video) as clip:
        assert len(clip.timestamps) == FRAMES
        assert list(clip.timestamps) == sorted(set(clip.timestamps))
