"""What a model family is: a task, its data, and one architecture at several sizes.

Every stage of a model's life (prepare, train, evaluate, export, load, infer) and every
lever (precision, pruning, distillation...) is written once and works on any family.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from torch import Tensor, nn

Domain = Literal["text", "vision", "recommendation"]
DataKind = Literal["real", "composed", "synthetic"]
Optimiser = Literal["sgd", "momentum", "adamw", "adafactor"]
Activation = Literal["sigmoid", "tanh", "relu", "gelu"]
Precision = Literal["fp32", "bf16", "fp16"]

ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "gelu": nn.GELU,
}


@dataclass(frozen=True, slots=True)
class Split:
    """Examples: what the model reads and what it should answer, first dimension the example."""

    inputs: tuple[Tensor, ...]
    targets: Tensor

    def __len__(self) -> int:
        """Number of examples."""
        return len(self.targets)

    def at(self, index: Tensor | slice) -> Split:
        """The examples at those places."""
        return Split(tuple(side[index] for side in self.inputs), self.targets[index])


@dataclass(frozen=True, slots=True)
class Data:
    """Examples to learn from, and examples never learnt from."""

    train: Split
    held_out: Split


@dataclass(frozen=True, slots=True)
class PreparationStep:
    """One step from raw files to examples, timed by itself."""

    name: Literal["clean", "convert", "augment"]
    run: Callable[[Any], Any]
    """Takes what the step before gave (the first: what `raw` gave)."""


class Family(Protocol):
    """One task with one architecture. A family is one file, and a line in FAMILIES."""

    name: ClassVar[str]
    domain: ClassVar[Domain]
    data_name: ClassVar[str]
    data_kind: ClassVar[DataKind]
    """`composed`: real pieces put together by us; `synthetic`: made up by a procedure."""
    sizes: ClassVar[tuple[int, ...]]
    """Widths, at least five, smallest first."""
    batch_size: ClassVar[int]
    epoch_count: ClassVar[int]
    learning_rates: ClassVar[Mapping[str, float]]
    """By optimiser."""
    metric: ClassVar[str]
    """Key in `evaluate` of the score that counts; higher is better (shares)."""

    def raw(self) -> Any:
        """The files as they come; downloads once.

        Raises:
            DataUnavailable: cannot be fetched here, with the remedy.
        """
        ...

    def preparation(self) -> tuple[PreparationStep, ...]:
        """From raw to `Data`, in order."""
        ...

    def data(self) -> Data:
        """All preparation done; kept in the cache between runs."""
        ...

    def build(self, size: int, activation: Activation) -> nn.Module:
        """An untrained model; called as `model(*inputs)`. Weights come from torch's seed."""
        ...

    def loss(self, output: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of a batch, nats where it is a likelihood."""
        ...

    def evaluate(self, output: Tensor, examples: Split) -> dict[str, float]:
        """Scores of the whole output over some examples.

        `accuracy_share`, `precision_share`, `recall_share`, `f1_share` where classes are
        told apart; `perplexity`, `average_precision_share`, `ndcg_share`... where those are
        the field's own. Always `loss_nats` and `metric`.
        """
        ...

    def flop_per_example(self, size: int) -> float:
        """Forward arithmetic of one example, multiply-adds counted as two."""
        ...


@dataclass(frozen=True)
class Recipe:
    """What is trained, and how; equal recipes give equal models on one machine."""

    family: str
    size: int
    seed: int = 0
    optimiser: Optimiser = "adamw"
    activation: Activation = "relu"
    precision: Precision = "fp32"
    compiled: bool = False
    batch_size: int | None = None
    """None is the family's own."""
    epoch_count: int | None = None
    train_example_count: int | None = None
    """None is all there are."""
