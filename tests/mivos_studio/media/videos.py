"""Videos made on the spot whose frames carry their number, so that a test sees which frame it was given."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from inference_core.types import UInt8Array

HEIGHT, WIDTH = 64, 96
BITS = 8
FRAMES = 45


@dataclass(frozen=True)
class Recipe:
    """How a video is encoded. pts, in units of time_base, default to an even 25 frames a second."""

    ending: str
    codec: str
    pixels: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)
    group: int = 12
    pts: tuple[int, ...] | None = None
    time_base: Fraction = Fraction(1, 25)
    rotation_deg: float = 0
    is_mirrored: bool = False

    @property
    def name(self) -> str:
        return f"{self.codec}{self.ending}"


def numbered_frame(number: int) -> UInt8Array:
    """Paint a number as a row of bars, white for 1, over slopes that tell up from down, left from right."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[..., 0] = np.linspace(20, 120, HEIGHT)[:, None]
    image[..., 2] = np.linspace(120, 20, WIDTH)[None]
    for bit in range(BITS):
        image[HEIGHT // 4 : HEIGHT // 2, 12 * bit : 12 * (bit + 1)] = 235 if number >> bit & 1 else 15
    return image


def number_of(image: UInt8Array) -> int:
    """Read the number back, whatever the compression did."""
    middle = HEIGHT * 3 // 8
    levels = [image[middle - 4 : middle + 4, 12 * bit + 3 : 12 * bit + 9].mean() for bit in range(BITS)]
    return sum(int(level > 125) << bit for bit, level in enumerate(levels))


def write_video(path: Path, recipe: Recipe, frames: int = FRAMES) -> Path:
    """Encode frames 0, 1, … to a file."""
    with av.open(str(path), "w", options=recipe.container_options) as container:
        stream = container.add_stream(recipe.codec, rate=25, options=recipe.options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, recipe.pixels
        stream.gop_size = recipe.group
        stream.codec_context.time_base = recipe.time_base
        if recipe.rotation_deg or recipe.is_mirrored:
            stream.set_display_rotation(recipe.rotation_deg, hflip=recipe.is_mirrored)
        for frame_index in range(frames):
            frame = av.VideoFrame.from_ndarray(numbered_frame(frame_index), format="rgb24")
            frame.pts = frame_index if recipe.pts is None else recipe.pts[frame_index]
            frame.time_base = recipe.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
