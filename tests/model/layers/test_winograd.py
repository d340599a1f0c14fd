"""Convolutions with fewer products equal plain ones."""

import pytest
import torch
from torch import Tensor, nn

from model.layers import winograd
from model.layers.winograd import WideConv

CHANNELS = 256


@pytest.fixture(autouse=True)
def _seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(7)
    monkeypatch.setattr(winograd, "_multiplies_in_vectors", lambda: True)


def _layer(*, outputs: int = CHANNELS, bias: bool = True) -> WideConv:
    return WideConv(CHANNELS, outputs, 3, padding=1, bias=bias).eval().requires_grad_(False)


def _maps(*size: int) -> Tensor:
    return torch.randn(*size).relu().contiguous(memory_format=torch.channels_last)


def _plain(layer: nn.Conv2d, maps: Tensor) -> Tensor:
    return nn.functional.conv2d(maps.double(), layer.weight.double(), _double(layer.bias), padding=1)


def _double(bias: Tensor | None) -> Tensor | None:
    return None if bias is None else bias.double()


def _distance(found: Tensor, wanted: Tensor) -> float:
    """The largest difference, as a share of the largest output."""
    return float((found.double() - wanted).abs().max() / wanted.abs().max())


@pytest.mark.parametrize("size", [(32, 32), (31, 34), (33, 61), (9, 130)])
@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 3e-5), (torch.bfloat16, 2e-2)])
@torch.inference_mode()
def test_the_result_is_a_plain_convolutions_at_any_size(
    size: tuple[int, int], dtype: torch.dtype, near: float
) -> None:
    layer, maps = _layer(outputs=264).to(dtype), _maps(2, CHANNELS, *size).to(dtype)
    found = layer(maps)
    assert layer._cached is not None, "the fast convolution was not used"
    assert found.dtype == dtype
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert _distance(found, _plain(layer, maps)) < near


@torch.inference_mode()
def test_strips_leave_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "_STRIP_BYTES", 1)
    layer, maps = _layer(bias=False), _maps(1, CHANNELS, 41, 30)
    assert _distance(layer(maps), _plain(layer, maps)) < 3e-5


@pytest.mark.parametrize("size", [(32, 32), (8, 8)], ids=["fewer products", "plain"])
@torch.inference_mode()
def test_partial_sums_of_the_inputs_add_up_to_the_convolution(size: tuple[int, int]) -> None:
    layer = WideConv(2 * CHANNELS, CHANNELS, 3, padding=1).eval().requires_grad_(False)
    maps = _maps(1, 2 * CHANNELS, *size)
    first, second = (
        part.contiguous(memory_format=torch.channels_last) for part in maps.split(CHANNELS, dim=1)
    )
    shares = layer.partial_sum(first, slice(CHANNELS), with_bias=True)
    shares = shares + layer.partial_sum(second, slice(CHANNELS, None), with_bias=False)
    assert _distance(shares, _plain(layer, maps)) < 3e-5


@torch.no_grad()
def test_changed_weights_are_not_taken_from_the_cache() -> None:
    layer, maps = _layer(), _maps(1, CHANNELS, 32, 32)
    first = layer(maps)
    layer.weight.mul_(2.0)
    layer.bias.mul_(2.0)
    assert torch.allclose(layer(maps), 2.0 * first, atol=1e-3)
    assert layer.to(torch.bfloat16)(maps.bfloat16()).dtype == torch.bfloat16


def test_a_layer_in_training_is_convolved_plainly_and_has_gradients() -> None:
    layer, maps = _layer().requires_grad_(True), _maps(1, CHANNELS, 32, 32)
    layer(maps).sum().backward()
    assert layer.weight.grad is not None
    with torch.no_grad():
        layer(maps)
    assert layer._cached is None


@pytest.mark.parametrize(
    "maps",
    [
        torch.randn(1, CHANNELS, 8, 8).contiguous(memory_format=torch.channels_last),
        torch.randn(1, CHANNELS, 32, 32),
        torch.randn(1, CHANNELS, 32, 32, dtype=torch.float64).contiguous(memory_format=torch.channels_last),
    ],
    ids=["small maps", "maps that lie channel by channel", "double precision"],
)
@torch.inference_mode()
def test_maps_without_a_speedup_are_convolved_plainly(maps: Tensor) -> None:
    layer = _layer().to(maps.dtype)
    layer(maps)
    assert layer._cached is None


@torch.inference_mode()
def test_bfloat16_is_convolved_plainly_where_the_processor_multiplies_tiles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(winograd, "_multiplies_in_vectors", lambda: False)
    layer, maps = _layer().bfloat16(), _maps(1, CHANNELS, 32, 32).bfloat16()
    assert torch.equal(layer(maps), nn.functional.conv2d(maps, layer.weight, layer.bias, padding=1))
