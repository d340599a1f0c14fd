"""Trains a line y = w x in the processes that the environment declares; run by a test, not a test itself."""

import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

sys.path.insert(0, str(Path(__file__).parents[3]))

from mivos_studio.training.processes import join_processes
from mivos_studio.training.trainer import Recipe, Trainer


class _Points(Dataset[dict[str, Tensor]]):
    def __len__(self) -> int:
        return 160

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        x = torch.randn(3, generator=torch.Generator().manual_seed(number))
        return {"x": x, "y": (x * torch.tensor([1.0, -2.0, 3.0])).sum()}


def main() -> None:
    torch.set_num_threads(1)
    network = nn.Linear(3, 1, bias=False)
    nn.init.zeros_(network.weight)

    def loss_step(batch: dict[str, Tensor], progress: float) -> tuple[Tensor, dict[str, float]]:
        del progress
        with torch.autocast("cpu", enabled=False):
            return (network(batch["x"])[:, 0] - batch["y"]).square().mean(), {}

    recipe = Recipe(steps=40, batch=4, learning_rate=0.1, warm_up=1)
    trainer = Trainer("line", network, Path(sys.argv[1]), recipe, torch.device("cpu"), join_processes())
    trainer.run(_Points(), loss_step)


if __name__ == "__main__":
    main()
