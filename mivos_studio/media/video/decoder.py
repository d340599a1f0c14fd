"""Demux a video file's packets and decode them, each frame with the ordinal of its packet.

On its way into the decoder every packet gets its ordinal in place of its pts, and the decoder hands that back
with the frame: a frame is recognised by the packet it came from, even where times are missing or doubled.
(PyAV's `Packet.opaque` is made for this, but loses equal numbers, and waits for the GIL in FFmpeg's threads.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import av
from av import Packet, VideoFrame
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from mivos_studio.input_files import check_input
from mivos_studio.media.errors import MediaError
from mivos_studio.media.video.packet_index import PacketEntry, PacketIndex

VideoPacket: TypeAlias = "Packet[VideoStream]"  # generic in PyAV's stubs alone
LabelledFrames = Iterator[tuple[int, VideoFrame]]

_DEFAULT_RATE = Fraction(25)
# Playlists may name further files; the network stays out of reach. PyAV has FFmpeg invent missing times
# (genpts), which are unique and wrong for B-frames in AVI and MPEG-1.
_OPTIONS = {"protocol_whitelist": "file", "fflags": "-genpts"}
_LETTERS_AS_VIDEO = "tty"  # the demuxer that would show a text file as a film of letters
# Where threads share a picture, these decoders lose the mark of a damaged one. What comes after a packet that
# they cannot decode holds uninitialised memory, without a mark.
_MPEG = ("mpeg1video", "mpeg2video")
_VP8_SHOWS_FRAME = 0x10  # a bit of a VP8 packet's first byte


class VideoDecoder:
    """One video stream of one file, read in the order of the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_damaged = False
        """Set by `entries` when the file stops early or a packet is not whole, and by whoever meets a damaged
        frame. The next decoding then begins with a fresh decoder of one thread: several lose the last frames
        of a file that stops early, and conceal damage in another way each time.
        """
        self._open()

    @property
    def time_base(self) -> Fraction:
        """Seconds that a step of the packets' times lasts."""
        return self._stream.time_base or Fraction(1, 1000)

    @property
    def frame_rate(self) -> Fraction:
        """Frames a second as the file states it; the average where it varies."""
        return self._stream.average_rate or self._stream.guessed_rate or _DEFAULT_RATE

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def entries(self) -> list[PacketEntry]:
        """Read through the whole file once and note every packet, without decoding."""
        self._reopen()
        entries = []
        is_cut_short = False
        try:
            for packet in _data_packets(self._container, self._stream):
                entries.append(self._entry(packet))
                is_cut_short = packet.is_corrupt
                self.is_damaged |= is_cut_short
        except FFmpegError:
            self.is_damaged = True
        return entries[:-1] if is_cut_short else entries

    def from_first_packet(self) -> LabelledFrames:
        """Yield (ordinal, frame) of everything that decodes, from the file's first packet on."""
        self._reopen()
        return self._decode(enumerate(_data_packets(self._container, self._stream)))

    def from_keyframe(self, index: PacketIndex, keyframe: int) -> LabelledFrames | None:
        """Yield (ordinal, frame) from a keyframe's packet or an earlier one on; None where seeking fails."""
        entry = index.packets[keyframe]
        stamps = [stamp for stamp in (entry.pts, entry.dts) if stamp is not None]
        if not stamps:
            return None
        if self.is_damaged:
            self._reopen()  # a decoder conceals damage with what it decoded before
        try:
            self._container.seek(min(stamps), stream=self._stream)
            packets = _data_packets(self._container, self._stream)
            first = next(packets, None)
        except FFmpegError:
            return None
        ordinal = None if first is None else index.ordinal_of(self._entry(first))
        if first is None or ordinal is None or ordinal > keyframe:
            return None
        return self._decode(enumerate(chain([first], packets), ordinal))

    def _open(self) -> None:
        self._container = _open_container(self._path)
        self._stream = _video_stream(self._container, self._path)
        if self.is_damaged or self._stream.codec_context.name in _MPEG:
            self._stream.codec_context.thread_count = 1
        else:
            self._stream.codec_context.thread_type = "AUTO"

    def _reopen(self) -> None:
        self._container.close()
        self._open()

    def _entry(self, packet: VideoPacket) -> PacketEntry:
        is_silent_vp8 = (
            self._stream.codec_context.name == "vp8" and not _first_byte(packet) & _VP8_SHOWS_FRAME
        )
        is_hidden = packet.is_discard or packet.size == 0 or is_silent_vp8
        return PacketEntry(packet.pts, packet.dts, packet.pos, packet.size, packet.is_keyframe, is_hidden)

    def _decode(self, packets: Iterable[tuple[int, VideoPacket]]) -> LabelledFrames:
        """Decode on until the file's end, past packets that cannot be decoded."""
        is_lost = False
        try:
            for ordinal, packet in packets:
                if not packet.size:  # it would flush the decoder
                    continue
                packet.pts = ordinal
                frames = _decoded(packet)
                if frames is None:
                    is_lost = self._stream.codec_context.name in _MPEG
                    continue
                for frame in frames:
                    is_lost = is_lost and not frame.key_frame
                    if frame.pts is not None and not is_lost:
                        yield frame.pts, frame
        except FFmpegError:
            pass  # the file stops early: what the decoder still holds is good
        for frame in _decoded(self._stream) or ():
            if frame.pts is not None and not is_lost:
                yield frame.pts, frame


def _decoded(source: VideoPacket | VideoStream) -> list[VideoFrame] | None:
    """Decode a packet, or from a stream what is left in its decoder; None where it cannot be decoded."""
    try:
        return source.decode()
    except FFmpegError:
        return None


def _data_packets(container: InputContainer, stream: VideoStream) -> Iterator[VideoPacket]:
    """Demux one stream; PyAV's empty packet at the end, without times, is left out."""
    for packet in container.demux(stream):
        if packet.size or packet.dts is not None:
            yield packet


def _first_byte(packet: VideoPacket) -> int:
    return memoryview(packet)[0] if packet.size else 0


def _open_container(path: Path) -> InputContainer:
    check_input(path, "video")
    try:
        if path.stat().st_size == 0:
            raise MediaError(f"{path} is empty (0 bytes): copy or save it again.")
        container = av.open(
            str(path.absolute()),
            options=_OPTIONS,
            metadata_errors="replace",  # titles and notes, which are not used, may be in any encoding
        )
    except (FFmpegError, OSError) as error:
        raise MediaError(
            f"{path} cannot be read as a video ({error.strerror or error}): copy or save it again."
        ) from error
    if container.format.name == _LETTERS_AS_VIDEO:
        container.close()
        raise MediaError(f"{path} is a text file, not a video.")
    return container


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or stream.disposition & Disposition.attached_pic:
        container.close()
        raise MediaError(f"{path} has no video in it.")
    if getattr(stream, "codec_context", None) is None:  # PyAV's stubs leave this case out
        container.close()
        raise MediaError(f"The video in {path} is of a kind that this program has no decoder for.")
    return stream
