"""What the stages share: settings that name the family and the recipe, and steps on one thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields, is_dataclass
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
import torch

from engine.measurement.bench import Effort
from engine.measurement.execution import one_thread
from engine.measurement.families.base import Recipe, Split
from engine.measurement.recipes import batch_size_of, data_of, epoch_count_of, family_of
from engine.measurement.training import trained
from engine.records import CannotContinue, Setting


@dataclass(frozen=True)
class RecipeStage:
    """A stage in the life of one recipe's model."""

    effort: ClassVar[Effort] = "brief"

    recipe: Recipe

    @property
    def settings(self) -> dict[str, Setting]:
        """The recipe's, its family's, and the stage's own."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "recipe"}
        return recipe_settings(self.recipe) | own

    @property
    def flop_per_step(self) -> float | None:
        """Unless the stage says, arithmetic has no meaning."""
        return None

    @property
    def moved_bytes_per_step(self) -> float | None:
        """How little a whole model must move is not known."""
        return None

    @property
    def flop_per_example(self) -> float:
        """Forward arithmetic of one example."""
        return family_of(self.recipe.family).flop_per_example(self.recipe.size)

    def make_ready(self, device: torch.device) -> None:
        """The data, and a trained model in the cache."""
        data_of(self.recipe.family)
        trained(self.recipe, device)


def family_settings(name: str) -> dict[str, Setting]:
    """Which family, and what it works on."""
    family = family_of(name)
    return {
        "family": name,
        "domain": family.domain,
        "data": family.data_name,
        "data_kind": family.data_kind,
        "metric": family.metric,
    }


def recipe_settings(recipe: Recipe) -> dict[str, Setting]:
    """Every field of the recipe, the family's own choices filled in; what is unset is left out."""
    chosen = {name: value for name, value in asdict(recipe).items() if value is not None}
    chosen["batch_size"] = batch_size_of(recipe)
    chosen["epoch_count"] = epoch_count_of(recipe)
    return family_settings(recipe.family) | chosen


class Step:
    """A step on one CPU thread, with what it brings back beside its time.

    The runner calls `metrics` after the last step and `close` when done.
    """

    def __init__(
        self,
        call: Callable[[], object],
        device: torch.device,
        metrics: Callable[[], Mapping[str, float]] = dict,
        close: Callable[[], object] = lambda: None,
    ) -> None:
        self._call = call
        self.metrics = metrics
        self._open = ExitStack()
        self._open.callback(close)
        self._open.enter_context(one_thread(device))

    def __call__(self) -> object:
        """Take the step."""
        return self._call()

    def close(self) -> None:
        """Give back what the step held."""
        self._open.close()


def lab_library(name: str) -> Any:
    """A library of the lab extra.

    Raises:
        CannotContinue: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise CannotContinue(
            f"{name} is not installed. To have it: pip install 'modelworth[lab]'"
        ) from error


def bytes_of(value: Any) -> float:
    """What the numbers and texts in there take, without the containers around them."""
    if isinstance(value, torch.Tensor | np.ndarray):
        return float(value.nbytes)
    if isinstance(value, bytes | bytearray):
        return float(len(value))
    if isinstance(value, str):
        return float(len(value.encode()))
    if isinstance(value, Mapping):
        return sum(map(bytes_of, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return sum(map(bytes_of, value))
    if is_dataclass(value):
        return sum(bytes_of(getattr(value, f.name)) for f in fields(value))
    return float(np.dtype(type(value)).itemsize) if isinstance(value, int | float) else 0.0


def first(examples: Split, count: int) -> Split:
    """So many examples, going round where there are fewer."""
    return examples.at(torch.arange(count) % len(examples))
