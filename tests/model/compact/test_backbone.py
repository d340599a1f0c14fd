from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from model.checkpoint import load_networks
from model.compact.backbone import LiteBackbone
from model.compact.encoder import MULTIPLE, BackboneEncoder, ImageEncoder
from model.compact.propagation import CompactPropagation, load_propagation
from model.errors import CheckpointError
from model.layers.blocks import fold_normalisation
from tests.model.test_checkpoint import save_compact

HEIGHT, WIDTH = 2 * MULTIPLE, 3 * MULTIPLE


def _network() -> CompactPropagation:
    """Return a network with a backbone and random normalisation statistics."""
    torch.manual_seed(5)
    network = CompactPropagation(has_backbone=True).eval()
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -0.2, 0.2)  # type: ignore[arg-type]
            nn.init.uniform_(part.running_var, 0.5, 2.0)  # type: ignore[arg-type]
    return network


@torch.inference_mode()
def _logits(network: CompactPropagation) -> torch.Tensor:
    generator = torch.Generator().manual_seed(6)
    image = torch.randn(1, 3, HEIGHT, WIDTH, generator=generator)
    objects = torch.rand(2, HEIGHT, WIDTH, generator=generator)
    query = network.encode_query(image)
    entry = network.encode_memory(image, query, objects)
    readout = network.read(query, entry.key.unsqueeze(2), entry.value.unsqueeze(2))
    return network.decode(query, readout, objects, network.learn_target_models([entry], [(0, 1)]))


def test_a_network_with_a_backbone_predicts_every_object() -> None:
    assert _logits(_network()).shape == (2, HEIGHT, WIDTH)


def test_folding_changes_no_prediction() -> None:
    network = _network()
    before = _logits(network)
    fold_normalisation(network)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in network.modules())
    assert torch.allclose(_logits(network), before, atol=1e-3)


def test_a_backbone_keeps_its_statistics_in_training() -> None:
    encoder = BackboneEncoder().train()
    encoder(torch.randn(2, 3, 32, 32))
    moved = {name for name, value in encoder.named_buffers() if "running_mean" in name and value.any()}
    assert moved
    assert not any(name.startswith("backbone") for name in moved)


@torch.inference_mode()
def test_a_backbone_computes_the_same_in_training_and_inference() -> None:
    backbone, image = LiteBackbone(), torch.randn(1, 3, 48, 64)
    for trained, used in zip(backbone.train()(image), backbone.eval()(image), strict=True):
        assert torch.allclose(trained, used, atol=1e-5)


def test_the_encoder_is_chosen_by_the_tensors_of_the_file(tmp_path: Path) -> None:
    save_compact(tmp_path / "compact")
    path = tmp_path / "compact" / "propagation.safetensors"
    assert isinstance(load_propagation(path).encoder, ImageEncoder)
    network = _network()
    save_file(network.state_dict(), path)
    loaded = load_networks("compact", tmp_path).propagation
    assert isinstance(loaded, CompactPropagation)
    assert isinstance(loaded.encoder, BackboneEncoder)
    assert torch.allclose(_logits(loaded), _logits(network), atol=1e-3)


def test_a_missing_tensor_of_a_backbone_is_named(tmp_path: Path) -> None:
    state = CompactPropagation(has_backbone=True).state_dict()
    del state["encoder.widen.0.conv.weight"]
    save_file(state, tmp_path / "propagation.safetensors")
    with pytest.raises(CheckpointError, match=r"no tensor 'encoder\.widen\.0\.conv\.weight'"):
        load_propagation(tmp_path / "propagation.safetensors")
