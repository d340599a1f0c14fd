"""Indexed and grey PNG exports: what is written, and that it is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference_core.types import UInt8Array
from mivos_studio.media.clip import Clip, open_clip
from mivos_studio.media.errors import MediaError
from mivos_studio.media.export.export_format import ExportFormat
from mivos_studio.media.export.formats import FORMATS, find_format
from mivos_studio.media.export.job import ExportJob
from mivos_studio.media.output.manifest import MANIFEST_NAME
from mivos_studio.media.palette import read_ids

T, H, W = 4, 6, 8


def _ids(frame_index: int) -> UInt8Array:
    ids = np.zeros((H, W), np.uint8)
    ids[frame_index, :] = 1
    if frame_index > 1:
        ids[:, 0] = 7
    return ids


def _seen(folder: Path) -> list[str]:
    """All names but the list of files."""
    return sorted(path.name for path in folder.iterdir() if path.name != MANIFEST_NAME)


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    frames = tmp_path / "frames"
    frames.mkdir()
    for frame_index in range(T):
        Image.new("RGB", (W, H)).save(frames / f"{frame_index}.png")
    return open_clip(frames)


@pytest.fixture
def job(clip: Clip) -> ExportJob:
    return ExportJob(clip, _ids, {1: "Runner", 7: "Red ball / left"})


@pytest.fixture(params=FORMATS.values(), ids=FORMATS)
def export_format(request: pytest.FixtureRequest) -> ExportFormat:
    assert isinstance(request.param, ExportFormat)
    return request.param


def test_indexed_png_gives_the_ids_back(job: ExportJob, tmp_path: Path) -> None:
    for _ in find_format("png-indexed").write(job, tmp_path / "out"):
        pass
    assert _seen(tmp_path / "out") == [f"{i:05d}.png" for i in range(T)]
    for frame_index in range(T):
        assert np.array_equal(read_ids(tmp_path / "out" / f"{frame_index:05d}.png"), _ids(frame_index))


def test_mattes_are_a_folder_for_every_object_without_gaps(job: ExportJob, tmp_path: Path) -> None:
    for _ in find_format("png-matte").write(job, tmp_path / "out"):
        pass
    assert _seen(tmp_path / "out") == ["Red_ball_left", "Runner"]
    for object_id, folder in ((1, "Runner"), (7, "Red_ball_left")):
        for frame_index in range(T):
            with Image.open(tmp_path / "out" / folder / f"{frame_index:05d}.png") as matte:
                assert matte.mode == "L"
                assert np.array_equal(np.asarray(matte), (_ids(frame_index) == object_id) * np.uint8(255))


def test_objects_of_one_name_are_told_apart(clip: Clip, tmp_path: Path) -> None:
    job = ExportJob(clip, _ids, {1: "ball", 7: "Ball", 9: ""})
    for _ in find_format("png-matte").write(job, tmp_path / "out"):
        pass
    assert _seen(tmp_path / "out") == ["Ball_7", "ball_1", "object"]


def test_progress_counts_every_frame(export_format: ExportFormat, job: ExportJob, tmp_path: Path) -> None:
    assert list(export_format.write(job, tmp_path / "out")) == [(done, T) for done in range(1, T + 1)]


def test_nothing_is_seen_before_the_end(export_format: ExportFormat, job: ExportJob, tmp_path: Path) -> None:
    steps = export_format.write(job, tmp_path / "out")
    next(steps)
    assert not (tmp_path / "out").exists()


def test_a_stopped_export_leaves_nothing(export_format: ExportFormat, job: ExportJob, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    steps = export_format.write(job, tmp_path / "out")
    next(steps)
    steps.close()  # type: ignore[attr-defined]  # a generator
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_with_something_in_it_is_refused(
    export_format: ExportFormat, job: ExportJob, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious.txt").write_text("keep me")
    with pytest.raises(MediaError, match="is not empty"):
        next(export_format.write(job, tmp_path / "out"))
    assert (tmp_path / "out" / "precious.txt").read_text() == "keep me"


def test_force_replaces_an_earlier_export_once_the_new_one_is_whole(
    export_format: ExportFormat, job: ExportJob, clip: Clip, tmp_path: Path
) -> None:
    for _ in export_format.write(job, tmp_path / "out"):
        pass
    (tmp_path / "out" / "notes.txt").write_text("mine")
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.png")}
    steps = export_format.write(ExportJob(clip, _ids, {1: "Walker"}), tmp_path / "out", force=True)
    next(steps)
    assert all(path.read_bytes() == content for path, content in before.items())
    for _ in steps:
        pass
    if export_format.name == "png-matte":
        assert _seen(tmp_path / "out") == ["Walker", "notes.txt"]
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frames", "out"]


@pytest.mark.parametrize("size", [(64, 96), (480, 854), (1080, 1920)])
def test_the_space_that_is_asked_for_is_less_than_empty_masks_take(
    export_format: ExportFormat, size: tuple[int, int], tmp_path: Path
) -> None:
    (tmp_path / "one").mkdir()
    Image.new("RGB", size[::-1]).save(tmp_path / "one" / "0.png")
    job = ExportJob(open_clip(tmp_path / "one"), lambda _: np.zeros(size, np.uint8), {1: "a", 2: "b"})
    for _ in export_format.write(job, tmp_path / "out"):
        pass
    taken = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*.png"))
    assert 0.5 * taken < export_format.plan(job.extent).least_bytes <= taken


def test_an_empty_folder_is_filled(export_format: ExportFormat, job: ExportJob, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for _ in export_format.write(job, tmp_path / "out"):
        pass
    assert any((tmp_path / "out").iterdir())


def test_a_file_in_the_way_is_refused(export_format: ExportFormat, job: ExportJob, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(MediaError, match="is a file"):
        next(export_format.write(job, tmp_path / "out", force=True))


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(MediaError, match="choose one of png-indexed, png-matte"):
        find_format("papyrus")
