"""The training loop: AdamW, cosine schedule, averaged weights, exact resumption, a CSV log."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from inference_core.errors import UserError
from inference_core.runtime.device import choose_training_compute
from mivos_studio.files import written_beside
from mivos_studio.training.checkpoint import read_state, restore_optimizer
from mivos_studio.training.data.sources import TrainingDataError
from mivos_studio.training.processes import ALONE, Processes
from model.weights.hashes import put_in_place

LossStep = Callable[[dict[str, Tensor], float], tuple[Tensor, dict[str, float]]]
"""Computes loss and logged figures of a batch at a progress from 0 to 1 over the training."""

Weights = Iterable[nn.Parameter] | Iterable[dict[str, Any]]
"""Weights to train, or groups of them with settings of their own, as torch.optim takes both."""

OnStep = Callable[[int, int], None]
"""Called after every step with the steps done and the steps in all."""


@dataclass(frozen=True)
class Recipe:
    """How to train: the schedule spans `steps`; `hours` only limits one run, which can be resumed.

    slow_share  share of the rate at which weights are trained that started from ImageNet's.
    """

    steps: int
    batch: int = 8
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    warm_up: int = 200
    averaging: float = 0.999
    slow_share: float = 0.3
    clip_norm: float = 2.0
    hours: float = math.inf
    save_every_s: float = 300.0
    log_every: int = 20
    workers: int = 0

    @property
    def samples(self) -> int:
        """How many samples the whole schedule takes."""
        return self.steps * self.batch

    def rate(self, step: int) -> float:
        """Return a step's learning rate: a warm-up, then half a cosine down to a fiftieth."""
        warm = min(1.0, (step + 1) / self.warm_up)
        fall = 0.5 * (1.0 + math.cos(math.pi * min(step / self.steps, 1.0)))
        return self.learning_rate * warm * (0.02 + 0.98 * fall)

    def optimizer(self, weights: Weights) -> torch.optim.Optimizer:
        """Build the optimizer of the weights."""
        return torch.optim.AdamW(weights, lr=self.learning_rate, weight_decay=self.weight_decay)


class Trainer:
    """Trains one network on one device; the checkpoint holds all that the next step depends on.

    Of several processes each takes its share of every batch; the first one alone writes files.
    slow  prefix of the names of weights that are trained at the recipe's slow_share of the rate; empty: none.
    """

    def __init__(
        self,
        name: str,
        network: nn.Module,
        folder: Path,
        recipe: Recipe,
        device: torch.device,
        processes: Processes = ALONE,
        slow: str = "",
    ) -> None:
        self.name, self.folder, self.recipe, self.device = name, folder, recipe, device
        self.compute = choose_training_compute(device)
        self.processes = processes
        self.network = network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = recipe.optimizer(_groups(self.network, slow, recipe.slow_share))
        self.average = {key: value.detach().clone() for key, value in self.network.state_dict().items()}
        self.step = 0
        self.trained_s = 0.0

    @property
    def checkpoint(self) -> Path:
        return self.folder / f"{self.name}.checkpoint.pt"

    @property
    def weights(self) -> Path:
        """The averaged weights in half precision, as they ship."""
        return self.folder / f"{self.name}.safetensors"

    @property
    def log(self) -> Path:
        """Step, seconds and the loss step's figures, a row every `log_every` steps."""
        return self.folder / f"{self.name}.csv"

    def resume(self) -> bool:
        """Continue from the checkpoint if there is one; return whether there was.

        Raises TrainingDataError where it is damaged or of another network.
        """
        if not self.checkpoint.exists():
            return False
        state = read_state(self.checkpoint, self.network.state_dict(), self.device)
        restore_optimizer(self.optimizer, state.optimizer, self.checkpoint)
        self.network.load_state_dict(state.network)
        self.average = state.average
        self.step, self.trained_s = state.step, state.trained_s
        self._drop_later_rows()
        return True

    def _restore(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        settings = [group.keys() for group in self.optimizer.param_groups]
        self.optimizer.load_state_dict(state["optimizer"])
        average, step, trained_s = state["average"], int(state["step"]), float(state["trained_s"])
        is_whole = (
            [group.keys() for group in self.optimizer.param_groups] == settings
            and all(_fits(weight, of_it) for weight, of_it in self.optimizer.state.items())
            and average.keys() == self.average.keys()
            and all(value.shape == average[key].shape for key, value in self.average.items())
            and step >= 0
            and 0 <= trained_s < math.inf
        )
        if not is_whole:
            raise ValueError("not as `save` writes it")
        self.average, self.step, self.trained_s = average, step, trained_s

    def run(
        self, samples: Dataset[dict[str, Tensor]], loss_step: LossStep, on_step: OnStep | None = None
    ) -> None:
        """Train until the schedule or the hours end; `samples` has steps x batch entries."""
        started = saved = time.monotonic()
        before_s = self.trained_s
        for part in self.network.children():  # frozen parts keep their statistics too
            part.train(any(weight.requires_grad for weight in part.parameters()))
        figures: dict[str, list[float]] = {}
        for batch in self._batches(samples):
            for key, value in self._advance(batch, loss_step).items():
                figures.setdefault(key, []).append(value)
            if on_step is not None:
                on_step(self.step, self.recipe.steps)
            now = time.monotonic()
            self.trained_s = before_s + now - started
            if self.step % self.recipe.log_every == 0:
                self._log({key: sum(values) / len(values) for key, values in figures.items()})
                figures.clear()
            if now - saved > self.recipe.save_every_s:
                self.save()
                saved = now
            if self._is_over(now - started):
                break
        self.save()
        self.processes.wait()  # the next network starts from what the first process has just written

    def save(self) -> None:
        """Write checkpoint and averaged 16-bit weights, each complete or not at all."""
        if not self.processes.is_first:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "step": self.step,
            "trained_s": self.trained_s,
        }
        with written_beside(self.checkpoint) as partial:
            torch.save(state, partial)
        halves = {
            key: (value.half() if value.is_floating_point() else value).cpu().contiguous()
            for key, value in self.average.items()
        }
        with written_beside(self.weights, put_in_place) as partial:
            save_file(halves, partial)

    def _batches(self, samples: Dataset[dict[str, Tensor]]) -> Iterator[dict[str, Tensor]]:
        size, among = self.recipe.batch, self.processes
        loader = DataLoader(
            samples,
            batch_size=size // among.count,
            sampler=range(self.step * size + among.rank, self.recipe.samples, among.count),
            num_workers=self.recipe.workers,
            pin_memory=self.device.type == "cuda",
        )
        try:
            yield from loader
        except UserError as error:
            raise TrainingDataError(_sentence_of(error)) from error

    def _advance(self, batch: dict[str, Tensor], loss_step: LossStep) -> dict[str, float]:
        progress = self.step / self.recipe.steps
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate(self.step) * group.get("share", 1.0)
        batch = {key: value.to(self.device, non_blocking=True) for key, value in batch.items()}
        with self.compute.autocast():
            loss, figures = loss_step(batch, progress)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._share()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip_norm)
        if torch.isfinite(norm):
            self.optimizer.step()
        self.step += 1
        self._update_average()
        return {"loss": float(loss.detach()), **figures}

    def _share(self) -> None:
        """Average gradients and the normalisation's statistics over all processes."""
        gradients = [weight.grad for weight in self.network.parameters() if weight.grad is not None]
        statistics = [value for value in self.network.buffers() if value.is_floating_point()]
        self.processes.average([*gradients, *statistics])

    def _is_over(self, elapsed_s: float) -> bool:
        """Whether the hours are over, for all processes at the same step."""
        spent = torch.tensor(float(elapsed_s > self.recipe.hours * 3600), device=self.device)
        self.processes.average([spent])
        return bool(spent > 0)

    @torch.no_grad()
    def _update_average(self) -> None:
        keep = min(self.recipe.averaging, (1.0 + self.step) / (10.0 + self.step))
        for key, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.average[key].lerp_(value, 1.0 - keep)
            else:
                self.average[key].copy_(value)

    def _log(self, figures: dict[str, float]) -> None:
        if not self.processes.is_first:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        is_new = not self.log.exists()
        with self.log.open("a", newline="") as file:
            writer = csv.writer(file)
            if is_new:
                writer.writerow(["step", "trained_s", *figures])
            values = (f"{value:.4f}" for value in figures.values())
            writer.writerow([self.step, f"{self.trained_s:.0f}", *values])

    def _drop_later_rows(self) -> None:
        """Drop the rows of steps after the checkpoint: they are about to be written again."""
        if not self.log.exists():
            return
        head, *rows = self.log.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
        kept = [
            row for row in rows if (number := row.split(",", 1)[0]).isdecimal() and int(number) <= self.step
        ]
        self.log.write_text("\n".join([head, *kept]) + "\n")


def _sentence_of(error: UserError) -> str:
    """Return an error's sentence; from a process that reads samples it arrives as a traceback's last line."""
    text = str(error).strip()
    return text.splitlines()[-1].partition("Error: ")[2] if "Traceback" in text else text


def _fits(weight: Tensor, of_it: dict[str, Any]) -> bool:
    """Whether what an optimizer remembers of a weight has its shape."""
    return all(
        value.shape == weight.shape for value in of_it.values() if isinstance(value, Tensor) and value.ndim
    )


def _groups(network: nn.Module, slow: str, share: float) -> Weights:
    """Split off the weights that are trained at a lower rate; without any, return a single group."""
    slowly = [weight for name, weight in network.named_parameters() if slow and name.startswith(slow)]
    if not slowly:
        return network.parameters()
    taken = {id(weight) for weight in slowly}
    others = [weight for weight in network.parameters() if id(weight) not in taken]
    return [{"params": others, "share": 1.0}, {"params": slowly, "share": share}]
