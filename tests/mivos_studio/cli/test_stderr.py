"""Stderr holds one line for each message, whatever was echoed, and nothing that libraries write there."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from mivos_studio.cli import stderr
from mivos_studio.cli.stderr import say


def test_a_closed_stderr_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stderr", stream)
        say("nobody reads this")


_PROGRAM = """
import logging, os, sys, warnings
from mivos_studio.cli.stderr import libraries_are_silent, say
with libraries_are_silent():
    os.write(2, b"a library in C\\n")
    warnings.warn("a library in Python")
    logging.getLogger("library").warning("a library that logs")
    say("ours")
os.write(2, b"after\\n")
print("also after", file=sys.stderr)
"""


def _stderr(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={**os.environ, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stderr


def test_what_libraries_write_is_dropped() -> None:
    assert _stderr() == "ours\nafter\nalso after\n"


def test_it_is_left_for_who_looks_into_a_fault() -> None:
    shown = _stderr(MIVOS_LIBRARY_MESSAGES="1")
    for words in ("a library in C", "a library in Python", "a library that logs", "ours"):
        assert words in shown


def test_streams_that_are_not_the_processs_own_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with stderr.libraries_are_silent():
        assert sys.stderr is stream
