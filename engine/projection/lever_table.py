"""What each lever bought, with the spread over seeds: rows made of measurements.

A measurement is of a lever when it names its score in `metric` and holds that score
before and after. Energy and training time before come from the measurement of the same
recipe without the lever; where there is none, they are unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import NamedTuple

from engine.records import Measurement, Setting

RECIPE_SETTINGS = frozenset(
    {
        *("family", "domain", "data", "data_kind", "size", "seed", "optimiser", "activation"),
        *("precision", "compiled", "batch_size", "epoch_count", "train_example_count"),
    }
)
ANSWERED, TRAINED = "infer", "train"
"""Workloads that measure the same recipe without the lever."""


class Change(NamedTuple):
    """One quantity before and after a lever, means over seeds; None is unknown."""

    before: float | None
    after: float | None

    @property
    def ratio(self) -> float | None:
        """After over before."""
        if self.before is None or self.after is None or self.before == 0:
            return None
        return self.after / self.before


@dataclass(frozen=True, slots=True)
class LeverRow:
    """One lever at one setting on one model and machine."""

    lever: str
    """Name of the workload."""
    settings: Mapping[str, Setting]
    """The lever's own, as method or share."""
    family: str
    domain: str
    size: int
    machine_fingerprint: str
    metric: str
    """The score that counts."""
    seed_count: int
    score: Change
    score_change_share: float
    """Mean over seeds of after minus before."""
    score_spread_share: float | None
    """Standard deviation over seeds of the same; None with one seed."""
    artefact_bytes: Change
    packed_bytes: Change
    """Of the same file gzipped."""
    zero_share: Change
    """Among the numbers in the file."""
    latency_s: Change
    """Median of one example at a time."""
    examples_per_s: Change
    """Many at a time."""
    energy_j: Change
    """Of the whole training, or of answering one example where the lever changes answering."""
    energy_kind: str | None
    """`measured` or `estimated`."""
    training_time_s: Change


def lever_rows(measurements: Iterable[Measurement]) -> list[LeverRow]:
    """All rows, in the order in which their levers were first measured."""
    newest = _newest(measurements)
    plain = {_identity(m, _baseline(m)): m for m in newest if m.workload in (ANSWERED, TRAINED)}
    groups: dict[object, list[Measurement]] = defaultdict(list)
    for m in newest:
        if _score(m) is not None:
            groups[_identity(m, {k: v for k, v in m.settings.items() if k != "seed"})].append(m)
    return [_row(found, plain) for found in groups.values()]


def _newest(measurements: Iterable[Measurement]) -> list[Measurement]:
    found: dict[object, Measurement] = {}
    for m in measurements:
        key = _identity(m, m.settings)
        if key not in found or _age(found[key]) < _age(m):
            found[key] = m
    return list(found.values())


def _age(measurement: Measurement) -> tuple[str, int, float]:
    return (
        measurement.method_version,
        measurement.repetition_number,
        measurement.taken_at.timestamp(),
    )


def _identity(measurement: Measurement, settings: Mapping[str, Setting]) -> object:
    return (
        measurement.machine.fingerprint,
        measurement.workload,
        frozenset(settings.items()),
    )


def _score(measurement: Measurement) -> Change | None:
    metric = str(measurement.settings.get("metric", ""))
    metrics = measurement.metrics
    if metric in metrics and f"before_{metric}" in metrics:
        return Change(metrics[f"before_{metric}"], metrics[metric])
    return None


def _baseline(measurement: Measurement) -> dict[str, Setting]:
    """What the measurement without the lever shares with it."""
    shared = RECIPE_SETTINGS
    if _answers(measurement):
        shared |= {"runtime", "request_size"}
    return {key: value for key, value in measurement.settings.items() if key in shared}


def _answers(measurement: Measurement) -> bool:
    return "request_size" in measurement.settings


def _row(seeds: list[Measurement], plain: Mapping[object, Measurement]) -> LeverRow:
    one = seeds[0]
    scores = [score for score in map(_score, seeds) if score is not None]
    changes = [(score.after or 0.0) - (score.before or 0.0) for score in scores]
    own = {
        key: value
        for key, value in one.settings.items()
        if key not in RECIPE_SETTINGS | {"metric", "request_size"}
    }
    before = [_without(m, plain) for m in seeds]
    trains = not _answers(one)
    return LeverRow(
        lever=one.workload,
        settings=own,
        family=str(one.settings["family"]),
        domain=str(one.settings["domain"]),
        size=int(one.settings["size"]),
        machine_fingerprint=one.machine.fingerprint,
        metric=str(one.settings["metric"]),
        seed_count=len({m.settings.get("seed") for m in seeds}),
        score=_means(scores),
        score_change_share=fmean(changes),
        score_spread_share=stdev(changes) if len(changes) > 1 else None,
        artefact_bytes=_metric(seeds, "artefact_bytes"),
        packed_bytes=_metric(seeds, "packed_bytes"),
        zero_share=_metric(seeds, "zero_share"),
        latency_s=_metric(seeds, "p50_s"),
        examples_per_s=_metric(seeds, "examples_per_s"),
        energy_j=_pairs(before, seeds, _energy_j),
        energy_kind=one.energy_kind,
        training_time_s=_pairs(before, seeds, _training_time_s if trains else _nothing),
    )


def _without(measurement: Measurement, plain: Mapping[object, Measurement]) -> Measurement | None:
    workload = ANSWERED if _answers(measurement) else TRAINED
    settings = frozenset(_baseline(measurement).items())
    found = plain.get((measurement.machine.fingerprint, workload, settings))
    # Measured and estimated energy are never compared.
    return found if found and found.energy_kind == measurement.energy_kind else None


def _means(changes: list[Change]) -> Change:
    return Change(
        _mean([change.before for change in changes]), _mean([change.after for change in changes])
    )


def _mean(values: list[float | None]) -> float | None:
    """None where any is unknown: means over other seeds could not be compared."""
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def _metric(seeds: list[Measurement], name: str) -> Change:
    return _means([Change(m.metrics.get(f"before_{name}"), m.metrics.get(name)) for m in seeds])


def _pairs(
    before: list[Measurement | None],
    after: list[Measurement],
    quantity_of: Callable[[Measurement], float | None],
) -> Change:
    return _means(
        [
            Change(None if plain is None else quantity_of(plain), quantity_of(changed))
            for plain, changed in zip(before, after, strict=True)
        ]
    )


def _energy_j(measurement: Measurement) -> float | None:
    if measurement.energy_j is None:
        return None
    if _answers(measurement):
        return measurement.energy_j / float(measurement.settings["request_size"])
    return _of_all_steps(measurement, measurement.energy_j)


def _training_time_s(measurement: Measurement) -> float | None:
    mean_s = fmean(measurement.repeat_times_s)
    return _of_all_steps(measurement, mean_s)


def _of_all_steps(measurement: Measurement, value: float) -> float | None:
    step_count = measurement.metrics.get("step_count")
    return None if step_count is None else value * step_count


def _nothing(measurement: Measurement) -> None:  # noqa: ARG001
    return None


def client_energy_j(measurement: Measurement) -> float | None:
    """Energy one client of a federated training spends, on average; None where unknown.

    Only the client's own arithmetic: what sending takes is not in it.
    """
    step_count = measurement.metrics.get("step_count_per_client")
    if measurement.energy_j is None or step_count is None:
        return None
    return measurement.energy_j * step_count
