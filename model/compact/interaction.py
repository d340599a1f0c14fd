"""The compact interaction network: image, previous mask and strokes to a mask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.compact.encoder import GRID_STRIDE, WIDTHS, BackboneEncoder, ImageEncoder, holds_backbone
from model.layers.blocks import ConvNorm, ResidualBlock, join, matching, upsample
from model.weights.tensors import load_state, read_tensors

SHORT_SIDE = 192
"""Short side of the network's input, pixels."""

_MAX_LONG_SIDE = 4 * SHORT_SIDE
_STRIDE = 16
_GUIDES = 3
_DEEP = 128
_DRAWN = 0.25

# Refinement passes for an object without a previous mask. IoU after one click, half way through training, on
# every second image of GrabCut and every fourth of Berkeley: 0.67 and 0.63 without, 0.69 and 0.66 with one,
# 0.72 and 0.67 with two; after more clicks they change nothing.
_REFINEMENTS = 2

# A click gives an object's position but not its extent; the predicted mask is mostly too small. IoU after one
# click on Berkeley and GrabCut: 0.672 and 0.754 from an empty previous mask alone, 0.688 and 0.773 with an
# ellipse around the click as another start, 0.692 and 0.769 with the dilated prediction, 0.705 and 0.780 with
# both. Scribbles gain nothing.
_DOT_SHARE = 1 / 8
_ELLIPSE_SHARE = 0.35
_DILATION_SHARE = 0.1
# Above this certainty the other starts are not tried: they would hardly ever give a better mask.
_CERTAIN = 0.93
_HALF = 0.5
_LEAST_PX = 1e-6

# Strokes on the other objects of a scene are negative for a new one. Far away from its first stroke they
# mislead a network that was trained on one object at a time: a short line on a school bag gave a mask of the
# wall behind it. First scribbles on all objects of the development clips and of made clips, IoU: 0.677 and
# 0.663 with all strokes, 0.675 and 0.610 without other objects' strokes, 0.695 and 0.667 with the mean of the
# predictions from all and from those within two lengths of the stroke (0.687 and 0.669 within one).
_NEAR_LENGTHS = 2
_LEAST_NEAR_PX = 16

# The zoom-in window has this margin around an object, and is not used where it is most of the image.
_MARGIN_SHARE = 0.25
_MARGIN_PX = 8
_SMALLEST_WINDOW_PX = 64
_MAX_WINDOW_SHARE = 0.6

_NO_SIMILARITY = -1.0

_COLOURS = 16
_DARKEST, _BRIGHTEST = -2.12, 2.65
_SPREAD = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


class Context(nn.Module):
    """Three dilations and the global mean at stride 16 (after Chen et al. 2017, ASPP)."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(ConvNorm(inputs, 64, dilation=dilation) for dilation in (1, 2, 5))
        self.pooled = nn.Conv2d(inputs, 64, 1)
        self.project = ConvNorm(4 * 64, _DEEP, size=1)

    def forward(self, x: Tensor) -> Tensor:
        parts = [F.relu(branch(x)) for branch in self.branches]
        mean = F.relu(self.pooled(x.mean(dim=(2, 3), keepdim=True)))
        out: Tensor = F.relu(self.project(join(*parts, mean)))
        return out


class CompactInteraction(nn.Module):
    """Encoder with guide planes, context, and a decoder with skips down to the full resolution of its input.

    Every input, a whole frame or a crop, is resized to a short side of SHORT_SIDE: the network was trained on
    images of that size, and a prediction takes as long for a large frame as for a small one. Without a
    previous mask, the prediction is refined with itself as previous mask, whose colours are more
    representative than those of a stroke; a small object is predicted again in a window around it. The last
    pass is averaged with that of the mirrored image. A first click is predicted from several starts, and the
    most certain result is kept. A first stroke with distant strokes on other objects is also predicted
    without these, and the two results are averaged.

    compares_starts  False leaves out the other starts, for weights that are certain of wrong masks.
    has_backbone  the encoder is EfficientNet-Lite0 instead of the residual one, and the context also takes
                  the similarity to what is drawn.
    """

    multiple = 1

    def __init__(self, *, compares_starts: bool = True, has_backbone: bool = False) -> None:
        super().__init__()
        self.compares_starts = compares_starts
        self.has_backbone = has_backbone
        w2, w4, w8, w16 = WIDTHS
        planes = 2 * _GUIDES
        self.encoder = BackboneEncoder(guides=planes) if has_backbone else ImageEncoder(guides=planes)
        self.context = Context(w16 + _GUIDES * has_backbone)
        self.stage8 = ResidualBlock(_DEEP + w8 + 17 * _GUIDES, 96)
        self.stage4 = ResidualBlock(96 + w4, 56)
        self.narrow = ConvNorm(56, w2, size=1)
        self.stage2 = ResidualBlock(2 * w2, w2)
        self.fine = ConvNorm(w2 + 3 + 2 * _GUIDES, 16)
        self.predict = nn.Conv2d(16, 1, 3, padding=1)

    def forward(self, image: Tensor, previous: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Predict from strokes: the last result of `predictions`."""
        *_, best = self.predictions(image, previous, positive, negative)
        return best

    def predictions(
        self, image: Tensor, previous: Tensor, positive: Tensor, negative: Tensor
    ) -> Iterator[Tensor]:
        """Predict from strokes; yield a second result for a first click whose first one is not certain.

        image (1, 3, h, w) normalised; previous, positive, negative (K, h, w) in [0, 1]. Yields (K, h, w).
        """
        near = torch.stack([keep_near(*both) for both in zip(positive, negative, strict=True)])
        fresh = previous.flatten(1).amax(dim=1) < _DRAWN
        twice = fresh & (near != negative).flatten(1).any(dim=1)
        planes = (
            torch.cat([previous, previous[twice]]),
            torch.cat([positive, positive[twice]]),
            torch.cat([negative, near[twice]]),
        )
        for logits in self._predictions(image, *planes):
            found = logits[: len(previous)].clone()
            found[twice] = (found[twice] + logits[len(previous) :]) / 2
            yield found

    def _predictions(
        self, image: Tensor, previous: Tensor, positive: Tensor, negative: Tensor
    ) -> Iterator[Tensor]:
        """Predict from each row of strokes by itself, as `predictions` does."""
        small, guides = self._reduced(image, previous, positive, negative)
        logits = self._predict(small, guides)
        fresh = previous.flatten(1).amax(dim=1) < _DRAWN
        if fresh.any():
            guides[fresh], logits[fresh] = self._refine(small, guides[fresh], logits[fresh])
        strokes = list(zip(positive, negative, strict=True))
        attempts = [(guides[row, None], logits[row, None]) for row in range(len(guides))]
        found = [self._predict_final(image, small, *both) for both in zip(strokes, attempts, strict=True)]
        yield torch.stack(found)
        unsure = [
            row
            for row, (guide, _) in enumerate(attempts)
            if self.compares_starts
            and fresh[row]
            and is_dot(guide[0, 1])
            and certainty(found[row]) < _CERTAIN
        ]
        for row in unsure:
            others = [
                self._predict_final(image, small, strokes[row], tried)
                for tried in self._refine_alternatives(small, attempts[row])
            ]
            found[row] = max([found[row], *others], key=certainty)
        if unsure:
            yield torch.stack(found)

    def _refine(self, image: Tensor, guides: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Predict again with the prediction as previous mask; return guides and logits (K, 1, s, t)."""
        guides = guides.clone()
        for _ in range(_REFINEMENTS):
            guides[:, :1] = torch.sigmoid(logits).to(guides)
            logits = self._predict(image, guides)
        return guides, logits

    def _refine_alternatives(
        self, image: Tensor, attempt: tuple[Tensor, Tensor]
    ) -> list[tuple[Tensor, Tensor]]:
        """Refine from other starts than an empty mask; return each's guides and logits (1, 3 and 1, s, t)."""
        guides, logits = attempt
        starts = guides.repeat(2, 1, 1, 1)
        starts[:, 0] = torch.stack([ellipse_around(guides[0, 1]), dilated(logits[0, 0] > 0).to(guides)])
        refined, found = self._refine(image, starts, self._predict(image, starts))
        return [(refined[row, None], found[row, None]) for row in range(len(found))]

    def _predict_final(
        self, image: Tensor, small: Tensor, strokes: tuple[Tensor, Tensor], attempt: tuple[Tensor, Tensor]
    ) -> Tensor:
        """Predict a last time with mirroring, zoomed in on a small object. Returns logits (h, w) float32."""
        positive, negative = strokes
        guides, logits = attempt
        plane = _enlarged(logits, image)[0]
        window = zoom_window((plane > 0) | (positive > _DRAWN))
        if window is None:
            mirrored = self._predict(small.flip(-1), guides.flip(-1)).flip(-1)
            return _enlarged((logits + mirrored) / 2, image)[0]
        closer = image[(..., *window)]
        near = (part[window][None] for part in (torch.sigmoid(plane), positive, negative))
        plane[window] = _enlarged(self._predict_with_mirror(*self._reduced(closer, *near)), closer)[0]
        return plane

    def _reduced(
        self, image: Tensor, previous: Tensor, positive: Tensor, negative: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Resize to the network's input size: image (1, 3, s, t) and guides (K, 3, s, t)."""
        size = input_size(image.shape[2], image.shape[3])
        strokes = _resized(torch.stack([positive, negative], dim=1), size, keeps_peaks=True)
        guides = torch.cat([_resized(previous.unsqueeze(1), size), strokes], dim=1)
        return matching(_resized(image, size), self), matching(guides, self)

    def _predict(self, image: Tensor, guides: Tensor) -> Tensor:
        """Run the network once: image (1, 3, s, t), guides (K, 3, s, t) -> logits (K, 1, s, t) float32."""
        return self.predict_reduced(image.expand(len(guides), -1, -1, -1), guides).float()

    def _predict_with_mirror(self, image: Tensor, guides: Tensor) -> Tensor:
        """Average the predictions of an image and of its mirror image."""
        images = torch.cat([image, image.flip(-1)])
        both = self.predict_reduced(images, torch.cat([guides, guides.flip(-1)])).float()
        straight, mirrored = both.chunk(2)
        return (straight + mirrored.flip(-1)) / 2

    def predict_reduced(self, image: Tensor, guides: Tensor) -> Tensor:
        """image (N, 3, h, w), guides (N, 3, h, w), multiples of 16 -> logits (N, 1, h, w)."""
        planes = join(guides, colour_similarity(image, guides))
        pyramid = self.encoder(image, planes)
        strokes = F.max_pool2d(F.pixel_unshuffle(guides, 4), 2)
        similar = feature_similarity(pyramid.merged, F.max_pool2d(guides, GRID_STRIDE))
        deep = pyramid.stride16
        if self.has_backbone:
            deep = join(deep, F.avg_pool2d(similar, 2))
        x = upsample(self.context(deep), 2)
        x = self.stage8(x, pyramid.stride8, strokes, similar)
        x = self.stage4(upsample(x, 2), pyramid.stride4)
        x = self.stage2(upsample(F.relu(self.narrow(x)), 2), pyramid.stride2)
        x = F.relu(self.fine(upsample(x, 2), image, planes))
        out: Tensor = self.predict(x)
        return out


def load_interaction(path: Path, *, compares_starts: bool = True) -> CompactInteraction:
    """Build the network that fits a file's tensors, and load them. Raises CheckpointError."""
    state = read_tensors(path)
    network = CompactInteraction(compares_starts=compares_starts, has_backbone=holds_backbone(state))
    load_state(network, state, path)
    return network


def feature_similarity(features: Tensor, guides: Tensor) -> Tensor:
    """Compute each cell's similarity to the most similar cell under each guide.

    features (N, C, gh, gw), guides (N, G, gh, gw) in [0, 1]. Returns cosines (N, G, gh, gw), -1 where a guide
    is empty. Thus one stroke selects similar cells at any distance.
    """
    unit = F.normalize(features.flatten(2), dim=1)
    drawn = guides.flatten(2) > _DRAWN
    best = [
        _most_similar(cells, under) for cells, planes in zip(unit, drawn, strict=True) for under in planes
    ]
    return torch.stack(best).view(guides.shape).to(features.dtype)


def _most_similar(cells: Tensor, under: Tensor) -> Tensor:
    """Return each cell's highest cosine with those under a guide.

    cells (C, P), each of length 1; under (P,) bool. Returns (P,).
    """
    # Products with the chosen cells alone: a stroke covers few, and maxima over all pairs took longer. Their
    # number is filled up to a power of two with the first of them, which changes no maximum: on a CPU, torch
    # keeps memory for every shape of a bfloat16 product, some 100 MiB after 30 clicks.
    places = under.nonzero().flatten()
    if not len(places):
        return torch.full_like(cells[0], _NO_SIMILARITY)
    missing = (1 << (len(places) - 1).bit_length()) - len(places)
    chosen = cells[:, torch.cat([places, places[:1].expand(missing)])]
    best: Tensor = (chosen.t() @ cells).amax(dim=0)
    return best


@torch.no_grad()
def colour_similarity(image: Tensor, guides: Tensor) -> Tensor:
    """Compute how much more frequent each pixel's colour is under each guide than in the whole image.

    image (N, 3, h, w) normalised, guides (N, G, h, w) in [0, 1]. Returns (N, G, h, w) in [0, 1], the dtype of
    the guides: the share f / (f + p) of the two colour histograms at the pixel's colour (Swain and Ballard
    1991, as a ratio that stays finite), 0 where a guide is empty. It has no parameters.
    """
    count, number = guides.shape[:2]
    with torch.autocast(image.device.type, enabled=False):
        steps = (image.float() - _DARKEST) * (_COLOURS / (_BRIGHTEST - _DARKEST))
        red, green, blue = steps.long().clamp(0, _COLOURS - 1).flatten(2).unbind(1)
        colour = ((red * _COLOURS + green) * _COLOURS + blue)[:, None]
        whole = torch.ones_like(colour, dtype=torch.float32)
        weights = torch.cat([guides.float().flatten(2), whole], dim=1)
        colour = colour.expand(-1, number + 1, -1)
        counts = weights.new_zeros(count, number + 1, _COLOURS**3).scatter_add_(2, colour, weights)
        shares = _spread(counts / counts.sum(dim=2, keepdim=True).clamp(min=_DRAWN))
        found = shares.gather(2, colour)
        ratio = found[:, :number] / (found[:, :number] + found[:, number:]).clamp(min=1e-9)
    return ratio.view(guides.shape).to(guides.dtype)


def _spread(histogram: Tensor) -> Tensor:
    """Blur histograms (N, G, C^3) along each colour axis: a stroke covers few of an object's colours."""
    kernel = histogram.new_tensor(_SPREAD)[None, None]
    cube = histogram.reshape(-1, _COLOURS, _COLOURS, _COLOURS)
    for _ in range(3):
        lines = F.conv1d(cube.reshape(-1, 1, _COLOURS), kernel, padding=len(_SPREAD) // 2)
        cube = lines.reshape(cube.shape).permute(0, 2, 3, 1).contiguous()
    return cube.reshape(histogram.shape)


def keep_near(positive: Tensor, negative: Tensor) -> Tensor:
    """Drop negative strokes, a map (h, w), that are far from all positive ones; both in [0, 1]."""
    drawn = positive > _DRAWN
    if not drawn.any():
        return negative
    ends = [_ends(drawn, axis) for axis in (0, 1)]
    reach = _NEAR_LENGTHS * max(_LEAST_NEAR_PX, *(last - first for first, last in ends))
    rows, columns = (slice(max(0, first - reach), last + reach + 1) for first, last in ends)
    near = torch.zeros_like(negative)
    near[rows, columns] = negative[rows, columns]
    return near


def is_dot(stroke: Tensor) -> bool:
    """Return whether all of a stroke, a map (s, t) in [0, 1], lies within a small part of the image."""
    drawn = stroke > _DRAWN
    sides = [int(drawn.any(dim=axis).nonzero().flatten().diff().sum()) for axis in (0, 1)]
    return bool(drawn.any()) and max(sides) < _DOT_SHARE * min(stroke.shape)


def ellipse_around(stroke: Tensor) -> Tensor:
    """Fill an ellipse of the image's aspect around a stroke's centroid: map (s, t) of 0 and 1."""
    middle = (stroke > _DRAWN).nonzero().float().mean(dim=0)
    distances = [
        (torch.arange(length, device=stroke.device) - centre) / (_ELLIPSE_SHARE * length)
        for centre, length in zip(middle, stroke.shape, strict=True)
    ]
    inside: Tensor = distances[0].square()[:, None] + distances[1].square() < 1
    return inside.to(stroke)


def dilated(mask: Tensor) -> Tensor:
    """Dilate a mask (s, t) bool by a share of its shorter side: map of 0 and 1, float32."""
    reach = round(_DILATION_SHARE * min(mask.shape))
    rows: Tensor = F.max_pool2d(mask.float()[None], (2 * reach + 1, 1), 1, (reach, 0))
    wide: Tensor = F.max_pool2d(rows, (1, 2 * reach + 1), 1, (0, reach))
    return wide[0]


def certainty(logits: Tensor) -> float:
    """Return the soft IoU of a prediction's probabilities, logits (h, w), with their mask, in [0, 1].

    It is 1 where every probability is 0 or 1.
    """
    prob = torch.sigmoid(logits)
    mask = (prob > _HALF).to(prob)
    both, either = torch.minimum(prob, mask).sum(), torch.maximum(prob, mask).sum()
    return float(both / either.clamp(min=_LEAST_PX))


def _ends(mask: Tensor, axis: int) -> tuple[int, int]:
    """Return the first and last index along an axis of a mask (h, w) bool that is not empty."""
    places = mask.any(dim=1 - axis).nonzero()
    return int(places[0]), int(places[-1])


def zoom_window(mask: Tensor) -> tuple[slice, slice] | None:
    """Return rows and columns of a window around a mask (h, w) bool; None where that is most of the image.

    Zooming in (after Sofiiuk et al. 2020) gained 0.004 to 0.011 IoU on the two click benchmarks, after one
    click as after five, and as much with scribbles.
    """
    if not mask.any():
        return None
    window = []
    for axis, length in enumerate(mask.shape):
        first, last = _ends(mask, axis)
        last += 1
        margin = max(
            round(_MARGIN_SHARE * (last - first)) + _MARGIN_PX, (_SMALLEST_WINDOW_PX - last + first) // 2
        )
        window.append(slice(max(0, first - margin), min(length, last + margin)))
    rows, columns = (part.stop - part.start for part in window)
    return (window[0], window[1]) if rows * columns < _MAX_WINDOW_SHARE * mask.numel() else None


def input_size(height: int, width: int) -> tuple[int, int]:
    """Return the network's input size (height, width) for an image, multiples of 16."""
    scale = min(SHORT_SIDE / min(height, width), _MAX_LONG_SIDE / max(height, width))
    rows, columns = (max(1, round(side * scale / _STRIDE)) * _STRIDE for side in (height, width))
    return rows, columns


def _enlarged(logits: Tensor, image: Tensor) -> Tensor:
    """Resize logits (K, 1, s, t) to the size of an image (1, 3, h, w): (K, h, w)."""
    return F.interpolate(logits, size=image.shape[2:], mode="bilinear", align_corners=False)[:, 0]


def _resized(planes: Tensor, size: tuple[int, int], *, keeps_peaks: bool = False) -> Tensor:
    """Resize (N, C, h, w) by averaging, or by maxima with keeps_peaks, so that thin lines remain."""
    if size[0] > planes.shape[2] or size[1] > planes.shape[3]:
        return F.interpolate(planes, size=size, mode="bilinear", align_corners=False)
    return F.adaptive_max_pool2d(planes, size) if keeps_peaks else F.adaptive_avg_pool2d(planes, size)
