"""What runs inside a measured process: one case run with one build, its figures or hashes as JSON.

It is run by its path, with PYTHONPATH naming the build's checkout and nothing else, so that the same file
measures any build. Of the build it uses only what `_Build` names; what it needs of its own checkout is run by
its path, too.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import resource
import runpy
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mivos_studio.benchmarks.against.moving_shapes import Clip

Figures = dict[str, float]

_STEPS = 6  # frames that are drawn on in each way; the first warms up
_HELPS = 3
_WARM_FRAMES = 3
_PEAK = "peak_mb"
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Request:
    """What one process is to do.

    checkout      folder of the build.
    case          a key of `CASES`.
    size          (height, width) of the clip in pixels.
    threads       threads of torch and OpenCV; 0 leaves both as the program has them.
    is_for_masks  compute hashes of the masks instead of times.
    """

    checkout: str
    case: str
    frames: int
    size: tuple[int, int]
    device: str = "auto"
    dtype: str = "auto"
    working_size: int = 480
    threads: int = 0
    is_for_masks: bool = False


def make_clip(size: tuple[int, int], frames: int, objects: int) -> Clip:
    """Return a clip; size is (height, width) in pixels."""
    clip: Clip = _load(_HERE / "moving_shapes.py")["Clip"](size, frames, objects)
    return clip


def _load(file: Path) -> dict[str, Any]:
    """Run a file of this checkout; by its path, since in the build its package is missing or another one."""
    return runpy.run_path(str(file))


class _Build:
    """The API of a build that is measured. The only code that depends on its layout."""

    def __init__(self, request: Request) -> None:
        # Today's name, and the one before it.
        self._types = importlib.import_module(
            "inference_core.types" if find_spec("inference_core.types") else "inference_core.values"
        )
        self._request = request
        self._session = importlib.import_module("inference_core.session").Session
        self._networks = importlib.import_module("model.checkpoint").load_networks("compact", None)

    @staticmethod
    def start_programs(checkout: Path) -> dict[str, str]:
        """Return what is run to time a start, by its name."""
        is_one_package = (checkout / "mivos_studio" / "cli" / "main.py").is_file()
        command = "mivos_studio.cli.main" if is_one_package else "cli"
        return {
            "help": f"from {command} import main; main(['--help'])",
            "core and networks": "import inference_core.session\n"
            "from model.checkpoint import load_networks\n"
            "load_networks('compact', None)",
        }

    def open(self, clip: Clip, **options: Any) -> Any:
        """Return a session for a clip; options override those of the request."""
        chosen = {
            "device": self._request.device,
            "dtype": self._request.dtype,
            "working_size": self._request.working_size,
        }
        return self._session(clip, self._networks, **{**chosen, **options})

    def draw(
        self,
        tool: str,
        frame_index: int,
        points: Sequence[tuple[float, float]],
        *,
        is_positive: bool = True,
        region: tuple[int, int, int, int] | None = None,
    ) -> Any:
        """Return an interaction for object 1; points are (x, y), the region (x0, y0, x1, y1), in pixels."""
        stroke = self._types.Stroke(frame_index, 1, np.asarray(points, np.float32), is_positive=is_positive)
        within = self._types.Region(*region) if region else None
        return self._types.Interaction(self._types.Tool(tool), stroke, within)


class _Meter:
    """CPU seconds of all threads, and seconds of the clock, since it was made."""

    def __init__(self) -> None:
        self._cpu_s, self._wall_s = time.process_time(), time.perf_counter()

    def read(self) -> Figures:
        return {"cpu_s": time.process_time() - self._cpu_s, "wall_s": time.perf_counter() - self._wall_s}


def run_case(request: Request) -> dict[str, Any]:
    """Play one case; return {"figures": {ROW: {FIGURE: value}}} or {"hashes": [[what, SHA-256], …]}."""
    if request.case == "start":
        return {"figures": _start(Path(request.checkout))}
    build = _Build(request)
    _set_threads(request.threads)
    if request.case == "strokes":
        if request.is_for_masks:
            return {"hashes": list(_stroke_hashes(build, request))}
        return {"figures": _strokes(build, request)}
    clip = make_clip(request.size, request.frames, CASES[request.case])
    if request.is_for_masks:
        return {"hashes": list(_propagation_hashes(build, clip))}
    return {"figures": _propagation(build, clip)}


CASES = {"propagate-1": 1, "propagate-3": 3, "propagate-8": 8, "strokes": 2, "start": 0}
"""What can be measured, with the number of objects."""


def _propagation(build: _Build, clip: Clip) -> dict[str, Figures]:
    """Propagate the first frame's mask, then a correction of a middle frame, which is fused."""
    _warm_up(build, clip)
    session = build.open(clip)
    rows = {}
    for name, frame_index in _rounds(clip):
        session.set_ids(frame_index, clip.masks[frame_index])
        meter = _Meter()
        for _ in session.propagate():
            pass
        rows[name] = {**meter.read(), **_peak()}
    return rows


def _propagation_hashes(build: _Build, clip: Clip) -> Iterator[tuple[str, str]]:
    """Hash ids and unrounded probabilities of every frame after every round."""
    session = build.open(clip, prob_dtype="float32")
    for name, frame_index in _rounds(clip):
        session.set_ids(frame_index, clip.masks[frame_index])
        for _ in session.propagate():
            pass
        yield from _hashes(session, name, range(len(clip)))


def _rounds(clip: Clip) -> tuple[tuple[str, int], ...]:
    """Name the rounds, with the frame that is given in each."""
    return ("first round", 0), ("second round", len(clip) // 2)


def _warm_up(build: _Build, clip: Clip) -> None:
    """Have torch choose and build its kernels, in a session that is dropped."""
    beginning = make_clip(clip.size, _WARM_FRAMES, clip.objects)
    session = build.open(beginning)
    session.set_ids(0, beginning.masks[0])
    for _ in session.propagate():
        pass
    del session, beginning
    gc.collect()


def _strokes(build: _Build, request: Request) -> dict[str, Figures]:
    """Draw on propagated frames, then click on empty frames: the median times of the predictions."""
    clip = make_clip(request.size, 3 * _STEPS, CASES["strokes"])
    session = build.open(clip)
    session.set_ids(0, clip.masks[0])
    for _ in session.propagate():
        pass
    frames = iter(range(len(clip)))
    scribbles = [_timed_predictions(session, build, clip, "scribble", next(frames)) for _ in range(_STEPS)][
        1:
    ]
    clicks = [_timed_predictions(session, build, clip, "click", next(frames)) for _ in range(_STEPS)][1:]
    emptied = list(frames)
    for frame_index in emptied:
        session.reset(frame_index)
    first_clicks = [
        _timed_predictions(session, build, clip, "click", frame_index) for frame_index in emptied
    ][1:]
    return {
        "scribble": _median(times[-1] for times in scribbles),
        "click": _median(times[-1] for times in clicks),
        "click on an empty frame, first mask": _median(times[0] for times in first_clicks),
        "click on an empty frame, last mask": {
            **_median(times[-1] for times in first_clicks),
            **_peak(),
        },
    }


def _timed_predictions(session: Any, build: _Build, clip: Clip, tool: str, frame_index: int) -> list[Figures]:
    """Draw once; return the time until each prediction."""
    interaction = build.draw(tool, frame_index, _gesture(clip, tool, frame_index))
    meter = _Meter()
    return [meter.read() for _ in session.interact(interaction)]


def _gesture(clip: Clip, tool: str, frame_index: int) -> list[tuple[float, float]]:
    """Return the points (x, y) of a stroke on object 1 that asks for a little more than the object."""
    x, y = clip.centre(1, frame_index)
    r = clip.radius
    if tool in ("box", "lasso"):
        corners: list[tuple[float, float]] = [(x - r, y - r), (x + r, y + r)]
        return corners if tool == "box" else [corners[0], (x + r, y - r), corners[1], (x - r, y + r)]
    if tool == "click":
        return [(x + 0.9 * r, y + 0.9 * r)]
    return [(x + r * step / 8, y) for step in range(-8, 10)]


def _stroke_hashes(build: _Build, request: Request) -> Iterator[tuple[str, str]]:
    """Hash the result of every tool, and of a propagation of all that, with 8-bit probabilities.

    The networks see half the working size, so that edges are refined from the source.
    """
    strokes = _drawn_strokes(request.size)
    clip = make_clip(request.size, len(strokes) + 1, CASES["strokes"])
    session = build.open(clip, working_size=max(request.working_size // 2, 32))
    session.set_ids(0, clip.masks[0])
    for _ in session.propagate():
        pass
    yield from _hashes(session, "before strokes", range(len(clip)))
    for frame_index, (tool, options) in enumerate(strokes, start=1):
        interaction = build.draw(tool, frame_index, _gesture(clip, tool, frame_index), **options)
        for number, change in enumerate(session.interact(interaction), start=1):
            yield f"{tool} {frame_index}, mask {number}", _hash(change.ids)
        yield from _hashes(session, f"{tool} {frame_index}", [frame_index])
    for _ in session.propagate():
        pass
    yield from _hashes(session, "after strokes", range(len(clip)))


def _drawn_strokes(size: tuple[int, int]) -> list[tuple[str, dict[str, Any]]]:
    """Yield the strokes whose results are compared, each on a frame of its own: tool and options."""
    upper_left = (0, 0, size[1] // 2, size[0] // 2)  # holds object 1
    return [
        ("scribble", {}),
        ("scribble", {"is_positive": False}),
        ("scribble", {"region": upper_left}),
        ("click", {}),
        ("click", {"is_positive": False}),
        ("brush", {}),
        ("eraser", {}),
        ("lasso", {}),
        ("box", {}),
    ]


def _hashes(session: Any, when: str, frames: Iterable[int]) -> Iterator[tuple[str, str]]:
    for frame_index in frames:
        yield f"{when}, frame {frame_index}, ids", _hash(session.ids(frame_index))
        yield f"{when}, frame {frame_index}, prob", _hash(session.prob(frame_index))


def _hash(array: NDArray[Any]) -> str:
    """Return the SHA-256 of an array's type, shape and content."""
    content = np.ascontiguousarray(array)
    return hashlib.sha256(f"{content.dtype} {content.shape}".encode() + content.tobytes()).hexdigest()


def _start(checkout: Path) -> dict[str, Figures]:
    """Time programs from start to end; the longer one is run once, after the others."""
    programs = _Build.start_programs(checkout)
    helps = [_timed_program(programs["help"]) for _ in range(_HELPS)]
    loaded = _timed_program(programs["core and networks"])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _UNITS_PER_MEBIBYTE
    return {"help": _median(helps), "core and networks": {**loaded, _PEAK: peak}}


_UNITS_PER_MEBIBYTE = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss


def _timed_program(program: str) -> Figures:
    before, started_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], check=False, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode:
        sys.exit(done.stderr.strip() or f"The program ended with exit code {done.returncode}.")
    wall_s, after = time.perf_counter() - started_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_s": cpu_s, "wall_s": wall_s}


def _median(measured: Iterable[Figures]) -> Figures:
    """Return the median of each figure."""
    several = list(measured)
    return {name: statistics.median(figures[name] for figures in several) for name in several[0]}


def _peak() -> Figures:
    """Return the most memory that this process has held so far, MiB."""
    peak = _load(_HERE.parents[1] / "peak_memory.py")["peak_rss_mb"]()
    return {} if peak is None else {_PEAK: peak}


def _set_threads(threads: int) -> None:
    if threads:
        importlib.import_module("torch").set_num_threads(threads)
        importlib.import_module("cv2").setNumThreads(threads)


def check_origin(checkout: Path) -> None:
    """End the process with a sentence where the build's packages come from anywhere but its checkout."""
    for name in ("inference_core", "model"):
        spec = find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None:
            sys.exit(f"There is no {name} in {checkout}.")
        if not origin.is_relative_to(checkout.resolve()):
            sys.exit(f"{name} would be imported from {origin}, not from {checkout}.")


def main() -> None:
    """Run the request given as a JSON object on the command line; print the result as one line."""
    words = json.loads(sys.argv[1])
    request = Request(**{**words, "size": tuple(words["size"])})
    check_origin(Path(request.checkout))
    print(json.dumps(run_case(request)))


if __name__ == "__main__":
    main()
