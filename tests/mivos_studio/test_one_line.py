"""Whatever was echoed is one line that shows every character as it is."""

from __future__ import annotations

import pytest

from mivos_studio.one_line import LONGEST_LINE, one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("There is no clip.", "There is no clip."),
        ("two\nlines\r\n and\ta tab", "two lines and a tab"),
        ("\x1b[2Jcleared\x07", "�[2Jcleared�"),
        ("turned \u202eround", "turned �round"),
        ("half \ud800", "half �"),
        ("file-\udcff", "file-�"),
        ("日本 é 🎬 👩‍🚀", "日本 é 🎬 👩‍🚀"),
    ],
)
def test_a_line_shows_what_a_terminal_would_interpret(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_long_line_keeps_its_beginning_and_its_end() -> None:
    line = one_line("The clip " + "x" * 5000 + " is not there: name another one.")
    assert len(line) == LONGEST_LINE
    assert line.startswith("The clip xxx")
    assert line.endswith("is not there: name another one.")
    assert " … " in line
