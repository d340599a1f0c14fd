"""Times, rotation, bit depth, colours, edits and damage of videos."""

from __future__ import annotations

import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from inference_core.errors import UserError
from mivos_studio.media.clip import open_clip
from mivos_studio.media.errors import MediaError
from tests.mivos_studio.media.videos import (
    FRAMES,
    HEIGHT,
    WIDTH,
    Recipe,
    number_of,
    numbered_frame,
    write_video,
)

H264 = Recipe(".mp4", "libx264", options={"bf": "3"})
LOSSLESS_MP4 = Recipe(".mp4", "libx264", options={"qp": "0"})


def test_an_even_rate_is_stated_exactly(tmp_path: Path) -> None:
    with open_clip(write_video(tmp_path / "clip.mp4", H264)) as clip:
        assert clip.frame_rate == 25
        assert clip.timestamps == tuple(Fraction(frame_index, 25) for frame_index in range(FRAMES))
        assert clip.time_s(5) == pytest.approx(0.2)


def test_uneven_times_are_kept_to_the_millisecond_and_the_first_need_not_be_0(tmp_path: Path) -> None:
    pts = tuple(int(pts) for pts in 500 + np.cumsum(np.random.default_rng(1).integers(10, 90, FRAMES)))
    recipe = Recipe(".mkv", "libx264", options={"bf": "3"}, pts=pts, time_base=Fraction(1, 1000))
    with open_clip(write_video(tmp_path / "clip.mkv", recipe)) as clip:
        assert clip.timestamps == tuple(Fraction(stamp, 1000) for stamp in pts)
        assert [number_of(image) for image in clip] == list(range(FRAMES))


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, -90])
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_the_display_matrix_is_applied(tmp_path: Path, rotation_deg: int, is_mirrored: bool) -> None:
    turned = replace(LOSSLESS_MP4, rotation_deg=rotation_deg, is_mirrored=is_mirrored)
    with (
        open_clip(write_video(tmp_path / "plain.mp4", LOSSLESS_MP4, 3)) as plain,
        open_clip(write_video(tmp_path / "turned.mp4", turned, 3)) as clip,
    ):
        # Turns are counter-clockwise, and what has been turned is then mirrored.
        expected = np.rot90(plain[1], rotation_deg // 90)
        if is_mirrored:
            expected = expected[:, ::-1]
        assert clip.size == expected.shape[:2]
        assert np.array_equal(clip[1], expected)


@pytest.mark.parametrize(("pixels", "bits"), [("yuv420p", 8), ("yuv420p10le", 10)])
def test_the_bit_depth_of_the_file_is_stated(tmp_path: Path, pixels: str, bits: int) -> None:
    with open_clip(write_video(tmp_path / "clip.mp4", Recipe(".mp4", "libx264", pixels), 3)) as clip:
        assert clip.bit_depth == bits
        assert clip[0].dtype == np.uint8


def test_a_lossless_video_gives_back_every_value(tmp_path: Path) -> None:
    with open_clip(write_video(tmp_path / "clip.mkv", Recipe(".mkv", "ffv1", "bgr0"))) as clip:
        for frame_index in (0, 17, FRAMES - 1, 3):
            assert np.array_equal(clip[frame_index], numbered_frame(frame_index))


def test_a_transparent_video_is_laid_over_black(tmp_path: Path) -> None:
    path = tmp_path / "clip.mov"
    image = np.full((HEIGHT, WIDTH, 4), (200, 100, 50, 255), np.uint8)
    image[:, : WIDTH // 2, 3] = 0
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "rgba"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgba")))
        container.mux(stream.encode(None))
    with open_clip(path) as clip:
        assert clip[0][0, 0].tolist() == [0, 0, 0]
        assert clip[0][0, -1].tolist() == [200, 100, 50]


@pytest.mark.parametrize("colorspace", ["bt709", "smpte170m"])
def test_the_colour_space_of_the_file_is_honoured(tmp_path: Path, colorspace: str) -> None:
    path = tmp_path / "clip.mp4"
    red = np.full((HEIGHT, WIDTH, 3), (200, 30, 30), np.uint8)
    code = {"bt709": 1, "smpte170m": 6}[colorspace]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "1"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv444p"
        stream.codec_context.colorspace = code
        frame = av.VideoFrame.from_ndarray(red, format="rgb24").reformat(
            format="yuv444p", dst_colorspace=code
        )
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open_clip(path) as clip:
        assert np.abs(clip[0].astype(int) - red).max() <= 3


def test_frames_cut_away_by_an_edit_list_are_not_shown(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", Recipe(".mp4", "libx264", options={"bf": "3"}))
    content = bytearray(path.read_bytes())
    entry = content.index(b"elst") + 12  # after the box's name, its version and the number of edits
    duration, media_time = struct.unpack_from(">ii", content, entry)
    ticks = 512  # of a frame, at the muxer's 12,800 a second
    struct.pack_into(">ii", content, entry, duration - 7 * 40, media_time + 7 * ticks)
    path.write_bytes(content)
    with open_clip(path) as clip:
        assert [number_of(image) for image in clip] == list(range(7, FRAMES))
        assert number_of(clip[0]) == 7


def test_a_packet_that_shows_nothing_does_not_count(tmp_path: Path) -> None:
    path, silenced = tmp_path / "clip.webm", tmp_path / "silenced.webm"
    write_video(path, Recipe(".webm", "libvpx", options={"b": "1M"}, group=5), 20)
    with av.open(str(path)) as source, av.open(str(silenced), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        for ordinal, packet in enumerate(source.demux(stream)):
            if packet.size:
                content = bytearray(bytes(packet))
                if ordinal == 14:  # the last of a group: nothing refers to it
                    content[0] &= ~0x10  # VP8's bit that a frame is to be shown
                changed = av.Packet(bytes(content))
                changed.pts, changed.dts, changed.time_base = packet.pts, packet.dts, packet.time_base
                changed.is_keyframe, changed.stream = packet.is_keyframe, copy
                target.mux(changed)
    with open_clip(silenced) as clip:
        assert [number_of(image) for image in clip] == [*range(14), *range(15, 20)]


@pytest.mark.parametrize("ending", [".mkv", ".ts", ".avi"])
def test_the_beginning_of_a_file_that_was_cut_off_stays_usable(tmp_path: Path, ending: str) -> None:
    codec = "mpeg4" if ending == ".avi" else "libx264"
    path = write_video(tmp_path / f"clip{ending}", Recipe(ending, codec))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 8 // 10])
    with open_clip(path) as clip:
        numbers = [number_of(image) for image in clip]
        assert 5 < len(numbers) < FRAMES
        assert numbers == sorted(numbers)
        assert numbers[:5] == [0, 1, 2, 3, 4]
        assert number_of(clip[len(clip) - 1]) == numbers[-1]


def test_a_frame_that_cannot_be_decoded_is_replaced_by_the_one_before(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mov", Recipe(".mov", "png", "rgb24"), 12)
    _blacken_packets(path, [5])
    expected = [0, 1, 2, 3, 4, 4, 6, 7, 8, 9, 10, 11]
    with open_clip(path) as clip, open_clip(path, cache_bytes=0) as alone:
        assert [number_of(image) for image in clip] == expected
        assert [number_of(alone[frame_index]) for frame_index in (5, 4, 6, 5)] == [4, 4, 6, 4]


def test_a_title_that_is_not_in_utf_8_keeps_no_video_from_opening(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", H264)
    content = path.read_bytes()
    assert content.count(b"Lavf") == 1
    path.write_bytes(content.replace(b"Lavf", b"L\xe4vf"))
    with open_clip(path) as clip:
        assert number_of(clip[3]) == 3


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.touch()
    with pytest.raises(MediaError, match="is empty"):
        open_clip(path)


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(bytes(range(256)) * 50)
    with pytest.raises(MediaError, match="cannot be read as a video"):
        open_clip(path)


def test_a_text_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a film\n" * 100)
    with pytest.raises(MediaError, match=r"notes\.txt"):
        open_clip(path)


def test_an_mp4_without_its_index_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", H264)
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(MediaError, match="cannot be read as a video"):
        open_clip(path)


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        assert isinstance(stream, AudioStream)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(MediaError, match="no video in it"):
        open_clip(path)


def test_a_codec_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", H264, 5)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(MediaError, match="no decoder"):
        open_clip(path)


def test_a_video_whose_frames_are_all_damaged_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mov", Recipe(".mov", "png", "rgb24"), 4)
    _blacken_packets(path, [0, 1, 2, 3])
    with pytest.raises(MediaError, match="No frame of"):
        open_clip(path)


def test_a_file_name_with_a_colon_is_a_file_not_a_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(tmp_path / "take:1.mkv", Recipe(".mkv", "ffv1", "bgr0"), 2)
    monkeypatch.chdir(tmp_path)
    with open_clip("take:1.mkv") as clip:
        assert len(clip) == 2


def _blacken_packets(path: Path, ordinals: list[int]) -> None:
    """Overwrite the content of some packets with zeros."""
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    content = path.read_bytes()
    for ordinal in ordinals:
        content = content.replace(packets[ordinal], bytes(len(packets[ordinal])))
    path.write_bytes(content)


def test_recordings_joined_end_to_end_are_shown_at_the_size_of_the_first(tmp_path: Path) -> None:
    """Times begin anew half-way, so the order must come from decoding."""
    large = write_video(tmp_path / "large.ts", Recipe(".ts", "mpeg2video", options={"bf": "2"}), 20)
    small = tmp_path / "small.ts"
    with av.open(str(small), "w") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH // 2, HEIGHT // 2, "yuv420p"
        for frame_index in range(20):
            image = np.ascontiguousarray(numbered_frame(100 + frame_index)[::2, ::2])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(large.read_bytes() + small.read_bytes())
    with open_clip(joined) as clip:
        images = list(clip)
        assert {image.shape for image in images} == {(HEIGHT, WIDTH, 3)}
        numbers = [number_of(image) for image in images]
        # Where the size changes, the decoder may swallow the frame that it holds back.
        assert numbers[:19] == list(range(19))
        assert numbers[-20:] == list(range(100, 120))
        assert number_of(clip[len(clip) - 3]) == 117
        assert list(clip.timestamps) == sorted(set(clip.timestamps))


def test_untagged_video_of_hd_height_is_taken_for_bt709_as_players_do(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    green = np.full((720, 64, 3), (40, 180, 60), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "1"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 720, "yuv444p"
        frame = av.VideoFrame.from_ndarray(green, format="rgb24").reformat(format="yuv444p", dst_colorspace=1)
        frame.colorspace = 2  # unspecified
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open_clip(path) as clip:
        assert np.abs(clip[0].astype(int) - green).max() <= 3


def test_a_file_that_vanishes_while_open_is_named(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.h264", Recipe(".h264", "libx264"), 20)
    with open_clip(path, cache_bytes=0) as clip:
        assert number_of(clip[10]) == 10
        path.unlink()
        with pytest.raises(UserError, match=r"clip\.h264"):
            clip[2]
