"""A text as one line that shows every character as it is: for stderr and for the window's messages.

Every package may use this module: it needs the standard library alone.
"""

from __future__ import annotations

import unicodedata

LONGEST_LINE = 500
"""Characters of the longest line. A path of 4096 characters, or a name from a file, is cut in the middle."""
_CUT = " … "
_KEPT_END = 200  # says what to do
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories of what nothing can show: controls, halves of surrogate pairs, breaks."""
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of the text around them."""


def one_line(text: str) -> str:
    """Return a text as a line of at most LONGEST_LINE characters, each of which is shown as it is."""
    line = "".join(_shown(character) for character in " ".join(text.split()))
    if len(line) <= LONGEST_LINE:
        return line
    return line[: LONGEST_LINE - _KEPT_END - len(_CUT)] + _CUT + line[-_KEPT_END:]


def _shown(character: str) -> str:
    is_unsafe = character in _DIRECTIONS or unicodedata.category(character) in _UNPRINTABLE
    return "�" if is_unsafe else character
