"""Damage that respects how a file is built: lengths, check sums and tables stay right around what is changed.

Damage to bytes alone hardly ever comes past a check sum; damage here does, and reaches what reads the fields.
"""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.mivos_studio.cli.fuzz.mutation import (
    Rng,
    damaged,
    damaged_json,
    damaged_value,
    interesting_integer,
    pick,
)

Damage = Callable[[bytes, Rng, tuple[bytes, ...]], bytes]
Block = tuple[bytes, bytes]
"""What names a part of a file, and its content."""

_PNG = b"\x89PNG\r\n\x1a\n"
_BOXES_IN_BOXES = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf", b"udta", b"mvex", b"moof")
_MATROSKA_PARENTS = (0x18538067, 0x1654AE6B, 0xAE, 0xE0, 0x1F43B675, 0xA0, 0x1C53BB6B, 0x114D9B74, 0x1A45DFA3)


def _change_blocks(blocks: list[Block], rng: Rng) -> list[Block]:
    """Damage one part, or leave it out, double it, move it, or name it otherwise."""
    if not blocks:
        return blocks
    place = int(rng.integers(len(blocks)))
    name, content = blocks[place]
    match int(rng.integers(8)):
        case 0:
            del blocks[place]
        case 1:
            blocks[place:place] = [blocks[place]] * int(rng.integers(1, 40))
        case 2:
            blocks.insert(int(rng.integers(len(blocks))), blocks.pop(place))
        case 3:
            blocks[place] = (pick(rng, blocks)[0], content)
        case _ if content:
            blocks[place] = (
                name,
                _with_number(content, rng) if rng.random() < 0.6 else damaged(content, rng),
            )
    return blocks


def _with_number(content: bytes, rng: Rng) -> bytes:
    """Overwrite a field of a multiple of two bytes with a number near a limit."""
    width = pick(rng, (1, 2, 4, 8))
    start = int(rng.integers(max(len(content) // 2, 1))) * 2
    return content[:start] + interesting_integer(rng, width) + content[start + width :]


def damaged_png(content: bytes, rng: Rng, others: tuple[bytes, ...]) -> bytes:
    """Damage chunks; the check sum of each is right."""
    blocks = list(_png_chunks(content))
    changed = _change_blocks(blocks, rng)
    if rng.random() < 0.3:
        changed = [
            (name, zlib.compress(damaged(zlib.decompress(data), rng)) if name == b"IDAT" else data)
            if _is_whole(name, data)
            else (name, data)
            for name, data in changed
        ]
    return _PNG + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in changed
    )


def _is_whole(name: bytes, data: bytes) -> bool:
    try:
        return name != b"IDAT" or bool(zlib.decompress(data))
    except zlib.error:
        return False


def _png_chunks(content: bytes) -> Iterator[Block]:
    place = len(_PNG)
    while place + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, place)
        yield content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        place += 12 + length


def damaged_jpeg(content: bytes, rng: Rng, others: tuple[bytes, ...]) -> bytes:
    """Damage segments; the length of each is right. What follows the first scan's header is one block."""
    blocks, place = [], 2
    while place + 4 <= len(content) and content[place] == 0xFF and content[place + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", content, place + 2)
        blocks.append((content[place : place + 2], content[place + 4 : place + 2 + length]))
        place += 2 + length
    scan = content[place:]
    changed = _change_blocks(blocks, rng)
    if rng.random() < 0.2:
        scan = damaged(scan, rng)
    head = b"".join(
        name + struct.pack(">H", (len(data) + 2) % 65536) + data[:65533] for name, data in changed
    )
    return content[:2] + head + scan


def damaged_tiff(content: bytes, rng: Rng, others: tuple[bytes, ...]) -> bytes:
    """Damage entries of the first directory: tag, type, count or value."""
    order = "<" if content[:2] == b"II" else ">"
    (start,) = struct.unpack_from(f"{order}I", content, 4)
    (count,) = struct.unpack_from(f"{order}H", content, start)
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 3))):
        entry = start + 2 + 12 * int(rng.integers(count))
        offset, width = pick(rng, ((0, 2), (2, 2), (4, 4), (8, 4), (8, 2)))
        number = int.from_bytes(interesting_integer(rng, width), "little")
        struct.pack_into(f"{order}{'H' if width == 2 else 'I'}", changed, entry + offset, number)
    return bytes(changed)


def damaged_boxes(content: bytes, rng: Rng, others: tuple[bytes, ...]) -> bytes:
    """Damage one list of boxes of an ISO base media file; the sizes around it are right."""
    blocks = list(_boxes(content))
    parents = [place for place, (name, _) in enumerate(blocks) if name in _BOXES_IN_BOXES]
    if parents and rng.random() < 0.85:
        place = pick(rng, parents)
        name, data = blocks[place]
        blocks[place] = (name, damaged_boxes(data, rng, others))
    else:
        blocks = _change_blocks(blocks, rng)
    return b"".join(struct.pack(">I", 8 + len(data)) + name + data for name, data in blocks)


def _boxes(content: bytes) -> Iterator[Block]:
    place = 0
    while place + 8 <= len(content):
        (size,) = struct.unpack_from(">I", content, place)
        if not 8 <= size <= len(content) - place:
            size = len(content) - place
        yield content[place + 4 : place + 8], content[place + 8 : place + size]
        place += size


def damaged_riff(content: bytes, rng: Rng, others: tuple[bytes, ...]) -> bytes:
    """Damage one list of chunks of a RIFF file (AVI, WebP); the sizes around it are right."""
    return content[:4] + _sized(content[8:12] + _damaged_chunks(content[12:], rng))


def _damaged_chunks(content: bytes, rng: Rng) -> bytes:
    blocks = list(_riff_chunks(content))
    parents = [place for place, (name, _) in enumerate(blocks) if name == b"LIST"]
    if parents and rng.random() < 0.7:
        place = pick(rng, parents)
        data = blocks[place][1]
        blocks[place] = (b"LIST", data[:4] + _damaged_chunks(data[4:], rng))
    else:
        blocks = _change_blocks(blocks, rng)
    return b"".join(name + _sized(data) for name, data in blocks)


def _riff_chunks(content: bytes) -> Iterator[Block]:
    place = 0
    while place + 8 <= len(content):
        (size,) = struct.unpack_from("<I", content, place + 4)
        yield content[place : place + 4], content[place + 8 : place + 8 + size]
        place += 8 + size + size % 2


def _sized(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def damaged_matroska(content: bytes, rng: Rng, others: tuple[bytes, ...]) -> bytes:
    """Damage one list of elements of a Matroska file; the sizes around it are right."""
    blocks = list(_elements(content))
    parents = [
        place for place, (name, _) in enumerate(blocks) if int.from_bytes(name, "big") in _MATROSKA_PARENTS
    ]
    if parents and rng.random() < 0.8:
        place = pick(rng, parents)
        name, data = blocks[place]
        blocks[place] = (name, damaged_matroska(data, rng, others))
    else:
        blocks = _change_blocks(blocks, rng)
    return b"".join(name + (len(data) | 1 << 56).to_bytes(8, "big") + data for name, data in blocks)


def _elements(content: bytes) -> Iterator[Block]:
    place = 0
    while place < len(content) and content[place]:
        name_length = 9 - content[place].bit_length()
        at = place + name_length
        if at >= len(content) or not content[at]:
            return
        size_length = 9 - content[at].bit_length()
        size = int.from_bytes(content[at : at + size_length], "big") & (1 << 7 * size_length) - 1
        begin = at + size_length
        if size == (1 << 7 * size_length) - 1:  # unknown: to the end
            size = len(content) - begin
        yield content[place:at], content[begin : begin + size]
        place = begin + size


def damaged_safetensors(content: bytes, rng: Rng, others: tuple[bytes, ...]) -> bytes:
    """Damage the header's JSON, or the tensors; the header's length is right."""
    length = int.from_bytes(content[:8], "little")
    header, body = content[8 : 8 + length], content[8 + length :]
    if rng.random() < 0.7:
        header = _damaged_header(header, rng)
    else:
        place = int(rng.integers(len(body)))
        part = damaged(body[place : place + 4096], rng)
        body = body[:place] + part + body[place + 4096 :]
    return len(header).to_bytes(8, "little") + header + body


def _damaged_header(header: bytes, rng: Rng) -> bytes:
    entries = json.loads(header)
    name = pick(rng, list(entries))
    match int(rng.integers(5)):
        case 0:
            return damaged(header, rng)
        case 1 if "dtype" in entries[name]:
            entries[name]["dtype"] = pick(
                rng, ("F64", "F32", "F16", "BF16", "I64", "I8", "U8", "BOOL", "F8_E4M3", "F4", "C64", "", "X")
            )
        case 2 if "shape" in entries[name]:
            shape = entries[name]["shape"]
            entries[name]["shape"] = pick(rng, ([*shape, 1], shape[::-1], [1, *shape], [0], [2**62, 2**3]))
        case 3:
            entries[pick(rng, ("extra", "__metadata__", "\n", "x" * 900))] = entries.pop(name)
        case _:
            entries[name] = damaged_value(entries[name], rng)
    return json.dumps(entries).encode(errors="surrogatepass")


def damaged_zip(content: bytes, rng: Rng, others: tuple[bytes, ...]) -> bytes:
    """Damage the files of an archive, written anew with right check sums; or its central directory."""
    if not zipfile.is_zipfile(io.BytesIO(content)):  # torch's older format
        return damaged(content, rng, others)
    if rng.random() < 0.3:
        place = content.find(b"PK\x01\x02")
        return content[:place] + damaged(content[place:], rng)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        blocks = [(entry.filename.encode(), archive.read(entry)) for entry in archive.infolist()]
    target = io.BytesIO()
    compression = pick(rng, (zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(target, "w", compression) as archive:
        for name, data in _change_blocks(blocks, rng):
            archive.writestr(name.decode(), data)
    return target.getvalue()


STRUCTURED: dict[str, Damage] = {
    ".png": damaged_png,
    ".jpg": damaged_jpeg,
    ".tif": damaged_tiff,
    ".webp": damaged_riff,
    ".mp4": damaged_boxes,
    ".mov": damaged_boxes,
    ".avi": damaged_riff,
    ".mkv": damaged_matroska,
    ".webm": damaged_matroska,
    ".safetensors": damaged_safetensors,
    ".pth": damaged_zip,
    ".json": damaged_json,
}
"""How files of a kind are damaged, by their ending."""


def damaged_file(path: Path, rng: Rng, others: tuple[Path, ...] = ()) -> bytes:
    """Return the content of a file with damage: for half of the seeds such that keeps its structure."""
    content = path.read_bytes()
    spliced = tuple(other.read_bytes() for other in others)
    structured = STRUCTURED.get(path.suffix)
    if structured is not None and rng.random() < 0.6:
        changed = structured(content, rng, spliced)
        return damaged(changed, rng) if changed and rng.random() < 0.1 else changed
    return damaged(content, rng, spliced)
