"""Training in several processes that torchrun started: each takes its share of every batch."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.distributed as distributed
from torch import Tensor


@dataclass(frozen=True)
class Processes:
    """This process among all that train the same network; `local` counts those of one machine."""

    rank: int = 0
    count: int = 1
    local: int = 0

    @property
    def is_first(self) -> bool:
        """The first process alone writes files."""
        return self.rank == 0

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace floating-point tensors by their mean over all processes, in one exchange."""
        if self.count == 1:
            return
        together = list(tensors)
        flat = torch.cat([tensor.detach().float().flatten() for tensor in together])
        distributed.all_reduce(flat)
        parts = torch.split(flat / self.count, [tensor.numel() for tensor in together])
        for tensor, part in zip(together, parts, strict=True):
            tensor.detach().copy_(part.view_as(tensor))

    def wait(self) -> None:
        """Wait until all processes have reached this call."""
        if self.count > 1:
            distributed.barrier()


ALONE = Processes()


def join_processes() -> Processes:
    """Join the processes that torchrun started, by its environment variables; otherwise return ALONE."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        return ALONE
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return Processes(int(os.environ["RANK"]), count, int(os.environ.get("LOCAL_RANK", "0")))
