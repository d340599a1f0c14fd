"""What the computer refuses is told in words; faults of the program are not."""

from __future__ import annotations

import errno

import cv2
import numpy as np
import pytest
import torch

from mivos_studio.system_errors import reason_of, sentence_of


def test_a_full_disk_is_told_with_the_file_and_what_to_do() -> None:
    sentence = sentence_of(OSError(errno.ENOSPC, "No space left on device", "/out/00000.png"))
    assert sentence is not None
    assert sentence.startswith("/out/00000.png cannot be used: the disk is full; free some space")


def test_an_error_that_is_not_known_is_quoted() -> None:
    assert reason_of(OSError(errno.EXDEV, "Invalid cross-device link")).startswith(
        "invalid cross-device link"
    )


def _of(work: object) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011, the kind is what differs between libraries
        work()  # type: ignore[operator]
    return caught.value


@pytest.mark.parametrize(
    "work",
    [
        lambda: np.zeros((2**40, 2**10)),
        lambda: torch.zeros((2**40, 2**10)),
        lambda: cv2.resize(np.zeros((2, 2), np.uint8), (2**30, 2**30)),
    ],
)
def test_memory_that_ran_out_is_told_whichever_library_asked_for_it(work: object) -> None:
    assert "memory ran out" in (sentence_of(_of(work)) or "")


def test_no_temporary_folder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/nonexistent"])
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert "set TMPDIR" in (sentence_of(_of(tempfile.mkdtemp)) or "")


@pytest.mark.parametrize(
    "fault", [ValueError("x"), KeyError("x"), RuntimeError("size mismatch"), FileNotFoundError(2, "x")]
)
def test_faults_of_the_program_are_none(fault: Exception) -> None:
    assert sentence_of(fault) is None
