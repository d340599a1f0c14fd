"""What tests of several packages share: a small clip on disk with its true masks, and no screen."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QApplication

pytest_plugins = ("tests.resume", "pytester")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Tests' pictures are tiny: threads would only wait for each other, the longer the busier the machine is.
os.environ.setdefault("OMP_NUM_THREADS", "1")

HEIGHT, WIDTH, FRAMES = 64, 96, 6
SMALL_BYTES = 4 * 2**20


@dataclass(frozen=True)
class ClipOnDisk:
    """A folder of frames and one of masks: a bright square, object 1, moves before a dark texture."""

    images: Path
    masks: tuple[Path, ...]

    @property
    def folder(self) -> Path:
        return self.images.parent


@pytest.fixture(autouse=True, scope="session")
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The program's cache folder, apart from the user's."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def small_clip(tmp_path_factory: pytest.TempPathFactory) -> ClipOnDisk:
    folder = tmp_path_factory.mktemp("small_clip")
    images, masks = folder / "images", folder / "masks"
    images.mkdir()
    masks.mkdir()
    texture = np.random.default_rng(0).integers(0, 90, (HEIGHT, WIDTH, 3), np.uint8)
    for frame_index in range(FRAMES):
        ids = np.zeros((HEIGHT, WIDTH), np.uint8)
        ids[20:44, 10 + 6 * frame_index : 34 + 6 * frame_index] = 1
        image = np.where(ids[..., None] == 1, np.uint8(230), texture)
        Image.fromarray(image).save(images / f"{frame_index:05}.png")
        Image.fromarray(ids).save(masks / f"{frame_index:05}.png")
    return ClipOnDisk(images, tuple(sorted(masks.iterdir())))


@pytest.fixture(scope="session")
def application() -> QApplication:
    """The one application of all tests with widgets, on a screen that nobody sees."""
    from PyQt5.QtWidgets import QApplication

    found = QApplication.instance()
    return found if isinstance(found, QApplication) else QApplication(["test"])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB; skipped where this user may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={SMALL_BYTES}", "tmpfs", str(folder)]
    try:
        subprocess.run(["mount", *options], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user may not mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
