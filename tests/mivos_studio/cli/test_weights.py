"""`mivos weights`: what is there, whether it is what it was, and where to get the rest."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from mivos_studio.cli.main import main
from mivos_studio.media.output.locks import FileLock
from model.mivos.family import MIVOS
from model.mivos.fusion import MivosFusion
from model.mivos.propagation import MivosPropagation
from model.mivos.scribble import MivosScribble
from model.weights.hashes import record_sha256
from model.weights.store import saves_folder
from tests.mivos_studio.cli.file_server import Served, saved, serving

NAMES = ("propagation_model.pth", "fusion.pth", "s2m.pth")


@pytest.fixture
def published() -> Iterator[Served]:
    with serving(Served({name: saved(number) for number, name in enumerate(NAMES)})) as running:
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
    first = published.files["s2m.pth"]
    published.files["s2m.pth"] = saved(9)
    assert weights("fetch", "--weights", saves, "--mirror", published.url, "--quiet") == 2
    told = capsys.readouterr().err
    assert told.startswith("s2m.pth is another file now: the server's has the SHA-256 ")
    for content in (first, saved(9)):
        assert hashlib.sha256(content).hexdigest() in told
    assert told.endswith(f"if the new one is right, delete {saves / 's2m.pth.sha256'}.\n")
    assert not (saves / "s2m.pth").exists()
    (saves / "s2m.pth.sha256").unlink()
    assert weights("fetch", "--weights", saves, "--mirror", published.url, "--quiet") == 0


def test_offline_the_page_and_the_place_are_named(saves: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (saves / "propagation_model.pth").write_bytes(b"PK")
    assert weights("fetch", "--weights", saves, "--mirror", "http://127.0.0.1:1", "--quiet") == 2
    told = capsys.readouterr().err
    assert told.startswith("fusion.pth cannot be downloaded: 127.0.0.1:1 cannot be reached")
    assert f"save what {_page('fusion.pth')} gives as {saves / 'fusion.pth'}" in told
    assert told.count("\n") == 1


def test_the_list_names_the_pages_of_published_files_that_are_missing(
    saves: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (saves / "fusion.pth").write_bytes(b"PK")
    assert weights("list", "--weights", saves) == 0
    told = capsys.readouterr().out
    assert all((_page(name) in told) == (name != "fusion.pth") for name in NAMES)


def test_the_list_says_which_files_are_not_recorded_and_which_have_changed(
    saves: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (saves / "fusion.pth").write_bytes(b"PK")
    (saves / "s2m.pth").write_bytes(b"PK")
    record_sha256(saves / "s2m.pth")
    (saves / "s2m.pth").write_bytes(b"PK2")
    assert weights("list", "--weights", saves) == 0
    lines = capsys.readouterr().out.splitlines()
    (first,) = (line for line in lines if "fusion.pth" in line)
    (second,) = (line for line in lines if "s2m.pth" in line)
    assert first.endswith(f"{saves / 'fusion.pth'}  (not recorded yet)")
    assert second.endswith(f"(changed: {hashlib.sha256(b'PK').hexdigest()} was recorded)")


def _page(name: str) -> str:
    (known,) = (known for known in MIVOS.files if known.name == name)
    return known.page


@pytest.mark.parametrize(
    ("mirror", "reason"),
    [
        ("", "it is empty"),
        ("file:///etc", "it begins with neither https:// nor http://"),
        ("ftp://127.0.0.1/", "it begins with neither"),
        ("example.org", "it begins with neither"),
        ("//example.org", "it begins with neither"),
        ("http://example.org", "http is for this computer alone"),
        ("HTTP://example.org", "http is for this computer alone"),
        ("http://127.0.0.1.example.org", "http is for this computer alone"),
        ("http://localhost.example.org", "http is for this computer alone"),
        ("http://2130706433", "http is for this computer alone"),
        ("http://0.0.0.0:8000", "http is for this computer alone"),
        ("http://10.0.0.1", "http is for this computer alone"),
        ("http://[::2]", "http is for this computer alone"),
        ("https://", "its host or its port is malformed"),
        ("https:///saves", "its host or its port is malformed"),
        ("https:example.org", "its host or its port is malformed"),
        ("https://:80", "its host or its port is malformed"),
        ("https://example.org:port", "its host or its port is malformed"),
        ("https://example.org:99999", "its host or its port is malformed"),
        ("https://example.org:-1", "its host or its port is malformed"),
        ("https://example.org:0", "its host or its port is malformed"),
        ("https://[::1", "its host or its port is malformed"),
        ("https://[example.org]", "its host or its port is malformed"),
        ("https://example..org", "its host or its port is malformed"),
        (f"https://{'a' * 64}.org", "its host or its port is malformed"),
        ("https://example.org%2f", "its host or its port is malformed"),
        ("https://example.org\\path", "its host or its port is malformed"),
        ("https://me:secret@example.org", "it names a user"),
        ("http://127.0.0.1\\@example.org", "it names a user"),
        ("https://example.org/a b", "some that no address has"),
        ("https://example.org/\x1b[31m", "some that no address has"),
        ("https://example.org/\nGET", "some that no address has"),
        ("https://ex\u00e4mple.org", "some that no address has"),
        ("https://example.org/\udcff", "some that no address has"),
        (f"https://example.org/{'a' * 3000}", "over 2000 characters"),
        ("https://example.org/?file=", "a ? or a #"),
        ("https://example.org/#files", "a ? or a #"),
    ],
)
def test_a_mirror_that_is_no_address_is_refused(
    mirror: str, reason: str, saves: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert weights("fetch", "--weights", saves, "--mirror", mirror) == 2
    told = capsys.readouterr().err
    assert told.startswith("The mirror")
    assert reason in told
    assert told.count("\n") == 1
    assert len(told) <= 501
    assert "secret" not in told
    assert [file.name for file in saves.iterdir()] == ["compact"]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_mirror_on_this_computer_may_be_one_of_http(name: str, saves: Path, published: Served) -> None:
    mirror = published.url.replace("127.0.0.1", name)
    assert weights("fetch", "--weights", saves, "--mirror", f"{mirror}//", "--quiet") == 0
    assert (saves / "s2m.pth").read_bytes() == published.files["s2m.pth"]


def test_a_second_fetch_says_that_another_one_is_at_work(
    saves: Path, published: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = FileLock.acquire(saves / ".mivos-fetch.lock", makes=True)
    assert weights("fetch", "--weights", saves, "--mirror", published.url, "--quiet") == 2
    assert capsys.readouterr().err == (
        f"Another `mivos weights fetch` is downloading into {saves}: wait until it is done.\n"
    )
    lock.close()  # as where the process was killed: the file stays
    assert weights("fetch", "--weights", saves, "--mirror", published.url, "--quiet") == 0
    assert not (saves / ".mivos-fetch.lock").exists()


def test_of_two_fetches_at_once_none_spoils_the_others_work(saves: Path, published: Served) -> None:
    words = ("weights", "fetch", "--weights", str(saves), "--mirror", published.url, "--quiet")
    program = "from mivos_studio.cli.main import main; raise SystemExit(main())"
    command = [sys.executable, "-c", program, *words]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate()[1] for process in both]
    codes = [process.returncode for process in both]
    assert 0 in codes
    for code, text in zip(codes, told, strict=True):
        assert (code, text) == (0, "") or (code == 2 and text.startswith("Another `mivos weights fetch`"))
    assert {path.name for path in saves.iterdir()} == {
        "compact",
        *NAMES,
        *(f"{name}.sha256" for name in NAMES),
    }
    for name in NAMES:
        assert (saves / name).read_bytes() == published.files[name]
    assert weights("verify", "--weights", saves) == 0


def test_the_first_files_stay_where_a_later_one_cannot_be_had(
    saves: Path, published: Served, tmp_path: Path
) -> None:
    last = published.files.pop("s2m.pth")
    assert weights("fetch", "--weights", saves, "--mirror", published.url, "--quiet") == 2
    assert verdicts(saves, tmp_path)["fusion.pth"] == "unchanged"
    published.files["s2m.pth"] = last
    published.requests.clear()
    assert weights("fetch", "--weights", saves, "--mirror", published.url, "--quiet") == 0
    assert [path for path, _ in published.requests] == ["/s2m.pth"]


def test_with_all_files_there_a_folder_that_cannot_be_written_is_no_error(
    saves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        (saves / name).write_bytes(b"PK")
    monkeypatch.setattr("mivos_studio.cli.weights.FileLock", None)
    assert weights("fetch", "--weights", saves) == 0


def test_a_folder_that_cannot_be_written_is_named(
    saves: Path, published: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    (saves / ".mivos-fetch.lock").mkdir()
    assert weights("fetch", "--weights", saves, "--mirror", published.url) == 2
    assert capsys.readouterr().err.startswith(f"Nothing can be downloaded into {saves}: ")
    assert published.requests == []


@pytest.mark.parametrize(
    ("name", "network"),
    [("propagation", MivosPropagation), ("fusion", MivosFusion), ("interaction", MivosScribble)],
)
@pytest.mark.parametrize("is_zipped", [True, False], ids=["zip", "older"])
def test_the_published_networks_fit_the_sizes_that_downloads_are_held_to(
    name: str, network: type[torch.nn.Module], is_zipped: bool, tmp_path: Path
) -> None:
    (known,) = (known for known in MIVOS.files if known.network == name)
    with torch.device("meta"):
        state = network().state_dict()
    numbers = sum(tensor.numel() for tensor in state.values())
    assert known.most_bytes == 4 * numbers + 1024 * len(state)
    # With one number in place of each tensor, what is left is names and places.
    small = {
        f"module.{key}": torch.ones((), dtype=value.dtype).expand(value.shape) for key, value in state.items()
    }
    torch.save(small, tmp_path / "small.pth", _use_new_zipfile_serialization=is_zipped)
    assert 4 * numbers + (tmp_path / "small.pth").stat().st_size < known.most_bytes
