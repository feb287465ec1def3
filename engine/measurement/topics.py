"""What the larger suites ask for, one function a topic.

To add a topic: a function here or elsewhere, and a line in STANDARD or FULL. Within a
topic, what others need comes before them; each could also find it alone, only slower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import get_args

import torch

from engine.measurement.execution import can_compile, is_native
from engine.measurement.families import FAMILIES
from engine.measurement.families.base import Activation, Optimiser, Precision, Recipe
from engine.measurement.levers import topics as levers
from engine.measurement.recipes import epoch_count_of, middle
from engine.measurement.stages import (
    CrossValidate,
    Evaluate,
    Export,
    Infer,
    Load,
    Prepare,
    Train,
    TrainFamilyStep,
)
from engine.measurement.stages.artefacts import Format
from engine.measurement.stages.infer import Runtime
from engine.measurement.workloads.base import AnyWorkload
from engine.measurement.workloads.storage_io import can_read_cold

Topic = Callable[[torch.device], list[AnyWorkload]]

EXPORT_FORMATS: tuple[Format, ...] = ("torch_export", "onnx")
LOAD_FORMATS: tuple[Format, ...] = ("weights", "onnx")
RUNTIMES: tuple[Runtime, ...] = ("torch", "onnxruntime")
REQUEST_SIZES = (1, 64)
MORE_REQUEST_SIZES = (1, 8, 64)
"""Of the middle size: throughput against examples answered at once."""

SEEDS = (1, 2)
"""Beside 0, which all else uses."""


def lifecycle(device: torch.device) -> list[AnyWorkload]:
    """Every family at every size through every stage."""
    cold = can_read_cold()
    jobs: list[AnyWorkload] = []
    for family in FAMILIES.values():
        jobs += [Prepare(family.name, step.name) for step in family.preparation()]
        for size in family.sizes:
            jobs += _life(Recipe(family.name, size), device, cold)
    return jobs


def cross_validation(device: torch.device) -> list[AnyWorkload]:  # noqa: ARG001
    """Three folds of the middle size of every family, half as long."""
    return [CrossValidate(briefly(middle(f)), fold_count=3) for f in FAMILIES.values()]


def setting_effects(device: torch.device) -> list[AnyWorkload]:
    """Optimiser, activation, precision and compiling, one at a time, in each domain.

    Trained half as long: all alike, and it is the difference that counts.
    """
    return _effects([briefly(base) for base in levers.CHANGED], device)


def more_seeds(device: torch.device) -> list[AnyWorkload]:  # noqa: ARG001
    """Every training again from other starting weights."""
    return [
        Train(Recipe(family.name, size, seed=seed))
        for family in FAMILIES.values()
        for size in family.sizes
        for seed in SEEDS
    ]


def more_settings(device: torch.device) -> list[AnyWorkload]:
    """Every setting's effect on every family."""
    return _effects([middle(family) for family in FAMILIES.values()], device)


def more_folds(device: torch.device) -> list[AnyWorkload]:  # noqa: ARG001
    """Five folds of the middle size of every family."""
    return [CrossValidate(middle(family), fold_count=5) for family in FAMILIES.values()]


STANDARD: tuple[Topic, ...] = (
    *(lifecycle, cross_validation, setting_effects),
    *(levers.answering_levers, levers.training_levers),
    *(levers.federation, levers.privacy, levers.explanations),
)
FULL: tuple[Topic, ...] = (
    *(more_seeds, more_settings, more_folds),
    *(levers.more_levers, levers.more_federation, levers.more_privacy, levers.more_explanations),
)
"""Beside all of STANDARD."""


def collected(topics: tuple[Topic, ...], device: torch.device) -> list[AnyWorkload]:
    """The jobs of all topics in order, each once."""
    return list(dict.fromkeys(job for topic in topics for job in topic(device)))


def briefly(recipe: Recipe) -> Recipe:
    """The same with half the epochs."""
    return replace(recipe, epoch_count=max(1, epoch_count_of(recipe) // 2))


def variations(base: Recipe, device: torch.device) -> Iterator[Recipe]:
    """The base with one setting changed at a time, as far as this machine can."""
    optimisers: tuple[Optimiser, ...] = get_args(Optimiser)
    activations: tuple[Activation, ...] = get_args(Activation)
    precisions: tuple[Precision, ...] = get_args(Precision)
    changed = [
        *(replace(base, optimiser=name) for name in optimisers),
        *(replace(base, activation=name) for name in activations),
        *(replace(base, precision=name) for name in precisions if is_native(device, name)),
        *([replace(base, compiled=True)] if can_compile() else []),
    ]
    yield from (recipe for recipe in changed if recipe != base)


def _effects(bases: list[Recipe], device: torch.device) -> list[AnyWorkload]:
    jobs: list[AnyWorkload] = []
    for base in bases:
        for recipe in (base, *variations(base, device)):
            jobs += [Train(recipe), TrainFamilyStep(recipe)]
    return jobs


def _life(recipe: Recipe, device: torch.device, cold: bool) -> list[AnyWorkload]:
    is_middle = recipe == middle(FAMILIES[recipe.family])
    request_sizes = MORE_REQUEST_SIZES if is_middle else REQUEST_SIZES
    from_disk = (LOAD_FORMATS if is_middle else LOAD_FORMATS[:1]) if cold else ()
    # ONNX Runtime answers on the CPU, where a GPU's meters see nothing of it.
    runtimes = RUNTIMES if device.type == "cpu" else RUNTIMES[:1]
    return [
        Train(recipe),
        Evaluate(recipe),
        *(Export(recipe, form) for form in EXPORT_FORMATS),
        *(Load(recipe, form) for form in LOAD_FORMATS),
        *(Load(recipe, form, cold=True) for form in from_disk),
        *(Infer(recipe, runtime, size) for runtime in runtimes for size in request_sizes),
    ]
