"""How deep the calls are between a session and its networks: a traceback shows few of our own frames."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from tests.inference_core.fakes import (
    FakeFusion,
    FakePropagation,
    fake_session,
    square_clip,
    square_ids,
    stroke,
)
from tests.project import PROJECT

MOST_FRAMES = 5
PROPAGATION = ("encode_query", "encode_memory", "read", "decode", "learn_target_models", "transfer")


def record_depth(network: type, method: str, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the number of the program's own frames at every call of a network."""
    works: Callable[..., object] = getattr(network, method)
    depths = []

    def counted(*arguments: object, **options: object) -> object:
        frame: FrameType | None = sys._getframe(1)
        count = 0
        while frame is not None:
            count += frame.f_code.co_filename.startswith(str(PROJECT / "inference_core"))
            frame = frame.f_back
        depths.append(count)
        return works(*arguments, **options)

    monkeypatch.setattr(network, method, counted)
    return depths


@pytest.mark.parametrize(
    ("network", "method"),
    [*((FakePropagation, method) for method in PROPAGATION), (FakeFusion, "__call__")],
)
def test_at_most_five_frames_lie_between_a_propagation_and_its_networks(
    network: type, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = fake_session(square_clip(9))
    depths = record_depth(network, method, monkeypatch)
    session.set_ids(0, square_ids(0, both=True))
    list(session.propagate())
    # Of the second object alone, so that the two read different anchors; then stopped and resumed.
    session.set_ids(8, square_ids(8, both=True))
    for _ in session.propagate():
        break
    list(session.interact(stroke("brush", ((20.0, 48.0),), frame=5, object_id=2)))
    list(session.propagate())
    assert depths
    assert max(depths) <= MOST_FRAMES
