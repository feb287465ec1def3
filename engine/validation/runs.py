"""Published whole training runs, predicted: device-hours, wall time and energy.

A run of known tokens takes them at the predicted speed, slowed by what is lost to restarts,
checkpoints and evaluation. A run of known FLOP only takes them at a share of peak.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.projection.throughput_fit import ThroughputFit, throughput_fit
from engine.units import SECONDS_PER_HOUR, TERA
from engine.validation.accelerator_names import accelerator_of
from engine.validation.range_widths import Miss, Misses, weighted_percentiles
from engine.validation.rows import (
    RUN_ANSWERS,
    Prediction,
    Range,
    Row,
    number,
    published,
    without_answers,
)
from engine.validation.score import Scores, compared, constant_baseline, scores
from engine.validation.training import examples
from engine.validation.training import predict as predict_training
from engine.validation.training_fit import fit
from engine.validation.training_models import ImpossibleError
from engine.validation.training_scores import organisation_of, scored_rows, source_of

BY_SPEED, BY_FLOP = "by-speed", "by-flop"
NOT_FITTED = {BY_SPEED: (-0.15, -0.5, 0.2), BY_FLOP: (-1.2, -2.5, 0.0)}
"""Before any run is seen: 85 % of steady speed; 30 % of peak."""
SCORED = ("device_hours",)
WHOLE_RUN = "MLPerf"
FACILITY_RATIO = 1.1
"""Energy of the site over that of the accelerators at design power, as model cards count it."""
WATTS_PER_MEGAWATT = 1e6
STEPS = re.compile(r"([\d.]+)\s*steps\s*x\s*([\d.]+)")
LANGUAGE = ("llm", "llm-encoder", "llm-encdec", "language")


@dataclass(frozen=True, slots=True)
class Run:
    """Device-hours of a run before losses, and how they were worked out."""

    way: str
    device_hours: float
    device_count: float | None
    design_power_w: float | None


def predict(rows: Sequence[Row], fitted: ThroughputFit | None = None) -> list[Prediction]:
    """Device-hours of each run; answer columns and notes in the rows are not looked at."""
    fitted = fitted or throughput_fit()
    found: list[Prediction] = []
    for row in rows:
        try:
            found.append(_prediction(run_of(row, fitted), fitted))
        except ImpossibleError as reason:
            found.append(Prediction(refused_because=str(reason)))
    return found


def run_of(row: Row, fitted: ThroughputFit) -> Run:
    """What a row's run takes at steady speed, or at peak where only its FLOP are told.

    Raises:
        ImpossibleError: neither tokens nor FLOP, no known accelerator, or no known size.
    """
    row = without_answers(row, RUN_ANSWERS)
    tokens, flop = _token_count(row), number(row.get("train_flops"))
    if WHOLE_RUN in row.get("workload", "") or not (tokens or flop):
        raise ImpossibleError("neither tokens nor FLOP of the whole run are given")
    if tokens and row.get("domain", "") in LANGUAGE:
        return _by_speed(row, tokens, fitted)
    if not flop:
        raise ImpossibleError("tokens are given, and FLOP are not, for no language model")
    return _by_flop(row, flop)


def _by_speed(row: Row, tokens: float, fitted: ThroughputFit) -> Run:
    domain = "llm" if row.get("domain") == "language" else row.get("domain", "llm")
    [speed] = predict_training([{**row, "domain": domain}], fitted)
    if speed.refused_because:
        raise ImpossibleError(speed.refused_because)
    rate = speed.answers["tokens_per_s_per_device"].value
    return Run(BY_SPEED, tokens / rate / SECONDS_PER_HOUR, *_count_and_power(row))


def _by_flop(row: Row, flop: float) -> Run:
    found = accelerator_of(row)
    if found is None:
        raise ImpossibleError("no accelerator of the catalogue is named")
    _, accelerator = found
    fact = accelerator.bf16_dense_tflops or accelerator.fp16_dense_tflops
    fact = fact or accelerator.fp32_dense_tflops
    if fact is None:
        raise ImpossibleError(f"no peak is known for {accelerator.name}")
    hours = flop / (fact.value * TERA) / SECONDS_PER_HOUR
    return Run(BY_FLOP, hours, *_count_and_power(row))


def _count_and_power(row: Row) -> tuple[float | None, float | None]:
    count = number(row.get("n_devices"))
    found = accelerator_of(row)
    power = found[1].tdp_w if found else None
    return count if count and count > 0 else None, power.value if power else None


def _token_count(row: Row) -> float | None:
    text = row.get("tokens_total", "")
    steps = STEPS.search(text)
    return float(steps[1]) * float(steps[2]) if steps else number(text)


def _prediction(run: Run, fitted: ThroughputFit) -> Prediction:
    middle, low, high = fitted.runs.get(run.way, NOT_FITTED[run.way])
    hours = [run.device_hours * float(np.exp(-end)) for end in (middle, high, low)]
    answers = {"device_hours": Range(*hours)}
    if run.device_count:
        answers["wall_hours"] = Range(*(hour / run.device_count for hour in hours))
    if run.design_power_w:
        megawatts = run.design_power_w * FACILITY_RATIO / WATTS_PER_MEGAWATT
        answers["energy_mwh"] = Range(*(hour * megawatts for hour in hours))
    return Prediction("fitted", answers, (run.way,))


def is_above_roof(row: Row) -> bool:
    """Whether a row says it took fewer hours than its FLOP need at peak: it cannot be right."""
    least, hours = _roof(row).get("device_hours"), published(row, "device_hours")
    return least is not None and hours is not None and hours < least


def fit_runs(rows: Sequence[Row], fitted: ThroughputFit) -> ThroughputFit:
    """The same fit with what whole runs lose, from runs with device-hours published."""
    ratios: dict[str, list[tuple[str, float]]] = {}
    for row in scored_rows(rows):
        if is_above_roof(row):
            continue
        hours = published(row, "device_hours")
        try:
            run = run_of(row, fitted)
        except ImpossibleError:
            continue
        if hours is not None:
            ratio = (source_of(row), float(np.log(run.device_hours / hours)))
            ratios.setdefault(run.way, []).append(ratio)
    return replace(fitted, runs={way: _spread(found) for way, found in sorted(ratios.items())})


def _spread(ratios: Sequence[tuple[str, float]]) -> tuple[float, float, float]:
    [middle] = weighted_percentiles(ratios, (50.0,))
    misses = Misses([Miss(source, ratio - middle, ("run",)) for source, ratio in ratios])
    low, high = misses.ranges()["run"]
    return middle, middle + low, middle + high


def cross_validated(rows: Sequence[Row], training_rows: Sequence[Row]) -> tuple[Scores, Scores]:
    """Errors of device-hours by source, each predicted by fits that saw nothing of its publisher.

    First runs of known size, tokens and hardware, then runs known by their FLOP only. The steady
    speed is fitted on `training_rows` of other organisations and the losses on runs of other
    sources. Beside it: 6 FLOP a parameter and token at one share of peak.
    """
    rows = [row for row in scored_rows(rows) if not is_above_roof(row)]
    known = examples(training_rows)
    everything = fit([example for example, _ in known])
    predictions: dict[int, Prediction] = {}
    for source in sorted({source_of(row) for row in rows}):
        positions = [i for i, row in enumerate(rows) if source_of(row) == source]
        owners = {organisation_of(rows[i]) for i in positions}
        others = [e for e, row in known if organisation_of(row) not in owners]
        fitted = fit(others, everything)
        fitted = fit_runs([row for row in rows if source_of(row) != source], fitted)
        found = predict([rows[i] for i in positions], fitted)
        predictions.update(zip(positions, found, strict=True))
    ways = (BY_SPEED, BY_FLOP)
    return _scored(rows, predictions, ways[0]), _scored(rows, predictions, ways[1])


def _scored(rows: Sequence[Row], predictions: Mapping[int, Prediction], way: str) -> Scores:
    shown = [i for i in range(len(rows)) if way in predictions[i].flags]
    chosen = [rows[i] for i in shown]
    baseline = constant_baseline(chosen, [_roof(row) for row in chosen], SCORED)
    return scores(
        compared(chosen, [predictions[i] for i in shown], SCORED),
        compared(chosen, baseline, SCORED),
    )


def _roof(row: Row) -> dict[str, float]:
    tokens, size = _token_count(row), number(row.get("params"))
    flop = 6 * tokens * size if tokens and size else number(row.get("train_flops"))
    if not flop:
        return {}
    try:
        return {"device_hours": _by_flop(row, flop).device_hours}
    except ImpossibleError:
        return {}
