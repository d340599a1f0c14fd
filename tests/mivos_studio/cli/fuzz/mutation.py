"""Damage to bytes and to JSON values, drawn from a seeded generator: the same seed gives the same damage."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np

Rng = np.random.Generator
Value = Any
"""A JSON value."""

_WIDTHS = (1, 2, 4, 8)
_LONGEST_RUN = 64
_MOST_COPIES = 200
_MOST_BYTES = 16 * 2**20
_NUMBERS = (0, 1, -1, 2, 7, 16, 100, 127, 128, 255, 256, 1000, 4096, 32767, 32768, 65535, 65536)
_EDGES = (2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1)

_WORDS = (b"", b"\0", b"\r\n", b"\xff\xfe", b"\xc3(", b"%s%n", b"../", b"\x1b[31m", "\u202e".encode(), b"-1")


def pick(rng: Rng, values: Any) -> Any:
    """Return one of a sequence's items."""
    return values[int(rng.integers(len(values)))]


def interesting_integer(rng: Rng, width: int) -> bytes:
    """Return a number near a limit as so many bytes, in either byte order."""
    number = pick(rng, _NUMBERS + _EDGES) + pick(rng, (-1, 0, 0, 1))
    return int(number % (1 << 8 * width)).to_bytes(width, pick(rng, ("little", "big")))


def _flip(content: bytearray, rng: Rng) -> None:
    for _ in range(int(rng.integers(1, 9))):
        content[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))


def _delete(content: bytearray, rng: Rng) -> None:
    start, length = _run(content, rng)
    del content[start : start + length]


def _duplicate(content: bytearray, rng: Rng) -> None:
    start, length = _run(content, rng)
    content[start:start] = content[start : start + length]


def _insert(content: bytearray, rng: Rng) -> None:
    start, length = _run(content, rng)
    content[start:start] = rng.bytes(length) if rng.random() < 0.5 else pick(rng, _WORDS)


def _overwrite(content: bytearray, rng: Rng) -> None:
    number = interesting_integer(rng, pick(rng, _WIDTHS))
    start = int(rng.integers(len(content)))
    content[start : start + len(number)] = number


def _overwrite_with_noise(content: bytearray, rng: Rng) -> None:
    start, length = _run(content, rng)
    content[start : start + length] = rng.bytes(length)


def _truncate(content: bytearray, rng: Rng) -> None:
    del content[int(rng.integers(len(content))) :]


def _repeat(content: bytearray, rng: Rng) -> None:
    start, length = _run(content, rng)
    content[start:start] = content[start : start + length] * int(rng.integers(2, _MOST_COPIES))


def _run(content: bytearray, rng: Rng) -> tuple[int, int]:
    """Return start and length of a short run, near the beginning as often as anywhere: headers are there."""
    last = min(len(content), 512) if rng.random() < 0.5 else len(content)
    return int(rng.integers(last)), int(rng.integers(1, _LONGEST_RUN))


DAMAGES: tuple[Callable[[bytearray, Rng], None], ...] = (
    _flip,
    _delete,
    _duplicate,
    _insert,
    _overwrite,
    _overwrite,
    _overwrite_with_noise,
    _truncate,
    _repeat,
)


def damaged(content: bytes, rng: Rng, others: tuple[bytes, ...] = ()) -> bytes:
    """Return bytes with one to four damages; others are files of which one may be spliced in."""
    changed = bytearray(content)
    if others and rng.random() < 0.1:
        other = pick(rng, others)
        changed[int(rng.integers(len(changed) + 1)) :] = other[int(rng.integers(len(other) + 1)) :]
    for _ in range(int(rng.integers(1, 5))):
        if changed:
            pick(rng, DAMAGES)(changed, rng)
    return bytes(changed[:_MOST_BYTES])


WRONG: tuple[Value, ...] = (
    *(None, True, False, -1, 0, 1, 1.5, -0.0, 256, 10**9, 2**31, 2**63, 2**64, 10**400),
    *(1e308, -1e308, float("nan"), float("inf")),
    *("", "1", "none.png", "/", "..", "\0", "\ud800", "\x1b[2J", "a\nb", "\u202e", "é" * 300, "x" * 5000),
    *([], [[]], [1], [[1, 2]], [[1, 2, 3]], [-1, 2], {}, {"do": "undo"}, {"": 0}),
)
"""Values that hardly any key may have."""

FAR_TOO_DEEP = (
    *(b"[" * 100_000, b'{"a":' * 100_000, b"[" * 1500 + b"]" * 1500, b'"' + b"[" * 5000 + b'"'),
    *(b"9" * 10_000, b"-" * 10_000, b"[" + b"1e9," * 100_000 + b"1]"),
)
"""JSON, or nearly, that is too much for a reader that calls itself or makes long numbers."""

_DEEP = 40
_MOST_SCALED = 1e15


def wrong_value(rng: Rng) -> Value:
    """Return a value that hardly any key may have, as a copy of its own."""
    return copy.deepcopy(pick(rng, WRONG))


def damaged_value(value: Value, rng: Rng) -> Value:
    """Return a JSON value of which one to three parts are replaced, removed, doubled or given a new name."""
    changed = copy.deepcopy(value)
    for _ in range(int(rng.integers(1, 4))):
        places = list(_places(changed))
        if not places:
            return wrong_value(rng)
        _damage_at(*pick(rng, places), rng)
    return changed


def _places(value: Value) -> Any:
    """Yield every (container, key) of a JSON value."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _damage_at(container: Value, key: Any, rng: Rng) -> None:
    kind = int(rng.integers(8))
    if kind == 0:
        del container[key]
    elif kind == 1 and isinstance(container, list):
        container[key:key] = [container[key]] * int(rng.integers(1, 30))
    elif kind == 1:
        container[pick(rng, ("frame", "object", "file", "version", "", "é", "x" * 600))] = container[key]
    elif kind == 2:
        container[key] = _nested(container[key], int(rng.integers(1, _DEEP)), rng)
    elif kind == 3 and isinstance(container[key], int | float) and abs(container[key]) < _MOST_SCALED:
        container[key] = container[key] * pick(rng, (-1, 0.5, 10, 1000)) + pick(rng, (-1, 0, 1))
    elif kind == 4 and isinstance(container[key], str):
        container[key] = _changed_text(container[key], rng)
    else:
        container[key] = wrong_value(rng)


def _nested(value: Value, depth: int, rng: Rng) -> Value:
    for _ in range(depth):
        value = [value] if rng.random() < 0.5 else {"a": value}
    return value


def _changed_text(text: str, rng: Rng) -> str:
    part = pick(rng, ("\0", "\n", "\x1b[31m", "\u202e", "\ud800", "/../", "é", " ", "x" * 300))
    place = int(rng.integers(len(text) + 1))
    return text[:place] + part + text[place:]


def damaged_json(content: bytes, rng: Rng, others: tuple[bytes, ...] = ()) -> bytes:
    """Return a JSON file with damage to its values, its bytes, or both."""
    kind = int(rng.integers(4))
    if rng.random() < 0.03:
        return pick(rng, FAR_TOO_DEEP)
    if kind < 3:
        text = json.dumps(damaged_value(json.loads(content), rng), ensure_ascii=bool(rng.integers(2)))
        content = text.encode(errors="surrogatepass")
    return damaged(content, rng, others) if kind > 1 else content
