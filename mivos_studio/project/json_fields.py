"""Strict reading of one JSON object: keys are asked for by type, every complaint names place and key."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import numpy as np

from inference_core.errors import UserError
from inference_core.types import MAX_OBJECTS, Float32Array

_LARGEST = 1e9  # far outside any image, far inside float32


class Fields:
    """One JSON object of a file. `place` opens every complaint, as in "Step 3 (scribble)"."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise UserError(f"{place} must be an object in braces, not {_shown(value)}.")
        self.place = place
        self._values: dict[str, Any] = value

    def allow(self, keys: Collection[str]) -> None:
        """Refuse every key that is not among these."""
        for key in self._values:
            if key not in keys:
                raise UserError(f'{self.place} has the unknown key "{key}"; it may have {", ".join(keys)}.')

    def has(self, key: str) -> bool:
        return key in self._values

    def whole_number(self, key: str, *, least: int = 0, most: int | None = None) -> int:
        value = self._get(key)
        if not _is_whole_number(value) or value < least or (most is not None and value > most):
            limits = f"from {least} to {most}" if most is not None else f"of {least} or more"
            raise self._refusal(key, f"a whole number {limits}")
        return int(value)

    def object_id(self, key: str) -> int:
        return self.whole_number(key, least=1, most=MAX_OBJECTS)

    def positive_number(self, key: str) -> float:
        value = self._get(key)
        if not _is_number(value) or value <= 0:
            raise self._refusal(key, "a number above 0")
        return float(value)

    def flag(self, key: str) -> bool:
        value = self._get(key)
        if not isinstance(value, bool):
            raise self._refusal(key, "true or false")
        return value

    def text(self, key: str) -> str:
        value = self._get(key)
        if not isinstance(value, str) or not value:
            raise self._refusal(key, "a text that is not empty")
        return value

    def choice(self, key: str, choices: Collection[str]) -> str:
        value = self._get(key)
        if not isinstance(value, str) or value not in choices:
            raise self._refusal(key, f"one of {', '.join(choices)}")
        return value

    def items(self, key: str) -> list[Any]:
        value = self._get(key)
        if not isinstance(value, list):
            raise self._refusal(key, "a list in brackets")
        return value

    def whole_numbers(self, key: str, count: int) -> list[int]:
        values = self.items(key)
        if len(values) != count or not all(_is_whole_number(value) and value >= 0 for value in values):
            raise self._refusal(key, f"a list of {count} whole numbers of 0 or more")
        return values

    def points(self, key: str) -> Float32Array:
        """Read [[x, y], …] as (N, 2) float32, N >= 1."""
        pairs = self.items(key)
        if not pairs:
            raise UserError(f'{self.place}: "{key}" needs at least one [x, y].')
        if not all(
            isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair)) for pair in pairs
        ):
            raise self._refusal(key, "a list of [x, y], two numbers each")
        return np.array(pairs, dtype=np.float32)

    def _get(self, key: str) -> Any:
        if key not in self._values:
            raise UserError(f'{self.place}: the key "{key}" is missing.')
        return self._values[key]

    def _refusal(self, key: str, wanted: str) -> UserError:
        return UserError(f'{self.place}: "{key}" must be {wanted}, not {_shown(self._values[key])}.')


def _is_number(value: object) -> bool:
    # In Python True is the int 1; JSON as Python reads it may hold NaN, Infinity and integers of any length.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_whole_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:37]}..."
