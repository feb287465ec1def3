"""The classic text classifier: embedding, global average pool, dense layer, Adam.

The sizes that matter differ by task, and both are settings:

- `news` (newswire or not, binary cross-entropy) grows with its vocabulary, up to about
  10,000: beyond, every training word has a vector of its own, so that of the words not
  met in training is hardly learnt. One number a word would do for two classes, so the
  embedding stays small.
- `wordnet-categories` (45 classes, cross-entropy) grows with its embedding, up to about
  32. Being four times as many texts, they take batches of 128 and 6 epochs: accuracy
  has settled by then, and more only fits the training texts.

As in the classic, every one of a text's 16 places counts in the average, and padding
has a vector like any word. A step is forward, backward and Adam on one batch; texts
are drawn afresh each epoch, and the few left over after the last full batch wait for
the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import ClassVar

import torch
from torch import Tensor

from engine.measurement import datasets
from engine.measurement.datasets import OTHER_WORD, TextData
from engine.measurement.execution import one_thread, wait
from engine.measurement.scores import scores
from engine.measurement.workloads.base import Learned, settings_of
from engine.measurement.workloads.word_average import (
    Classifier,
    all_logits,
    judge,
    predictions,
    train_epoch,
)
from engine.records import BadInput, Epoch, Setting
from engine.units import BYTES_PER_VALUE

LEARNING_RATES = {"news": 1e-3, "wordnet-categories": 5e-3}
"""Adam's own default for small batches; more for the many classes, whose batches are larger."""

EVALUATED_COUNT = 10_000
"""Training texts looked at after an epoch: enough for two digits, little beside training."""

ADAM_MOVED_PER_PARAMETER = 9
"""Gradient cleared and read; parameter and two moments read and written; parameter read."""


@dataclass(frozen=True)
class TextClassifier:
    """One training of the classic classifier, from nothing to a judged model."""

    name: ClassVar[str] = "text_classifier"

    task: str = "news"
    embedding_size: int = 16
    vocabulary_size: int = 5_000
    """Vectors in the table: padding, any other word, then the commonest words."""
    seed: int = 0
    epoch_count: int = 10
    batch_size: int = 32
    optimiser: str = "adam"

    def __post_init__(self) -> None:
        if self.optimiser != "adam":
            raise BadInput(f"The text classifier learns by adam only, not {self.optimiser!r}.")
        if self.vocabulary_size <= OTHER_WORD:
            raise BadInput(f"A vocabulary of {self.vocabulary_size} is too small; take 2 or more.")
        for name in ("embedding_size", "epoch_count", "batch_size"):
            if getattr(self, name) < 1:
                raise BadInput(f"{name} must be 1 or more, got {getattr(self, name)}.")
        datasets.data_set(self.task)

    @property
    def settings(self) -> dict[str, Setting]:
        """Every field."""
        return settings_of(self)

    @property
    def output_count(self) -> int:
        """One number a class; a single one tells two classes apart."""
        class_count = datasets.data_set(self.task).class_count
        return class_count if class_count > 2 else 1

    @property
    def parameter_count(self) -> int:
        """Embedding, dense weights and their bias."""
        return (self.vocabulary_size + self.output_count) * self.embedding_size + self.output_count

    @property
    def flop_per_step(self) -> float:
        """Dense layer forward, and backward twice that; looking words up is not arithmetic."""
        return 6.0 * self.batch_size * self.embedding_size * self.output_count

    @property
    def moved_bytes_per_step(self) -> float:
        """Adam passes over all parameters each step, which outweighs everything else."""
        return ADAM_MOVED_PER_PARAMETER * BYTES_PER_VALUE["fp32"] * self.parameter_count

    def fetch(self) -> None:
        """Have the texts ready."""
        datasets.load(self.task)

    def learn(self, device: torch.device, on_epoch: Callable[[Epoch], None]) -> Learned:
        """Train from nothing and judge on texts held out."""
        return train(self, datasets.load(self.task), device, on_epoch)


def train(
    asked: TextClassifier, data: TextData, device: torch.device, on_epoch: Callable[[Epoch], None]
) -> Learned:
    """What `asked` learns from `data`.

    Raises:
        BadInput: the training texts have too few words or are too few.
    """
    _check_size(asked, data)
    with one_thread(device):
        texts = _Texts(data, asked, device)
        random = torch.Generator().manual_seed(asked.seed)
        model = Classifier(asked, random, device)
        optimiser = torch.optim.Adam(model.parameters, LEARNING_RATES[asked.task], fused=True)
        epochs, step_times_s = [], []
        for number in range(1, asked.epoch_count + 1):
            batches = texts.batches(asked.batch_size, random)
            time_s = _timed_epoch(model, optimiser, batches, device)
            step_times_s.append(time_s / len(batches))
            epochs.append(texts.epoch(model, number, time_s))
            on_epoch(epochs[-1])
        metrics = _metrics(model, texts, epochs[-1])
    return Learned(step_times_s, metrics, len(batches) * asked.epoch_count, epochs)


class _Texts:
    """The data on the device, cut to a vocabulary."""

    def __init__(self, data: TextData, asked: TextClassifier, device: torch.device) -> None:
        def words(rows: datasets.Integers) -> Tensor:
            numbers = torch.from_numpy(rows).to(device, torch.int64)
            return numbers.where(numbers < asked.vocabulary_size, OTHER_WORD)

        def targets(classes: datasets.Integers) -> Tensor:
            numbers = torch.from_numpy(classes).to(device, torch.int64)
            return numbers if asked.output_count > 1 else numbers.float().unsqueeze(1)

        self.train_words, self.train_targets = words(data.train_words), targets(data.train_classes)
        self.held_out_words = words(data.held_out_words)
        self.held_out_targets = targets(data.held_out_classes)

    def batches(self, batch_size: int, random: torch.Generator) -> list[tuple[Tensor, Tensor]]:
        """Full batches of the training texts in a new order."""
        count = len(self.train_words) // batch_size * batch_size
        order = torch.randperm(len(self.train_words), generator=random)[:count]
        order = order.to(self.train_words.device)
        batched = [
            side[order].reshape(-1, batch_size, *side.shape[1:]).unbind()
            for side in (self.train_words, self.train_targets)
        ]
        return list(zip(*batched, strict=True))

    def epoch(self, model: Classifier, number: int, time_s: float) -> Epoch:
        """Loss and accuracy as they are now, on both sides."""
        stride = -(-len(self.train_words) // EVALUATED_COUNT)
        train = judge(model, self.train_words[::stride], self.train_targets[::stride])
        held_out = judge(model, self.held_out_words, self.held_out_targets)
        return Epoch(number, *train, *held_out, time_s=time_s)


@torch.no_grad()
def _metrics(model: Classifier, texts: _Texts, last: Epoch) -> dict[str, float]:
    predicted = predictions(all_logits(model, texts.held_out_words)).cpu().numpy()
    true = texts.held_out_targets.flatten().long().cpu().numpy()
    class_count = max(2, len(model.bias))
    return {
        **asdict(scores(true, predicted, class_count)),
        "held_out_loss_nats": last.held_out_loss_nats,
        "parameter_count": float(sum(p.numel() for p in model.parameters)),
        "train_example_count": float(len(texts.train_words)),
        "test_example_count": float(len(true)),
    }


def _timed_epoch(
    model: Classifier,
    optimiser: torch.optim.Optimizer,
    batches: list[tuple[Tensor, Tensor]],
    device: torch.device,
) -> float:
    wait(device)
    start_s = time.perf_counter()
    train_epoch(model, optimiser, batches)
    wait(device)
    return time.perf_counter() - start_s


def _check_size(asked: TextClassifier, data: TextData) -> None:
    if asked.vocabulary_size > data.largest_vocabulary:
        raise BadInput(
            f"A vocabulary of {asked.vocabulary_size} is more than {asked.task} has words; "
            f"take at most {data.largest_vocabulary}."
        )
    if asked.batch_size > len(data.train_words):
        raise BadInput(
            f"A batch of {asked.batch_size} is more than the {len(data.train_words)} texts "
            f"{asked.task} has to train on."
        )
