"""Two builds side by side: what is paired with what, what the figures say, that nothing is left behind."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from inference_core.errors import UserError
from mivos_studio.benchmarks.against import __main__ as against
from mivos_studio.benchmarks.against import builds
from mivos_studio.benchmarks.against.builds import Build, old_build, working_tree
from mivos_studio.benchmarks.against.pairs import BuildPair, compare_masks, measure, order
from mivos_studio.benchmarks.against.ratios import compare, coverage, median_interval
from mivos_studio.benchmarks.against.worker import make_clip
from tests.project import PROJECT

SETTINGS = {"frames": 4, "size": (64, 96), "device": "cpu", "dtype": "float32", "working_size": 64}


@dataclass(frozen=True)
class MadeBuildPair(BuildPair):
    """A pair of builds with figures from a list that records what was run."""

    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    played: list[tuple[str, str]] = field(default_factory=list)

    def run_case(self, side: str, case: str) -> dict[str, Any]:
        self.played.append((side, case))
        return self.results[side]


def _made_build_pair(cases: list[str], old: dict[str, Any], new: dict[str, Any]) -> MadeBuildPair:
    same = Build("same", PROJECT)
    return MadeBuildPair(
        {"old": same, "new": same}, cases, {}, PROJECT, lambda line: None, {"old": old, "new": new}
    )


@pytest.fixture(scope="module")
def build_pair(tmp_path_factory: pytest.TempPathFactory) -> BuildPair:
    """The checkout against itself, on a tiny clip."""
    folder = tmp_path_factory.mktemp("against")
    same = Build("same", PROJECT)
    return BuildPair({"old": same, "new": same}, ["propagate-1"], SETTINGS, folder, lambda line: None)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one commit, which stands for the program's."""
    top = tmp_path / "repository"
    (top / "inference_core").mkdir(parents=True)
    (top / "inference_core" / "__init__.py").write_text("")
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "First"]):
        subprocess.run(["git", *words], cwd=top, check=True)
    monkeypatch.setattr(against, "working_tree", lambda: Build("new", top))
    return top


# -- figures -------------------------------------------------------------------------------------------------


def test_seven_values_have_their_median_between_the_least_and_the_largest() -> None:
    assert median_interval([5, 1, 7, 3, 2, 6, 4]) == (1, 7)
    assert coverage(7) == 1 - 2 / 2**7


def test_more_values_leave_the_outermost_out() -> None:
    assert median_interval(range(1, 10)) == (2, 8)
    assert median_interval(range(1, 21)) == (6, 15)  # as in the printed tables of the sign test


@pytest.mark.parametrize("count", range(6, 60))
def test_an_interval_is_never_less_sure_than_promised(count: int) -> None:
    assert 0.95 <= coverage(count) < 1


def test_five_values_are_too_few_for_an_interval() -> None:
    with pytest.raises(ValueError, match="5 values are too few"):
        median_interval(range(5))


@pytest.mark.parametrize(
    ("figure", "factor", "verdict"),
    [
        ("cpu_s", 0.9, "faster"),
        ("wall_s", 1.1, "slower"),
        ("peak_mb", 0.9, "smaller"),
        ("peak_mb", 1.1, "larger"),
        ("cpu_s", 1.0, "no difference"),
    ],
)
def test_what_all_pairs_agree_on_is_a_verdict(figure: str, factor: float, verdict: str) -> None:
    old = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]
    found = compare(figure, old, [factor * value for value in old])
    assert found.verdict == verdict
    assert found.ratio == pytest.approx(factor)


def test_pairs_that_disagree_are_no_verdict() -> None:
    found = compare("cpu_s", [1.0] * 7, [0.5, 0.6, 0.7, 0.7, 0.8, 0.9, 1.1])
    assert found.verdict == "no difference"
    assert (found.low, found.ratio, found.high) == (0.5, 0.7, 1.1)


def test_the_ratio_is_taken_pair_by_pair() -> None:
    """A machine that slows down changes both values of a pair."""
    found = compare("cpu_s", [1, 2, 3, 4, 5, 6, 7], [2, 4, 6, 8, 10, 12, 14])
    assert found.low == found.high == 2


# -- pairs ---------------------------------------------------------------------------------------------------


def test_the_build_that_goes_first_alternates() -> None:
    assert [order(pair)[0] for pair in range(4)] == ["old", "new", "old", "new"]
    assert all(set(order(pair)) == {"old", "new"} for pair in range(4))


def test_both_builds_play_a_case_one_after_the_other() -> None:
    figures = {"figures": {"first round": {"cpu_s": 1.0}}}
    made = _made_build_pair(["propagate-1", "start"], figures, figures)
    rows = measure(made, 7)
    assert made.played[:2] == [("old", "start"), ("new", "start")]  # warming up
    assert made.played[2:10] == [
        ("old", "propagate-1"),
        ("new", "propagate-1"),
        ("old", "start"),
        ("new", "start"),
        ("new", "propagate-1"),
        ("old", "propagate-1"),
        ("new", "start"),
        ("old", "start"),
    ]
    assert len(rows["propagate-1: first round"]["cpu_s"].old_values) == 7


def test_the_first_mask_that_differs_is_named() -> None:
    old = {"hashes": [["frame 0, ids", "a"], ["frame 0, prob", "b"], ["frame 1, ids", "c"]]}
    new = {"hashes": [["frame 0, ids", "a"], ["frame 0, prob", "x"], ["frame 2, ids", "c"]]}
    found = compare_masks(_made_build_pair(["strokes"], old, new))["strokes"]
    assert (found.hashes, found.differing, found.first) == (4, 3, "frame 0, prob")


# -- builds --------------------------------------------------------------------------------------------------


def test_a_revision_has_a_worktree_of_its_own_until_it_was_measured(repository: Path, tmp_path: Path) -> None:
    with old_build("HEAD", repository, tmp_path) as build:
        assert build.checkout.parent == tmp_path
        assert (build.checkout / "inference_core" / "__init__.py").is_file()
    assert not build.checkout.exists()
    assert _worktrees(repository) == 1


def test_an_interrupt_leaves_no_worktree(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), old_build("HEAD", repository, tmp_path):
        raise KeyboardInterrupt
    assert _worktrees(repository) == 1


def test_a_checkout_is_taken_as_it_is_and_called_changed_where_it_is(
    repository: Path, tmp_path: Path
) -> None:
    (repository / "inference_core" / "__init__.py").write_text('"""Changed."""')
    with old_build(str(repository), repository, tmp_path) as build:
        assert build.checkout == repository
        assert build.name.endswith("-dirty")
    assert repository.exists()


def test_a_program_that_was_installed_has_no_revisions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "mivos_studio" / "benchmarks" / "against" / "builds.py"
    monkeypatch.setattr(builds, "__file__", str(installed))
    tmp_path.joinpath("mivos_studio").mkdir()
    with pytest.raises(UserError, match="is not a git checkout"):
        working_tree()


def _worktrees(repository: Path) -> int:
    listed = subprocess.run(
        ["git", "worktree", "list"], cwd=repository, check=True, capture_output=True, text=True
    )
    return len(listed.stdout.splitlines())


# -- the command ---------------------------------------------------------------------------------------------


def test_few_pairs_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert against.main(["--pairs", "6"]) == 2
    assert capsys.readouterr().err == "6 pairs say too little: measure at least 7.\n"


def test_an_unknown_revision_is_named(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert against.main(["gone"]) == 2
    said = capsys.readouterr().err
    assert said == f"gone is no commit, tag or branch of {repository}, and no checkout.\n"


def test_a_build_that_fails_is_named_in_one_sentence(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert against.main(["HEAD", "--quiet"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith("The old build (")
    assert _worktrees(repository) == 1


def test_a_foreign_file_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    foreign = tmp_path / "notes.json"
    foreign.write_text("{}")
    assert against.main(["--json", str(foreign)]) == 2
    assert "not a file of figures" in capsys.readouterr().err
    assert foreign.read_text() == "{}"


def test_the_table_and_the_file_hold_what_was_measured(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = {"old": 2.0, "new": 1.0}
    monkeypatch.setattr(
        BuildPair, "run_case", lambda self, side, case: {"figures": {"help": {"cpu_s": seconds[side]}}}
    )
    file = tmp_path / "figures.json"
    assert against.main(["--cases", "start", "--json", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "| start: help | CPU s | 2 | 1 | 0.500 | 0.500 to 0.500 | **faster** |" in printed
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written["cases"]["start: help"]["cpu_s"]["verdict"] == "faster"
    assert written["cases"]["start: help"]["cpu_s"]["new_values"] == [1.0] * 7


def test_masks_that_differ_are_exit_code_1(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BuildPair, "run_case", lambda self, side, case: {"hashes": [["frame 0, ids", side]]})
    assert against.main(["--masks", "--cases", "propagate-3", "start"]) == 1
    assert "propagate-3: 1 of 1 hashes differ, the first: frame 0, ids" in capsys.readouterr().out


# -- in the measured process ---------------------------------------------------------------------------------


def test_every_clip_shows_its_objects_on_every_frame() -> None:
    clip = make_clip((64, 96), 12, 8)
    assert all(set(mask.flat) == set(range(9)) for mask in clip.masks)
    assert (clip[0] != clip[1]).any()


def test_a_clip_is_the_same_each_time_it_is_made() -> None:
    one, other = (make_clip((64, 96), 2, 3) for _ in range(2))
    assert all((one[frame_index] == other[frame_index]).all() for frame_index in range(2))


def test_a_process_that_would_import_another_checkout_is_stopped(
    build_pair: BuildPair, tmp_path: Path
) -> None:
    empty = Build("empty", tmp_path)
    strange = BuildPair({"old": empty}, ["start"], SETTINGS, build_pair.folder, lambda line: None)
    with pytest.raises(UserError, match=r"The old build \(empty\) failed at start: .*inference_core"):
        strange.run_case("old", "start")


def test_the_masks_of_a_checkout_are_equal_to_its_own(build_pair: BuildPair) -> None:
    exact = BuildPair(
        build_pair.builds,
        ["propagate-3"],
        {**SETTINGS, "threads": 1, "is_for_masks": True},
        build_pair.folder,
        build_pair.on_progress,
    )
    found = compare_masks(exact)["propagate-3"]
    assert (found.hashes, found.differing) == (2 * 4 * 2, 0)  # rounds, frames, ids and prob


@pytest.mark.parametrize(
    ("case", "rows"),
    [
        ("propagate-1", {"first round", "second round"}),
        (
            "strokes",
            {
                "scribble",
                "click",
                "click on an empty frame, first mask",
                "click on an empty frame, last mask",
            },
        ),
        ("start", {"help", "core and networks"}),
    ],
)
def test_a_case_has_figures_for_each_of_its_rows(build_pair: BuildPair, case: str, rows: set[str]) -> None:
    figures = build_pair.run_case("new", case)["figures"]
    assert figures.keys() == rows
    assert all({"cpu_s", "wall_s"} <= row.keys() for row in figures.values())
    assert all(value > 0 for row in figures.values() for value in row.values())
