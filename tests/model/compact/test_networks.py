from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from model.compact.encoder import MULTIPLE
from model.compact.fusion import CompactFusion
from model.compact.interaction import (
    SHORT_SIDE,
    CompactInteraction,
    certainty,
    colour_similarity,
    dilated,
    ellipse_around,
    feature_similarity,
    input_size,
    is_dot,
    keep_near,
    zoom_window,
)
from model.compact.propagation import CompactPropagation
from model.layers.blocks import ConvNorm, fold_normalisation

HEIGHT, WIDTH = 2 * MULTIPLE, 3 * MULTIPLE


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(5)


def _image() -> Tensor:
    return torch.randn(1, 3, HEIGHT, WIDTH)


@torch.inference_mode()
def test_propagation_predicts_every_object_at_the_size_of_the_image() -> None:
    network = CompactPropagation().eval()
    objects = torch.rand(3, HEIGHT, WIDTH)
    query = network.encode_query(_image())
    entry = network.encode_memory(_image(), query, objects)
    assert entry.key.shape[0] == 1
    assert entry.value.shape[0] == 3
    keys, values = entry.key.unsqueeze(2), entry.value.unsqueeze(2)
    target_models = network.learn_target_models([entry], [(0, 1, 2)])
    logits = network.decode(query, network.read(query, keys, values), objects, target_models)
    assert logits.shape == (3, HEIGHT, WIDTH)
    assert logits.dtype == torch.float32


@torch.inference_mode()
def test_objects_do_not_depend_on_their_order() -> None:
    network = CompactPropagation().eval()
    image, objects = _image(), torch.rand(2, HEIGHT, WIDTH)

    def logits(masks: Tensor) -> Tensor:
        query = network.encode_query(image)
        entry = network.encode_memory(image, query, masks)
        readout = network.read(query, entry.key.unsqueeze(2), entry.value.unsqueeze(2))
        return network.decode(query, readout, masks, network.learn_target_models([entry], [(0, 1)]))

    assert torch.allclose(logits(objects).flip(0), logits(objects.flip(0)), atol=1e-4)


@torch.inference_mode()
def test_a_map_transferred_to_its_own_frame_stays_in_range() -> None:
    network = CompactPropagation().eval()
    query = network.encode_query(_image())
    maps = torch.rand(2, 2, HEIGHT, WIDTH)
    transferred = network.transfer(query, query.key, maps)
    assert transferred.shape == maps.shape
    assert transferred.min() >= 0
    assert transferred.max() <= 1


@torch.inference_mode()
def test_untrained_fusion_lets_the_nearer_anchor_win() -> None:
    network = CompactFusion().eval()
    old, new = torch.ones(1, HEIGHT, WIDTH), torch.zeros(1, HEIGHT, WIDTH)
    attention = torch.zeros(1, 2, HEIGHT, WIDTH)
    near_old = network(_image(), old, new, attention, torch.tensor([0.1, 0.9]))
    near_new = network(_image(), old, new, attention, torch.tensor([0.9, 0.1]))
    assert (near_old > 0).all()
    assert (near_new < 0).all()


@torch.inference_mode()
def test_fusion_keeps_what_old_and_new_agree_on() -> None:
    network = CompactFusion().eval()
    nn.init.normal_(network.predict.weight)
    same = torch.rand(2, HEIGHT, WIDTH) * 0.9 + 0.05
    logits = network(_image(), same, same, torch.rand(2, 2, HEIGHT, WIDTH), torch.tensor([0.4, 0.6]))
    assert torch.allclose(torch.sigmoid(logits), same, atol=1e-4)


@torch.inference_mode()
def test_interaction_predicts_every_object() -> None:
    planes = [torch.rand(2, HEIGHT, WIDTH) for _ in range(3)]
    assert CompactInteraction().eval()(_image(), *planes).shape == (2, HEIGHT, WIDTH)


@pytest.mark.parametrize(
    ("size", "resized"),
    [((480, 864), (192, 352)), ((1080, 1920), (192, 336)), ((100, 100), (192, 192)), ((30, 3000), (16, 768))],
)
def test_an_image_of_any_size_is_resized_to_the_same_short_side(
    size: tuple[int, int], resized: tuple[int, int]
) -> None:
    assert input_size(*size) == resized
    assert input_size(*size)[0] <= SHORT_SIDE


@torch.inference_mode()
def test_a_small_crop_is_predicted_at_its_own_size() -> None:
    network = CompactInteraction().eval()
    planes = [torch.rand(1, 40, 56) for _ in range(3)]
    assert network(torch.randn(1, 3, 40, 56), *planes).shape == (1, 40, 56)


def test_the_zoom_window_covers_a_small_object_and_its_surroundings() -> None:
    there = torch.zeros(480, 864, dtype=torch.bool)
    assert zoom_window(there) is None
    there[200:300, 400:440] = True
    rows, columns = zoom_window(there) or (slice(0), slice(0))
    assert 0 < rows.start < 200
    assert 300 < rows.stop < 480
    assert columns.start < 400
    assert columns.stop - columns.start >= 64
    there[:, :700] = True
    assert zoom_window(there) is None


@torch.inference_mode()
def test_zooming_in_changes_nothing_outside_of_the_window() -> None:
    network = CompactInteraction().eval()
    torch.nn.init.constant_(network.predict.bias, -20.0)  # type: ignore[arg-type]
    planes = [torch.zeros(1, 192, 192) for _ in range(3)]
    for plane in planes[:2]:  # a previous mask, so that nothing is refined
        plane[0, 80:84, 80:84] = 1.0
    image = torch.randn(1, 3, 192, 192)
    once, twice = network._predict(*network._reduced(image, *planes))[:, 0], network(image, *planes)
    window = zoom_window(planes[1][0] > 0)
    assert window is not None
    outside = torch.ones(192, 192, dtype=torch.bool)
    outside[window] = False
    assert torch.equal(once[0][outside], twice[0][outside])
    assert not torch.equal(once, twice)


@torch.inference_mode()
def test_a_prediction_without_a_previous_mask_is_refined() -> None:
    network = CompactInteraction().eval()
    torch.nn.init.constant_(network.predict.bias, 20.0)  # everything is the object: no zooming in
    previous, positive, negative = (torch.zeros(2, 192, 192) for _ in range(3))
    previous[1, 20:40] = 1.0
    image = torch.randn(1, 3, 192, 192)
    small, guides = network._reduced(image, previous, positive, negative)
    once = network._predict_with_mirror(small.expand(2, -1, -1, -1), guides)[:, 0]
    predicted = network(image, previous, positive, negative)
    assert not torch.allclose(predicted[0], once[0], atol=1e-3)
    torch.testing.assert_close(predicted[1], once[1])


def test_a_stroke_within_a_small_part_of_the_image_is_a_dot() -> None:
    stroke = torch.zeros(192, 352)
    assert not is_dot(stroke)
    stroke[100:112, 200:212] = 1.0
    assert is_dot(stroke)
    stroke[100, 200:230] = 1.0
    assert not is_dot(stroke)


def test_an_ellipse_lies_around_the_middle_of_a_stroke() -> None:
    stroke = torch.zeros(100, 200)
    stroke[40:43, 60:63] = 1.0
    ellipse = ellipse_around(stroke)
    assert ellipse.nonzero().amin(dim=0).tolist() == [7, 0]
    assert ellipse.nonzero().amax(dim=0).tolist() == [75, 130]


def test_a_mask_is_dilated_equally_to_all_sides() -> None:
    there = torch.zeros(100, 200, dtype=torch.bool)
    there[50:52, 90:95] = True
    wide = dilated(there).nonzero()
    assert wide.amin(dim=0).tolist() == [40, 80]
    assert wide.amax(dim=0).tolist() == [61, 104]


def test_a_prediction_is_the_more_certain_the_nearer_it_is_to_a_mask() -> None:
    sides = torch.cat([torch.ones(4, 2), -torch.ones(4, 2)], dim=1)
    assert certainty(sides) == pytest.approx(0.731 / (1 + 0.269), abs=1e-3)
    assert certainty(sides) < certainty(3 * sides) < certainty(20 * sides) <= 1.0
    assert certainty(torch.full((4, 4), -200.0)) == 0.0


@torch.inference_mode()
def test_of_several_starts_a_first_click_keeps_the_most_certain_prediction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = CompactInteraction().eval()
    predict_final, predictions = network._predict_final, list[Tensor]()

    def watched(*attempt: Any) -> Tensor:
        predictions.append(
            predict_final(*attempt) * (1 + len(predictions))
        )  # so that the last is the most certain
        return predictions[-1]

    monkeypatch.setattr(network, "_predict_final", watched)
    nothing, click, line = (torch.zeros(1, HEIGHT, WIDTH) for _ in range(3))
    click[0, 20:22, 30:32] = 1.0
    line[0, 20, 10:40] = 1.0
    results = network.predictions(_image(), nothing, click, nothing)
    assert torch.equal(next(results)[0], predictions[0])
    assert len(predictions) == 1, "the first prediction does not wait for the others"
    assert torch.equal(next(results)[0], predictions[2])
    assert len(predictions) == 3
    assert next(results, None) is None
    network(_image(), nothing, line, nothing)
    network(_image(), click, click, nothing)
    network.compares_starts = False
    network(_image(), nothing, click, nothing)
    assert len(predictions) == 6


def test_negative_strokes_far_from_all_positive_ones_are_dropped() -> None:
    positive, negative = torch.zeros(200, 300), torch.zeros(200, 300)
    positive[100, 100:121] = 1.0
    negative[100, 139:142] = negative[100, 159:163] = negative[20, 110] = 1.0
    near = keep_near(positive, negative)
    assert near[100].nonzero().flatten().tolist() == [139, 140, 141, 159, 160]
    assert not near[20].any()
    assert torch.equal(keep_near(torch.zeros_like(positive), negative), negative)


@torch.inference_mode()
def test_a_first_stroke_is_the_mean_of_predictions_with_and_without_distant_strokes() -> None:
    network = CompactInteraction().eval()
    image, (nothing, line, far) = _image(), (torch.zeros(1, HEIGHT, WIDTH) for _ in range(3))
    line[0, 4, 4:12] = 1.0
    far[0, HEIGHT - 2, WIDTH - 12 :] = 1.0
    *_, with_far = network._predictions(image, nothing, line, far)
    *_, without_far = network._predictions(image, nothing, line, nothing)
    assert not torch.equal(with_far, without_far)
    assert torch.allclose(network(image, nothing, line, far), (with_far + without_far) / 2, atol=1e-5)
    *_, corrected = network._predictions(image, line, line, far)
    assert torch.equal(network(image, line, line, far), corrected), "a previous mask is enough to locate it"


def test_colours_under_a_stroke_are_found_elsewhere() -> None:
    image = torch.zeros(1, 3, 8, 8)
    image[:, :, :, 4:] = 2.0
    guides = torch.zeros(1, 2, 8, 8)
    guides[0, 0, 0, 0] = 1.0
    found = colour_similarity(image, guides)
    assert (found[0, 0, :, :4] > 0.6).all()
    assert (found[0, 0, :, 4:] < 0.1).all()
    assert (found[0, 1] == 0).all()


def test_similarity_is_high_for_features_like_a_strokes_and_minus_one_without_strokes() -> None:
    features = torch.zeros(1, 2, 1, 3)
    features[0, 0, 0, :2] = 1.0
    features[0, 1, 0, 2] = 1.0
    guides = torch.tensor([[[[1.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]]]])
    alike = feature_similarity(features, guides)
    assert torch.allclose(alike[0, 0, 0], torch.tensor([1.0, 1.0, 0.0]))
    assert torch.allclose(alike[0, 1, 0], torch.full((3,), -1.0))


class _ShapesOfProducts(TorchFunctionMode):
    """Collects the shapes of the matrices that are multiplied while it is active."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[tuple[torch.Size, torch.Size]] = set()

    def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        if func in (torch.matmul, Tensor.matmul, Tensor.__matmul__):
            self.seen.add((args[0].shape, args[1].shape))
        return func(*args, **(kwargs or {}))


def test_strokes_of_forty_lengths_multiply_few_shapes_since_torch_keeps_memory_for_each() -> None:
    features = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    unit = nn.functional.normalize(features[0].flatten(1), dim=0)
    between = unit.t() @ unit
    with _ShapesOfProducts() as products:
        for drawn in range(1, 41):
            guides = torch.zeros(1, 2, 8, 8)
            guides.view(2, 64)[0, :drawn] = 1.0
            alike = feature_similarity(features, guides)[0, 0].flatten()
            assert torch.allclose(alike, between[:drawn].amax(dim=0), atol=1e-5)
    assert 1 < len(products.seen) <= 7, "1, 2, 4, 8, 16, 32, 64 cells"


@torch.inference_mode()
def test_folding_the_normalisation_changes_no_prediction() -> None:
    network = CompactInteraction()
    for part in network.modules():
        if isinstance(part, ConvNorm) and isinstance(part.norm, nn.BatchNorm2d):
            nn.init.uniform_(part.norm.running_mean, -0.5, 0.5)  # type: ignore[arg-type]
            nn.init.uniform_(part.norm.running_var, 0.5, 2.0)  # type: ignore[arg-type]
    image, planes = _image(), [torch.rand(1, HEIGHT, WIDTH) for _ in range(3)]
    before = network.eval()(image, *planes)
    fold_normalisation(network)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in network.modules())
    assert torch.allclose(network(image, *planes), before, atol=1e-3)
