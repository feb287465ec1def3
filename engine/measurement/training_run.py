"""One training of any model family, step by step.

A step takes a batch, runs forward and backward, and updates the weights; the four are
timed apart on some steps of every epoch. Examples come in a new order each epoch, and
the few left over after the last full batch wait for the next one. The learning rate
rises at first and falls to nothing at the last epoch of the recipe.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.measurement.execution import arithmetic, compiled, wait
from engine.measurement.families.base import Data, Recipe, Split
from engine.measurement.judging import judge, on_device
from engine.measurement.optimisers import optimiser_of, pace
from engine.measurement.phases import Phases
from engine.measurement.recipes import batch_size_of, epoch_count_of, family_of, parameter_count
from engine.records import CannotContinue, Epoch

LossOf = Callable[[Tensor, Split], Tensor]
"""Mean loss of a batch from the model's output for it."""

JUDGED_COUNT = 2_000
"""Examples looked at after an epoch: enough for two digits, little beside training."""
WATCHED_SHARE = 0.1
"""Of the training examples, kept aside to see when to stop early."""


@dataclass(frozen=True)
class Trained:
    """A model, and what training it took."""

    recipe: Recipe
    model: nn.Module
    epochs: list[Epoch]
    step_times_s: list[float]
    """Wall time per step, one mean an epoch."""
    step_count: int
    shares: dict[str, float]
    """Of a step's time: `input_share`, `forward_share`, `backward_share`, `update_share`."""
    metrics: dict[str, float]
    """The family's scores over all that was held out."""
    compile_s: float | None
    """None where nothing was compiled."""
    best_epoch_number: int
    """Whose weights the model has: the last, or with patience that of the least watched loss."""

    @property
    def parameter_count(self) -> int:
        """Numbers that were learnt."""
        return parameter_count(self.model)


class Run:
    """One training under way."""

    def __init__(
        self,
        recipe: Recipe,
        device: torch.device,
        model: nn.Module,
        data: Data,
        loss_of: LossOf | None = None,
        patience: int | None = None,
    ) -> None:
        family = family_of(recipe.family)
        self._recipe, self._device, self._model, self._patience = recipe, device, model, patience
        self._metric = family.metric
        self._loss_of = loss_of or (lambda output, batch: family.loss(output, batch.targets))
        train, self._watched = _apart(data.train, patience)
        self._train, self._held_out = on_device(train, device), on_device(data.held_out, device)
        self.batch_size = min(batch_size_of(recipe), len(train))
        self._random = torch.Generator().manual_seed(recipe.seed)
        self._arithmetic = arithmetic(device, recipe.precision)
        self._scaler = torch.amp.GradScaler(device.type, enabled=recipe.precision == "fp16")
        self._learning_rate = family.learning_rates[recipe.optimiser]
        self._optimiser = optimiser_of(recipe.optimiser, model, self._learning_rate)
        self.phases = Phases(device)
        self._call: Any = model

    def to_the_end(self, on_epoch: Callable[[Epoch], None]) -> Trained:
        """Every epoch, or until patience ends."""
        compile_s = self.compile() if self._recipe.compiled else None
        epochs: list[Epoch] = []
        best = _Best(self._model)
        for number in range(1, epoch_count_of(self._recipe) + 1):
            epochs.append(self._epoch(number))
            on_epoch(epochs[-1])
            if self._watched is not None and best.is_over(
                number, self._judged(self._watched)["loss_nats"], self._patience or 0
            ):
                break
        if self._watched is not None:
            self._model.load_state_dict(best.weights)
        step_count = len(self._train) // self.batch_size
        return Trained(
            recipe=self._recipe,
            model=self._model,
            epochs=epochs,
            step_times_s=[epoch.time_s / step_count for epoch in epochs],
            step_count=step_count * len(epochs),
            shares=self.phases.shares(),
            metrics=self._judged(self._held_out),
            compile_s=compile_s,
            best_epoch_number=len(epochs) if self._watched is None else best.epoch_number,
        )

    def compile(self) -> float:
        """Compile for a batch, leaving weights and running means as they were; s."""
        weights = deepcopy(self._model.state_dict())
        self._call = compiled(self._model)
        start_s = time.perf_counter()
        try:
            with torch.random.fork_rng():
                self._backward(self._train.at(slice(0, self.batch_size)))
        except torch._dynamo.exc.TorchDynamoException as error:
            raise CannotContinue(
                f"torch.compile failed on {self._recipe.family}: {str(error).splitlines()[0]} "
                "Leave `compiled` off."
            ) from error
        wait(self._device)
        self._optimiser.zero_grad()
        self._model.load_state_dict(weights)
        return time.perf_counter() - start_s

    def _epoch(self, number: int) -> Epoch:
        self._model.train()
        order = torch.randperm(len(self._train), generator=self._random).to(self._device)
        wait(self._device)
        step_count = len(order) // self.batch_size
        whole_count = step_count * epoch_count_of(self._recipe)
        start_s = time.perf_counter()
        for step, index in enumerate(torch.split(order, self.batch_size)[:step_count]):
            self.pace(((number - 1) * step_count + step + 0.5) / whole_count)
            self.step(index)
        wait(self._device)
        time_s = time.perf_counter() - start_s
        return self._seen(number, time_s)

    def pace(self, done_share: float) -> None:
        """Learn as fast as is right when so much of the training is done."""
        pace(self._optimiser, self._learning_rate, done_share)

    def step(self, index: Tensor) -> None:
        """Learn from the examples at those places."""
        mark = self.phases.of_next_step()
        mark()
        batch = self._train.at(index)
        mark()
        self._backward(batch, mark)
        mark()
        self._scaler.step(self._optimiser)
        self._scaler.update()
        self._optimiser.zero_grad()
        mark()

    def _backward(self, batch: Split, mark: Callable[[], None] = lambda: None) -> None:
        with self._arithmetic:
            output = self._call(*batch.inputs)
            loss = self._loss_of(output.float(), batch)
        mark()
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]

    def sizes(self) -> dict[str, float]:
        """What is learnt, and what the optimiser keeps beside it once it has taken a step."""
        state = (v for kept in self._optimiser.state.values() for v in kept.values())
        return {
            "parameter_count": float(parameter_count(self._model)),
            "optimiser_state_bytes": float(sum(v.nbytes for v in state if torch.is_tensor(v))),
        }

    def _seen(self, number: int, time_s: float) -> Epoch:
        train, held_out = (
            self._judged(side.at(slice(None, None, -(-len(side) // JUDGED_COUNT))))
            for side in (self._train, self._held_out)
        )
        return Epoch(
            number=number,
            train_loss_nats=train["loss_nats"],
            train_accuracy_share=train[self._metric],
            held_out_loss_nats=held_out["loss_nats"],
            held_out_accuracy_share=held_out[self._metric],
            time_s=time_s,
        )

    def _judged(self, examples: Split) -> dict[str, float]:
        return judge(self._model, on_device(examples, self._device), self._recipe, self._device)


class _Best:
    """The epoch with the least watched loss, and its weights."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._loss_nats = float("inf")
        self.epoch_number = 0
        self.weights: dict[str, Any] = {}

    def is_over(self, epoch_number: int, loss_nats: float, patience: int) -> bool:
        """Whether it is time to stop, having seen the loss after one more epoch."""
        if loss_nats < self._loss_nats:
            self._loss_nats, self.epoch_number = loss_nats, epoch_number
            self.weights = deepcopy(self._model.state_dict())
        return epoch_number - self.epoch_number >= patience


def _apart(train: Split, patience: int | None) -> tuple[Split, Split | None]:
    if patience is None:
        return train, None
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    watched_count = max(1, round(len(train) * WATCHED_SHARE))
    return train.at(order[watched_count:]), train.at(order[:watched_count])
