"""Loss step of the interaction network: predict from the first strokes, then refine or correct the mask."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from inference_core.types import BoolArray, Float32Array
from mivos_studio.synthetic.robots import click_robot, scribble_strokes
from mivos_studio.training.compact.interaction_data import draw_click, draw_line, draw_protocol_scribbles
from mivos_studio.training.losses import intersection_over_union, mask_loss
from model.compact.interaction import CompactInteraction

# Probability of 0, 1, 2 and 3 further strokes; without any the network learns to refine its own mask.
_MORE_STROKES = (0.3, 0.3, 0.2, 0.2)
_PROTOCOL_SHARE = 0.4


class InteractionLossStep:
    """Two predictions a batch: the second is given the first mask, mostly with strokes on its errors."""

    def __init__(self, network: CompactInteraction) -> None:
        self.network = network

    def __call__(self, batch: dict[str, Tensor], progress: float) -> tuple[Tensor, dict[str, float]]:
        """Loss and figures of a batch of InteractionData; progress runs from 0 to 1 over the training."""
        del progress  # the loss is the same throughout
        truth = batch["truth"]
        first = self._predict(batch["image"], batch["guides"])
        guides = self._corrected(first.detach(), truth, batch["guides"])
        second = self._predict(batch["image"], guides)
        loss = mask_loss(first, truth) + mask_loss(second, truth)
        figures = {
            "iou1": float(intersection_over_union(torch.sigmoid(first.detach()), truth).mean()),
            "iou2": float(intersection_over_union(torch.sigmoid(second.detach()), truth).mean()),
        }
        return loss, figures

    def _predict(self, image: Tensor, guides: Tensor) -> Tensor:
        logits: Tensor = self.network.predict_reduced(image, guides)
        return logits.float()[:, 0]

    def _corrected(self, logits: Tensor, truth: Tensor, guides: Tensor) -> Tensor:
        """Add a robot's next strokes to each sample; previous masks are alternately soft and binary."""
        prob = torch.sigmoid(logits)
        predictions = (prob > 0.5).cpu().numpy()
        truths = (truth > 0.5).cpu().numpy()
        planes = guides[:, 1:].cpu().numpy().copy()
        for row, (prediction, target) in enumerate(zip(predictions, truths, strict=True)):
            # The seed depends on the masks alone, so that a resumed training draws the same strokes.
            rng = np.random.default_rng([int(target.sum()), int(prediction.sum())])
            if rng.random() < _PROTOCOL_SHARE:
                draw_protocol_scribbles(planes[row], target, prediction, int(rng.integers(1, 3)))
                continue
            for _ in range(int(rng.choice(4, p=_MORE_STROKES))):
                prediction = _add_stroke(rng, planes[row], target, prediction)
        soft = (torch.arange(len(prob), device=prob.device) % 2 == 0)[:, None, None]
        previous = torch.where(soft, prob, (prob > 0.5).to(prob))
        return torch.cat([previous[:, None], torch.from_numpy(planes).to(guides)], dim=1)


def _add_stroke(
    rng: np.random.Generator,
    planes: Float32Array,
    truth: BoolArray,
    prediction: BoolArray,
) -> BoolArray:
    """Draw one more stroke into planes (2, H, W); return the prediction, corrected around it."""
    prediction = prediction.copy()
    if rng.random() < 0.7:
        click = click_robot(truth, prediction)
        if click is None:
            return prediction
        draw_click(planes[0 if click.is_positive else 1], click.x, click.y, int(rng.integers(1, 3)))
        spot = np.zeros_like(planes[0])
        draw_click(spot, click.x, click.y, 2 + int(np.sqrt(truth.sum()) / 4))
        prediction[spot > 0] = truth[spot > 0]
        return prediction
    for stroke in scribble_strokes(truth, prediction, rng, max_strokes=2):
        draw_line(planes[0 if stroke.is_positive else 1], stroke.points, int(rng.integers(1, 4)))
    return truth.copy()
