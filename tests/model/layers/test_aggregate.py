import pytest
import torch

from model.layers.aggregate import aggregate


def test_every_pixel_sums_to_one() -> None:
    prob = aggregate(torch.rand(3, 8, 9))
    assert prob.shape == (4, 8, 9)
    assert torch.allclose(prob.sum(dim=0), torch.ones(8, 9), atol=1e-6)


def test_one_object_is_sharpened_as_the_closed_form_says() -> None:
    p = torch.rand(1, 6, 6)
    expected = p.square() / (p.square() + (1 - p).square())
    assert torch.allclose(aggregate(p)[1:], expected, atol=1e-5)


def test_a_constant_background_is_one_half_before_aggregation() -> None:
    weak = torch.full((1, 2, 2), 0.4)
    assert (aggregate(weak, background="constant").argmax(dim=0) == 0).all()
    strong = torch.full((1, 2, 2), 0.6)
    assert (aggregate(strong, background="constant").argmax(dim=0) == 1).all()


def test_the_hard_form_is_almost_one_hot() -> None:
    prob = aggregate(torch.tensor([[[0.6]], [[0.7]]]), hard=True)
    assert prob[2].item() == pytest.approx(1.0, abs=1e-6)


def test_certain_zeros_and_ones_stay_finite() -> None:
    prob = aggregate(torch.tensor([[[0.0, 1.0]], [[1.0, 1.0]]]))
    assert torch.isfinite(prob).all()


def test_an_absent_object_changes_nothing_for_the_others() -> None:
    p = torch.rand(1, 5, 5) * 0.8 + 0.1
    alone = aggregate(p)
    beside = aggregate(torch.cat([p, torch.zeros_like(p)]))
    assert torch.allclose(alone, beside[:2], atol=1e-5)


def test_leading_dimensions_are_kept() -> None:
    assert aggregate(torch.rand(4, 2, 5, 6)).shape == (4, 3, 5, 6)
