"""Differentially private training (DP-SGD) by Opacus, against the plain run.

M. Abadi et al., "Deep Learning with Differential Privacy" (CCS 2016), arXiv:1607.00133:
each example's gradient is clipped and noise is added to their sum, so that the trained
model says little about any one example: epsilon, at a small chance delta of saying more.
Batches are drawn example by example (Poisson), as the accounting assumes. The noise comes
from torch's ordinary generator: good for measuring, not for releasing a model.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from engine.measurement.execution import one_thread, wait
from engine.measurement.families.base import Data
from engine.measurement.judging import judge, on_device
from engine.measurement.levers.base import TrainingLever, seen
from engine.measurement.optimisers import optimiser_of, pace
from engine.measurement.recipes import (
    batch_size_of,
    epoch_count_of,
    examples_of,
    family_of,
    untrained,
)
from engine.measurement.stages.base import lab_library
from engine.measurement.training import Trained
from engine.measurement.workloads.base import Learned
from engine.records import BadInput, Epoch


@dataclass(frozen=True)
class TrainPrivately(TrainingLever):
    """The recipe trained to a promised epsilon; the noise follows from it."""

    name: ClassVar[str] = "train_private"

    epsilon: float = 3.0
    delta: float = 1e-5
    clip_norm: float = 1.0
    """Longest gradient one example may have."""

    def __post_init__(self) -> None:
        if self.epsilon <= 0 or not 0 < self.delta < 1 or self.clip_norm <= 0:
            raise BadInput(
                "epsilon and clip_norm are above 0 and delta between 0 and 1, not "
                f"{self.epsilon}, {self.clip_norm} and {self.delta}."
            )
        if self.recipe.precision != "fp32" or self.recipe.compiled:
            raise BadInput("Private training here is in fp32 and not compiled.")

    def fetch(self) -> None:
        """Also the library, so that a missing one is noticed before anything is trained."""
        lab_library("opacus")
        super().fetch()

    def learn(self, device: torch.device, on_epoch: Callable[[Epoch], None]) -> Learned:
        """Train privately, and say what privacy was spent."""
        with one_thread(device), torch.random.fork_rng(), _quiet():
            torch.manual_seed(self.recipe.seed)
            training = _Training(self, device)
            result = training.to_the_end(on_epoch)
        found = self.compared(result, device)
        found.metrics.update(training.metrics())
        return found


class _Training:
    """One private training under way."""

    def __init__(self, job: TrainPrivately, device: torch.device) -> None:
        self._job, self._recipe, self._device = job, job.recipe, device
        data = examples_of(job.recipe)
        self._data = Data(on_device(data.train, device), on_device(data.held_out, device))
        model, self._replaced_count = private_ready(untrained(job.recipe))
        family = family_of(job.recipe.family)
        self._learning_rate = family.learning_rates[job.recipe.optimiser]
        model = model.to(device).train()
        places = torch.utils.data.TensorDataset(torch.arange(len(data.train)))
        self._engine = lab_library("opacus").PrivacyEngine(accountant="rdp")
        self._model, self._optimiser, self._batches = self._engine.make_private_with_epsilon(
            module=model,
            optimizer=optimiser_of(job.recipe.optimiser, model, self._learning_rate),
            data_loader=torch.utils.data.DataLoader(
                places, batch_size=min(batch_size_of(job.recipe), len(data.train))
            ),
            target_epsilon=job.epsilon,
            target_delta=job.delta,
            epochs=epoch_count_of(job.recipe),
            max_grad_norm=job.clip_norm,
        )
        self._loss = family.loss

    def to_the_end(self, on_epoch: Callable[[Epoch], None]) -> Trained:
        """Every epoch."""
        epochs: list[Epoch] = []
        step_times_s: list[float] = []
        step_count = 0
        for number in range(1, epoch_count_of(self._recipe) + 1):
            wait(self._device)
            start_s = time.perf_counter()
            steps = self._epoch(number)
            wait(self._device)
            time_s = time.perf_counter() - start_s
            step_count += steps
            step_times_s.append(time_s / steps)
            epochs.append(seen(self._model, self._data, self._recipe, self._device, number, time_s))
            on_epoch(epochs[-1])
        return Trained(
            recipe=self._recipe,
            model=self._model,
            epochs=epochs,
            step_times_s=step_times_s,
            step_count=step_count,
            shares={},
            metrics=judge(self._model, self._data.held_out, self._recipe, self._device),
            compile_s=None,
            best_epoch_number=len(epochs),
        )

    def _epoch(self, number: int) -> int:
        self._model.train()
        step_count, epoch_count = 0, epoch_count_of(self._recipe)
        for draw, (places,) in enumerate(self._batches):
            of_epoch = (draw + 0.5) / len(self._batches)
            pace(self._optimiser, self._learning_rate, (number - 1 + of_epoch) / epoch_count)
            if not len(places):
                # A draw of nobody; rare, and nothing is learnt from it.
                continue
            batch = self._data.train.at(places.to(self._device))
            loss = self._loss(self._model(*batch.inputs), batch.targets)
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimiser.step()
            self._optimiser.zero_grad()
            step_count += 1
        return step_count

    def metrics(self) -> dict[str, float]:
        """Privacy spent, and by what noise."""
        return {
            "epsilon_spent": float(self._engine.get_epsilon(self._job.delta)),
            "noise_multiplier": float(self._optimiser.noise_multiplier),
            "sample_share": float(self._batches.sample_rate),
            "replaced_layer_count": float(self._replaced_count),
        }


def private_ready(model: nn.Module) -> tuple[nn.Module, int]:
    """The model with layers that mix examples replaced, and how many were.

    Batch normalisation looks at other examples, so that no gradient would be one
    example's alone; Opacus puts group normalisation in its place.

    Raises:
        CannotContinue: Opacus is not installed.
        BadInput: a layer cannot be replaced.
    """
    validator = lab_library("opacus.validators").ModuleValidator
    replaced_count = sum(
        isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules()
    )
    fixed: Any = validator.fix(model) if replaced_count else model
    errors = validator.validate(fixed, strict=False)
    if errors:
        raise BadInput(f"Opacus cannot train this model: {str(errors[0]).splitlines()[0]}")
    return fixed, replaced_count


@contextmanager
def _quiet() -> Iterator[None]:
    """Opacus warns of its generator and of torch's hooks, at every training."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
