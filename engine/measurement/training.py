"""Trains any model family by a recipe, and finds again what was trained before.

Trained models are kept in the cache: equal recipes give equal models without training again.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from engine.measurement import version
from engine.measurement.archives import cache_folder, cannot_write
from engine.measurement.execution import one_thread
from engine.measurement.families.base import Data, Recipe
from engine.measurement.recipes import examples_of, untrained
from engine.measurement.training_run import LossOf, Run, Trained
from engine.records import CannotContinue, Epoch

TRAINING_VERSION = 1
"""Changes when the same recipe gives another model."""


def train(
    recipe: Recipe,
    device: torch.device,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,  # noqa: ARG005
    *,
    data: Data | None = None,
    start: nn.Module | None = None,
    loss_of: LossOf | None = None,
    patience: int | None = None,
) -> Trained:
    """A model trained by the recipe, and judged on what was held out.

    Args:
        recipe: what to train, and how.
        device: where.
        on_epoch: called after each epoch.
        data: other examples than the family's own, as for one fold.
        start: the model to go on from (changed in place); None starts from the seed.
        loss_of: another loss than the family's own, as for distillation.
        patience: stop after so many epochs without a lower loss on a tenth of the
            training examples, which are then not learnt from, and take the best weights.

    Raises:
        BadInput: no such family, or the device has no instructions for the precision.
        CannotContinue: training diverged, or there is no compiler to compile with.
    """
    with one_thread(device), torch.random.fork_rng():
        model = untrained(recipe) if start is None else start
        torch.manual_seed(recipe.seed)
        examples = data or examples_of(recipe)
        run = Run(recipe, device, model.to(device), examples, loss_of, patience)
        return run.to_the_end(on_epoch)


def recipe_digest(recipe: Recipe) -> str:
    """What the recipe's model depends on, in 24 hex digits."""
    parts = [asdict(recipe), TRAINING_VERSION, version.METHOD, torch.__version__]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def kept_path(recipe: Recipe, suffix: str = "pt") -> Path:
    """Where a model of this recipe lies, or would, in one form or another."""
    return cache_folder() / "models" / f"{recipe_digest(recipe)}.{suffix}"


def keep(recipe: Recipe, model: nn.Module) -> None:
    """Keep the weights, for `trained` to find."""
    weights = {name: value.cpu() for name, value in model.state_dict().items()}
    write_whole(kept_path(recipe), lambda path: torch.save(weights, path))


def trained(
    recipe: Recipe,
    device: torch.device,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,  # noqa: ARG005
) -> nn.Module:
    """The recipe's model, on the device and ready to predict: kept from before, or trained now.

    Raises:
        CannotContinue, BadInput: as `train`; or the cache takes no files.
    """
    path = kept_path(recipe)
    try:
        weights = torch.load(path, map_location=device, weights_only=True)
        model = untrained(recipe).to(device)
        model.load_state_dict(weights)
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError):
        # Nothing there, or not what was written: train it (again).
        model = train(recipe, device, on_epoch).model
        keep(recipe, model)
    return model.eval()


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """A file written beside its place and then moved there: whole, or not at all.

    Raises:
        CannotContinue: the folder takes no files.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            written = Path(folder) / path.name
            write(written)
            written.replace(path)
    except OSError as error:
        raise CannotContinue(cannot_write(path.parent, error)) from error


__all__ = [
    "LossOf",
    "Run",
    "Trained",
    "keep",
    "kept_path",
    "recipe_digest",
    "train",
    "trained",
    "write_whole",
]
