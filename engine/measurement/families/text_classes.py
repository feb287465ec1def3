"""What families that tell text classes apart share: data, loss and scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from engine.measurement import text_categories
from engine.measurement.datasets import Integers, TextData
from engine.measurement.families.base import Data, DataKind, Domain, PreparationStep, Split
from engine.measurement.scores import scores
from engine.measurement.text_categories import CLASS_COUNT


class TextClasses:
    """WordNet definitions to be told apart in 45 categories."""

    domain: ClassVar[Domain] = "text"
    data_name: ClassVar[str] = text_categories.TASK
    data_kind: ClassVar[DataKind] = "real"
    metric: ClassVar[str] = "accuracy_share"
    train_example_count: ClassVar[int | None] = None
    """Training texts used; None is all."""

    def raw(self) -> Mapping[str, bytes]:
        """The files of definitions; downloads once."""
        return text_categories.raw()

    def preparation(self) -> tuple[PreparationStep, ...]:
        """From raw to `Data`, in order."""
        return (
            PreparationStep("clean", text_categories.clean),
            PreparationStep("convert", text_categories.convert),
            PreparationStep("augment", self._examples),
        )

    def data(self) -> Data:
        """All preparation done; kept in the cache between runs."""
        return self._examples(text_categories.converted())

    def _examples(self, texts: TextData) -> Data:
        found = text_categories.augment(texts, self.train_example_count)
        return Data(
            train=Split((_long(found.train_words),), _long(found.train_classes)),
            held_out=Split((_long(found.held_out_words),), _long(found.held_out_classes)),
        )

    def loss(self, output: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy, nats."""
        return F.cross_entropy(output.float(), targets)

    def evaluate(self, output: Tensor, examples: Split) -> dict[str, float]:
        """Accuracy, macro precision, recall and F1, and loss."""
        predicted = output.argmax(1).cpu().numpy()
        true = examples.targets.cpu().numpy()
        return {
            **asdict(scores(true, predicted, CLASS_COUNT)),
            "loss_nats": self.loss(output, examples.targets).item(),
        }


def _long(numbers: Integers) -> Tensor:
    return torch.from_numpy(numbers).long()
