"""Frames of a video file, any of them exactly: an index of packets, then seek to a keyframe and decode on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from av import VideoFrame

from inference_core.types import UInt8Array
from mivos_studio.media.errors import MediaError
from mivos_studio.media.source import ClipFacts
from mivos_studio.media.video.decoder import LabelledFrames, VideoDecoder
from mivos_studio.media.video.packet_index import PacketEntry, PacketIndex, index_by_order, index_by_pts
from mivos_studio.media.video.pixels import bit_depth, to_rgb, upright_size

ShownFrame = tuple[int, VideoFrame]


@dataclass
class _Run:
    """Decoding under way, from a keyframe on, or from the file's first packet where start is None."""

    frames: Iterator[ShownFrame]
    start: int | None
    first_exact: int
    last: ShownFrame | None = None
    ahead: ShownFrame | None = None

    @property
    def next_shown(self) -> int:
        """The first frame_index that may still come."""
        return self.first_exact if self.last is None else self.last[0] + 1

    def until(self, wanted: int) -> Iterator[ShownFrame]:
        """Yield frames up to the wanted one; the first beyond it is kept for the next time."""
        while True:
            self.ahead = self.ahead or next(self.frames, None)
            if self.ahead is None or self.ahead[0] > wanted:
                return
            self.last, self.ahead = self.ahead, None
            yield self.last


class VideoSource:
    """The video stream of one file.

    Frames that cannot be decoded at the file's beginning or at a damaged file's end do not count; one in
    between is replaced by the frame before it, as a player would show it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._decoder = VideoDecoder(path)
        self._stand_ins: dict[int, int] = {}
        self._index = self._ordered(self._decoder.entries())
        self._run = self._begin(None)
        first_frame = self._leave_out_undecodable_ends()
        self._facts = ClipFacts(
            size=upright_size(first_frame),
            pts=self._index.pts,
            time_base=self._decoder.time_base,
            frame_rate=self._decoder.frame_rate,
            names=tuple(f"{frame_index:05d}" for frame_index in range(len(self._index))),
            bit_depth=bit_depth(first_frame),
        )

    @property
    def facts(self) -> ClipFacts:
        """Return what is known of the clip."""
        return self._facts

    @property
    def stand_ins(self) -> Mapping[int, int]:
        """Damaged frames that were met by now, and the frame that is shown in place of each."""
        return self._stand_ins

    @property
    def is_revised(self) -> bool:
        """Whether damage was met: since then decoding is another one, see `VideoDecoder.is_damaged`."""
        return self._decoder.is_damaged

    def read(self, frame_index: int, keep_before: int) -> Iterator[tuple[int, UInt8Array]]:
        """Yield the frames on the way that lie at most keep_before ahead, then the one asked for."""
        wanted = self._stand_ins.get(frame_index, frame_index)
        for shown, frame in self._decode_up_to(wanted):
            if shown == wanted:
                yield frame_index, to_rgb(frame, self._facts.size)
            elif shown >= wanted - keep_before:
                yield shown, to_rgb(frame, self._facts.size)

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()

    def _decode_up_to(self, wanted: int) -> Iterator[ShownFrame]:
        """Yield frames as they are shown, the wanted one last; begin at ever earlier keyframes to meet it."""
        run = self._run_towards(wanted)
        yield from run.until(wanted)
        while run.next_shown <= wanted and run.start is not None:
            run = self._begin(self._index.start_for(wanted, before=run.start))
            yield from run.until(wanted)
        if run.next_shown > wanted:
            return
        if run.last is None:
            raise MediaError(
                f"Frame {wanted} of {self._path} can no longer be decoded: has the file changed?"
            )
        shown, frame = run.last
        self._stand_ins |= dict.fromkeys(range(shown + 1, wanted + 1), shown)
        yield wanted, frame

    def _run_towards(self, wanted: int) -> _Run:
        """Go on with the run under way where it leads to the frame without a detour, else begin another."""
        start = self._index.start_for(wanted)
        next_shown = self._run.next_shown
        if next_shown <= wanted and (start is None or self._index.first_frame_from(start) <= next_shown):
            return self._run
        return self._begin(start)

    def _begin(self, start: int | None) -> _Run:
        """Begin to decode at a keyframe, or at the file's first packet if there is none or seeking fails."""
        labelled = None if start is None else self._decoder.from_keyframe(self._index, start)
        if start is None or labelled is None:
            self._run = _Run(self._shown(self._decoder.from_first_packet(), None, 0), None, 0)
        else:
            first_exact = self._index.first_frame_from(start)
            self._run = _Run(self._shown(labelled, start, first_exact), start, first_exact)
        return self._run

    def _shown(self, labelled: LabelledFrames, start: int | None, first_exact: int) -> Iterator[ShownFrame]:
        """Turn packets' ordinals into frame indices; drop what is not shown, not exact yet, or damaged.

        Ends at once where the first packet's picture is no keyframe, or damaged: what follows depends on what
        was before. With x264's intra refresh, parts of the picture are renewed in turn.
        """
        is_first = start is not None and self._index.frame_of(start) is not None
        for ordinal, frame in labelled:
            frame_index = self._index.frame_of(ordinal)
            if frame_index is None or frame_index < first_exact:
                continue
            if frame.is_corrupt and not self._decoder.is_damaged:
                self._decoder.is_damaged = True  # and decode again, see there
                if not self._index.has_pts:  # damage may change which packet a frame seems to come from
                    self._index.refuse_all_starts()
                    start = None
                yield from self._shown(
                    self._restarted(start), start, first_exact if is_first else frame_index
                )
                return
            if is_first and start is not None and not (ordinal == start and _is_whole_keyframe(frame)):
                self._index.refuse_start(start)
                return
            is_first = False
            if not frame.is_corrupt:
                yield frame_index, frame

    def _restarted(self, start: int | None) -> LabelledFrames:
        labelled = None if start is None else self._decoder.from_keyframe(self._index, start)
        return self._decoder.from_first_packet() if labelled is None else labelled

    def _ordered(self, packets: list[PacketEntry]) -> PacketIndex:
        """Find the order in which frames are shown: from their pts, else by decoding the file once."""
        index = index_by_pts(packets)
        if index is not None:
            return index
        shown = [
            ordinal for ordinal, _ in self._decoder.from_first_packet() if not packets[ordinal].is_hidden
        ]
        ticks = round(1 / (self._decoder.frame_rate * self._decoder.time_base))
        return index_by_order(packets, shown, max(1, ticks))

    def _leave_out_undecodable_ends(self) -> VideoFrame:
        """Cut the index to what decodes at its ends and return the first frame."""
        first, first_frame = next(self._run.frames, (0, None))
        if first_frame is None:
            raise MediaError(f"No frame of {self._path} can be decoded: the file is damaged or not a video.")
        last = self._last_decodable() if self._decoder.is_damaged else len(self._index) - 1
        self._index = self._index.cut(first, last)
        self._begin(None)
        return first_frame

    def _last_decodable(self) -> int:
        """Decode the end of the file, from ever earlier keyframes, until a frame appears."""
        run = self._begin(self._index.start_for(len(self._index) - 1))
        while True:
            last = max((shown for shown, _ in run.frames), default=-1)
            if last >= 0 or run.start is None:
                return last
            run = self._begin(self._index.start_for(len(self._index) - 1, before=run.start))


def _is_whole_keyframe(frame: VideoFrame) -> bool:
    return bool(frame.key_frame) and not frame.is_corrupt
