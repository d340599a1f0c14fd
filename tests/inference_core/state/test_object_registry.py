from __future__ import annotations

import pytest

from inference_core.errors import UserError
from inference_core.state.object_registry import check_name


@pytest.mark.parametrize("name", ["", "Dog", "Hund mit Hut", "犬", "x" * 200])
def test_names_that_can_be_shown_are_allowed(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["a\0b", "two\nlines", "\ud800", "\x1b[2J", "a\u2028b", "x" * 201])
def test_names_that_lists_and_files_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="has"):
        check_name(name)
