"""The decoder's sums of the frame alone are computed separately."""

import pytest
import torch

from model.mivos.decoder import Compression
from model.mivos.encoders import VALUE_CHANNELS


@pytest.mark.parametrize("objects", [1, 3])
@torch.inference_mode()
def test_the_first_block_gives_the_same_from_the_frames_sums(objects: int) -> None:
    torch.manual_seed(3)
    block = Compression().eval()
    value, readout = torch.randn(1, VALUE_CHANNELS, 5, 7), torch.randn(objects, VALUE_CHANNELS, 5, 7)
    whole = block(torch.cat([readout, value.expand_as(readout)], dim=1))
    apart = block.from_sums(readout, block.frame_sums(value))
    assert torch.allclose(apart, whole, atol=1e-4)
