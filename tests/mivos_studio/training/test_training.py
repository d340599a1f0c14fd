"""Training on a tiny made-up set."""

import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from inference_core.errors import UserError
from mivos_studio.training.compact.propagation_data import PropagationData
from mivos_studio.training.data.layers import NO_MATCH
from mivos_studio.training.data.sources import TrainingDataError, find_sources
from mivos_studio.training.options import TrainingOptions
from mivos_studio.training.trainer import Recipe, Trainer
from model.checkpoint import family_folder
from model.errors import CheckpointError
from tests.mivos_studio.training.example_data import losses_of, make_images, run_training, write_image


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("images")
    make_images(root, stills=6, frames=14, step=5)
    return root


def _options(images: Path, out: Path, **changes: object) -> TrainingOptions:
    plain = TrainingOptions([images], out, steps=6, batch=2, threads=1)
    return TrainingOptions(**{**plain.__dict__, **changes})


def test_sources_can_be_left_out(images: Path) -> None:
    assert find_sources([images], wanted=["squares"]).clips == ()
    with pytest.raises(TrainingDataError, match="No source called stars; there are moving, squares"):
        find_sources([images], wanted=["stars"])


def test_a_folder_without_images_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="No training images in"):
        find_sources([tmp_path])


def test_a_source_in_the_layout_of_davis_is_read_and_reduced(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images, masks = (tmp_path / "made" / part / "480p" / "one" for part in ("JPEGImages", "Annotations"))
    for number in range(4):
        write_image(images, f"{number:05d}", rng, 10 * number)
        masks.mkdir(parents=True, exist_ok=True)
        (images / f"{number:05d}.png").replace(masks / f"{number:05d}.png")
    large = cv2.resize(cv2.imread(str(images / "00000.jpg")), (640, 512))
    cv2.imwrite(str(images / "00000.jpg"), large)
    Image.fromarray(np.full((512, 640), 3, np.uint8)).save(masks / "00000.png")
    sources = find_sources([tmp_path / "made"])
    assert [len(clip) for clip in sources.clips] == [4]
    assert len(sources.stills) == 4
    image, ids = sources.clips[0][0].read()
    assert image.shape == (256, 320, 3)
    assert np.unique(ids).tolist() == [3]
    assert find_sources([tmp_path / "made"], wanted=["made"]).clips == sources.clips


def test_a_mask_of_another_size_is_named(tmp_path: Path) -> None:
    write_image(tmp_path / "stills" / "squares", "a", np.random.default_rng(0), 0)
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(tmp_path / "stills" / "squares" / "a.png")
    (frame,) = find_sources([tmp_path]).stills
    with pytest.raises(TrainingDataError, match=r"a\.png is not as large as"):
        frame.read()


def test_a_sample_depends_on_seed_and_number_alone(images: Path) -> None:
    first, again = (PropagationData(7, 10, lambda _: 64, find_sources([images]))[3] for _ in range(2))
    assert all(torch.equal(first[key], again[key]) for key in first)


def test_known_matches_join_equal_colours(images: Path) -> None:
    """Colours of two cells that match agree more than those of other cells."""
    samples = PropagationData(1, 30, lambda _: 64, find_sources([images], wanted=["squares"]))
    same, other = [], []
    for number in range(12):
        sample = samples[number]
        cells = [torch.nn.functional.avg_pool2d(sample["images"][frame], 8).flatten(1) for frame in (0, 1)]
        known = sample["matches"][0] != NO_MATCH
        matched = cells[0][:, sample["matches"][0][known]]
        same.append((cells[1][:, known] - matched).abs().mean())
        other.append((cells[1][:, known] - matched.roll(9, dims=1)).abs().mean())
    assert torch.stack(same).nanmean() < 0.6 * torch.stack(other).nanmean()


@pytest.mark.parametrize("name", ["propagation", "interaction"])
def test_a_few_steps_reduce_the_loss(
    images: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mivos_studio.training.tasks.compact._SIZES", ((0.0, 64),))
    # The loss of the hardest pixels alone, towards the end, is not to be compared with that of all.
    monkeypatch.setattr("mivos_studio.training.losses.HARDEST_SHARE", 1.0)
    run_training(name, _options(images, tmp_path, steps=60, batch=3))
    losses = losses_of(tmp_path / f"{name}.csv")
    assert len(losses) == 3
    assert (tmp_path / f"{name}.svg").read_text().count("steps") >= 3
    assert losses[-1] < losses[0]


def test_an_interrupted_training_resumes_exactly(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mivos_studio.training.tasks.compact._SIZES", ((0.0, 64),))
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    run_training("propagation", _options(images, whole))
    run_training("propagation", _options(images, halves, hours=1e-9))
    run_training("propagation", _options(images, halves, resume=True))
    first, second = (
        torch.load(path / "propagation.checkpoint.pt", weights_only=True) for path in (whole, halves)
    )
    assert first["step"] == second["step"] == 6
    assert all(torch.equal(first["network"][key], second["network"][key]) for key in first["network"])


def test_parts_that_are_not_trained_stay_as_they_are(images: Path, tmp_path: Path) -> None:
    options = _options(
        images, tmp_path, crop=64, frames=4, parts=["decoder"], warm_start=family_folder("compact")
    )
    (weights,) = run_training("propagation", options)
    before, after = load_file(family_folder("compact") / weights.name), load_file(weights)
    changed = {key.split(".")[0] for key in before if not torch.equal(before[key], after[key])}
    assert changed == {"decoder"}


def test_an_unknown_part_is_named(images: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="no part head: choose from encoder, key, value, decoder"):
        run_training("propagation", _options(images, tmp_path, parts=["head"]))


def test_parts_are_refused_for_all_networks(images: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="Parts are of one network"):
        run_training("all", _options(images, tmp_path, parts=["decoder"]))


@pytest.mark.parametrize(("name", "family"), [("interaction", "compact"), ("propagation", "mivos")])
def test_a_number_of_frames_is_refused_where_it_would_do_nothing(
    images: Path, tmp_path: Path, name: str, family: str
) -> None:
    with pytest.raises(TrainingDataError, match="for the compact propagation network alone"):
        run_training(name, _options(images, tmp_path, family=family, frames=4))


def test_given_masks_are_rough_in_some_samples_and_never_cover_another_object(images: Path) -> None:
    samples = PropagationData(8, 60, lambda _: 64, find_sources([images]))
    drawn = [samples[number] for number in range(60)]
    firsts = [(sample["given"].bool(), sample["objects"][0].bool()) for sample in drawn]
    rough = [(given, truth) for given, truth in firsts if not torch.equal(given, truth)]
    assert 0.2 < len(rough) / len(firsts) < 0.6
    for given, truth in rough:
        assert bool((given.sum(dim=0) <= 1).all())
        assert not bool((given & (truth.any(dim=0) & ~truth)).any())
        assert (given & truth).sum() / (given | truth).sum() > 0.3


def test_a_sample_has_the_requested_number_of_frames_and_shorter_clips_are_left_out(images: Path) -> None:
    sources = find_sources([images])
    sample = PropagationData(7, 10, lambda _: 64, sources, 5)[3]
    assert len(sample["images"]) == len(sample["objects"]) == 5
    assert len(sample["matches"]) == 4
    longer = PropagationData(7, 10, lambda _: 64, sources, 100)[3]
    assert len(longer["images"]) == 100


def test_clips_of_good_masks_are_drawn_more_often(tmp_path: Path) -> None:
    for source in ("davis16_train", "xiph_chen", "mine"):
        for number in range(6):
            write_image(tmp_path / "video" / source / "a", f"{number}", np.random.default_rng(0), number)
    samples = PropagationData(8, 10, lambda _: 64, find_sources([tmp_path]))
    sources = [clip[0].clip_source for clip in samples._clips]
    shares = dict(zip(sources, samples._clip_shares.tolist(), strict=True))
    assert shares["davis16_train"] > shares["mine"] > shares["xiph_chen"] > 0
    assert sum(shares.values()) == pytest.approx(1.0)


def test_crops_grow_between_two_batches(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mivos_studio.training.tasks.compact._SIZES", ((0.0, 32), (0.3, 64)))
    (weights,) = run_training("interaction", _options(images, tmp_path, steps=3, batch=3))
    assert weights.exists()


def test_resuming_without_a_checkpoint_starts_from_the_shipped_weights(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mivos_studio.training.tasks.compact._SIZES", ((0.0, 64),))
    began = {}
    for case, changes in {
        "all": {"resume": True},
        "chosen": {"resume": True, "sources": ["squares"]},
    }.items():
        run_training("propagation", _options(images, tmp_path / case, steps=1, **changes))
        began[case] = load_file(tmp_path / case / "propagation.safetensors")
    shipped = load_file(family_folder("compact") / "propagation.safetensors")
    key = "key.weight"
    assert torch.allclose(began["all"][key].float(), shipped[key].float(), atol=1e-3)
    assert not torch.allclose(began["chosen"][key].float(), shipped[key].float(), atol=1e-3)


def _line(folder: Path, width: int = 2) -> Trainer:
    return Trainer("line", torch.nn.Linear(width, 1), folder, Recipe(steps=9), torch.device("cpu"))


def _train_line(folder: Path) -> dict[str, Any]:
    """Train for a step and return what the checkpoint holds."""
    trainer = _line(folder)
    trainer.network(torch.ones(1, 2)).sum().backward()
    trainer.optimizer.step()
    trainer.step = 1
    trainer.save()
    content: dict[str, Any] = torch.load(folder / "line.checkpoint.pt", weights_only=True)
    return content


def test_the_state_of_another_network_is_named(tmp_path: Path) -> None:
    _line(tmp_path).save()
    with pytest.raises(TrainingDataError, match=r"line\.checkpoint\.pt holds another network: 'weight' is"):
        _line(tmp_path, 3).resume()


def test_moments_are_restored_with_the_recipes_own_settings(tmp_path: Path) -> None:
    content = _train_line(tmp_path)
    content["optimizer"]["param_groups"][0]["weight_decay"] = float("nan")
    torch.save(content, tmp_path / "line.checkpoint.pt")
    trainer = _line(tmp_path)
    assert trainer.resume()
    assert trainer.step == 1
    assert trainer.optimizer.param_groups[0]["weight_decay"] == Recipe(steps=9).weight_decay
    moments = trainer.optimizer.state[next(trainer.network.parameters())]
    assert torch.equal(moments["exp_avg"], content["optimizer"]["state"][0]["exp_avg"])


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("network", "bias"), torch.tensor([float("nan")])),
        (("network", "bias"), torch.tensor([1])),
        (("network", "surplus"), torch.zeros(1)),
        (("average", "bias"), torch.tensor([float("inf")])),
        (("average",), None),
        (("average", 7), torch.zeros(1)),
        (("optimizer", "state", 0, "exp_avg"), torch.full((1, 2), float("nan"))),
        (("optimizer", "state", 0, "exp_avg"), torch.zeros(7)),
        (("optimizer", "state", 0, "exp_avg"), "text"),
        (("optimizer", "state"), [1]),
        (("optimizer", "param_groups"), []),
        (("optimizer", "param_groups"), None),
        (("optimizer",), 3),
        (("step",), -1),
        (("step",), 1.5),
        (("step",), True),
        (("trained_s",), float("nan")),
        (("trained_s",), "long"),
    ],
    ids=str,
)
def test_a_checkpoint_with_something_else_in_it_is_refused(
    place: tuple[str | int, ...], value: object, tmp_path: Path
) -> None:
    content = _train_line(tmp_path)
    *inner, last = place
    part: Any = content
    for key in inner:
        part = part[key]
    part[last] = value
    torch.save(content, tmp_path / "line.checkpoint.pt")
    with pytest.raises(TrainingDataError, match=r"line\.checkpoint\.pt"):
        _line(tmp_path).resume()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02}.", b"text"], ids=str)
def test_a_damaged_checkpoint_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "line.checkpoint.pt").write_bytes(content)
    with pytest.raises(TrainingDataError, match=r"line\.checkpoint\.pt"):
        _line(tmp_path).resume()


@pytest.mark.parametrize("network", ["propagation", "interaction", "fusion"])
def test_initial_weights_that_are_no_numbers_are_refused(network: str, images: Path, tmp_path: Path) -> None:
    shutil.copytree(family_folder("compact"), tmp_path / "first", ignore=lambda *_: ["README.md"])
    weights = tmp_path / "first" / f"{network}.safetensors"
    state = load_file(weights)
    key = next(key for key, value in state.items() if value.is_floating_point())
    save_file({**state, key: torch.full_like(state[key], float("nan"))}, weights)
    weights.with_name(f"{weights.name}.sha256").unlink()
    with pytest.raises(CheckpointError, match="infinite or no numbers"):
        run_training(network, _options(images, tmp_path / "out", warm_start=tmp_path / "first"))


@pytest.mark.parametrize(
    "damage", ["cut", "noise", "another table", "no step", "another average", "optimizer"]
)
def test_a_damaged_state_is_told_as_such(damage: str, tmp_path: Path) -> None:
    trainer = Trainer("line", torch.nn.Linear(2, 1), tmp_path, Recipe(steps=1), torch.device("cpu"))
    trainer.save()
    state = torch.load(trainer.checkpoint)
    if damage == "cut":
        trainer.checkpoint.write_bytes(trainer.checkpoint.read_bytes()[:-50])
    elif damage == "noise":
        trainer.checkpoint.write_bytes(np.random.default_rng(0).bytes(500))
    else:
        changes = {
            "another table": {"network": 5},
            "no step": {"step": "x"},
            "another average": {"average": {}},
            "optimizer": {"optimizer": {"state": {}, "param_groups": [{"params": [0]}]}},
        }
        torch.save({**state, **changes[damage]}, trainer.checkpoint)
    with pytest.raises(UserError, match="damaged"):
        trainer.resume()


def test_a_log_that_is_damaged_keeps_no_training_from_going_on(tmp_path: Path) -> None:
    trainer = Trainer("line", torch.nn.Linear(2, 1), tmp_path, Recipe(steps=1), torch.device("cpu"))
    trainer.save()
    trainer.log.write_bytes(b"step,trained_s\n0,1\n\xff\n7,1\n\n")
    assert trainer.resume()
    assert trainer.log.read_bytes() == b"step,trained_s\n0,1\n"


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_mask_is_named_in_one_sentence(images: Path, tmp_path: Path, workers: int) -> None:
    data = tmp_path / "data"
    shutil.copytree(images, data)
    for mask in data.rglob("*.png"):
        mask.write_bytes(mask.read_bytes()[:60])
    with pytest.raises(
        TrainingDataError, match=r"^The mask .*\.png cannot be read \([^\n]*\): copy or save it again\.$"
    ):
        run_training("propagation", _options(data, tmp_path / "out", workers=workers))


@pytest.mark.parametrize(("has_it", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_a_processor_without_bfloat16_trains_in_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_it: bool, dtype: torch.dtype
) -> None:
    monkeypatch.setattr("inference_core.runtime.device._cpu_has_bfloat16", lambda: has_it)
    network = torch.nn.Linear(2, 1)
    computed = []

    def loss_step(batch: dict[str, torch.Tensor], progress: float) -> tuple[torch.Tensor, dict[str, float]]:
        prediction = network(batch["x"])
        computed.append(prediction.dtype)
        return prediction.float().mean(), {}

    trainer = Trainer("line", network, tmp_path, Recipe(steps=1, batch=2), torch.device("cpu"))
    trainer.run([{"x": torch.ones(2)}] * 2, loss_step)  # type: ignore[arg-type]
    assert computed == [dtype]
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}


def test_fusion_needs_a_trained_propagation_network(images: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="Fusion learns from propagation"):
        run_training("fusion", _options(images, tmp_path))


def test_fusion_is_trained_on_masks_that_propagation_makes(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mivos_studio.training.tasks.compact._SIZES", ((0.0, 64),))
    monkeypatch.setattr("mivos_studio.training.tasks.compact._FUSION_SIZE", 64)
    run_training("propagation", _options(images, tmp_path, steps=2))
    (weights,) = run_training("fusion", _options(images, tmp_path, steps=4))
    assert weights.exists()
    assert list((tmp_path / "propagations").glob("*.npz"))


def test_an_unknown_network_is_refused(images: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="There is no network called everything"):
        run_training("everything", _options(images, tmp_path))
