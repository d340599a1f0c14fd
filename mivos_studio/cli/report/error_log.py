"""The errors that the window and the commands have written to files, without what is personal.

Of an error its kind and the places in the code are kept; its sentence only where it names no file, nobody and
nothing in quotation marks. Lines of code are left out.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mivos_studio.cli.report.private import LEFT_OUT, PATH, Scrubber

MAX_ENTRIES = 5
_MAX_FRAMES = 25
_TAIL_BYTES = 1 << 16
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 ", re.MULTILINE)
_FRAME = re.compile(r'  File "(?P<path>.*)", line (?P<line>\d+), in (?P<name>[\w.<>]+)')
_ERROR = re.compile(
    r"(?P<kind>(?:\w+\.)*\w*(?:Error|Exception|Warning|Interrupt|Exit|Stop\w*))(?:: (?P<text>.*))?"
)
_QT = re.compile(r"Qt: (?P<text>.*)")


def window_errors(log: Path, scrubber: Scrubber) -> list[str]:
    """Return the lines of the last different errors in the window's file; none where there is no file."""
    text = _tail(log)
    starts = [match.start() for match in _STAMP.finditer(text)]
    entries = [text[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
    latest: dict[tuple[str, ...], str] = {}
    for entry in reversed(entries):
        stamp, *lines = entry_lines(entry, scrubber)
        latest.setdefault(tuple(lines), stamp)  # one that repeats is listed once
    listed = list(latest.items())[:MAX_ENTRIES]
    return [line for lines, stamp in reversed(listed) for line in (stamp, *lines)]


def command_errors(scrubber: Scrubber) -> list[str]:
    """Return the lines of the last fault of a command, from the file that its message names."""
    with suppress(OSError):
        found = sorted(Path(tempfile.gettempdir()).glob("mivos-*.txt"), key=lambda each: each.stat().st_mtime)
        if found:
            return list(entry_lines(_tail(found[-1]), scrubber))
    return []


def entry_lines(entry: str, scrubber: Scrubber) -> Iterator[str]:
    """Yield what is kept of one entry: its time, kinds of errors, and where in the code they were raised."""
    stamp = _STAMP.match(entry)
    if stamp is not None:
        yield stamp[0].strip()
        entry = entry[stamp.end() :]
    kept = [line for line in (_kept(each, scrubber) for each in entry.splitlines()) if line]
    if len(kept) > _MAX_FRAMES:
        half = _MAX_FRAMES // 2
        kept = [*kept[:half], f"… {len(kept) - 2 * half} more lines …", *kept[-half:]]
    yield from (f"  {line}" for line in kept)


def _kept(line: str, scrubber: Scrubber) -> str:
    if frame := _FRAME.fullmatch(line):
        place = scrubber.code_place(frame["path"])
        name = frame["name"] if place != PATH else LEFT_OUT
        return f"{place}:{frame['line']} {name}"
    if error := _ERROR.fullmatch(line):
        text = f": {scrubber.sentence(error['text'])}" if error["text"] else ""
        return f"{scrubber.sentence(error['kind'].rpartition('.')[2])}{text}"
    if message := _QT.fullmatch(line):
        return f"Qt: {scrubber.sentence(message['text'])}"
    return ""


def _tail(path: Path) -> str:
    with suppress(OSError), path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - _TAIL_BYTES, 0))
        return file.read().decode("utf-8", "replace")
    return ""
