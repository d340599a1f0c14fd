"""Damaged and truncated videos: every frame is the same however it is reached, and damage is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from inference_core.types import UInt8Array
from mivos_studio.media.clip import open_clip
from tests.mivos_studio.media.videos import HEIGHT, WIDTH, Recipe, number_of, write_video
from tests.programs import needs

KINDS = {
    "h264 in mp4": Recipe(".mp4", "libx264", options={"bf": "3", "qp": "2"}),
    "h264 in a transport stream": Recipe(".ts", "libx264", options={"bf": "3", "qp": "2"}),
    "hevc": Recipe(".mkv", "libx265", options={"x265-params": "log-level=none:keyint=12:qp=1"}),
    "mpeg-2 in a program stream": Recipe(".vob", "mpeg2video", options={"bf": "2"}),
    "mpeg-2 in mxf": Recipe(".mxf", "mpeg2video", options={"bf": "2"}),
    "mpeg-4 in avi": Recipe(".avi", "mpeg4", options={"bf": "2"}),
    "vp9": Recipe(".webm", "libvpx-vp9", options={"b": "1M"}),
}


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def video(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    recipe: Recipe = request.param
    return write_video(tmp_path / f"clip{recipe.ending}", recipe)


def damage(path: Path, seed: int) -> None:
    """Overwrite a few runs of bytes between the first and the last quarter of a file."""
    rng = np.random.default_rng(seed)
    content = bytearray(path.read_bytes())
    for start in rng.integers(len(content) // 3, 3 * len(content) // 4, 6).tolist():
        content[start : start + 12] = rng.bytes(12)
    path.write_bytes(content)


@pytest.mark.parametrize("seed", range(3))
def test_an_intact_frame_is_the_same_pixels_however_it_is_reached(video: Path, seed: int) -> None:
    damage(video, seed)
    with open_clip(video, cache_bytes=0) as in_sequence, open_clip(video, cache_bytes=0) as alone:
        for clip in (in_sequence, alone):
            for _ in clip:
                pass  # damage is found while decoding: what came just before it may be another image then
        images = list(in_sequence)
        for frame_index in np.random.default_rng(seed).permutation(len(images)).tolist():
            image = alone[frame_index]
            # FFmpeg's threads lose the mark of a damaged frame once in a while.
            if in_sequence.info(frame_index).is_valid and alone.info(frame_index).is_valid:
                assert np.array_equal(image, images[frame_index]), f"frame {frame_index}"


def test_a_damaged_frame_is_the_last_good_one(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", KINDS["h264 in mp4"])
    met = 0
    for seed in range(4):
        write_video(path, KINDS["h264 in mp4"])
        damage(path, seed)
        with open_clip(path) as clip:
            images = list(clip)
            for frame_index in clip.damaged:
                met += 1
                assert np.array_equal(images[frame_index], images[frame_index - 1])
                assert not clip.info(frame_index).is_valid
    assert met, "some frame was damaged"


def test_a_sound_video_has_no_damage(video: Path) -> None:
    with open_clip(video) as clip:
        assert [number_of(image) for image in clip] == list(range(len(clip)))
        assert clip.damaged == ()


def _decoded_by_ffmpeg(path: Path) -> UInt8Array:
    command = [
        "ffmpeg",
        "-v",
        "quiet",
        "-i",
        str(path),
        "-vsync",
        "0",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-",
    ]
    raw = subprocess.run(command, capture_output=True, check=False).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)


@needs("ffmpeg")
@pytest.mark.parametrize("share", [0.4, 0.6, 0.8])
def test_a_video_cut_short_has_as_many_frames_as_the_ffmpeg_program_gives(
    tmp_path: Path, share: float
) -> None:
    recipe = Recipe(
        ".mp4", "libx264", options={"bf": "3", "qp": "2"}, container_options={"movflags": "faststart"}
    )
    path = write_video(tmp_path / "clip.mp4", recipe)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    expected = [number_of(image) for image in _decoded_by_ffmpeg(path)]
    with open_clip(path) as clip:
        assert [number_of(image) for image in clip] == expected
    assert 0 < len(expected) < 45
