"""File names from what people call things."""

from __future__ import annotations

import unicodedata

import pytest

from mivos_studio.media.export.naming import object_file_names


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


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("ball", "ball", "ball_1"), ("ball_1_2", "ball_2", "ball_1")),
        (("a_2", "a", "a"), ("a_2", "a_2_2", "a_3")),
        (("con", "CON", "con_"), ("con__1", "CON__2", "con__3")),
        (("", "...", "object_1"), ("object_1_2", "object_2", "object_1")),
    ],
)
def test_a_name_that_another_object_has_already_gets_a_number_more(
    names: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert tuple(object_file_names(dict(enumerate(names, start=1))).values()) == expected


@pytest.mark.parametrize(
    "names",
    [
        ("ball", "ball", "ball_1", "ball_2", "BALL_1", "ball_1_2"),
        ("x" * 60 + "left", "x" * 60 + "right", "x" * 58 + "_1"),
        ("straße", "strasse", "STRASSE"),
        ("caf\u00e9", "cafe\u0301"),
        ("com1", "COM\u00b9", "com1."),
        ("x" * 59 + "..left", "x" * 59),
    ],
)
def test_no_two_objects_have_the_same_file_name_on_any_system(names: tuple[str, ...]) -> None:
    given = dict(enumerate(names, start=1))
    made = object_file_names(given)
    folded = {unicodedata.normalize("NFC", name.casefold()) for name in made.values()}
    assert len(folded) == len(names)
    assert all(len(name) <= 61 and not name.endswith(".") for name in made.values())
    assert object_file_names(dict(reversed(given.items()))) == made, "the same whatever the order"
