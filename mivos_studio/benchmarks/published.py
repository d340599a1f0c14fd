"""The published networks in our inference core and in the published one, frame by frame in one run.

The trained weights cannot be shipped, so that pseudo-random ones are used unless a folder has them: those
cost the same and segment nothing. Their keys are scaled up, so that a read is selective: with plain ones the
50th position of a read has 0.4 % of the weight, and rounding, which may replace it by the 51st, shows.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inference_core.runtime.geometry import Geometry
from inference_core.session import Session
from mivos_studio.benchmarks.made_clip import MadeClip, make_clip
from mivos_studio.benchmarks.published_core import PublishedCore
from mivos_studio.evaluation.machine import describe_machine
from mivos_studio.synthetic.weights import made_state
from model.checkpoint import family_folder
from model.interfaces import Networks
from model.layers.blocks import fold_normalisation
from model.mivos.family import MIVOS
from model.mivos.fusion import MivosFusion
from model.mivos.propagation import MivosPropagation
from model.mivos.scribble import MivosScribble
from model.weights.tensors import load_weights

BASELINE = "published"
CONTROL = "published, rounded otherwise"
DTYPES = ("float32", "bfloat16")

_FILES: dict[type[nn.Module], str] = dict(
    zip((MivosPropagation, MivosFusion, MivosScribble), (file.name for file in MIVOS.files), strict=True)
)

_KEYS = ".key_proj."
_KEY_GAIN = 2

_Network = TypeVar("_Network", bound=nn.Module)


@dataclass(frozen=True)
class PublishedOptions:
    """Options.

    size          (height, width) of the synthetic clip.
    objects       one script for each of these numbers.
    with_control  run the published core once more, with its sums in another order: the difference between
                  two runs of the same method.
    weights       folder of the trained weights; None: pseudo-random ones.
    """

    frames: int = 40
    size: tuple[int, int] = (480, 854)
    objects: tuple[int, ...] = (1, 3)
    device: str = "cpu"
    with_control: bool = False
    weights: Path | None = None

    @property
    def script(self) -> tuple[int, ...]:
        """Frames to commit, in order: in later rounds almost every frame lies between two of them."""
        return 0, self.frames - 1, self.frames // 2


class _Core(Protocol):
    """An inference core on a clip."""

    def commit(self, frame_index: int) -> Generator[object, None, None]:
        """Give a frame its true mask and propagate; a yield for each frame."""
        ...

    def prob(self, frame_index: int) -> NDArray[np.float32]:
        """Return (K+1, H, W), background first."""
        ...


class _Published:
    """The published core. Its images are normalised beforehand, as the published program does.

    is_rounded_otherwise  adds the same numbers in another order: folded, channels last.
    """

    def __init__(
        self, clip: MadeClip, objects: int, options: PublishedOptions, *, is_rounded_otherwise: bool = False
    ) -> None:
        self._masks, self._objects, self._device = clip.masks, objects, torch.device(options.device)
        self._geometry = Geometry.fit(clip.size, min(clip.size), MivosPropagation.multiple)
        images = [self._geometry.image(pixels, self._device) for pixels in clip.images]
        networks = (
            _filled(MivosPropagation(), options.weights).to(self._device),
            _filled(MivosFusion(), options.weights).to(self._device),
        )
        if is_rounded_otherwise:
            images = [image.contiguous(memory_format=torch.channels_last) for image in images]
            for network in networks:
                fold_normalisation(network.to(memory_format=torch.channels_last))  # type: ignore[call-overload]
        self._core = PublishedCore(images, objects, *networks)

    def commit(self, frame_index: int) -> Generator[object, None, None]:
        ids = self._masks[frame_index]
        maps = np.stack([ids == object_id for object_id in range(self._objects + 1)]).astype(np.float32)
        mask = torch.from_numpy(self._geometry.pad(maps)).to(self._device)
        for reached in self._core.commit(frame_index, mask):
            yield self._core.prob[:, reached].argmax(dim=0).to(torch.uint8).cpu()

    def prob(self, frame_index: int) -> NDArray[np.float32]:
        whole: NDArray[np.float32] = self._core.prob[:, frame_index].cpu().numpy()
        return self._geometry.crop(whole)


class _Ours:
    """A session with the program's defaults, except for rounding and edges, for comparable results."""

    def __init__(self, clip: MadeClip, networks: Networks, device: str, dtype: str) -> None:
        self._masks = clip.masks
        self.session = Session(
            clip,
            networks,
            device=device,
            dtype=dtype,
            working_size=min(clip.size),
            prob_dtype="float32",
            refine_edges=False,
        )

    def commit(self, frame_index: int) -> Generator[object, None, None]:
        self.session.set_ids(frame_index, self._masks[frame_index])
        yield from self.session.propagate(frame_index)

    def prob(self, frame_index: int) -> NDArray[np.float32]:
        return self.session.prob(frame_index)


def measure_published(options: PublishedOptions) -> dict[str, Any]:
    """Run the script with every core; return seconds, ratios, and the differences of the results."""
    folder = options.weights
    scribbles = _folded(MivosScribble(), folder)
    networks = Networks(
        MIVOS.name,
        _folded(MivosPropagation(), folder),
        _folded(MivosFusion(), folder),
        scribbles,
        scribbles,
        MIVOS.memory,
        MIVOS.calibration,
    )
    scripts = {str(count): _measure_script(options, networks, count) for count in options.objects}
    first = scripts[str(options.objects[0])]
    speedup = {dtype: first[dtype]["speedup_by_round"][0] for dtype in DTYPES}
    return {
        "speedup": {**speedup, "second_round": first["float32"]["speedup_by_round"][1]},
        "script": scripts,
        "frames": options.frames,
        "size": list(options.size),
        "anchors": list(options.script),
        "weights": "made" if options.weights is None else "trained",
        "device": options.device,
        "machine": describe_machine(),
    }


def table(report: dict[str, Any]) -> Iterator[str]:
    """Format the figures as lines of a Markdown table."""
    machine, (height, width) = report["machine"], report["size"]
    anchors = ", ".join(map(str, report["anchors"]))
    yield (
        f"{width}x{height}, {report['frames']} frames, rounds from frames {anchors}, {report['device']},"
        f" {machine['threads']} threads, {machine['instructions']}, torch {machine['torch']};"
        f" {report['weights']} weights"
    )
    yield ""
    yield "| objects | core | seconds by round | times as fast | all rounds | ids equal | prob apart | kept |"
    yield "|---|---|---|---|---|---|---|---|"
    for count, figures in report["script"].items():
        yield f"| {count} | {BASELINE} | {_listed(figures[BASELINE]['seconds'])} | | | | | |"
        for dtype in DTYPES:
            row = figures[dtype]
            yield (
                f"| {count} | {dtype} | {_listed(row['seconds'])} | {_listed(row['speedup_by_round'])}"
                f" | {row['speedup']:.2f} | {_apart(row)} | {row['kept_bytes'] / 2**20:.0f} MiB |"
            )
        if CONTROL in figures:
            control = figures[CONTROL]
            yield f"| {count} | {CONTROL} | {_listed(control['seconds'])} | | | {_apart(control)} | |"


def _measure_script(options: PublishedOptions, networks: Networks, objects: int) -> dict[str, Any]:
    clip = make_clip(options.size, options.frames, objects)
    baseline = _Published(clip, objects, options)
    ours = {dtype: _Ours(clip, networks, options.device, dtype) for dtype in DTYPES}
    controls = (
        {CONTROL: _Published(clip, objects, options, is_rounded_otherwise=True)}
        if options.with_control
        else {}
    )
    seconds = _run_script({BASELINE: baseline, **ours, **controls}, options.script)
    figures: dict[str, Any] = {BASELINE: {"seconds": seconds[BASELINE]}}
    for dtype, core in ours.items():
        ratios = [theirs / own for theirs, own in zip(seconds[BASELINE], seconds[dtype], strict=True)]
        figures[dtype] = {
            "seconds": seconds[dtype],
            "speedup_by_round": ratios,
            "speedup": sum(seconds[BASELINE]) / sum(seconds[dtype]),
            **_compare(baseline, core, len(clip)),
            "kept_bytes": core.session.kept_bytes,
        }
    for name, control in controls.items():
        figures[name] = {"seconds": seconds[name], **_compare(baseline, control, len(clip))}
    return figures


def _run_script(cores: dict[str, _Core], script: Sequence[int]) -> dict[str, list[float]]:
    """Return the seconds of each round. The cores alternate frame by frame: other load slows all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in cores}
    for frame_index in script:
        running = {name: core.commit(frame_index) for name, core in cores.items()}
        spent = dict.fromkeys(cores, 0.0)
        while running:
            for name, frames in list(running.items()):
                started = time.perf_counter()
                if next(frames, None) is None:
                    del running[name]
                spent[name] += time.perf_counter() - started
        for name, elapsed_s in spent.items():
            seconds[name].append(elapsed_s)
    return seconds


def _compare(baseline: _Core, other: _Core, frames: int) -> dict[str, Any]:
    """Compute the differences of two cores' results over the whole clip."""
    equal, largest, total = 0.0, 0.0, 0.0
    for frame_index in range(frames):
        theirs, own = baseline.prob(frame_index), other.prob(frame_index)
        apart = np.abs(theirs - own)
        equal += float((theirs.argmax(axis=0) == own.argmax(axis=0)).mean())
        largest, total = max(largest, float(apart.max())), total + float(apart.mean())
    return {"ids_equal": equal / frames, "prob_apart": {"largest": largest, "mean": total / frames}}


def _apart(row: dict[str, Any]) -> str:
    """Format two cells of the table: equal ids, differences of probabilities."""
    apart = row["prob_apart"]
    return f"{row['ids_equal']:.3%} | {apart['largest']:.1e} at most, {apart['mean']:.1e} on average"


def _filled(network: _Network, folder: Path | None) -> _Network:
    """Load a network's trained weights, pseudo-random ones without a folder, for inference."""
    if folder is None:
        shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
        state = {
            name: torch.as_tensor(made) * (_KEY_GAIN if _KEYS in name else 1)
            for name, made in made_state(shapes).items()
        }
        network.load_state_dict(state)
    else:
        load_weights(network, family_folder(MIVOS.name, folder) / _FILES[type(network)])
    return network.eval().requires_grad_(False)


def _folded(network: _Network, folder: Path | None) -> _Network:
    fold_normalisation(_filled(network, folder))
    return network


def _listed(figures: Sequence[float]) -> str:
    return ", ".join(f"{figure:.2f}" for figure in figures)
