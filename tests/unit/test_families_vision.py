"""Pictures, scenes, the two models that read them, and average precision; no network."""

import hashlib
from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from engine.measurement import images
from engine.measurement.archives import DataUnavailable
from engine.measurement.boxes import (
    Found,
    mean_average_precision_share,
    overlaps,
    without_doubles,
)
from engine.measurement.families import FAMILIES, detector, resnet
from engine.measurement.families.base import Data, Split
from engine.measurement.images import Pictures, PictureSets, augmented, cleaned, normalised
from engine.measurement.scenes import CANVAS_SIZE, NO_OBJECT, Scenes, as_grid, composed
from tests.family_checks import assert_exports_alike, trained_a_little, weights_from_seed

NAMES = ("image-resnet", "image-detector")
FAMILY = pytest.mark.parametrize("family", [FAMILIES[name] for name in NAMES], ids=NAMES)


def made_up_pictures(count, seed=0):
    """Class k is a bright bar, upright for even k, whose thickness grows with k."""
    random = np.random.default_rng(seed)
    classes = np.arange(count, dtype=np.uint8) % 10
    pixels = random.integers(0, 12, (count, 28, 28)).astype(np.uint8)
    for picture, kind in zip(pixels, classes, strict=True):
        bar = picture if kind % 2 else picture.T
        bar[13 - kind : 14 + kind, 2:26] = random.integers(150, 255)
    return Pictures(pixels, classes)


def as_files(train, held_out):
    files = {}
    for part, pictures in (("train", train), ("t10k", held_out)):
        files[f"{part}-images-idx3-ubyte.gz"] = bytes(16) + pictures.pixels.tobytes()
        files[f"{part}-labels-idx1-ubyte.gz"] = bytes(8) + pictures.classes.tobytes()
    return files


@pytest.fixture(scope="module")
def sets():
    return PictureSets(made_up_pictures(300), made_up_pictures(100, seed=1))


def data_of(family, sets):
    if family.name == "image-resnet":
        return resnet._examples(sets)
    sides = composed(sets.train, 400, seed=0), composed(sets.held_out, 60, seed=1)
    return Data(*(detector._split(side) for side in sides))


def test_blank_and_repeated_pictures_go_and_none_stands_on_both_sides():
    train, held_out = made_up_pictures(4), made_up_pictures(3, seed=1)
    train.pixels[1], train.pixels[2], held_out.pixels[0] = 0, train.pixels[0], train.pixels[3]
    kept = cleaned(as_files(train, held_out), 10, 10)
    assert kept.train.classes.tolist() == [0, 3]
    assert kept.held_out.classes.tolist() == [1, 2]
    np.testing.assert_array_equal(kept.train.pixels, train.pixels[[0, 3]])
    assert len(cleaned(as_files(train, held_out), 1, 1).train.classes) == 1


def test_changed_copies_follow_the_pictures_mirrored_or_not_and_moved_a_little():
    pictures = made_up_pictures(40)
    more = augmented(pictures, seed=0)
    np.testing.assert_array_equal(more.pixels[:40], pictures.pixels)
    np.testing.assert_array_equal(more.classes, np.tile(pictures.classes, 2))
    mirrored_count = 0
    for picture, changed in zip(pictures.pixels, more.pixels[40:], strict=True):
        # The middle of the picture stays in sight wherever it is moved.
        middle = changed[4:-4, 4:-4]
        found = [
            (is_mirrored, down, right)
            for is_mirrored, whole in enumerate((picture, picture[:, ::-1]))
            for down in range(-2, 3)
            for right in range(-2, 3)
            if (whole[4 - down : 24 - down, 4 - right : 24 - right] == middle).all()
        ]
        assert len(found) == 1
        mirrored_count += found[0][0]
    assert 10 < mirrored_count < 30
    np.testing.assert_array_equal(augmented(pictures, seed=0).pixels, more.pixels)


def test_brightness_is_around_zero():
    pixels = np.array([[[0, 255]]], np.uint8)
    expected = [[[[-0.2860 / 0.3530, (1 - 0.2860) / 0.3530]]]]
    np.testing.assert_allclose(normalised(pixels), expected, rtol=1e-6)


def test_other_content_in_the_systems_folder_is_refused(tmp_path, monkeypatch):
    for member in images.FASHION_MNIST.members:
        (tmp_path / member.rpartition("/")[2]).write_bytes(b"other")
    known = replace(images.FASHION_MNIST, folders=(str(tmp_path),))
    with pytest.raises(DataUnavailable, match="is not the file it should be"):
        known.files()
    sha256 = hashlib.sha256(b"other").hexdigest()
    same = replace(known, content_sha256=dict.fromkeys(known.content_sha256, sha256))
    assert set(same.files().values()) == {b"other"}


def test_scenes_hold_one_to_three_pictures_in_their_boxes(sets):
    scenes = composed(sets.train, 200, seed=0)
    counts = (scenes.classes != NO_OBJECT).sum(1)
    assert set(counts) == {1, 2, 3}
    for pixels, boxes, classes in zip(scenes.pixels, scenes.boxes, scenes.classes, strict=True):
        lit = np.zeros_like(pixels, bool)
        for left, top, right, bottom in boxes[classes != NO_OBJECT].astype(int):
            assert 0 <= left < right <= CANVAS_SIZE
            assert 0 <= top < bottom <= CANVAS_SIZE
            # Something bright at each edge: the box is the smallest one.
            inside = pixels[top:bottom, left:right] > 16
            assert inside[0].any()
            assert inside[-1].any()
            assert inside[:, 0].any()
            assert inside[:, -1].any()
            lit[top:bottom, left:right] = True
        assert not (pixels[~lit] > 16).any()
    np.testing.assert_array_equal(composed(sets.train, 200, seed=0).pixels, scenes.pixels)


def test_every_object_has_a_cell_and_comes_back_from_it(sets):
    scenes = composed(sets.train, 100, seed=3)
    back = detector.objects(torch.from_numpy(as_grid(scenes)))
    scene, place = np.nonzero(scenes.classes != NO_OBJECT)
    expected = sorted(
        (int(s), int(k), *box.tolist())
        for s, k, box in zip(
            scene, scenes.classes[scene, place], scenes.boxes[scene, place], strict=True
        )
    )
    found = sorted(
        (int(s), int(k), *np.round(box, 3).tolist())
        for s, k, box in zip(back.pictures, back.classes, back.boxes, strict=True)
    )
    np.testing.assert_allclose(found, expected)


def test_overlap_by_hand():
    boxes = np.array([[0, 0, 2, 2], [0, 0, 0, 0]], np.float32)
    others = np.array([[1, 1, 3, 3], [0, 0, 2, 1], [5, 5, 6, 6], [0, 0, 0, 0]], np.float32)
    np.testing.assert_allclose(overlaps(boxes, others), [[1 / 7, 0.5, 0, 0], [0, 0, 0, 0]])


def found(*rows):
    """Rows of picture, left edge of a box ten wide and high, class, score."""
    pictures, left, classes, scores = (np.array(column) for column in zip(*rows, strict=True))
    zero = np.zeros(len(rows))
    return Found(pictures, np.stack([left, zero, left + 10.0, zero + 10], 1), classes, scores)


def test_average_precision_by_hand():
    marked = found((0, 0, 1, 1), (0, 20, 1, 1), (1, 0, 1, 1), (1, 20, 2, 1))
    detected = found(
        (0, 1, 1, 0.9),  # hit: overlap 9/11
        (0, 0, 1, 0.8),  # taken already: false alarm
        (1, 40, 1, 0.7),  # nothing there: false alarm
        (0, 20, 1, 0.6),  # hit: precision 2 of 4
        (1, 5, 1, 0.5),  # overlap 5/15, too little: false alarm
        (1, 20, 3, 0.9),  # a class not marked at all counts for nothing
        (0, 20, 2, 0.4),  # right class, wrong picture
    )
    # Class 1: recall 1/3 at precision 1, 2/3 at 1/2. Class 2: never found.
    expected = ((1 + 0.5) / 3 + 0) / 2
    assert mean_average_precision_share(marked, detected, 0.5) == pytest.approx(expected)


def test_precision_that_rises_again_counts_at_its_later_best():
    marked = found((0, 0, 0, 1), (1, 0, 0, 1))
    detected = found((2, 0, 0, 0.9), (0, 0, 0, 0.8), (1, 0, 0, 0.7))
    # Hits at ranks 2 and 3: precision 1/2, then 2/3, which holds for the recall before it.
    assert mean_average_precision_share(marked, detected, 0.5) == pytest.approx(2 / 3)
    assert mean_average_precision_share(marked, marked, 0.5) == 1
    with pytest.raises(ValueError, match="no marked objects"):
        mean_average_precision_share(marked.at(slice(0, 0)), detected, 0.5)


def test_doubles_go_within_a_picture_and_a_class_only():
    detected = found((0, 0, 1, 0.5), (0, 1, 1, 0.9), (0, 9, 1, 0.4), (0, 1, 2, 0.3), (1, 1, 1, 0.2))
    kept = without_doubles(detected, 0.5)
    assert sorted(kept.scores.tolist()) == [0.2, 0.3, 0.4, 0.9]


def perfect_output(targets):
    """Logits of a detector that knows the targets."""
    share = targets[..., 1:5].clone()
    share[..., 2:] = share[..., 2:].sqrt()
    kinds = torch.nn.functional.one_hot(targets[..., 5].long(), 10) * 40.0
    objects = targets[..., :1] * 40 - 20
    return torch.cat([objects, share.clamp(1e-6, 1 - 1e-6).logit(), kinds], -1)


def test_a_detector_that_knows_is_scored_one_and_loses_nothing(sets):
    family = FAMILIES["image-detector"]
    examples = data_of(family, sets).held_out
    scores = family.evaluate(perfect_output(examples.targets), examples)
    assert scores["average_precision_share"] == 1
    assert scores["loss_nats"] == pytest.approx(0, abs=1e-4)


def test_a_detector_that_knows_nothing_loses_what_it_should(sets):
    family = FAMILIES["image-detector"]
    targets = torch.zeros(1, 7, 7, 6)
    targets[0, 3, 3] = torch.tensor([1, 0.5, 0.5, 0.25, 0.25, 2])
    # 49 coins, ten equal classes, and a box of a quarter's root, as guessed.
    expected = 49 * log(2) + log(10)
    loss = family.loss(torch.zeros(1, 7, 7, 15), targets)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    targets[0, 3, 3, 1] = 0.8
    moved = family.loss(torch.zeros(1, 7, 7, 15), targets)
    assert (moved - loss).item() == pytest.approx(10 * 0.3**2, rel=1e-3)


def test_a_classifier_is_scored_by_class():
    family = FAMILIES["image-resnet"]
    logits = torch.full((4, 10), -50.0)
    logits[range(4), [0, 0, 1, 1]] = 50
    scores = family.evaluate(logits, Split((), torch.tensor([0, 1, 1, 1])))
    assert scores["accuracy_share"] == 0.75
    assert scores["precision_share"] == pytest.approx((1 / 2 + 1) / 2)
    assert scores["recall_share"] == pytest.approx((1 + 2 / 3) / 2)
    assert scores["f1_share"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert scores["loss_nats"] == pytest.approx(100 / 4)


@FAMILY
@pytest.mark.parametrize("size", [1, 4])
def test_flop_are_those_torch_counts(family, size, sets):
    batch = data_of(family, sets).held_out.at(slice(0, 3))
    with FlopCounterMode(display=False) as counter:
        output = family.build(size, "relu").eval()(*batch.inputs)
    assert counter.get_total_flops() == 3 * family.flop_per_example(size)
    assert output.shape == ((3, 10) if family.name == "image-resnet" else (3, 7, 7, 15))


@FAMILY
def test_models_start_from_the_seed(family):
    first = weights_from_seed(family, 4, seed=1)
    assert torch.equal(first, weights_from_seed(family, 4, seed=1))
    assert not torch.equal(first, weights_from_seed(family, 4, seed=2))


@FAMILY
def test_the_activation_chosen_is_the_one_built(family):
    for activation, kind in (("gelu", torch.nn.GELU), ("sigmoid", torch.nn.Sigmoid)):
        modules = list(family.build(2, activation).modules())
        assert any(isinstance(module, kind) for module in modules)
        assert not any(isinstance(module, torch.nn.ReLU) for module in modules)


@FAMILY
@pytest.mark.parametrize("optimiser", ["adamw", "momentum"])
def test_what_is_learnt_is_far_better_than_chance(family, optimiser, sets):
    scores = trained_a_little(family, data_of(family, sets), 4, 200, optimiser)
    # Of ten classes a guess hits .10; a guessed box of the right class, hardly ever.
    least = {"image-resnet": 0.5, "image-detector": 0.02}
    assert scores[family.metric] > least[family.name]


@FAMILY
def test_exported_models_answer_alike_for_any_batch(family, sets, tmp_path):
    assert_exports_alike(family, data_of(family, sets).held_out, tmp_path)


@FAMILY
def test_preparation_goes_from_files_to_examples_and_is_kept(family, sets, tmp_path, monkeypatch):
    module = resnet if family.name == "image-resnet" else detector
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "TRAIN_COUNT", 50)
    monkeypatch.setattr(module, "HELD_OUT_COUNT", 20)
    monkeypatch.setattr(module, "fashion_mnist_files", lambda: as_files(sets.train, sets.held_out))
    prepared = family.raw()
    for step in family.preparation():
        prepared = step.run(prepared)
    module._data.cache_clear()
    made = family.data()
    module._data.cache_clear()
    monkeypatch.delattr(module, "fashion_mnist_files")
    kept = family.data()
    module._data.cache_clear()
    for data in (made, kept):
        for side in ("train", "held_out"):
            expected, got = getattr(prepared, side), getattr(data, side)
            assert torch.equal(expected.targets, got.targets)
            assert torch.equal(expected.inputs[0], got.inputs[0])


def test_a_scene_without_a_visible_pixel_is_boxed_whole():
    dark = Pictures(np.full((1, 28, 28), 5, np.uint8), np.zeros(1, np.uint8))
    scenes: Scenes = composed(dark, 5, seed=0)
    sides = scenes.boxes[:, 0, 2:] - scenes.boxes[:, 0, :2]
    assert (sides[:, 0] == sides[:, 1]).all()
    assert (sides >= 14).all()
