"""Which packet of a video file shows which frame, and where decoding can begin. Built without decoding."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]


class PacketEntry(NamedTuple):
    """One packet of the demuxer; times are in the stream's time_base. Hidden ones show no frame.

    The size belongs to a packet's identity: after a seek, an MPEG program stream begins with the rest of a
    picture, which carries the times and the position of another packet.
    """

    pts: int | None
    dts: int | None
    position: int | None
    size: int
    is_keyframe: bool
    is_hidden: bool


class PacketIndex:
    """The frames of a video in the order in which they are shown.

    packets  all packets in the order of the file; a packet's place in it is its ordinal.
    shown    (T,) int64, the ordinal of the packet of each frame.
    pts      (T,) int64, when each frame is shown; rising.
    has_pts  whether these are the packets' own times; else the order is that of a decoder.
    """

    def __init__(
        self, packets: Sequence[PacketEntry], shown: Int64Array, pts: Int64Array, *, has_pts: bool
    ) -> None:
        self.packets = packets
        self.has_pts = has_pts
        self.shown = shown
        self.pts = pts
        self._frames = {int(ordinal): frame_index for frame_index, ordinal in enumerate(shown)}
        self._ordinals = _unique_ordinals(packets)
        self._keyframes = [ordinal for ordinal, packet in enumerate(packets) if packet.is_keyframe]

    def __len__(self) -> int:
        return len(self.shown)

    def cut(self, first: int, last: int) -> PacketIndex:
        """Leave only the frames first to last, inclusive."""
        kept = slice(first, last + 1)
        part = PacketIndex(self.packets, self.shown[kept], self.pts[kept], has_pts=self.has_pts)
        part._keyframes = self._keyframes
        return part

    def frame_of(self, ordinal: int) -> int | None:
        """Return the frame_index of a packet; None where it shows nothing."""
        return self._frames.get(ordinal)

    def ordinal_of(self, packet: PacketEntry) -> int | None:
        """Recognise a packet met after a seek; None where it is unknown or has a double."""
        return self._ordinals.get(_identity(packet))

    def refuse_start(self, ordinal: int) -> None:
        """Never begin to decode at this packet: it says that it is a keyframe, and its picture is none."""
        self._keyframes.remove(ordinal)

    def refuse_all_starts(self) -> None:
        """Always decode from the file's first packet on."""
        self._keyframes.clear()

    def start_for(self, frame_index: int, *, before: int | None = None) -> int | None:
        """Return the ordinal of the last keyframe from which a frame decodes exactly; None: the file's start.

        A keyframe shown after the frame does not serve, though it may come earlier in the file: pictures that
        lead an open group of pictures need the group before it. `before` asks for an earlier keyframe still.
        """
        limit = int(self.shown[frame_index]) if before is None else before - 1
        for place in range(bisect_right(self._keyframes, limit) - 1, -1, -1):
            ordinal = self._keyframes[place]
            if self.first_frame_from(ordinal) <= frame_index:
                return ordinal
        return None

    def first_frame_from(self, ordinal: int) -> int:
        """Return the first frame that decodes exactly when decoding begins at this keyframe."""
        frame_index = self._frames.get(ordinal)
        if frame_index is not None:
            return frame_index
        pts = self.packets[ordinal].pts
        return len(self) if pts is None else int(np.searchsorted(self.pts, pts))


def index_by_pts(packets: Sequence[PacketEntry]) -> PacketIndex | None:
    """Order the frames by their packets' pts; None where a pts is missing or not unique."""
    shown = np.array([ordinal for ordinal, packet in enumerate(packets) if not packet.is_hidden], np.int64)
    stamps = [packets[ordinal].pts for ordinal in shown]
    if None in stamps or len(set(stamps)) < len(stamps):
        return None
    pts = np.array(stamps, np.int64)
    order = np.argsort(pts)
    return PacketIndex(packets, shown[order], pts[order], has_pts=True)


def index_by_order(packets: Sequence[PacketEntry], shown: Sequence[int], frame_ticks: int) -> PacketIndex:
    """Order the frames as a decoder gave them out, for files whose packets have no usable pts.

    The times are the packets' dts in rising order where all are known and differ, else frame_ticks apart.
    """
    stamps = sorted(dts for ordinal in shown if (dts := packets[ordinal].dts) is not None)
    if len(set(stamps)) < len(shown):
        stamps = [frame_ticks * frame_index for frame_index in range(len(shown))]
    return PacketIndex(packets, np.array(shown, np.int64), np.array(stamps, np.int64), has_pts=False)


def _unique_ordinals(packets: Sequence[PacketEntry]) -> dict[tuple[int | None, ...], int | None]:
    """Map what identifies a packet to its ordinal, or to None where two packets look the same."""
    ordinals: dict[tuple[int | None, ...], int | None] = {}
    for ordinal, packet in enumerate(packets):
        key = _identity(packet)
        ordinals[key] = None if key in ordinals else ordinal
    return ordinals


def _identity(packet: PacketEntry) -> tuple[int | None, ...]:
    return packet.pts, packet.dts, packet.position, packet.size
