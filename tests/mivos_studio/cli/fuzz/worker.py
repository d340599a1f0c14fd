"""A process that runs one command line after another, as `mivos` would, and reports how each ended.

A request is a line of JSON on stdin: {"words": […], "folder": where it runs}. The reply, a line on stdout, is
{"code", "fault", "cpu_s", "foreign"}: exit code, traceback of a fault or "", CPU seconds, and the paths
outside the root that Python code wrote to. Descriptors 1 and 2 lead to the files `stdout` and `stderr` beside
the root.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

Target = Callable[[Sequence[str]], int]

_FOREIGN_IS_FINE = ("/dev/null", "/dev/zero", "/dev/full", "/proc/self/", "/dev/shm/")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_EVENTS_WITH_PATHS = {
    "os.mkdir": (0,),
    "os.rename": (0, 1),
    "os.remove": (0,),
    "os.rmdir": (0,),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "os.utime": (0,),
}
"""Audit events of Python's, and which arguments are paths that change."""
_NETWORK = ("socket.connect", "socket.getaddrinfo")
_NEAR = ("127.0.0.1", "localhost", "::1")


class Watch:
    """Notes what is written outside a folder, and refuses the network beyond this computer."""

    def __init__(self, root: Path) -> None:
        self._root = f"{root}/"
        self.foreign: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Handle an audit event."""
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING:
                self._note(path)
        elif event in _EVENTS_WITH_PATHS:
            for place in _EVENTS_WITH_PATHS[event]:
                self._note(arguments[place])
        elif event in _NETWORK:
            self._refuse_network(arguments)

    def _note(self, path: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a descriptor
        place = os.path.normpath(os.path.join(os.getcwd(), os.fsdecode(path)))  # noqa: PTH109, PTH118
        if not f"{place}/".startswith(self._root) and not f"{place}/".startswith(_FOREIGN_IS_FINE):
            self.foreign.append(place)

    def _refuse_network(self, arguments: tuple[Any, ...]) -> None:
        place = arguments[1] if len(arguments) == 2 else arguments
        host = place[0] if isinstance(place, tuple) else place
        if isinstance(host, str) and host not in _NEAR and not host.startswith("/"):
            self.foreign.append(f"network: {host}")
            raise PermissionError(f"no network in this test: {host}")


def main() -> None:
    """Serve requests until stdin ends. Arguments: root, and the target as MODULE:FUNCTION."""
    root, target_name = Path(sys.argv[1]), sys.argv[2]
    requests, replies = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    traces = (root.parent / "trace").open("w")
    faulthandler.enable(traces)
    faulthandler.register(signal.SIGUSR1, traces, all_threads=True)
    target = _loaded(target_name)
    watch = Watch(root)
    sys.addaudithook(watch)
    gc.collect()
    gc.freeze()  # so that each case's collection looks at what that case made
    _reply(replies, {"ready": True})
    for line in requests:
        request = json.loads(line)
        _lead_output_to(root.parent)
        watch.foreign.clear()
        report = _run(target, request["words"], Path(request["folder"]))
        _reply(replies, {**report, "foreign": watch.foreign[:5]})


def _loaded(name: str) -> Target:
    module, function = name.split(":")
    target: Target = getattr(importlib.import_module(module), function)
    if module.endswith(".commands"):  # what takes seconds to import is no part of a case
        for each in ("torch", "av", "cv2", "PIL.Image", "safetensors.torch", "mivos_studio.cli.job"):
            importlib.import_module(each)
    return target


def _lead_output_to(folder: Path) -> None:
    """Lead descriptors 1 and 2 to empty files, with Python's streams on them as a new process has them."""
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        os.dup2(file, descriptor)
        os.close(file)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1
    )


def _run(target: Target, words: list[str], folder: Path) -> dict[str, Any]:
    """Run a command line in a folder; a fault is any exception that the target lets through."""
    os.chdir(folder)
    before_s, fault = time.process_time(), ""
    try:
        code = target(words)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        code, fault = 1, traceback.format_exc()
    gc.collect()  # as at the end of a process: temporary folders are removed
    cpu_s = time.process_time() - before_s
    sys.stdout.flush()
    os.chdir("/")
    return {"code": code, "fault": fault, "cpu_s": cpu_s}


def _reply(replies: IO[str], report: dict[str, Any]) -> None:
    replies.write(json.dumps(report) + "\n")
    replies.flush()


if __name__ == "__main__":
    main()
