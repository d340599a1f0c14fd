"""Soft aggregation gives the numbers of the published program."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model.layers.aggregate import Background, aggregate, aggregate_logits
from tests import parity

PRODUCT: Background = "product"
CONSTANT: Background = "constant"


def _disagreement(prob: Tensor, file: str, name: str) -> float:
    """Share of pixels with another label; hard maps of the two may differ where classes tie."""
    wanted = parity.reference_tensor(file, name)[:, 0]
    return float((prob.argmax(dim=0) != wanted.argmax(dim=0)).float().mean())


@pytest.mark.parametrize(("background", "name"), [(PRODUCT, "wbg"), (CONSTANT, "sbg")])
def test_parity_of_aggregation(background: Background, name: str) -> None:
    prob = parity.reference_tensor("aggregate", "prob")[:, 0]
    soft = aggregate(prob, background=background)
    assert parity.difference(soft, "aggregate", name) < parity.EXACT
    hard = aggregate(prob, background=background, hard=True)
    assert _disagreement(hard, "aggregate", f"{name}_hard") <= 1 - parity.EQUAL_IDS


def test_parity_of_the_logits_that_losses_take() -> None:
    logits = aggregate_logits(parity.reference_tensor("aggregate", "prob")[:, 0])
    wanted = parity.reference_tensor("aggregate", "wbg_channel_logits")
    # Where a probability is 0 or 1 the logit is 16: 1e-6 of that.
    assert torch.allclose(logits, wanted[0], rtol=1e-6, atol=parity.EXACT)


@pytest.mark.parametrize("what", ["free", "stitched"])
def test_parity_of_drawn_and_stitched_maps(what: str) -> None:
    prob = parity.reference_tensor("interaction", f"{what}_prob")[:, 0]
    wanted = parity.reference_tensor("interaction", f"{what}_mask")[:, 0]
    assert (aggregate(prob, background=CONSTANT) - wanted).abs().max() < parity.EXACT


def test_parity_of_a_clicked_object_among_the_others() -> None:
    prob = parity.reference_tensor("interaction", "prev_prob")[:, 0].clone()
    prob[1] = parity.reference_tensor("interaction", "click_obj_mask")[0]
    hard = aggregate(prob, background=CONSTANT, hard=True)
    assert _disagreement(hard, "interaction", "click_mask") <= 1 - parity.EQUAL_IDS
