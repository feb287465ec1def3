"""Scores measured at several sizes of one recipe: the points that curves are fitted to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev

from engine.records import Measurement

OF_SIZE = frozenset({"size", "seed", "embedding_size", "vocabulary_size"})
"""Settings in which the models of one curve differ."""
ACCURACY = "accuracy_share"
FEWEST_SIZES = 3


@dataclass(frozen=True, slots=True)
class ScorePoint:
    """Score of one size of a model on one task, mean over its seeds."""

    parameter_count: float
    score_share: float
    score_sd_share: float | None
    seed_count: int
    train_example_count: float


@dataclass(frozen=True, slots=True)
class ScoreCurve:
    """All sizes of one recipe on one task."""

    name: str
    """Of the family; of the task for the plain text classifier."""
    data: str
    metric: str
    points: tuple[ScorePoint, ...]
    """Smallest first."""
    reached: tuple[float, ...] = ()
    """Best score of every other recipe on the same data, largest sizes included."""


def score_curves(found: Iterable[Measurement]) -> tuple[ScoreCurve, ...]:
    """Every recipe on every task, in the order of the measurements."""
    groups: dict[object, dict[float, list[Measurement]]] = defaultdict(lambda: defaultdict(list))
    for m in found:
        metric = str(m.settings.get("metric", ACCURACY))
        if m.workload in ("train", "text_classifier") and {"parameter_count", metric} <= set(
            m.metrics
        ):
            recipe = frozenset((k, v) for k, v in m.settings.items() if k not in OF_SIZE)
            groups[m.workload, m.method_version, recipe][m.metrics["parameter_count"]].append(m)
    curves = [_curve(sizes) for sizes in groups.values()]
    return tuple(replace(curve, reached=_reached(curve, curves)) for curve in curves)


def _curve(sizes: dict[float, list[Measurement]]) -> ScoreCurve:
    one = next(iter(sizes.values()))[0].settings
    name = str(one.get("family") or one["task"])
    metric = str(one.get("metric", ACCURACY))
    points = tuple(score_point(n, sizes[n], metric) for n in sorted(sizes))
    return ScoreCurve(name, str(one.get("data") or one["task"]), metric, points)


def score_point(
    parameter_count: float, runs: Sequence[Measurement], metric: str = ACCURACY
) -> ScorePoint:
    """One size, of all its seeds."""
    by_seed = {m.settings.get("seed"): m.metrics[metric] for m in runs}
    scores = list(by_seed.values())
    return ScorePoint(
        parameter_count,
        fmean(scores),
        stdev(scores) if len(scores) > 1 else None,
        len(scores),
        fmean(m.metrics.get("train_example_count", 0.0) for m in runs),
    )


def _reached(curve: ScoreCurve, curves: Sequence[ScoreCurve]) -> tuple[float, ...]:
    return tuple(
        max(point.score_share for point in other.points)
        for other in curves
        if len(other.points) >= FEWEST_SIZES
        and other is not curve
        and (other.data, other.metric) == (curve.data, curve.metric)
    )
