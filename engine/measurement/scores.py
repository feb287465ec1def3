"""How right a classifier is, counted on texts it has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Classes = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Scores:
    """Shares from 0 to 1."""

    accuracy_share: float
    precision_share: float
    recall_share: float
    f1_share: float


def scores(true: Classes, predicted: Classes, class_count: int) -> Scores:
    """Scores of class 1 where there are two classes; else the plain mean over classes (macro).

    Classes absent from both sides are left out of the mean. A share of nothing, such
    as the precision of a class never predicted, counts as 0, as is customary.

    Raises:
        ValueError: the two sides differ in length, or are empty.
    """
    if not 0 < len(true) == len(predicted):
        raise ValueError(f"{len(true)} true classes cannot be held against {len(predicted)}")
    hits = np.bincount(true[true == predicted], minlength=class_count)
    truths = np.bincount(true, minlength=class_count)
    guesses = np.bincount(predicted, minlength=class_count)
    judged = slice(1, 2) if class_count == 2 else truths + guesses > 0
    return Scores(
        accuracy_share=float(hits.sum() / len(true)),
        precision_share=_mean_share(hits[judged], guesses[judged]),
        recall_share=_mean_share(hits[judged], truths[judged]),
        f1_share=_mean_share(2 * hits[judged], (truths + guesses)[judged]),
    )


def _mean_share(part: Classes, whole: Classes) -> float:
    return float(np.mean(part / np.maximum(whole, 1)))
