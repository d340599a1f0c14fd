"""What the session has to do differently is said on stderr, and the work goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from inference_core.runtime.device import Compute
from mivos_studio.cli.main import main
from model.compact.family import COMPACT
from model.compact.propagation import CompactPropagation
from model.families import FAMILIES
from tests.conftest import FRAMES, ClipOnDisk


class _Card(Compute):
    """Stands for a graphics card where there is none."""

    @property
    def is_last_resort(self) -> bool:
        return False


def test_a_propagation_that_outgrows_its_device_ends_on_the_processor_and_says_so(
    small_clip: ClipOnDisk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    card = _Card(torch.device("cpu"), torch.float32, casts_weights=True)
    monkeypatch.setattr("inference_core.session.choose_compute", lambda device, dtype: card)
    decode, calls = CompactPropagation.decode, 0

    def greedy(network: CompactPropagation, *planes: object) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls in (3, 4):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return decode(network, *planes)  # type: ignore[arg-type]

    monkeypatch.setattr(CompactPropagation, "decode", greedy)
    out = tmp_path / "out"
    words = ("propagate", small_clip.images, f"--mask=0={small_clip.masks[0]}", "--out", out, "--quiet")
    assert main([str(word) for word in (*words, "--working-size", 64)]) == 0
    assert len(list(out.glob("*.png"))) == FRAMES
    told = capsys.readouterr().err
    assert told.startswith("The memory of the cpu device ran out: the processor goes on")
    assert told.count("\n") == 1


def test_weights_used_for_the_first_time_are_named_on_stderr(
    small_clip: ClipOnDisk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    load = COMPACT.load
    found = replace(COMPACT, load=lambda *given: replace(load(*given), notices=("First use.",)))
    monkeypatch.setitem(FAMILIES, "compact", found)
    words = ("propagate", small_clip.images, f"--mask=0={small_clip.masks[0]}", "--quiet", "--models=compact")
    assert main([str(word) for word in (*words, "--out", tmp_path / "out", "--working-size", 64)]) == 0
    assert capsys.readouterr().err == "First use.\n"
