"""The baseline of `mivos bench published` gives the published program's numbers."""

from __future__ import annotations

import torch

from inference_core.runtime.geometry import Geometry
from mivos_studio.benchmarks.published_core import PublishedCore
from model.mivos.fusion import MivosFusion
from model.mivos.propagation import MivosPropagation
from tests import parity

SIZE = (96, 160)


def test_parity_of_two_rounds_of_the_published_core() -> None:
    geometry = Geometry(SIZE, SIZE, SIZE)
    images = [geometry.image(pixels, torch.device("cpu")) for pixels in parity.clip_images()]
    networks = MivosPropagation(), MivosFusion()
    for network in networks:
        parity.fill(network)
        network.eval().requires_grad_(False)
    flow = PublishedCore(images, 2, *networks)
    for name, frame_index in (("r1", 4), ("r2", 7)):
        objects = parity.objects(frame_index)
        mask = torch.cat([1.0 - objects.sum(dim=0, keepdim=True), objects])
        for _ in flow.commit(frame_index, mask):
            pass
        assert parity.difference(flow.prob, "e2e_two_objects", f"{name}_prob") < parity.END_TO_END_PROB
