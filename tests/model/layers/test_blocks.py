import pytest
import torch
from torch import Tensor, nn

from model.layers.blocks import convolve, join


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(5)


def _is_channels_last(maps: Tensor) -> bool:
    return maps.is_contiguous(memory_format=torch.channels_last)


def test_joined_maps_lie_channels_last_even_where_one_is_shared_and_one_has_a_single_channel() -> None:
    several, shared, single = torch.randn(3, 4, 5, 6), torch.randn(1, 2, 5, 6), torch.randn(3, 1, 5, 6)
    joined = join(several, shared, single)
    assert _is_channels_last(joined)
    assert torch.equal(joined, torch.cat([several, shared.expand(3, -1, -1, -1), single], dim=1))


def test_joined_maps_take_the_precision_of_the_first_and_single_values_fill_the_plane() -> None:
    joined = join(torch.zeros(2, 3, 4, 4, dtype=torch.bfloat16), torch.full((2, 1, 1, 1), 0.5))
    assert joined.dtype == torch.bfloat16
    assert bool((joined[:, 3] == 0.5).all())


@pytest.mark.parametrize("size", [1, 3])
@torch.inference_mode()
def test_inputs_shared_by_all_objects_are_convolved_once(size: int) -> None:
    conv = nn.Conv2d(9, 8, size, stride=2, padding=size // 2)
    own, shared, more = torch.randn(3, 4, 10, 12), torch.randn(1, 3, 10, 12), torch.randn(3, 2, 10, 12)
    apart = conv(torch.cat([own, shared.expand(3, -1, -1, -1), more], dim=1))
    assert torch.allclose(convolve(conv, own, shared, more), apart, atol=1e-5)
