"""Loading EfficientNet-Lite0's weights into propagation and interaction, and training from them.

EXPECTED is the output of the definition in the package `efficientnet-lite-pytorch` 0.1.0 for the made weights
and the image below, after blocks 0, 2, 4 and 10: at every map's middle the first four channels, then the mean
of the map's absolute values.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from inference_core.errors import UserError
from mivos_studio.cli.train import read_names
from mivos_studio.synthetic.weights import made_tensor
from mivos_studio.training.compact.backbone import backbone_names, read_backbone
from mivos_studio.training.data.colour import MEAN, STD
from mivos_studio.training.data.sources import TrainingDataError, find_sources
from mivos_studio.training.options import TrainingOptions
from model.compact.backbone import WIDTHS, LiteBackbone
from model.compact.interaction import CompactInteraction, load_interaction
from model.compact.propagation import CompactPropagation
from tests.mivos_studio.training.example_data import make_images, run_training

EXPECTED = [
    [-0.14233, -0.29952, 1.11431, -0.78321, 0.46484],
    [0.83523, 1.23706, -1.07314, 0.91053, 1.01694],
    [-1.81895, 2.04675, -2.90524, 0.28101, 1.48186],
    [-6.22353, 4.22341, 2.19047, -4.62484, 2.99388],
]


def made_published() -> dict[str, Tensor]:
    """Make weights under the published names."""
    shapes = {name: tuple(tensor.shape) for name, tensor in LiteBackbone().state_dict().items()}
    return {theirs: torch.from_numpy(made_tensor(theirs, shapes[ours])) for ours, theirs in backbone_names()}


def made_image() -> Tensor:
    """Make an image (1, 3, 64, 96), float32 RGB from 0 to 255."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(96.0), indexing="ij")
    return torch.stack([255 * x / 95, 255 * y / 63, 127.5 + 127.5 * torch.sin(x * y / 40)])[None]


def probed(maps: list[Tensor]) -> list[list[float]]:
    """Return a few numbers of each map (1, C, h, w)."""
    return [
        [*x[0, :4, x.shape[2] // 2, x.shape[3] // 2].tolist(), float(x.abs().double().mean())] for x in maps
    ]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    path = tmp_path / "lite0.pth"
    torch.save(made_published(), path)
    return path


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("images")
    make_images(root, stills=4, frames=8, step=5)
    return root


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (torch.tensor(float("nan")), "infinite or no numbers"),
        (torch.tensor(1e300, dtype=torch.float64), "infinite or no numbers"),
        (torch.tensor(1), "is int64"),
        (torch.tensor(True), "is bool"),
        (torch.tensor(1.0).to(torch.float8_e5m2), "is float8_e5m2"),
    ],
    ids=str,
)
def test_numbers_that_cannot_be_trained_with_are_refused(
    published: Path, values: Tensor, reason: str
) -> None:
    state = made_published()
    key = "_blocks.0._bn1.bias"
    torch.save({**state, key: values.expand(state[key].shape).contiguous()}, published)
    with pytest.raises(TrainingDataError, match=reason):
        read_backbone(published)


@torch.inference_mode()
def test_features_are_those_of_the_packages_definition(published: Path) -> None:
    network = LiteBackbone().eval()
    network.load_state_dict(read_backbone(published))
    mean, std = (torch.from_numpy(values).view(3, 1, 1) for values in (MEAN, STD))
    maps = network((made_image() / 255 - mean) / std)
    assert [x.shape[1] for x in maps] == list(WIDTHS)
    assert [tuple(x.shape[2:]) for x in maps] == [(32, 48), (16, 24), (8, 12), (4, 6)]
    for found, expected in zip(probed(maps), EXPECTED, strict=True):
        assert found == pytest.approx(expected, rel=1e-3, abs=2e-4)


def _without(name: str) -> Callable[[dict[str, Tensor]], object]:
    return lambda state: state.pop(name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without("_blocks.4._bn1.bias"), r"holds it: '_blocks\.4\._bn1\.bias' is missing"),
        (lambda state: state.update(_bn0_of={}), "its entry '_bn0_of' is no plain tensor"),
        (
            lambda state: state.update({"_conv_stem.weight": torch.zeros(40, 3, 3, 3)}),
            r"'_conv_stem\.weight' is of another shape",
        ),
    ],
)
def test_a_file_of_another_network_is_named(
    tmp_path: Path, change: Callable[[dict[str, Tensor]], object], message: str
) -> None:
    state = made_published()
    change(state)
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(TrainingDataError, match=message):
        read_backbone(tmp_path / "other.pth")


def test_a_missing_backbone_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match=r"none\.pth is missing"):
        read_backbone(tmp_path / "none.pth")


def _options(images: Path, out: Path, **changes: object) -> TrainingOptions:
    plain = TrainingOptions([images], out, steps=4, batch=2, threads=1, crop=64)
    return TrainingOptions(**{**plain.__dict__, **changes})


def test_an_encoder_starts_from_a_backbone_and_resumes_without_its_file(
    images: Path, published: Path, tmp_path: Path
) -> None:
    """A step moves a weight by less than a thousandth; statistics stay those of ImageNet."""
    out = tmp_path / "out"
    (weights,) = run_training("propagation", _options(images, out, backbone=published, hours=1e-9))
    before, after = made_published(), load_file(weights)
    for ours, theirs in backbone_names():
        found = after[f"encoder.backbone.{ours}"].float()
        assert torch.allclose(found, before[theirs], rtol=2e-3, atol=2e-3), theirs
        if "running" in ours:
            assert torch.equal(found.half(), before[theirs].half())
    published.unlink()
    run_training("propagation", _options(images, out, resume=True))
    assert torch.load(out / "propagation.checkpoint.pt", weights_only=True)["step"] == 4


def test_a_backbone_is_trained_at_a_lower_rate(images: Path, published: Path, tmp_path: Path) -> None:
    run_training("propagation", _options(images, tmp_path, backbone=published, steps=1))
    state = torch.load(tmp_path / "propagation.checkpoint.pt", weights_only=True)
    others, backbone = (group["lr"] for group in state["optimizer"]["param_groups"])
    assert backbone == pytest.approx(0.3 * others)


def test_interaction_starts_from_a_backbone_at_a_lower_rate(
    images: Path, published: Path, tmp_path: Path
) -> None:
    (weights,) = run_training("interaction", _options(images, tmp_path, backbone=published, steps=1))
    before, after = made_published(), load_file(weights)
    for ours, theirs in backbone_names():
        assert torch.allclose(after[f"encoder.backbone.{ours}"].float(), before[theirs], rtol=2e-3, atol=2e-3)
    state = torch.load(tmp_path / "interaction.checkpoint.pt", weights_only=True)
    others, backbone = (group["lr"] for group in state["optimizer"]["param_groups"])
    assert backbone == pytest.approx(0.3 * others)


@pytest.mark.parametrize("has_backbone", [False, True])
def test_interaction_starts_with_the_encoder_of_propagation_and_resumes_without_it(
    images: Path, tmp_path: Path, has_backbone: bool
) -> None:
    trained = tmp_path / "propagation.safetensors"
    state = CompactPropagation(has_backbone=has_backbone).state_dict()
    save_file(state, trained)
    out = tmp_path / "out"
    (weights,) = run_training("interaction", _options(images, out, warm_start=tmp_path, hours=1e-9))
    after = load_file(weights)
    assert any(name.startswith("encoder.backbone.") for name in after) == has_backbone
    learned = [name for name in state if name.startswith("encoder.") and name.endswith("conv.weight")]
    assert learned
    for name in learned:
        assert torch.allclose(after[name].float(), state[name], rtol=2e-3, atol=2e-3), name
    trained.unlink()
    run_training("interaction", _options(images, out, resume=True))
    assert torch.load(out / "interaction.checkpoint.pt", weights_only=True)["step"] == 4


def test_interaction_goes_on_from_the_weights_of_either_encoder(images: Path, tmp_path: Path) -> None:
    save_file(CompactInteraction(has_backbone=True).state_dict(), tmp_path / "interaction.safetensors")
    options = _options(images, tmp_path / "out", warm_start=tmp_path, hours=1e-9)
    (weights,) = run_training("interaction", options)
    assert load_interaction(weights).has_backbone


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("fusion", {}, "to the compact propagation or interaction network alone"),
        ("all", {}, "to the compact propagation or interaction network alone"),
        ("propagation", {"family": "mivos"}, "to the compact propagation or interaction network alone"),
        ("interaction", {"family": "mivos"}, "to the compact propagation or interaction network alone"),
        ("propagation", {"warm_start": Path()}, "choose one of them"),
    ],
)
def test_a_backbone_is_refused_for_other_networks(
    images: Path, tmp_path: Path, name: str, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(TrainingDataError, match=message):
        run_training(name, _options(images, tmp_path, backbone=tmp_path / "any.pth", **changes))


def test_names_are_read_from_a_file_with_comments(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("# to choose by\nmoving/one  # short\n\nmoving/two\n")
    assert read_names(tmp_path / "names.txt") == ["moving/one", "moving/two"]
    with pytest.raises(UserError, match=r"no list of names at .*none\.txt"):
        read_names(tmp_path / "none.txt")


def test_clips_that_are_left_out_are_not_trained_on(images: Path) -> None:
    assert len(find_sources([images]).clips) == 1
    assert find_sources([images], left_out=["moving/one"]).clips == ()
    with pytest.raises(TrainingDataError, match="No clip or still called moving/two"):
        find_sources([images], left_out=["moving/one", "moving/two"])


def test_stills_that_are_left_out_are_not_trained_on(images: Path) -> None:
    stills = find_sources([images]).stills
    unwanted = stills[1]
    left_out = [f"{unwanted.source}/{unwanted.image.stem}"]
    assert find_sources([images], left_out=left_out).stills == tuple(s for s in stills if s != unwanted)
