"""Damage is the same for the same seed; where it respects a structure, check sums and lengths are right."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.mivos_studio.cli.fuzz import formats
from tests.mivos_studio.cli.fuzz.cases import KINDS
from tests.mivos_studio.cli.fuzz.command_lines import all_commands
from tests.mivos_studio.cli.fuzz.formats import STRUCTURED, damaged_file
from tests.mivos_studio.cli.fuzz.runner import listing
from tests.mivos_studio.cli.fuzz.seeds import Seeds


def files_of(seeds: Seeds) -> dict[str, Path]:
    """Return one valid file for each ending."""
    found = {path.suffix: path for path in (*seeds.images, *seeds.videos, *seeds.scripts, *seeds.pickles)}
    return found | {".safetensors": seeds.weights / "compact" / "fusion.safetensors"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_case(kind: str, seeds: Seeds, tmp_path: Path) -> None:
    cases, listings = [], []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        cases.append(KINDS[kind](np.random.default_rng(3), seeds, folder))
        listings.append({name: facts[-1] for name, facts in listing(folder).items()})
    assert cases[0] == cases[1]
    assert listings[0] == listings[1]


@pytest.mark.parametrize("suffix", STRUCTURED)
def test_files_of_every_structure_are_damaged(suffix: str, seeds: Seeds) -> None:
    path = files_of(seeds)[suffix]
    made = {damaged_file(path, np.random.default_rng(number)) for number in range(40)}
    assert len(made - {path.read_bytes()}) > 30


def test_chunks_of_a_damaged_png_have_their_check_sums(seeds: Seeds) -> None:
    content = (seeds.folder / "images" / "rgb.png").read_bytes()
    for number in range(30):
        damaged = formats.damaged_png(content, np.random.default_rng(number), ())
        place, chunks = 8, 0
        while place < len(damaged):
            (length,) = struct.unpack_from(">I", damaged, place)
            body = damaged[place + 4 : place + 8 + length]
            assert struct.unpack_from(">I", damaged, place + 8 + length) == (zlib.crc32(body),)
            place, chunks = place + 12 + length, chunks + 1
        assert chunks >= 2


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mkv", ".webp"])
def test_blocks_that_are_not_damaged_come_out_as_they_were(suffix: str, seeds: Seeds) -> None:
    """With nothing changed, what is taken apart and joined again is the same, but for the width of sizes."""
    content = files_of(seeds)[suffix].read_bytes()
    parts = {
        ".mp4": lambda: list(formats._boxes(content)),
        ".avi": lambda: list(formats._riff_chunks(content[12:])),
        ".mkv": lambda: list(formats._elements(content)),
        ".webp": lambda: list(formats._riff_chunks(content[12:])),
    }[suffix]()
    assert len(parts) >= 2 or suffix == ".webp"
    assert sum(len(data) for _, data in parts) > 0.8 * len(content)
    assert all(data in content for _, data in parts)


def test_a_damaged_header_of_weights_has_its_length(seeds: Seeds) -> None:
    content = files_of(seeds)[".safetensors"].read_bytes()
    read = 0
    for number in range(30):
        damaged = formats.damaged_safetensors(content, np.random.default_rng(number), ())
        length = int.from_bytes(damaged[:8], "little")
        try:
            read += bool(json.loads(damaged[8 : 8 + length]))
        except ValueError:
            continue
    assert read > 15


def test_a_damaged_archive_mostly_has_right_check_sums(seeds: Seeds) -> None:
    content = (seeds.folder / "pickles" / "plain.pth").read_bytes()
    whole = 0
    for number in range(30):
        damaged = formats.damaged_zip(content, np.random.default_rng(number), ())
        if zipfile.is_zipfile(io.BytesIO(damaged)):
            try:
                with zipfile.ZipFile(io.BytesIO(damaged)) as archive:
                    whole += archive.testzip() is None
            except (zipfile.BadZipFile, ValueError, NotImplementedError):
                continue
    assert whole > 10


def test_command_lines_are_made_for_every_command() -> None:
    names = {" ".join(command.words) for command in all_commands()}
    assert {"propagate", "replay", "check", "weights fetch", "bench kill", "gui", "doctor"} <= names
    assert all(len(command.actions) > 1 for command in all_commands())
