"""Whether a measurement was disturbed, and which of its repeats lie far from the others.

Pure functions over records: neither torch nor a database is needed to ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median, quantiles
from typing import Literal

from engine.measurement.spread import median_interval
from engine.records import Measurement

Disturbance = Literal["spread", "other_programs", "clock_drift"]

WIDE_SHARE = 0.05
"""Half the median's 95 % interval over the median: beyond, the repeats do not say it well."""
OTHERS_SHARE = 0.1
"""Of all cores' time, taken by other programs while the work ran."""
CLOCK_CHANGE_SHARE = 0.05
"""Of the processor's clock, between the beginning and the end."""
CLOCK_CHANGES = ("cpu_clock_change_share", "gpu_clock_change_share")
FENCE = 1.5
"""Interquartile ranges beyond a quartile.

Source: Tukey 1977, "Exploratory Data Analysis", chapter 2
"""
FEWEST_FOR_QUARTILES = 4


def disturbances(m: Measurement) -> tuple[Disturbance, ...]:
    """What makes a measurement noisy; empty where nothing known does."""
    return tuple(_disturbances(m))


def far_repeats_s(m: Measurement) -> tuple[float, ...]:
    """Repeats beyond Tukey's fences, s: kept in the record, told apart for showing.

    Fewer than four repeats have no quartiles to be far from.
    """
    times_s = m.repeat_times_s
    if len(times_s) < FEWEST_FOR_QUARTILES:
        return ()
    low_s, _, high_s = quantiles(times_s, n=4, method="inclusive")
    reach_s = FENCE * (high_s - low_s)
    return tuple(t for t in times_s if not low_s - reach_s <= t <= high_s + reach_s)


def interval_share(times_s: Sequence[float]) -> float:
    """Half the median's 95 % interval over the median; of one repeat 0, which says nothing."""
    low_s, high_s = median_interval(times_s)
    return (high_s - low_s) / 2 / median(times_s)


def _disturbances(m: Measurement) -> Iterator[Disturbance]:
    if interval_share(m.repeat_times_s) > WIDE_SHARE:
        yield "spread"
    if m.metrics.get("other_cpu_use_share", 0.0) > OTHERS_SHARE:
        yield "other_programs"
    changes = (m.metrics.get(name, 0.0) for name in CLOCK_CHANGES)
    if any(abs(change) > CLOCK_CHANGE_SHARE for change in changes):
        yield "clock_drift"
