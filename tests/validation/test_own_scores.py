"""Scores of larger models from smaller ones, on curves measured on a two-core machine."""

import csv
from collections import defaultdict
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import fmean, stdev

import pytest

from engine.projection.accuracy_fit import Foreseen, fit_accuracy, foreseen
from engine.projection.score_curves import ScoreCurve, ScorePoint

MEASURED = Path(__file__).parent / "own_curves.csv"
AT_ONE_RATE = MEASURED.with_stem("own_curves_at_one_rate")
"""Of a recipe whose learning rate never falls, so that scores scatter more."""


@cache
def curves(measured: Path = MEASURED) -> dict[str, ScoreCurve]:
    found: dict[tuple[str, ...], dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    with measured.open(newline="") as file:
        for row in csv.DictReader(file):
            key = row["name"], row["data"], row["metric"]
            found[key][float(row["parameter_count"])].append(float(row["score_share"]))
    every = [ScoreCurve(*key, _points(sizes)) for key, sizes in found.items()]
    return {one.name: replace(one, reached=_reached(one, every)) for one in every}


def _points(sizes: dict[float, list[float]]) -> tuple[ScorePoint, ...]:
    return tuple(
        ScorePoint(n, fmean(s), stdev(s) if len(s) > 1 else None, len(s), 0.0)
        for n, s in sorted(sizes.items())
    )


def _reached(curve: ScoreCurve, every: list[ScoreCurve]) -> tuple[float, ...]:
    same = [o for o in every if (o.data, o.metric) == (curve.data, curve.metric) and o != curve]
    return tuple(max(p.score_share for p in other.points) for other in same)


def predicted(name: str) -> Foreseen:
    found = foreseen(curves()[name])
    assert found is not None
    return found


@pytest.mark.parametrize("name", sorted(curves()))
def test_the_largest_models_lie_within_two_points(name: str) -> None:
    found = predicted(name)
    assert abs(found.predicted_share - found.measured_share) <= 0.02
    assert found.held


@pytest.mark.parametrize("name", sorted(curves()))
def test_the_largest_of_every_curve_lies_in_its_range(name: str) -> None:
    assert predicted(name).held


def test_nine_of_ten_larger_sizes_lie_in_their_ranges() -> None:
    held = []
    for curve in (*curves().values(), *curves(AT_ONE_RATE).values()):
        for count in range(3, len(curve.points)):
            fit = fit_accuracy(curve.points[:count], curve.reached)
            assert fit is not None
            for point in curve.points[count:]:
                low, high = fit.range_share(point.parameter_count)
                held.append(bool(low <= point.score_share <= high))
    assert len(held) > 70
    assert 0.85 <= fmean(held) <= 0.95


def test_what_others_reached_narrows_the_range() -> None:
    curve = curves()["text-encoder"]
    alone = foreseen(replace(curve, reached=()))
    assert alone is not None
    together = predicted("text-encoder")
    assert together.high_share - together.low_share < alone.high_share - alone.low_share


def test_the_same_points_give_the_same_range() -> None:
    assert predicted("image-resnet") == predicted("image-resnet")
