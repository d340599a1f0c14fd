"""Leave out of a text what is personal: paths, names of files, of people and of machines.

The facts of a report are chosen so that they hold none of it. This is for texts that may, as those of errors,
and a second check of the whole.
"""

from __future__ import annotations

import getpass
import os
import platform
import re
import socket
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LEFT_OUT, PATH = "<left out>", "<path>"
_NAMING_USER = ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER")
_NAMING_HOST = ("HOSTNAME", "HOST", "COMPUTERNAME")
_COMMON = frozenset(
    ("root", "user", "users", "admin", "home", "localhost", "localdomain", "local", "lan", "tmp", "var")
)
"""Names that say nothing of anybody."""
_LEAST_WORD = 2
_OUR_PACKAGES = ("mivos_studio", "inference_core", "model", "gui")

# From where an absolute path begins to the end of the line, since the names in it may hold spaces.
_ABSOLUTE = re.compile(r"(?<![\w<.])(?:~|[A-Za-z]:[\\/]|\\\\|file:|/(?=[^\s/])).*")
_MAY_NAME_A_FILE = re.compile(r"[\\/'\"`“”‘’«»]|\w\.[A-Za-z]\w{0,5}\b")
_CODE_TAIL = re.compile(r"[\w.+-]+(?:/[\w.+-]+)*\.pyx?")
_INSTALLED = (("site-packages/", "<packages>"), ("dist-packages/", "<packages>"))
_FROZEN = re.compile(r"<frozen [\w.]+>")
_STANDARD_LIBRARY = re.compile(r".*/lib/python3\.\d+/", re.DOTALL)


@dataclass(frozen=True)
class Scrubber:
    """Removes what is personal.

    program  the folder of our packages.
    names    of people and machines: removed wherever they stand, in capitals or not.
    words    of folders and clips: a sentence of unknown content in which one stands is left out.
    """

    program: Path
    names: frozenset[str]
    words: frozenset[str] = frozenset()

    @classmethod
    def of_this_machine(cls, program: Path, paths: Iterable[Path | str] = ()) -> Scrubber:
        """Return one for the user and the machine; paths are more whose parts are personal."""
        folders = _parts_of([Path.home(), tempfile.gettempdir(), *_environment_paths(), *paths])
        return cls(program, _telling([*_people(), *_machines(), Path.home().name]), _telling(folders))

    def line(self, text: str) -> str:
        """Return a line up to the first absolute path, without the names."""
        return self.without_names(_ABSOLUTE.sub(PATH, text))

    def sentence(self, text: str) -> str:
        """Return a sentence of unknown content, or nothing of it where it may name anything personal."""
        found = _MAY_NAME_A_FILE.search(text) or _any_of(self.names | self.words).search(text)
        return LEFT_OUT if found else text

    def code_place(self, path: str) -> str:
        """Return the place of a file of program code among its packages; of any other file nothing."""
        path = path.replace("\\", "/")
        if _FROZEN.fullmatch(path):
            return path
        for folder, label in _INSTALLED:
            if folder in path:
                return _place(label, path.rpartition(folder)[2])
        for package in _OUR_PACKAGES:
            tail = f"{package}/{path.rpartition(f'/{package}/')[2]}"
            if (self.program / tail).is_file():  # so it is a name of ours
                return _place("<program>", tail)
        if library := _STANDARD_LIBRARY.match(path):
            return _place("<python>", path[library.end() :])
        return PATH

    def without_names(self, text: str) -> str:
        """Return a text without the names of people and machines."""
        return _any_of(self.names).sub(LEFT_OUT, text)


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Return what matches each of some words, but not within another; without words it matches nothing."""
    alternatives = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<![^\W_])(?:{alternatives or '(?!)'})(?![^\W_])", re.IGNORECASE)


def _parts_of(paths: Iterable[Path | str]) -> Iterator[str]:
    """Yield the names in some paths, with and without endings."""
    for path in paths:
        for part in re.split(r"[\\/]", str(path)):
            yield from (part, Path(part).stem)


def _telling(words: Iterable[str]) -> frozenset[str]:
    folded = {word.casefold() for word in words}
    return frozenset(word for word in folded if len(word) >= _LEAST_WORD and word not in _COMMON)


def _place(label: str, tail: str) -> str:
    return f"{label}/{tail}" if _CODE_TAIL.fullmatch(tail) else PATH


def _environment_paths() -> Iterator[str]:
    """Yield the values of environment variables that are absolute paths in the user's folder."""
    home = str(Path.home())
    yield from (value for value in os.environ.values() if value.startswith(home) and os.pathsep not in value)


def _people() -> Iterator[str]:
    """Yield the user's names: of the account, and the full name in parts."""
    with suppress(OSError, KeyError, ImportError):
        yield getpass.getuser()
    yield from (os.environ.get(name, "") for name in _NAMING_USER)
    with suppress(ImportError, KeyError, OSError, AttributeError):
        import pwd  # not on Windows

        account = pwd.getpwuid(os.getuid())
        yield account.pw_name
        full_name = account.pw_gecos.partition(",")[0]
        yield from (full_name, *full_name.split())


def _machines() -> Iterator[str]:
    """Yield the names of this machine, with and without the domain."""
    names = {platform.node(), *(os.environ.get(name, "") for name in _NAMING_HOST)}
    with suppress(OSError):
        names.add(socket.gethostname())
    for name in names:
        yield from (name, name.partition(".")[0])
