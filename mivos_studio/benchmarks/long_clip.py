"""Write a video of any length in a second: one synthetic loop is encoded, its packets are repeated."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import av
from av.video.stream import VideoStream

from inference_core.types import UInt8Array
from mivos_studio.benchmarks.made_clip import make_clip

_RATE = 25


@dataclass(frozen=True)
class Loop:
    """One loop: encoded frames, the first one a keyframe, and the mask (H, W) uint8 of the first."""

    packets: tuple[bytes, ...]
    size: tuple[int, int]
    first_ids: UInt8Array


def make_loop(size: tuple[int, int], objects: int, distinct: int = 24) -> Loop:
    """Render a scene with so many objects; encode it forwards and backwards, so that the loop is seamless."""
    clip = make_clip(size, distinct, objects)
    images = [*clip.images, *clip.images[-2:0:-1]]
    encoder = av.CodecContext.create("libx264", "w")
    encoder.height, encoder.width = size
    encoder.pix_fmt = "yuv420p"
    encoder.framerate = Fraction(_RATE)
    # Without B-frames each packet is a frame, and the loop is one group of pictures.
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(len(images)), "bf": "0"}
    packets = [packet for image in images for packet in encoder.encode(av.VideoFrame.from_ndarray(image))]
    packets += encoder.encode(None)
    return Loop(tuple(bytes(packet) for packet in packets), size, clip.masks[0])


def write_clip(loop: Loop, path: Path, frames: int) -> None:
    """Write a video of so many frames that repeats the loop."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_RATE)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = loop.size
        stream.pix_fmt = "yuv420p"
        for frame_index, content in enumerate(islice(cycle(loop.packets), frames)):
            packet = av.Packet(content)
            packet.pts = packet.dts = frame_index
            packet.time_base = Fraction(1, _RATE)
            packet.is_keyframe = frame_index % len(loop.packets) == 0
            packet.stream = stream
            container.mux(packet)
