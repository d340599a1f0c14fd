"""Disks without space."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.conftest import SMALL_BYTES


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow beyond 2 MiB: writing more fails as on a full disk."""
    resource = pytest.importorskip("resource")
    earlier = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_BYTES // 2, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, earlier)
