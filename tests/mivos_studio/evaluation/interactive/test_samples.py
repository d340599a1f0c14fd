"""Human scribbles begin a sample where the data have them; malformed files are refused."""

from __future__ import annotations

import numpy as np
import pytest

from inference_core.types import Tool
from mivos_studio.evaluation.errors import EvaluationError
from mivos_studio.evaluation.interactive.samples import read_samples, read_scribbles
from tests.mivos_studio.evaluation.example_folders import make_clip
from tests.mivos_studio.evaluation.interactive.scribble_files import SQUARE_LINE, content, write_scribbles


def test_each_file_of_scribbles_is_a_sample(tmp_path):
    clip = make_clip(tmp_path)
    for number, frame_index in ((1, 2), (2, 0)):
        write_scribbles(tmp_path, "squares", number, content(frame_index, (1, SQUARE_LINE), (0, SQUARE_LINE)))
    first, second = read_samples(tmp_path, [clip], Tool.SCRIBBLE)
    assert (first.name, first.number, second.name, second.number) == ("squares 1", 1, "squares 2", 2)
    assert (first.initial.frame_index, second.initial.frame_index) == (2, 0)
    assert [scribble.object_id for scribble in first.initial.scribbles] == [1, 0]
    np.testing.assert_allclose(first.initial.scribbles[0].path, SQUARE_LINE)


def test_without_scribbles_or_for_clicks_the_robot_begins(tmp_path):
    clip = make_clip(tmp_path)
    (sample,) = read_samples(tmp_path, [clip], Tool.SCRIBBLE)
    assert (sample.name, sample.initial) == ("squares", None)
    write_scribbles(tmp_path, "squares", 1, content(0, (1, SQUARE_LINE)))
    (clicked,) = read_samples(tmp_path, [clip], Tool.CLICK)
    assert clicked.initial is None


def test_scribbles_behind_the_last_frame_that_is_measured_are_left_out(tmp_path):
    clip = make_clip(tmp_path)
    write_scribbles(tmp_path, "squares", 1, content(30, (1, SQUARE_LINE), frames=40))
    write_scribbles(tmp_path, "squares", 2, content(1, (1, SQUARE_LINE)))
    (sample,) = read_samples(tmp_path, [clip], Tool.SCRIBBLE)
    assert (sample.name, sample.number) == ("squares", 2)


@pytest.mark.parametrize(
    "written",
    [
        {"sequence": "squares"},
        content(),
        content(0, (1, [[0.5, 2.0]])),
        content(0, (1, [0.5, 0.5])),
    ],
)
def test_a_malformed_file_of_scribbles_is_refused(tmp_path, written):
    path = write_scribbles(tmp_path, "squares", 1, written)
    with pytest.raises(EvaluationError, match=r"001\.json does not hold scribbles in the form of DAVIS"):
        read_scribbles(path)
