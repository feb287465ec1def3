"""Ranking films for a user: the data and the scores, whatever the model.

One example is one user with 100 films to rank. Held out are each user's latest film and
99 films never rated, as in X. He et al., "Neural Collaborative Filtering" (WWW 2017).
Such sampled scores are higher than those over the whole catalogue and need not order
models the same way (W. Krichene, S. Rendle, "On Sampled Metrics for Item
Recommendation", KDD 2020): hold them against other sampled scores only.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from engine.measurement.arrays import Arrays
from engine.measurement.families.base import Data, DataKind, Domain, PreparationStep, Split
from engine.measurement.published import kept_arrays
from engine.measurement.ranking import ranking_scores
from engine.measurement.ratings import (
    MOVIELENS,
    cleaned,
    indexed,
    movielens_files,
    with_negatives,
)

CUTOFF = 10
RECIPE = "lists-1"
SEED = 0


class FilmLists:
    """What the families that rank films share."""

    domain: ClassVar[Domain] = "recommendation"
    data_name: ClassVar[str] = MOVIELENS.name
    data_kind: ClassVar[DataKind] = "real"
    metric: ClassVar[str] = f"ndcg_at_{CUTOFF}_share"
    has_features: ClassVar[bool]
    """Whether the model reads what is known of users and films beside their numbers."""

    def raw(self) -> Mapping[str, bytes]:
        """The three tables."""
        return movielens_files()

    def preparation(self) -> tuple[PreparationStep, ...]:
        """Repeated ratings out; names to numbers; films never rated in, and tensors made."""
        return (
            PreparationStep("clean", cleaned),
            PreparationStep("convert", indexed),
            PreparationStep(
                "augment",
                lambda interest: examples(with_negatives(interest, SEED), self.has_features),
            ),
        )

    def data(self) -> Data:
        """The lists are kept as numbers; what is known of users and films is looked up."""
        return _data(self.has_features)

    def loss(self, output: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy of rated or not, film by film."""
        return F.binary_cross_entropy_with_logits(output, targets)

    def evaluate(self, output: Tensor, examples: Split) -> dict[str, float]:
        """NDCG and hit rate among the first ten, and the area under the ROC curve of a list."""
        scores, targets = output.float().cpu(), examples.targets.cpu()
        return {
            "loss_nats": self.loss(scores, targets).item(),
            **ranking_scores(scores.numpy(), targets.numpy() > 0, CUTOFF),
        }


def examples(arrays: Arrays, has_features: bool) -> Data:
    """Lists as tensors: users, films; with features also groups, occupations and genres.

    Films and targets are lists x 100, genres lists x 100 x genres.
    """
    return Data(*(_split(arrays, side, has_features) for side in ("train", "held_out")))


def _split(arrays: Arrays, side: str, has_features: bool) -> Split:
    users, items = (arrays[f"{side}_{part}"].astype(np.int64) for part in ("users", "items"))
    inputs: list[Any] = [users, items]
    if has_features:
        inputs += [arrays[f"{part}_of_user"][users] for part in ("group", "occupation")]
        inputs.append(arrays["genres_of_item"][items].astype(np.float32))
    targets = arrays[f"{side}_targets"].astype(np.float32)
    return Split(tuple(torch.from_numpy(part) for part in inputs), torch.from_numpy(targets))


@functools.cache
def _data(has_features: bool) -> Data:
    return examples(kept_arrays(MOVIELENS, RECIPE, _made), has_features)


def _made() -> Arrays:
    return with_negatives(indexed(cleaned(movielens_files())), SEED)
