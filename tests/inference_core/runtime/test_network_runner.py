"""NetworkRunner is the only caller of the networks, besides their training and the families themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from inference_core.runtime.network_runner import NetworkRunner
from model.interfaces import InteractionNetwork, PropagationNetwork
from tests.project import name_of, program_files

CALLERS = (
    "inference_core/runtime/network_runner.py",
    "model/",
    "mivos_studio/training/",
    "mivos_studio/evaluation/ablation.py",  # networks around others
)
METHODS = {
    name
    for network in (PropagationNetwork, InteractionNetwork)
    for name, value in vars(network).items()
    if callable(value) and not name.startswith("_")
}
OWN = {name for name in METHODS if not hasattr(NetworkRunner, name)}
"""Methods that the runner does not have under the same name: whoever uses one has a network."""
NETWORKS = ("network", "propagation", "fusion", "interaction", "clicks")


def uses(source: str) -> Iterator[str]:
    """Name the uses of a network's methods, and the calls of a family's fusion."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Attribute):
            continue
        receiver = ast.unparse(node.value)
        of_a_network = receiver.split(".")[-1].lstrip("_") in NETWORKS
        if node.attr in OWN or (node.attr in METHODS and of_a_network):
            yield f"{receiver}.{node.attr}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("networks.fusion"):
            yield ast.unparse(node.func)


def test_nobody_but_the_runner_calls_the_networks() -> None:
    found = {
        name_of(path): used
        for path in program_files()
        if (used := sorted(uses(path.read_text(encoding="utf-8"))))
    }
    assert "inference_core/runtime/network_runner.py" in found
    assert {name: used for name, used in found.items() if not name.startswith(CALLERS)} == {}


@pytest.mark.parametrize(
    "source",
    [
        "session.networks.propagation.encode_query(image)",
        "network.encode_memory(image, query, objects)",
        "encode = networks.propagation.encode_query",
        "self._network.decode(query, readout, previous)",
        "networks.clicks.predictions(image, previous, positive, negative)",
        "self.networks.fusion(image, old, new, attention, distance)",
    ],
)
def test_a_call_elsewhere_would_be_found(source: str) -> None:
    assert len(list(uses(source))) == 1


@pytest.mark.parametrize(
    "source", ["codec.decode(packed)", "runner.transfer(query, key, maps)", "file.read()"]
)
def test_methods_of_the_same_name_are_not_taken_for_a_network_s(source: str) -> None:
    assert list(uses(source)) == []
