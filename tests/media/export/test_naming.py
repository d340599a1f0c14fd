"""File names from what people call things."""

from __future__ import annotations

import pytest

from media.export.naming import object_file_names


@pytest.mark.parametrize(
    ("name", "file_name"),
    [
        ("runner", "runner"),
        ("Größe 2", "Größe_2"),
        ("../../etc/passwd", "etc_passwd"),
        ("a:b*c?", "a_b_c"),
        ("  ", "object"),
        ("...", "object"),
        ("CON", "CON_"),
        ("lpt1.matte", "lpt1.matte_"),
        ("x" * 300, "x" * 60),
    ],
)
def test_a_name_becomes_safe(name: str, file_name: str) -> None:
    assert object_file_names({1: name}) == {1: file_name}


def test_names_that_differ_in_case_alone_are_told_apart() -> None:
    assert object_file_names({1: "dog", 2: "Dog", 3: "cat"}) == {1: "dog_1", 2: "Dog_2", 3: "cat"}
