"""How work without a name is described to the user."""

from __future__ import annotations

from pathlib import Path

import pytest

from mivos_studio.project.unnamed import UnnamedProject, size_notice, size_text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "less than 1 MB"),
        (999_999, "less than 1 MB"),
        (1_500_000, "1.5 MB"),
        (640_000_000, "640 MB"),
        (6_210_000_000, "6.2 GB"),
        (62_000_000_000, "62 GB"),
    ],
)
def test_a_size_is_read_in_megabytes_and_gigabytes(size_bytes: int, text: str) -> None:
    assert size_text(size_bytes) == text


def test_the_largest_are_named_with_their_sizes() -> None:
    sizes = {"a.mp4": 10**9, "b.mp4": 4 * 10**9, "c.mp4": 2 * 10**6, "d.mp4": 10**6}
    projects = [UnnamedProject(Path(name), name, 0.0, 1, size) for name, size in sizes.items()]
    assert size_notice(projects) == (
        "Work without a name takes 5.0 GB: b.mp4 (4.0 GB), a.mp4 (1.0 GB), c.mp4 (2.0 MB) and 1 more."
        " It stays until you delete it (File, Work without a name)."
    )
    assert "takes 1.0 GB: a.mp4 (1.0 GB). It" in size_notice(projects[:1])
