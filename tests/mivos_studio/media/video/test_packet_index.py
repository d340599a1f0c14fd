"""From packets to frames: order, and where decoding can begin."""

from __future__ import annotations

import numpy as np

from mivos_studio.media.video.packet_index import PacketEntry, index_by_order, index_by_pts


def _packet(pts: int | None, *, is_keyframe: bool = False, is_hidden: bool = False) -> PacketEntry:
    return PacketEntry(pts, pts, pts, 9, is_keyframe, is_hidden)


# In the order of the file: I0 P3 B1 B2 | I6 with B4 B5 shown before it, P7. An open group of pictures.
OPEN_GROUP = [
    _packet(0, is_keyframe=True),
    _packet(3),
    _packet(1),
    _packet(2),
    _packet(6, is_keyframe=True),
    _packet(4),
    _packet(5),
    _packet(7),
]


def test_frames_are_in_the_order_of_their_pts() -> None:
    index = index_by_pts(OPEN_GROUP)
    assert index is not None
    assert index.shown.tolist() == [0, 2, 3, 1, 5, 6, 4, 7]
    assert index.pts.tolist() == list(range(8))


def test_pictures_shown_before_their_keyframe_start_at_the_one_before() -> None:
    index = index_by_pts(OPEN_GROUP)
    assert index is not None
    assert [index.start_for(frame_index) for frame_index in range(8)] == [0, 0, 0, 0, 0, 0, 4, 4]


def test_an_earlier_start_can_be_asked_for_until_the_file_begins() -> None:
    index = index_by_pts(OPEN_GROUP)
    assert index is not None
    assert index.start_for(7, before=4) == 0
    assert index.start_for(7, before=0) is None


def test_hidden_packets_are_no_frames_but_may_be_starts() -> None:
    index = index_by_pts([_packet(-1, is_keyframe=True, is_hidden=True), _packet(0), _packet(1)])
    assert index is not None
    assert len(index) == 2
    assert index.frame_of(0) is None
    assert index.start_for(0) == 0


def test_missing_or_doubled_pts_give_no_index() -> None:
    assert index_by_pts([_packet(0), _packet(None)]) is None
    assert index_by_pts([_packet(0), _packet(0)]) is None


def test_frames_in_decoded_order_take_the_dts_in_rising_order() -> None:
    packets = [PacketEntry(None, dts, dts, 9, dts == 0, False) for dts in (0, 10, 20, 30)]
    index = index_by_order(packets, [0, 2, 3, 1], frame_ticks=1)
    assert index.shown.tolist() == [0, 2, 3, 1]
    assert index.pts.tolist() == [0, 10, 20, 30]


def test_without_any_time_frames_are_evenly_apart() -> None:
    packets = [PacketEntry(None, None, position, 9, False, False) for position in range(3)]
    assert index_by_order(packets, [0, 1, 2], frame_ticks=40).pts.tolist() == [0, 40, 80]


def test_packets_are_recognised_unless_they_have_a_double() -> None:
    index = index_by_order(
        [PacketEntry(None, None, 0, 9, True, False), PacketEntry(None, None, 0, 9, False, False), _packet(5)],
        [0, 1, 2],
        frame_ticks=1,
    )
    assert index.ordinal_of(PacketEntry(None, None, 0, 9, True, False)) is None
    assert index.ordinal_of(_packet(5)) == 2
    assert index.ordinal_of(_packet(6)) is None


def test_a_packet_of_another_size_is_another_packet() -> None:
    index = index_by_pts(OPEN_GROUP)
    assert index is not None
    assert index.ordinal_of(_packet(3)) == 1
    assert index.ordinal_of(_packet(3)._replace(size=8)) is None, "the rest of a picture after a seek"


def test_a_refused_start_is_never_begun_at_even_after_cutting() -> None:
    index = index_by_pts(OPEN_GROUP)
    assert index is not None
    index.refuse_start(4)
    assert index.start_for(7) == index.cut(1, 7).start_for(6) == 0
    index.refuse_all_starts()
    assert index.start_for(7) is None


def test_cutting_renumbers_the_frames() -> None:
    index = index_by_pts(OPEN_GROUP)
    assert index is not None
    cut = index.cut(2, 5)
    assert cut.pts.tolist() == [2, 3, 4, 5]
    assert cut.frame_of(3) == 0
    assert cut.frame_of(0) is None
    assert np.array_equal(cut.shown, [3, 1, 5, 6])
