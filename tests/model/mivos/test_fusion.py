import torch

from model.mivos.fusion import MivosFusion


@torch.inference_mode()
def test_a_tall_frame_is_fused_strip_by_strip_without_a_seam() -> None:
    torch.manual_seed(5)
    network, size = MivosFusion().eval(), (230, 40)
    image, maps = torch.randn(1, 3, *size), torch.rand(2, 4, *size)
    distance = torch.tensor([0.25, 0.75])
    strips = network(image, maps[:, 0], maps[:, 1], maps[:, 2:], distance)
    distances = distance[None, :, None, None].expand(2, -1, *size)
    whole = network.blend(torch.cat([image.expand(2, -1, -1, -1), maps, distances], dim=1))[:, 0]
    assert torch.allclose(strips, whole, atol=1e-6)
