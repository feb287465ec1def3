"""Training networks on images: predictions of published rows, and the fit behind them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from functools import cache, partial
from typing import Any

import numpy as np

from engine.projection.image_speed import (
    ANYTHING,
    DEVICE,
    FORMAT,
    SOFTWARE,
    WIDER_OUTSIDE,
    image_training_fit,
)
from engine.projection.image_step import ImageEfficiencies, images_per_s
from engine.projection.serving_fit import Constant, ErrorRange, ServingFit
from engine.validation.image_names import network_family
from engine.validation.image_training_rows import (
    DOMAINS,
    ImageReading,
    arrays,
    is_device_count_known,
    read,
)
from engine.validation.range_widths import Miss, Misses
from engine.validation.rows import (
    TRAINING_ANSWERS,
    Prediction,
    Range,
    Row,
    published,
    without_answers,
)
from engine.validation.serving_calibration import Prior, Rows, error_ranges, fit_constants
from engine.validation.serving_groups import merged

ANSWERS = ("samples_per_s", "step_time_s")
UNFITTED = ErrorRange(0.5, 2.0, 0)
NEW_DEVICE = "accelerator-not-seen"
MOST_FOLDS = 10
PRIORS: Mapping[str, Prior] = {
    "dense_share": Prior(0.6, 0.3, {SOFTWARE: 0.2, FORMAT: 0.2, DEVICE: 0.25}),
    "channels_last_ratio": Prior(1.1, 0.3),
    "density_exponent": Prior(0.2, 0.7),
    "grouped_share": Prior(0.3, 0.7, {FORMAT: 0.3}),
    "grouped_last_ratio": Prior(0.3, 1.0),
    "attention_share": Prior(0.2, 0.7),
    "traffic_per_product_output": Prior(2.5, 0.6),
    "traffic_of_turning_ratio": Prior(1.5, 0.4),
    "traffic_per_depthwise_output": Prior(20.0, 0.7, {SOFTWARE: 0.3, FORMAT: 0.3}),
    "traffic_per_depthwise_product": Prior(0.5, 0.7),
    "traffic_per_output": Prior(8.0, 0.6, {SOFTWARE: 0.4, FORMAT: 0.4, DEVICE: 0.25}),
    "overlap_excess": Prior(0.5, 0.5),
    "launch_s": Prior(1e-5, 0.7),
    "optimiser_bytes_per_parameter": Prior(25.0, 0.5),
    "waiting_per_doubling": Prior(0.02, 0.7, {SOFTWARE: 0.3}),
}
"""Shares of peak and numbers moved for each written, before a row is weighed: round guesses."""


def predict(rows: Sequence[Row], fit: ServingFit | None = None) -> list[Prediction]:
    """What every row's answers are predicted to be; answers and notes are not looked at."""
    using = fit or image_training_fit()
    hidden = [without_answers(row, TRAINING_ANSWERS) for row in rows]
    found = [read(row) for row in hidden]
    speeds = iter(_speeds([r for r in found if isinstance(r, ImageReading)], using))
    return [
        _prediction(row, one, next(speeds), using)
        if isinstance(one, ImageReading)
        else Prediction(refused_because=one)
        for row, one in zip(hidden, found, strict=True)
    ]


def is_image_row(row: Row) -> bool:
    """Whether a training row is of a network on images that can be counted."""
    domain = row.get("domain", "")
    return domain == "vision" or (domain in DOMAINS and isinstance(read(row), ImageReading))


def _speeds(readings: Sequence[ImageReading], fit: ServingFit) -> list[float]:
    if not readings:
        return []
    step, traits = arrays(readings)
    speeds = images_per_s(step, fit.efficiencies(ImageEfficiencies, traits))
    return [float(speed) for speed in np.asarray(speeds)]


def _prediction(row: Row, one: ImageReading, speed: float, fit: ServingFit) -> Prediction:
    if not is_device_count_known(row):
        return Prediction(refused_because="how many devices work together is not told")
    seen = one.traits[DEVICE] in fit.known.get(DEVICE, ())
    wider = 1.0 if seen else WIDER_OUTSIDE
    span = fit.range_for(ANYTHING)
    low, high = speed * span.low_ratio**wider, speed * span.high_ratio**wider
    answers = {"samples_per_s": Range(speed, low, high)}
    batch = one.global_batch_count
    answers["step_time_s"] = Range(batch / speed, batch / high, batch / low)
    flags = () if seen else (NEW_DEVICE,)
    return Prediction("fitted", answers, flags)


def examples(rows: Sequence[Row]) -> list[tuple[Row, ImageReading, float]]:
    """Rows of known network, device and speed."""
    kept = [(row, one) for row in rows if isinstance(one := read(row), ImageReading)]
    return [
        (row, one, speed)
        for row, one in kept
        if is_device_count_known(row) and (speed := published(row, "samples_per_s"))
    ]


def fit_rows(
    rows: Sequence[Row], start: Mapping[str, Constant] | None = None
) -> dict[str, Constant]:
    """Constants fitted to what these rows published."""
    kept = examples(rows)
    step, traits = arrays([one for _, one, _ in kept])
    names = [f.name for f in fields(ImageEfficiencies)]

    def formula(constants: Mapping[str, Any]) -> Any:
        return np.log(images_per_s(step, ImageEfficiencies(**{n: constants[n] for n in names})))

    speeds = np.array([speed for *_, speed in kept])
    sources = [row.get("source_id", "") for row, *_ in kept]
    each = Rows(speeds, np.arange(len(kept)), sources)
    return fit_constants(PRIORS, traits, formula, each, start)


def predicted_left_out(
    rows: Sequence[Row], group_of: Callable[[Row], str] | None = None
) -> list[Prediction]:
    """Predictions of each family's rows by constants, and ranges, from all the others."""
    name_of = group_of or (lambda row: network_family(row.get("model", "")))
    groups = merged([name_of(row) for row in rows], MOST_FOLDS)
    everything = fit_rows(rows)
    found: list[Prediction] = [Prediction()] * len(rows)
    for name in sorted(set(groups)):
        others = [row for row, other in zip(rows, groups, strict=True) if other != name]
        fit = ServingFit(fit_rows(others, everything), {ANYTHING: UNFITTED}, _known(others))
        at = [i for i, other in enumerate(groups) if other == name]
        for i, prediction in zip(at, predict([rows[i] for i in at], fit), strict=True):
            found[i] = prediction
    return _with_ranges(rows, found)


def _with_ranges(rows: Sequence[Row], found: Sequence[Prediction]) -> list[Prediction]:
    """Each with ranges from other sources than its own."""
    misses = _misses(rows, found)
    ranges_without = cache(partial(error_ranges, misses))
    return [
        _ranged(row, one, ServingFit({}, ranges_without(row.get("source_id", "")), {}))
        for row, one in zip(rows, found, strict=True)
    ]


def _ranged(row: Row, prediction: Prediction, fit: ServingFit) -> Prediction:
    one = read(row)
    if not isinstance(one, ImageReading) or not prediction.answers:
        return prediction
    speed = prediction.answers["samples_per_s"].value
    known = {DEVICE: () if NEW_DEVICE in prediction.flags else (one.traits[DEVICE],)}
    return _prediction(row, one, speed, replace(fit, known=known))


def _known(rows: Sequence[Row]) -> dict[str, tuple[str, ...]]:
    readings = [one for _, one, _ in examples(rows)]
    return {
        kind: tuple(sorted({r.traits[kind] for r in readings}))
        for kind in (DEVICE, FORMAT, SOFTWARE)
    }


def _misses(rows: Sequence[Row], predictions: Sequence[Prediction]) -> Misses:
    """Of every speed both published and predicted, by how much it was missed."""
    found = []
    for row, prediction in zip(rows, predictions, strict=True):
        one, speed = read(row), published(row, "samples_per_s")
        part = prediction.answers.get("samples_per_s")
        if part is not None and speed is not None and isinstance(one, ImageReading):
            wider = WIDER_OUTSIDE if NEW_DEVICE in prediction.flags else 1.0
            missed = math.log(speed / part.value) / wider
            found.append(Miss(row.get("source_id", ""), missed, (ANYTHING,), ANYTHING))
    return Misses(found)


def calibrated_fit(rows: Sequence[Row]) -> ServingFit:
    """Constants and ranges from published rows; ranges from families, then sources, left out."""
    kept = [row for row, *_ in examples(rows)]
    by_family = predicted_left_out(kept)
    by_source = predicted_left_out(kept, lambda row: row.get("source_id", ""))
    ranges = error_ranges(_misses([*kept, *kept], [*by_family, *by_source]))
    return ServingFit(fit_rows(kept), ranges, _known(kept))


def roofs(rows: Sequence[Row]) -> list[dict[str, float]]:
    """Of each row the speed with all arithmetic at peak."""
    return [_roof(one) if isinstance(one := read(row), ImageReading) else {} for row in rows]


def _roof(one: ImageReading) -> dict[str, float]:
    v = one.values
    flop = v["dense_flop"] + v["grouped_flop"] + v["depthwise_flop"] + v["attention_flop"]
    speed = v["peak_flop_per_s"] * v["device_count"] / (3.0 * flop)
    return {"samples_per_s": speed, "step_time_s": one.global_batch_count / speed}
