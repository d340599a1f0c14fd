"""What other programs make of our exports."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mivos_studio.media.clip import open_clip
from mivos_studio.media.export.formats import find_format
from mivos_studio.media.export.job import ExportJob
from tests.programs import needs

pytestmark = pytest.mark.release

FRAMES, HEIGHT, WIDTH = 4, 6, 8


def ids_of(frame_index: int) -> NDArray[np.uint8]:
    ids = np.zeros((HEIGHT, WIDTH), np.uint8)
    ids[frame_index, :] = 1
    return ids


@pytest.fixture
def mattes(tmp_path: Path) -> Path:
    """One object's mattes, as the program writes them."""
    (tmp_path / "frames").mkdir()
    for frame_index in range(FRAMES):
        Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "frames" / f"{frame_index}.png")
    job = ExportJob(open_clip(tmp_path / "frames"), ids_of, {1: "dancer"})
    for _ in find_format("png-matte").write(job, tmp_path / "out"):
        pass
    return tmp_path / "out" / "dancer"


@needs("ffmpeg")
def test_ffmpeg_reads_the_mattes_pixel_for_pixel(mattes: Path) -> None:
    words = ["ffmpeg", "-v", "error", "-i", mattes / "%05d.png", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    read = subprocess.run(words, check=True, capture_output=True).stdout
    expected = np.stack([ids_of(frame_index) * np.uint8(255) for frame_index in range(FRAMES)])
    np.testing.assert_array_equal(np.frombuffer(read, np.uint8).reshape(expected.shape), expected)


@needs("melt")
def test_melt_opens_the_mattes_as_a_sequence_at_their_size(mattes: Path) -> None:
    words = ["melt", "-silent", f"{mattes}/.all.png", "ttl=1", "-consumer", "xml"]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert f'<property name="meta.media.width">{WIDTH}</property>' in told
    assert f'<property name="meta.media.height">{HEIGHT}</property>' in told
