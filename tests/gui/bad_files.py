"""Files and paths that a user may name by mistake: builders make one in a folder and return its path."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from inference_core.types import UInt8Array
from tests.conftest import HEIGHT, WIDTH

Builder = Callable[[Path], Path]

STRANGE = "<b>bold</b> & &amp; \x1b[2J\n\u202e line"
"""A name with tags, an access key, a control, a line break and a turn of direction."""
HALF = "half-\udcff"
"""A name that is not valid in the file system's encoding."""
DEEP = "[" * 1000 + "]" * 1000


# Paths.


def missing(folder: Path) -> Path:
    return folder / "nowhere.mp4"


def strange_name(folder: Path) -> Path:
    return folder / f"{STRANGE}.mp4"


def half_name(folder: Path) -> Path:
    return folder / f"{HALF}.mp4"


def zero_in_name(folder: Path) -> Path:
    return folder / "a\0b.mp4"


def long_name(folder: Path) -> Path:
    return folder / f"{'n' * 300}.mp4"


def long_path(folder: Path) -> Path:
    return folder.joinpath(*["p" * 200] * 25, "clip.mp4")


def below_a_file(folder: Path) -> Path:
    return a_text(folder) / "clip.mp4"


def loop(folder: Path) -> Path:
    path = folder / "loop.mp4"
    path.symlink_to(folder / "back.mp4")
    (folder / "back.mp4").symlink_to(path)
    return path


def dangling(folder: Path) -> Path:
    path = folder / "link.mp4"
    path.symlink_to(folder / "gone.mp4")
    return path


# What is no regular file.


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.mp4")
    return folder / "pipe.mp4"


def socket_file(folder: Path) -> Path:
    here = Path.cwd()
    os.chdir(folder)  # a socket's path may have 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket.mp4")
    finally:
        os.chdir(here)
    return folder / "socket.mp4"


def endless_device(folder: Path) -> Path:
    del folder
    return Path("/dev/zero")


def link_to_device(folder: Path) -> Path:
    path = folder / "zero.png"
    path.symlink_to("/dev/zero")
    return path


def unreadable(folder: Path) -> Path:
    path = a_text(folder)
    path.chmod(0)
    return path


def folder_without_rights(folder: Path) -> Path:
    path = empty_folder(folder)
    path.chmod(0)
    return path


def in_a_folder_without_rights(folder: Path) -> Path:
    return folder_without_rights(folder) / "clip.mp4"


def read_only_folder(folder: Path) -> Path:
    path = empty_folder(folder)
    path.chmod(0o500)
    return path


def unreadable_project(folder: Path) -> Path:
    return unreadable(folder).rename(folder / "work.mivos")


WITHOUT_RIGHTS: dict[str, Callable[[Path], Path]] = {
    builder.__name__: builder
    for builder in (unreadable, folder_without_rights, in_a_folder_without_rights, unreadable_project)
}
"""For other users than root, who may do everything."""


# Clips.


def a_text(folder: Path) -> Path:
    path = folder / "notes.mp4"
    path.write_text("notes\n" * 1000, encoding="utf-8")
    return path


def empty(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


def cut_video(folder: Path) -> Path:
    from tests.mivos_studio.media.videos import Recipe, write_video

    path = write_video(folder / "cut.mp4", Recipe(".mp4", "mpeg4"))
    path.write_bytes(path.read_bytes()[:200])
    return path


def empty_folder(folder: Path) -> Path:
    path = folder / "empty folder"
    path.mkdir()
    return path


def folder_of_other_things(folder: Path) -> Path:
    path = empty_folder(folder)
    (path / "notes.txt").write_text("notes", encoding="utf-8")
    (path / "more.png").mkdir()
    os.mkfifo(path / "pipe.png")
    return path


def folder_of_sizes(folder: Path) -> Path:
    path = empty_folder(folder)
    for number, width in enumerate((WIDTH, WIDTH + 1)):
        Image.new("RGB", (width, HEIGHT)).save(path / f"{number:05}.png")
    return path


def folder_with_a_cut_frame(folder: Path, ending: str) -> Path:
    """Make a folder of six images, of which the second is cut behind its header."""
    path = empty_folder(folder)
    noise = np.random.default_rng(0).integers(0, 255, (6, HEIGHT, WIDTH, 3), np.uint8)
    for number, image in enumerate(noise):
        Image.fromarray(image).save(path / f"{number:05}.{ending}")
    cut(path / f"00001.{ending}")
    return path


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:2000])


def huge_image(folder: Path) -> Path:
    path = folder / "huge.png"
    path.write_bytes(_png_header(100_000, 100_000))
    return path


def huge_tiff(folder: Path) -> Path:
    """A header of 60,000 x 60,000 pixels."""
    path = folder / "huge.tif"
    tags = [(256, 4, 1, 60_000), (257, 4, 1, 60_000), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
            (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, 60_000), (279, 4, 1, 100)]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + bytes(4))
    return path


def cut_image(folder: Path) -> Path:
    path = folder / "cut.png"
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:40])
    return path


def big_notes(folder: Path, image: UInt8Array) -> Path:
    """A PNG with megabytes of text and a profile, as cameras and grading programs write them: it opens."""
    path = folder / "notes.png"
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "x" * 3_000_000, zip=True)
    notes.add_itxt("XML:com.adobe.xmp", "y" * 2_000_000)
    Image.fromarray(image).save(path, pnginfo=notes, icc_profile=bytes(3_000_000))
    return path


CLIPS: dict[str, Builder] = {
    builder.__name__: builder
    for builder in (
        missing, strange_name, half_name, zero_in_name, long_name, long_path, below_a_file, loop, dangling,
        pipe, socket_file, endless_device, link_to_device, a_text, empty, cut_video, empty_folder,
        folder_of_other_things, folder_of_sizes,
        huge_image, huge_tiff, cut_image,
    )
}  # fmt: skip


# Projects.


def as_project(build: Builder) -> Builder:
    """Give what a builder makes the ending of a project."""

    def built(folder: Path) -> Path:
        made = build(folder)
        path = made.with_name(f"{made.stem}.mivos")
        if os.path.lexists(made) and made.parent == folder:
            made.rename(path)
        return path

    return built


def project_loop(folder: Path) -> Path:
    for one, other in (("one", "two"), ("two", "one")):
        (folder / f"{one}.mivos").symlink_to(folder / f"{other}.mivos")
    return folder / "one.mivos"


def another_database(folder: Path) -> Path:
    return _database(folder, "CREATE TABLE birds (name TEXT)")


def project_of_a_device(folder: Path) -> Path:
    path = folder / "zero.mivos"
    path.symlink_to("/dev/zero")
    return path


def spoiled(spoil: str | int) -> Callable[[Path, Path], Path]:
    """Copy a project and run SQL on it, or cut it to so many bytes."""

    def built(folder: Path, good: Path) -> Path:
        path = folder / "spoiled.mivos"
        content = good.read_bytes()
        path.write_bytes(content[:spoil] if isinstance(spoil, int) else content)
        if isinstance(spoil, str):
            with sqlite3.connect(path) as connection:
                connection.executescript(spoil)
            connection.close()
        return path

    return built


NO_PROJECTS: dict[str, Builder] = {
    **{
        f"{builder.__name__} as a project": as_project(builder)
        for builder in (
            missing, strange_name, half_name, zero_in_name, long_name, long_path, below_a_file, pipe,
            socket_file, a_text, empty, empty_folder,
        )
    },
    **{each.__name__: each for each in (project_loop, another_database, project_of_a_device)},
}  # fmt: skip
SPOILED_PROJECTS: dict[str, Callable[[Path, Path], Path]] = {
    "newer": spoiled("PRAGMA user_version = 99"),
    "cut": spoiled(5000),
    "cut in its header": spoiled(50),
    "with a trigger": spoiled("CREATE TRIGGER bad AFTER INSERT ON meta BEGIN DELETE FROM blob; END"),
    "without a record": spoiled("DELETE FROM record WHERE id = (SELECT min(id) FROM record)"),
    "without blobs": spoiled("DELETE FROM blob"),
    "with a strange state": spoiled("""UPDATE state SET value = '{"objects": ["x"]}'"""),
    "with a strange step": spoiled("""UPDATE interaction SET step = '{"do": "fly"}'"""),
    "with a deep step": spoiled(f"UPDATE interaction SET step = '{DEEP}'"),
    "with a deep state": spoiled(f"UPDATE state SET value = '{DEEP}'"),
    "with a step of one column": spoiled("UPDATE interaction SET step = '7'"),
    "with a step that is no text": spoiled("UPDATE interaction SET step = x'ff00ff'"),
    "with a strange clip": spoiled("UPDATE clip SET frames = 'many', frame_rate = '1/0'"),
    "with a clip at no rate": spoiled("UPDATE clip SET frame_rate = '1/0'"),
    "with a size of 0": spoiled("UPDATE meta SET value = '[0, 0]' WHERE key = 'size'"),
    "with huge numbers": spoiled(f"UPDATE meta SET value = '[{10**30}, 1]' WHERE key = 'size'"),
}


MOVED_CLIPS = {
    "nowhere": "/nowhere/clip.mp4",
    "a name with tags": f"/nowhere/{STRANGE}.mp4",
    "NUL": "/nowhere/a\0b.mp4",
    "a long name": f"/nowhere/{'n' * 300}.mp4",
    "a long path": "/p" * 4000,
    "a device": "/dev/zero",
    "nothing": "",
}
"""Where a project says that its clip is."""


def of_moved_clip(folder: Path, good: Path, place: str) -> Path:
    """Copy a project, and let it name a clip at a place."""
    path = folder / "moved.mivos"
    path.write_bytes(good.read_bytes())
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE clip SET relative = NULL, absolute = ?", (place,))
    connection.close()
    return path


# Scripts.


def script_loop(folder: Path) -> Path:
    (folder / "one.json").symlink_to(folder / "two.json")
    (folder / "two.json").symlink_to(folder / "one.json")
    return folder / "one.json"


def script_text(text: str | bytes) -> Builder:
    def built(folder: Path) -> Path:
        path = folder / "script.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        return path

    return built


def script_of(
    *steps: object, objects: object = ({"id": 1, "name": "Object 1"},), **others: object
) -> Builder:
    return script_text(json.dumps({"version": 1, "objects": objects, "steps": steps, **others}))


def with_suffix(build: Builder, suffix: str = ".json") -> Builder:
    def built(folder: Path) -> Path:
        made = build(folder)
        path = made.with_suffix(suffix)
        if os.path.lexists(made) and made.parent == folder:
            made.rename(path)
        return path

    return built


def stroke(**changes: object) -> dict[str, object]:
    return {
        "do": "scribble",
        "frame": 0,
        "object": 1,
        "points": [[20, 30], [26, 30]],
        "radius_px": 3,
        **changes,
    }


SCRIPTS: dict[str, Builder] = {
    **{
        f"{builder.__name__} as a script": with_suffix(builder)
        for builder in (
            missing, strange_name, half_name, zero_in_name, long_name, long_path, below_a_file, pipe,
            socket_file, a_text, empty, empty_folder, huge_image,
        )
    },
    "script_loop": script_loop,
    "endless_device": endless_device,
    "deep": script_text(DEEP),
    "deep inside": script_text('{"version": 1, "objects": [], "steps": ' + DEEP + "}"),
    "not UTF-8": script_text(b'{"version": "\xff"}'),
    "a list": script_text("[]"),
    "null": script_text("null"),
    "a key twice": script_text('{"version": 1, "version": 1, "steps": []}'),
    "no steps": script_text('{"version": 1}'),
    "version 2": script_text('{"version": 2, "steps": []}'),
    "a version beyond 64 bits": script_text('{"version": ' + "9" * 30 + ', "steps": []}'),
    "a number of 5000 digits": script_text('{"version": 1, "steps": [' + "9" * 5000 + "]}"),
    "an unknown key": script_of(colour="red"),
    "an unknown key in a step": script_of(stroke(colour="red")),
    "an unknown verb": script_of({"do": "fly"}),
    "tags as a verb": script_of({"do": "<b>fly</b>\n\x1b[2J"}),
    "steps that are no list": script_text('{"version": 1, "steps": {}}'),
    "a step that is no object": script_of(7),
    "a frame that is a text": script_of(stroke(frame="one")),
    "a frame past the end": script_of(stroke(), stroke(frame=6)),
    "a frame beyond 64 bits": script_of(stroke(frame=2**70)),
    "a negative frame": script_of(stroke(frame=-1)),
    "an object beyond 64 bits": script_of(stroke(object=2**64 + 1)),
    "an object that is not listed": script_of(stroke(object=9)),
    "an object twice": script_of(objects=[{"id": 1}, {"id": 1}]),
    "a name with NUL": script_of(objects=[{"id": 1, "name": "a\0b"}]),
    "a name with half a pair": script_of(objects=[{"id": 1, "name": "\ud800"}]),
    "a name of 5000 characters": script_of(objects=[{"id": 1, "name": "n" * 5000}]),
    "a point that is infinite": script_text(
        json.dumps({"version": 1, "objects": [{"id": 1}], "steps": [stroke(points=[[float("inf"), 1]])]})
    ),
    "a point that is a number": script_of(stroke(points=[7])),
    "a point beyond floats": script_of(stroke(points=[[10**400, 1]])),
    "no points": script_of(stroke(points=[])),
    "a radius of zero": script_of(stroke(radius_px=0)),
    "an empty region": script_of(stroke(region=[5, 5, 5, 5])),
    "a mask that is missing": script_of({"do": "set_ids", "frame": 0, "file": "nowhere.png"}),
    "a mask with a strange name": script_of({"do": "set_ids", "frame": 0, "file": "<b>x</b>&.png"}),
    "a mask behind other steps": script_of(stroke(), {"do": "set_ids", "frame": 0, "file": "nowhere.png"}),
    "a mask that is a device": script_of({"do": "set_ids", "frame": 0, "file": "/dev/zero"}),
    "a mask that is the script": script_of({"do": "set_ids", "frame": 0, "file": "script.json"}),
    "a mask with NUL in its name": script_of({"do": "set_ids", "frame": 0, "file": "a\0b"}),
    "a mask with a long name": script_of({"do": "set_ids", "frame": 0, "file": "n" * 190 + "/" + "n" * 9}),
}  # fmt: skip


# Masks, which a script names.


def coloured_mask(folder: Path) -> Path:
    Image.new("RGB", (WIDTH, HEIGHT), (1, 2, 3)).save(folder / "mask.png")
    return folder / "mask.png"


def mask_of_another_size(folder: Path) -> Path:
    Image.new("L", (WIDTH + 1, HEIGHT)).save(folder / "mask.png")
    return folder / "mask.png"


def mask_of_large_values(folder: Path) -> Path:
    Image.fromarray(np.full((HEIGHT, WIDTH), 300, np.uint16)).save(folder / "mask.png")
    return folder / "mask.png"


def cut_mask(folder: Path) -> Path:
    noise = np.random.default_rng(0).integers(0, 3, (HEIGHT, WIDTH), np.uint8)
    Image.fromarray(noise).save(folder / "mask.png")
    (folder / "mask.png").write_bytes((folder / "mask.png").read_bytes()[:500])
    return folder / "mask.png"


MASKS: dict[str, Builder] = {
    builder.__name__: builder
    for builder in (
        coloured_mask, mask_of_another_size, mask_of_large_values, cut_mask, huge_image, huge_tiff, pipe,
        socket_file,
        endless_device, link_to_device, empty, empty_folder, a_text, loop, dangling,
    )
}  # fmt: skip


# Places for results: each is one where nothing can be made.


def a_file(folder: Path) -> Path:
    path = folder / "mine"
    path.write_text("mine", encoding="utf-8")
    return path


PLACES: dict[str, Builder] = {
    "a file": a_file,
    "below a file": lambda folder: a_file(folder) / "result",
    "a pipe": pipe,
    "a loop": loop,
    "in a loop": lambda folder: loop(folder) / "result",
    "a long name": lambda folder: folder / ("n" * 300),
    "a long path": lambda folder: folder.joinpath(*["p" * 200] * 25),
    "NUL in its name": lambda folder: folder / "a\0b",
    "a device": lambda folder: Path("/dev/null"),
    "in a device": lambda folder: Path("/dev/null/result"),
    "in /proc": lambda folder: Path("/proc/result"),
    "no user's home": lambda folder: Path("~nobody-of-this-name/result"),
}
"""Export makes missing folders, where that is possible."""
FILE_PLACES: dict[str, Builder] = {
    "a folder": empty_folder,
    "a file of another program": a_file,
    "in no folder": lambda folder: folder / "nowhere" / "result",
    **{name: build for name, build in PLACES.items() if name != "a file"},
}


def _png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    facts = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", facts) + chunk(b"IDAT", zlib.compress(bytes(100)))


def _database(folder: Path, sql: str) -> Path:
    path = folder / "birds.mivos"
    with sqlite3.connect(path) as connection:
        connection.execute(sql)
    connection.close()
    return path
