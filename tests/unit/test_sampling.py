"""Readings taken beside the work, and what becomes of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import count

import pytest

from engine.measurement.meters import MeterUnavailable
from engine.measurement.meters.sampling import (
    Reading,
    Sample,
    Sampler,
    integral,
    mean_over_time,
    series,
)

PATIENCE_S = 10.0


def told(values: Iterator[float]) -> Reading:
    """The next value; a meter that has no more is gone."""
    try:
        return {"power_w": next(values)}
    except StopIteration:
        raise MeterUnavailable("The GPU is lost.") from None


def until(sampler: Sampler, sample_count: int) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while len(sampler.samples) < sample_count and not sampler.died:
        assert time.monotonic() < deadline_s
        time.sleep(0.001)


def test_readings_go_on_beside_the_work_and_end_with_it() -> None:
    numbers = count(1.0)
    sampler = Sampler(lambda: told(numbers), period_s=0.001)
    sampler.start()
    until(sampler, 5)
    seen = sampler.stop()
    assert [sample.values["power_w"] for sample in seen] == [float(n + 1) for n in range(len(seen))]
    assert [sample.at_s for sample in seen] == sorted(sample.at_s for sample in seen)
    time.sleep(0.01)
    assert len(sampler.samples) == len(seen)


def test_a_meter_that_dies_keeps_what_it_said_and_raises_nothing() -> None:
    numbers = iter([3.0, 4.0])
    sampler = Sampler(lambda: told(numbers), period_s=0.001)
    sampler.start()
    until(sampler, 99)
    assert [sample.values["power_w"] for sample in sampler.stop()] == [3.0, 4.0]
    assert sampler.died


def test_a_window_left_open_ends_when_the_next_begins() -> None:
    before = threading.active_count()
    sampler = Sampler(lambda: told(count(1.0)), period_s=0.001)
    sampler.start()
    sampler.start()
    assert threading.active_count() == before + 1
    sampler.stop()
    assert threading.active_count() == before


def test_power_over_time_is_energy() -> None:
    points = [(0.0, 100.0), (1.0, 300.0), (3.0, 300.0)]
    assert integral(points) == 200.0 + 600.0
    assert mean_over_time(points) == pytest.approx(800.0 / 3.0)


def test_one_reading_has_no_area_and_none_has_no_mean() -> None:
    assert integral([(0.0, 100.0)]) is None
    assert mean_over_time([(0.0, 100.0)]) == 100.0
    assert mean_over_time([]) is None


def test_a_series_leaves_out_readings_without_the_quantity() -> None:
    samples = [Sample(0.0, {"a": 1.0}), Sample(1.0, {"b": 2.0}), Sample(2.0, {"a": 3.0})]
    assert series(samples, "a") == [(0.0, 1.0), (2.0, 3.0)]
