"""Two processes that share every batch train the same weights as one process."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import torch

_PROGRAM = Path(__file__).with_name("distributed_training.py")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(out: Path, count: int) -> None:
    environment = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port())}
    started = [
        subprocess.Popen(
            [sys.executable, str(_PROGRAM), str(out)],
            env={**environment, "WORLD_SIZE": str(count), "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(count)
    ]
    assert [process.wait(timeout=120) for process in started] == [0] * count


def test_two_processes_train_the_weights_of_one(tmp_path: Path) -> None:
    for count in (1, 2):
        _run(tmp_path / str(count), count)
    one, two = (
        torch.load(tmp_path / str(count) / "line.checkpoint.pt", weights_only=True) for count in (1, 2)
    )
    untrained = torch.zeros_like(one["network"]["weight"])
    assert not torch.allclose(one["network"]["weight"], untrained, atol=1e-2)
    assert torch.allclose(one["network"]["weight"], two["network"]["weight"], atol=1e-4)
    assert one["step"] == two["step"]
    assert len((tmp_path / "2" / "line.csv").read_text().splitlines()) == 3
