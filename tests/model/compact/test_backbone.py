from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from model.checkpoint import load_networks
from model.compact.backbone import LiteBackbone
from model.compact.encoder import MULTIPLE, BackboneEncoder, ImageEncoder
from model.compact.interaction import CompactInteraction, load_interaction
from model.compact.propagation import CompactPropagation, load_propagation
from model.errors import CheckpointError
from model.layers.blocks import fold_normalisation
from tests.model.test_checkpoint import save_compact

HEIGHT, WIDTH = 2 * MULTIPLE, 3 * MULTIPLE


def _network() -> CompactPropagation:
    """Return a network with a backbone and random normalisation statistics."""
    torch.manual_seed(5)
    network = CompactPropagation(has_backbone=True).eval()
    _randomise_statistics(network)
    return network


def _interaction() -> CompactInteraction:
    """Return an interaction network with a backbone, random statistics, and guides that have an effect."""
    torch.manual_seed(5)
    network = CompactInteraction(has_backbone=True).eval()
    _randomise_statistics(network)
    assert network.encoder.guide is not None
    nn.init.normal_(network.encoder.guide.weight, std=0.1)
    return network


def _randomise_statistics(network: nn.Module) -> None:
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -0.2, 0.2)  # type: ignore[arg-type]
            nn.init.uniform_(part.running_var, 0.5, 2.0)  # type: ignore[arg-type]


@torch.inference_mode()
def _logits(network: CompactPropagation) -> torch.Tensor:
    generator = torch.Generator().manual_seed(6)
    image = torch.randn(1, 3, HEIGHT, WIDTH, generator=generator)
    objects = torch.rand(2, HEIGHT, WIDTH, generator=generator)
    query = network.encode_query(image)
    entry = network.encode_memory(image, query, objects)
    readout = network.read(query, entry.key.unsqueeze(2), entry.value.unsqueeze(2))
    return network.decode(query, readout, objects, network.learn_target_models([entry], [(0, 1)]))


@torch.inference_mode()
def _interactive_logits(network: CompactInteraction) -> torch.Tensor:
    generator = torch.Generator().manual_seed(7)
    image = torch.randn(1, 3, 96, 144, generator=generator)
    planes = torch.zeros(3, 2, 96, 144)
    planes[0, 0, 20:60, 20:90] = 1.0
    planes[1, :, 30:33, 40:80] = 1.0
    planes[2, :, 80:83, 10:90] = 1.0
    return network(image, *planes)


def test_a_network_with_a_backbone_predicts_every_object() -> None:
    assert _logits(_network()).shape == (2, HEIGHT, WIDTH)


def test_folding_changes_no_prediction() -> None:
    network = _network()
    before = _logits(network)
    fold_normalisation(network)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in network.modules())
    assert torch.allclose(_logits(network), before, atol=1e-3)


def test_folding_changes_no_prediction_of_strokes() -> None:
    network = _interaction()
    before = _interactive_logits(network)
    fold_normalisation(network)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in network.modules())
    assert torch.allclose(_interactive_logits(network), before, atol=1e-3)


def test_guides_begin_without_effect_on_the_features_and_their_weights_are_learned() -> None:
    encoder = BackboneEncoder(guides=2).eval()
    image, guides = torch.randn(1, 3, 32, 48), torch.rand(1, 2, 32, 48)
    merged = encoder(image, guides).merged
    assert torch.equal(merged, encoder(image).merged)
    merged.square().sum().backward()
    assert encoder.guide is not None
    assert encoder.guide.weight.grad is not None
    assert encoder.guide.weight.grad.any()


@torch.inference_mode()
def test_guides_change_the_features_where_they_are_drawn() -> None:
    encoder = _interaction().encoder
    image, guides = torch.randn(1, 3, 64, 96), torch.zeros(1, 6, 64, 96)
    guides[:, 1, 10:20, 10:20] = 1.0
    changes = (encoder(image, guides).stride2 - encoder(image).stride2).abs().amax(dim=1)[0]
    assert changes[5:10, 5:10].any()
    assert not changes[16:, 16:].any()


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


def test_the_encoder_of_interaction_is_chosen_by_the_tensors_of_the_file(tmp_path: Path) -> None:
    save_compact(tmp_path / "compact")
    path = tmp_path / "compact" / "interaction.safetensors"
    assert isinstance(load_interaction(path).encoder, ImageEncoder)
    network = _interaction()
    save_file(network.state_dict(), path)
    loaded = load_networks("compact", tmp_path).interaction
    assert isinstance(loaded, CompactInteraction)
    assert isinstance(loaded.encoder, BackboneEncoder)
    assert torch.allclose(_interactive_logits(loaded), _interactive_logits(network), atol=1e-3)


def test_a_missing_tensor_of_a_backbone_is_named(tmp_path: Path) -> None:
    state = CompactPropagation(has_backbone=True).state_dict()
    del state["encoder.widen.0.conv.weight"]
    save_file(state, tmp_path / "propagation.safetensors")
    with pytest.raises(CheckpointError, match=r"no tensor 'encoder\.widen\.0\.conv\.weight'"):
        load_propagation(tmp_path / "propagation.safetensors")
