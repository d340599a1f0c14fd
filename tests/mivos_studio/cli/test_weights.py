"""`mivos weights`: what is there, whether it is what it was, and where to get the rest."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mivos_studio.cli.main import main
from model.weights.store import saves_folder
from tests.mivos_studio.cli.file_server import Served, serving

NAMES = ("propagation_model.pth", "fusion.pth", "s2m.pth")


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(Served({name: b"PK\x03\x04" + name.encode() for name in NAMES})) as running:
        yield running


@pytest.fixture
def saves(tmp_path: Path) -> Path:
    """A saves folder with the compact family alone."""
    folder = tmp_path / "saves"
    shutil.copytree(saves_folder() / "compact", folder / "compact")
    return folder


def weights(*words: object) -> int:
    return main(["weights", *map(str, words)])


def listed(folder: Path, tmp_path: Path) -> dict[str, list[dict[str, object]]]:
    file = tmp_path / "list.json"
    assert weights("list", "--weights", folder, "--json", file) == 0
    return json.loads(file.read_text(encoding="utf-8"))


def verdicts(folder: Path, tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "verify.json"
    weights("verify", "--weights", folder, "--json", file)
    found = json.loads(file.read_text(encoding="utf-8"))["files"]
    return {Path(entry["file"]).name: entry["verdict"] for entry in found}


def test_the_shipped_files_are_what_was_recorded(tmp_path: Path) -> None:
    assert weights("verify", "--json", tmp_path / "verify.json") == 0
    report = json.loads((tmp_path / "verify.json").read_text(encoding="utf-8"))
    assert report["ok"]
    shipped = [entry for entry in report["files"] if "/compact" in Path(entry["file"]).as_posix()]
    assert {entry["verdict"] for entry in shipped} == {"unchanged"}


def test_the_list_says_plainly_what_the_licences_allow(capsys: pytest.CaptureFixture[str]) -> None:
    assert weights("list") == 0
    told = capsys.readouterr().out
    assert "compact: complete" in told
    assert "do not use these weights commercially" in told


def test_the_list_gives_size_and_hash_of_each_file(saves: Path, tmp_path: Path) -> None:
    entries = listed(saves, tmp_path)["weights"]
    assert [entry["network"] for entry in entries] == ["propagation", "fusion", "interaction"]
    for entry in entries:
        content = Path(str(entry["file"])).read_bytes()
        assert entry["bytes"] == len(content)
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_family_is_complete_only_with_all_of_its_files(saves: Path, tmp_path: Path) -> None:
    (saves / "fusion.pth").write_bytes(b"PK")
    families = {entry["family"]: entry for entry in listed(saves, tmp_path)["families"]}
    assert families["compact"]["complete"]
    assert families["compact-free"]["missing"] == [
        f"{name}.safetensors" for name in ("propagation", "fusion", "interaction")
    ]
    assert families["mivos"]["missing"] == ["propagation_model.pth", "s2m.pth"]


def test_a_folder_of_compact_files_is_not_taken_for_two_families(saves: Path, tmp_path: Path) -> None:
    families = {
        entry["family"]: entry["complete"] for entry in listed(saves / "compact", tmp_path)["families"]
    }
    assert families == {"compact": True, "compact-free": False, "mivos": False}


@pytest.mark.parametrize("name", ["fbrs.pth", "stcn.pth"])
def test_files_of_other_methods_are_named_as_not_used(
    saves: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (saves / name).write_bytes(b"PK")
    assert weights("list", "--weights", saves) == 0
    assert f"{saves / name} is not used: " in capsys.readouterr().out


def test_a_changed_file_is_found_and_named(
    saves: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert weights("record", "--weights", saves) == 0
    changed = saves / "compact" / "fusion.safetensors"
    changed.write_bytes(changed.read_bytes() + b"\0")
    assert weights("verify", "--weights", saves) == 2
    assert str(changed) in capsys.readouterr().err
    assert verdicts(saves, tmp_path)["fusion.safetensors"] == "changed"


def test_published_files_put_there_by_hand_are_recorded_when_first_met(saves: Path, tmp_path: Path) -> None:
    file = saves / "s2m.pth"
    file.write_bytes(b"PK one")
    assert verdicts(saves, tmp_path)["s2m.pth"] == "recorded now"
    assert verdicts(saves, tmp_path)["s2m.pth"] == "unchanged"
    file.write_bytes(b"PK two")
    assert verdicts(saves, tmp_path)["s2m.pth"] == "changed"


def test_fetching_brings_what_is_missing_and_records_it(
    saves: Path, published: Served, tmp_path: Path
) -> None:
    (saves / "fusion.pth").write_bytes(b"PK mine")
    assert weights("fetch", "--weights", saves, "--mirror", published.url, "--quiet") == 0
    assert [path for path, _ in published.requests] == ["/propagation_model.pth", "/s2m.pth"]
    assert (saves / "s2m.pth").read_bytes() == published.files["s2m.pth"]
    assert (saves / "fusion.pth").read_bytes() == b"PK mine"
    assert verdicts(saves, tmp_path)["s2m.pth"] == "unchanged"


def test_a_file_fetched_again_must_be_the_one_recorded_before(
    saves: Path, published: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert weights("fetch", "--weights", saves, "--mirror", published.url, "--quiet") == 0
    (saves / "s2m.pth").unlink()
    published.files["s2m.pth"] = b"PK\x03\x04another"
    assert weights("fetch", "--weights", saves, "--mirror", published.url, "--quiet") == 2
    assert "not the file whose SHA-256 was recorded" in capsys.readouterr().err
    assert not (saves / "s2m.pth").exists()


def test_offline_the_pages_and_the_folder_are_named(
    saves: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    (saves / "propagation_model.pth").write_bytes(b"PK")
    assert weights("fetch", "--weights", saves, "--mirror", "http://127.0.0.1:1", "--quiet") == 2
    told = capsys.readouterr().err
    assert told.startswith("fusion.pth cannot be downloaded: 127.0.0.1:1 cannot be reached")
    assert "https://drive.google.com/file/d/1Lc1lI5-ix4WsCRdipACXgvS3G-o0lMoz/view" in told
    assert "propagation_model.pth" not in told
    assert str(saves) in told
    assert told.count("\n") == 1


def test_a_mirror_that_is_no_address_is_refused(saves: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert weights("fetch", "--weights", saves, "--mirror", "file:///etc") == 2
    assert "is no address of a web server" in capsys.readouterr().err
