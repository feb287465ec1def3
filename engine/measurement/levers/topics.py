"""What the larger suites measure of levers, federation, privacy and explanations.

Everything with a score is measured from three seeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch

from engine.measurement.families.base import Recipe
from engine.measurement.federated import Federate
from engine.measurement.federated.shards import Sharing
from engine.measurement.interpret import Explain
from engine.measurement.levers.distil import Distil
from engine.measurement.levers.prune import Prune
from engine.measurement.levers.quantise import QuantiseOnnx, QuantiseTorch, TorchMethod
from engine.measurement.levers.retrain import ChangeBatch, StopEarly
from engine.measurement.privacy import TrainPrivately
from engine.measurement.recipes import family_of, middle
from engine.measurement.stages import Infer, Train
from engine.measurement.workloads.base import AnyWorkload

SEEDS = (0, 1, 2)
"""As few as give a spread."""
REQUEST_SIZE = 64

TEXT, IMAGES, FILMS = CHANGED = tuple(
    middle(family_of(name)) for name in ("text-encoder", "image-resnet", "wide-and-deep")
)
"""For each domain a model in which every lever and setting has something to do.

Of the middle size, which is trained for its lifecycle anyhow.
"""
LARGER = (
    Recipe("text-bag", 64),
    Recipe("text-encoder", 48),
    Recipe("text-decoder", 48),
    Recipe("text-translation", 64),
    Recipe("image-resnet", 16),
    Recipe("wide-and-deep", 32),
    Recipe("factorisation", 32),
)
HARDLY_DENSE = ("image-resnet", "image-detector", "factorisation")
"""Few dense layers or none, and torchao quantises no others."""
ZEROED_SHARES, MORE_ZEROED_SHARES = (0.5, 0.9), (0.5, 0.8, 0.9)
LEARNED_BY_HEART = Recipe("text-bag", 64, epoch_count=12, train_example_count=10_000)
"""So few texts that the held-out loss rises again after about five epochs."""
BATCHES = Recipe("text-bag", 16)
BATCH_SIZE = 512
FEDERATED: tuple[tuple[Recipe, int], ...] = (
    (BATCHES, 10),
    (Recipe("image-resnet", 2, epoch_count=4, train_example_count=4_000), 5),
)
"""What clients learn together, and how many they are."""
FEDERATED_LONGER = tuple((replace(base, epoch_count=8), count) for base, count in FEDERATED)
PRIVATE = Recipe("text-encoder", 8, train_example_count=9_000)
EPSILONS, MORE_EPSILONS = (1.0, 8.0), (1.0, 3.0, 8.0)
PUPIL, TEACHER_SIZE = Recipe("text-encoder", 4), 48


def answering_levers(device: torch.device) -> list[AnyWorkload]:
    """Quantisation and pruning of one model in each domain."""
    return [
        job
        for base in CHANGED
        for recipe in _seeds(base)
        for job in (
            *_unchanged(recipe, device),
            *_quantised(recipe, device),
            *(Prune(recipe, REQUEST_SIZE, "unstructured", share) for share in ZEROED_SHARES),
            Prune(recipe, REQUEST_SIZE, "structured", 0.5),
        )
    ]


def training_levers(device: torch.device) -> list[AnyWorkload]:  # noqa: ARG001
    """Distillation, early stopping and batch size, on text."""
    jobs: list[AnyWorkload] = []
    for recipe in _seeds(PUPIL):
        jobs += [Train(recipe), Distil(recipe, TEACHER_SIZE)]
    for recipe in _seeds(LEARNED_BY_HEART):
        jobs += [Train(recipe), StopEarly(recipe)]
    for recipe in _seeds(BATCHES):
        jobs += [Train(recipe), ChangeBatch(recipe, BATCH_SIZE)]
    return jobs


def more_levers(device: torch.device) -> list[AnyWorkload]:
    """The same for larger models and other families, with more settings."""
    jobs: list[AnyWorkload] = []
    for base in (*CHANGED, *LARGER):
        for recipe in _seeds(base):
            jobs += [
                *_unchanged(recipe, device),
                *_quantised(recipe, device),
                *_rounded(recipe, "int8-weights"),
                *(
                    Prune(recipe, REQUEST_SIZE, "unstructured", share)
                    for share in MORE_ZEROED_SHARES
                ),
            ]
    for base in (*CHANGED, *LARGER[:-1]):
        for recipe in _seeds(base):
            jobs += [Prune(recipe, REQUEST_SIZE, "structured", share) for share in (0.25, 0.75)]
            jobs += [ChangeBatch(recipe, size) for size in (8, 256)]
    for base, teacher_size in ((Recipe("image-resnet", 2), 16), (Recipe("wide-and-deep", 2), 32)):
        for recipe in _seeds(base):
            jobs += [Train(recipe), Distil(recipe, teacher_size)]
    for base in (IMAGES, FILMS):
        for recipe in _seeds(replace(base, epoch_count=20)):
            jobs += [Train(recipe), StopEarly(recipe, patience=2)]
    return jobs


def federation(device: torch.device) -> list[AnyWorkload]:  # noqa: ARG001
    """Text and pictures, shared evenly and unevenly, beside central training."""
    return _federated(FEDERATED, ("iid", "dirichlet"))


def more_federation(device: torch.device) -> list[AnyWorkload]:  # noqa: ARG001
    """More rounds, and the hardest way of sharing."""
    return _federated(FEDERATED_LONGER, ("iid", "dirichlet", "by-class"))


def privacy(device: torch.device) -> list[AnyWorkload]:  # noqa: ARG001
    """A strict and a lax promise, and the plain run."""
    return _private(PRIVATE, EPSILONS)


def more_privacy(device: torch.device) -> list[AnyWorkload]:  # noqa: ARG001
    """A promise between; more text; and pictures, with another normalisation."""
    bases = PRIVATE, Recipe("text-encoder", 16), Recipe("image-resnet", 4)
    return [job for base in bases for job in _private(base, MORE_EPSILONS)]


def explanations(device: torch.device) -> list[AnyWorkload]:  # noqa: ARG001
    """The words that decided, for two models of text."""
    return [Explain(BATCHES), Explain(TEXT)]


def more_explanations(device: torch.device) -> list[AnyWorkload]:  # noqa: ARG001
    """More points on the way, and larger models."""
    larger = Recipe("text-bag", 64), Recipe("text-encoder", 48)
    return [Explain(base, count) for base in (BATCHES, TEXT, *larger) for count in (8, 128)]


def _federated(
    together: tuple[tuple[Recipe, int], ...], sharings: tuple[Sharing, ...]
) -> list[AnyWorkload]:
    jobs: list[AnyWorkload] = []
    for base, client_count in together:
        for recipe in _seeds(base):
            jobs += [Train(recipe), *(Federate(recipe, client_count, way) for way in sharings)]
    return jobs


def _private(base: Recipe, epsilons: tuple[float, ...]) -> list[AnyWorkload]:
    jobs: list[AnyWorkload] = []
    for recipe in _seeds(base):
        jobs += [Train(recipe), *(TrainPrivately(recipe, epsilon) for epsilon in epsilons)]
    return jobs


def _seeds(base: Recipe) -> Iterator[Recipe]:
    return (replace(base, seed=seed) for seed in SEEDS)


def _unchanged(recipe: Recipe, device: torch.device) -> Iterator[AnyWorkload]:
    yield Train(recipe)
    yield Infer(recipe, "torch", REQUEST_SIZE)
    if device.type == "cpu":
        yield Infer(recipe, "onnxruntime", REQUEST_SIZE)


def _quantised(recipe: Recipe, device: torch.device) -> Iterator[AnyWorkload]:
    is_convolutional = recipe.family.startswith("image-")
    yield from _rounded(recipe, "int8-dynamic")
    # ONNX Runtime answers on the CPU, where a GPU's meters see nothing of it.
    if device.type == "cpu":
        yield QuantiseOnnx(recipe, REQUEST_SIZE, "int8-dynamic")
        yield QuantiseOnnx(recipe, REQUEST_SIZE, "int8-static")
        # It has no convolutions in 4 bits.
        if not is_convolutional:
            yield QuantiseOnnx(recipe, REQUEST_SIZE, "int4-weights")


def _rounded(recipe: Recipe, method: TorchMethod) -> Iterator[AnyWorkload]:
    if recipe.family not in HARDLY_DENSE:
        yield QuantiseTorch(recipe, REQUEST_SIZE, method)
