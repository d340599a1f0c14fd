"""Hypothesis strategies for command lines: every command and option that the program's parsers have."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from mivos_studio.cli import gui
from mivos_studio.cli.main import COMMANDS, command_parser
from mivos_studio.cli.options import OneSentenceParser
from tests.mivos_studio.cli.fuzz.runner import Case
from tests.mivos_studio.cli.fuzz.seeds import NETWORKS, Seeds


@dataclass(frozen=True)
class Command:
    """One command that is run, as `weights list`: its words, and what its parser reads after them."""

    words: tuple[str, ...]
    actions: tuple[argparse.Action, ...]


def all_commands() -> tuple[Command, ...]:
    """Return every command of the registry, those within another one each for itself."""
    found = tuple(_commands_in(command_parser(), ()))
    assert {command.words[0] for command in found} == set(COMMANDS)
    return found


def _commands_in(parser: argparse.ArgumentParser, words: tuple[str, ...]) -> Iterator[Command]:
    actions = tuple(parser._actions)
    inner = [action for action in actions if isinstance(action, argparse._SubParsersAction)]
    if words == ("gui",):
        yield Command(words, tuple(_window_parser()._actions))
    elif not inner:
        yield Command(words, actions)
    for action in inner:
        for name, each in action.choices.items():
            yield from _commands_in(each, (*words, name))


class _ReachedError(Exception):
    """Carries the window's parser out of the function that makes and uses it."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


def _window_parser() -> argparse.ArgumentParser:
    def stop(parser: argparse.ArgumentParser, *_: object) -> None:
        raise _ReachedError(parser)

    with patch.object(OneSentenceParser, "parse_args", stop):
        try:
            gui.parse([])
        except _ReachedError as reached:
            return reached.parser
    raise AssertionError("the window parses no command line")


_LASTING = {
    # What measures, trains or shows a window for minutes is refused before that, whatever else is given.
    "gui": ("--video", "nowhere.mp4"),
    "train": ("--data", "nowhere"),
    "synthesize": ("--json", "nowhere/figures.json"),
    "bench": ("--json", "nowhere/figures.json"),
    "doctor": ("--json", "nowhere/figures.json"),
}
_AT_ONCE = ("bench", "compare")

_GOOD: dict[str, tuple[str, ...]] = {
    "clip": ("clip", "clip.mp4"),
    "masks": ("0=mask.png", "1=mask.png"),
    "script": ("script.json",),
    "project": ("work.mivos",),
    "weights": ("weights",),
    "data": ("davis",),
    "stills": ("davis/stills",),
    "fit_confidence": ("davis",),
    "set": ("2017/val",),
    "old": ("figures.json",),
    "new": ("figures.json",),
    "out": ("out",),
    "report": ("out",),
    "json": ("new.json", "figures.json"),
    "timings": ("times.json",),
    "format": ("png-indexed", "png-matte", "png-indexed,png-matte"),
    "working_size": ("64",),
    "frames": ("2", "3"),
    "rounds": ("1",),
    "clicks": ("1",),
    "draws": ("1",),
    "seconds": ("5",),
    "device": ("cpu",),
    "mirror": ("http://127.0.0.1:9/weights",),
}
"""Values that are right, by the name of the option in the parser; others are made by chance."""

_FILES = (
    *("clip", "clip.mp4", "mask.png", "script.json", "work.mivos", "figures.json", "names.txt", "empty"),
    *("weights", "davis", "link", "circle", "nowhere", "nowhere/x", "clip/00000.png", "new.png", "new.mivos"),
    *("out", "out/x", ".", "", " ", "-", "new", "é", "a\nb", "\x1b[31m", "\u202eabc", "\udcff", "x" * 300),
    *("/dev/null", "/dev/zero", "/proc/self/mem", "/", "clip/", "~", "*", "file://clip", "C:\\clip"),
)
_NUMBERS = (
    *("0", "1", "2", "-1", "1.5", "64", "1e3", "nan", "inf", "-inf", "2147483648", "9" * 30, "9" * 5000),
    *("0x10", "1_000", " 7 ", "٣", "²", "1e400", "64x64", "0x0", "99999x99999", "64X64", "1,2", "all"),
)
_OTHERS = ("auto", "float32", "scribble", "dtype=float32", "working_size=64", "0=mask.png", "a=b", "é" * 600)
_JUNK = ("--", "--nothing", "-x", "--=", "---", "@clip", "--out=", "--help", "extra", "\x07", "%s", "{}")


def words(command: Command) -> SearchStrategy[list[str]]:
    """Return a strategy for the words of a command: mostly complete, partly right."""
    return st.composite(_words)(command)


def _words(draw: DrawFn, command: Command) -> list[str]:
    parts = [part for action in command.actions if (part := draw(st.composite(_part)(action))) is not None]
    junk = [[word] for word in draw(st.lists(st.sampled_from(_JUNK), max_size=2))]
    chosen = draw(st.permutations([*parts, *(junk if draw(st.integers(0, 4)) == 0 else [])]))
    made = [*command.words, *(word for part in chosen for word in part)]
    if command.words[0] == "weights" and not any(word.startswith("--weights") for word in made):
        made += ["--weights", "weights"]  # else the program's own would be recorded
    if command.words[0] in ("propagate", "replay", "evaluate"):
        made += [word for word in NETWORKS if draw(st.integers(0, 9)) > 0]
    if command.words == ("weights", "fetch"):
        made += [
            "--mirror",
            draw(st.sampled_from(("http://127.0.0.1:9/x", "https://127.0.0.1:9", "ftp://x", ""))),
        ]
    is_lasting = command.words[0] in _LASTING and command.words != _AT_ONCE
    return [*made, *_LASTING[command.words[0]]] if is_lasting else made


def _part(draw: DrawFn, action: argparse.Action) -> list[str] | None:
    """Draw an option with its values, or a positional's values; None where it is left out."""
    is_wanted = action.required or not action.option_strings
    if draw(st.integers(0, 9)) < (1 if is_wanted else 6) or isinstance(action, argparse._HelpAction):
        return None
    count = 0 if action.nargs == 0 else draw(st.integers(1, 3)) if action.nargs in ("+", "*") else 1
    values = [draw(_value(action)) for _ in range(count)]
    if not action.option_strings:
        return values
    name = draw(st.sampled_from(action.option_strings))
    if count == 1 and draw(st.booleans()):
        return [f"{name}={values[0]}"]
    return [name, *values]


def _value(action: argparse.Action) -> SearchStrategy[str]:
    good: tuple[str, ...] = _GOOD.get(action.dest, ())
    if action.choices is not None:
        good = tuple(map(str, action.choices))
    strange = st.sampled_from((*_FILES, *_NUMBERS, *_OTHERS))
    # No text of its own is a path upwards: what is written beside the case's folder would be meant.
    text = st.text(st.characters(exclude_characters="\0/."), max_size=40)
    likely = st.sampled_from(good) if good else strange
    return st.one_of(likely, likely, likely, strange, text)


def fill(folder: Path, seeds: Seeds) -> None:
    """Put the files there that command lines name."""
    shutil.copytree(seeds.clip, folder / "clip")
    shutil.copyfile(seeds.videos[0], folder / "clip.mp4")
    shutil.copyfile(seeds.folder / "masks" / "indexed.png", folder / "mask.png")
    shutil.copyfile(seeds.project, folder / "work.mivos")
    shutil.copytree(seeds.davis, folder / "davis")
    (folder / "weights" / "compact").mkdir(parents=True)
    for path in (seeds.weights / "compact").iterdir():
        (folder / "weights" / "compact" / path.name).symlink_to(path)
    (folder / "script.json").write_text('{"version": 1, "steps": []}', encoding="utf-8")
    (folder / "figures.json").write_text('{"a": 1, "written_by": "mivos-studio"}', encoding="utf-8")
    (folder / "names.txt").write_text("a/b\n", encoding="utf-8")
    (folder / "empty").touch()
    (folder / "link").symlink_to("mask.png")
    (folder / "circle").symlink_to("circle")


_WRITTEN = ("out", "json", "timings", "report", "project", "plot")


def case_of(made: list[str]) -> Case:
    """Return the case of a command line; it may write what follows an option that names a result."""
    named = [_relative(name) for name in _named(made)]
    written = tuple(name for name in named if name not in ("", "."))
    if made[:1] == ["weights"]:
        written += ("weights",)  # where SHA-256 are recorded
    projects = ("work", "new") if made[:1] in (["replay"], ["check"]) else ()
    # A project keeps each step; `check` and `weights verify` write what they found, and then say so.
    keeps = (*projects, *(written if made[:1] in (["check"], ["weights"], ["replay"]) else ()))
    return Case(tuple(made), (*written, *projects), keeps)


def _named(made: list[str]) -> Iterator[str]:
    for word, following in pairwise([*made, ""]):
        option, _, value = word.partition("=")
        if option.removeprefix("--") in _WRITTEN:
            yield value or following


def _relative(name: str) -> str:
    return name.rstrip("/").removeprefix("./")


def command_lines() -> SearchStrategy[list[str]]:
    """Return a strategy for command lines of all commands, and for words without any."""
    junk: SearchStrategy[list[Any]] = st.lists(st.sampled_from((*_JUNK, *_FILES)), max_size=4)
    return st.one_of(*(words(command) for command in all_commands()), junk)
