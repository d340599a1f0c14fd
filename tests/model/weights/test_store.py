"""The program finds the weights that come with it, however it was installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from model.errors import CheckpointError
from model.weights import store
from model.weights.store import saves_folder
from tests.project import PROJECT


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle as a freezer makes it: modules in an archive, data unpacked elsewhere."""
    (tmp_path / "saves").mkdir()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(store, "__file__", str(tmp_path / "mivos.exe" / "model" / "weights" / "store.pyc"))
    return tmp_path


def test_a_checkout_has_its_weights_beside_the_packages() -> None:
    assert saves_folder() == PROJECT / "saves"


def test_an_installed_program_has_its_weights_beside_the_packages_in_site_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "lib" / "site-packages"
    (packages / "saves").mkdir(parents=True)
    monkeypatch.setattr(store, "__file__", str(packages / "model" / "weights" / "store.py"))
    assert saves_folder() == packages / "saves"


def test_a_frozen_bundle_has_its_weights_where_its_data_are(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(bundle), raising=False)
    assert saves_folder() == bundle / "saves"


def test_a_bundle_that_unpacks_nothing_has_its_weights_beside_the_executable(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(bundle / "mivos"))
    assert saves_folder() == bundle / "saves"


def test_a_bundle_without_its_weights_is_told(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(bundle / "nothing"), raising=False)
    with pytest.raises(CheckpointError, match="does not exist"):
        saves_folder()


def test_a_folder_that_is_named_is_taken_instead(tmp_path: Path) -> None:
    assert saves_folder(tmp_path) == tmp_path
