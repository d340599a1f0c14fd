"""A stand-in for `mivos` that breaks one rule after another, on demand: what the runner has to find."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _compute() -> None:
    while True:
        pass


def _fill_memory() -> None:
    held = bytearray(5 * 2**30)
    for place in range(0, len(held), 4096):
        held[place] = 1
    time.sleep(60)


def _change_input() -> None:
    Path("input.txt").write_text("other", encoding="utf-8")


def _write_result() -> None:
    Path("out").mkdir()
    Path("out/a.png").write_bytes(b"result")


BREAKS: dict[str, tuple[Callable[[], object], int]] = {
    "nothing": (lambda: None, 0),
    "with a result": (_write_result, 0),
    "refused": (lambda: _say("There is no clip: name another one."), 2),
    "silent": (lambda: None, 2),
    "two lines": (lambda: _say("One.\nTwo."), 2),
    "long": (lambda: _say("x" * 501), 2),
    "control characters": (lambda: _say("clip\x1b[31m is none"), 2),
    "below Python": (lambda: os.write(2, b"library: warning\n") and _say("One."), 2),
    "a fault": (lambda: 1 / 0, 0),
    "another code": (lambda: _say("No."), 1),
    "a traceback": (lambda: _say("Traceback (most recent call last):"), 0),
    "input": (_change_input, 0),
    "result though refused": (lambda: (_write_result(), _say("No.")), 2),
    "beside": (lambda: Path("other.txt").touch(), 0),
    "above": (lambda: Path("../other.txt").touch(), 0),
    "temporary": (lambda: tempfile.mkstemp(), 0),
    "home": (lambda: (Path.home() / "settings").touch(), 0),
    "elsewhere": (lambda: (Path.home().parents[1] / "elsewhere").touch(), 0),
    "removes": (lambda: Path("input.txt").unlink(), 0),
    "hangs": (_compute, 0),
    "crashes": (lambda: os.abort(), 0),
    "memory": (_fill_memory, 0),
}
"""What happens, and the exit code; by name."""


def main(words: Sequence[str]) -> int:
    """Break the rule that is named."""
    action, code = BREAKS[words[0]]
    action()
    return code
