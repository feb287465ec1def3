"""The network of the classic text classifier, and one pass of its training."""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

JUDGED_AT_ONCE = 1_024
"""Texts."""


class Sizes(Protocol):
    """How large a classifier is."""

    @property
    def vocabulary_size(self) -> int:
        """Words that have a vector."""
        ...

    @property
    def embedding_size(self) -> int:
        """Numbers in a vector."""
        ...

    @property
    def output_count(self) -> int:
        """One a class; a single one tells two classes apart."""
        ...


class Classifier:
    """Vectors of the words, averaged, through one dense layer."""

    def __init__(self, sizes: Sizes, random: torch.Generator, device: torch.device) -> None:
        """Start as Keras does: vectors within 0.05 of 0, dense weights by Glorot, bias 0."""
        output_count, size = sizes.output_count, sizes.embedding_size
        limit = (6 / (size + output_count)) ** 0.5
        self.vectors = _uniform((sizes.vocabulary_size, size), 0.05, random, device)
        self.weights = _uniform((output_count, size), limit, random, device)
        self.bias = torch.zeros(output_count, device=device, requires_grad=True)
        self.parameters = [self.vectors, self.weights, self.bias]
        self.loss = F.cross_entropy if output_count > 1 else F.binary_cross_entropy_with_logits

    def logits(self, words: Tensor) -> Tensor:
        """One number a class; a single one where there are two."""
        return F.linear(self._averages(words), self.weights, self.bias)

    def differentiate(self, words: Tensor, targets: Tensor) -> None:
        """Leave the gradient of the mean loss in each parameter.

        Written out: for so small a network, recording every operation and playing it back
        takes twice as long as the operations.
        """
        averages = self._averages(words)
        excess = self._excess(F.linear(averages, self.weights, self.bias), targets)
        self.bias.grad = excess.sum(0)
        self.weights.grad = excess.T @ averages
        place_count = words.shape[1]
        of_word = (excess @ self.weights).div_(place_count).repeat_interleave(place_count, 0)
        self.vectors.grad = torch.zeros_like(self.vectors).index_add_(0, words.flatten(), of_word)

    def _averages(self, words: Tensor) -> Tensor:
        return F.embedding(words, self.vectors).mean(1)

    def _excess(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Slope of the mean loss at each logit: predicted less true probability, of one text."""
        if len(self.bias) == 1:
            return logits.sigmoid_().sub_(targets).div_(len(logits))
        return (logits.softmax(1) - F.one_hot(targets, len(self.bias))).div_(len(logits))


@torch.no_grad()
def train_epoch(
    model: Classifier, optimiser: torch.optim.Optimizer, batches: list[tuple[Tensor, Tensor]]
) -> None:
    """One step a batch, and nothing else: no loss is read, nothing is summed."""
    for words, targets in batches:
        model.differentiate(words, targets)
        optimiser.step()


def predictions(logits: Tensor) -> Tensor:
    """Likeliest class of each row."""
    return logits.argmax(1) if logits.shape[1] > 1 else (logits > 0).long().squeeze(1)


@torch.no_grad()
def all_logits(model: Classifier, words: Tensor) -> Tensor:
    """Logits of many texts, part by part, so that judging takes no more memory than learning."""
    return torch.cat([model.logits(part) for part in torch.split(words, JUDGED_AT_ONCE)])


@torch.no_grad()
def judge(model: Classifier, words: Tensor, targets: Tensor) -> tuple[float, float]:
    """Mean loss in nats, and share predicted right."""
    logits = all_logits(model, words)
    right = predictions(logits) == targets.flatten()
    return model.loss(logits, targets).item(), right.float().mean().item()


def _uniform(
    shape: tuple[int, int], limit: float, random: torch.Generator, device: torch.device
) -> Tensor:
    values = torch.empty(shape).uniform_(-limit, limit, generator=random)
    return values.to(device).requires_grad_()
