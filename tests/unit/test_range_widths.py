"""90 % ranges hold for a source never seen, and its own rows have no say in them."""

from collections.abc import Callable

import numpy as np
import pytest

from engine.validation.range_widths import (
    FEWEST_SOURCES,
    Miss,
    Misses,
    range_for,
    weighted_percentiles,
)

ROWS_PER_SOURCE = 30


def _source(name: str, random: np.random.Generator, spread: float = 0.1) -> list[Miss]:
    """Rows that share a bias twice as large as what sets them apart."""
    bias = random.normal(0.0, 2.0 * spread)
    logs = bias + random.normal(0.0, spread, ROWS_PER_SOURCE)
    return [Miss(name, float(log), ("rate",)) for log in logs]


def _held_share(found: Misses, source: str, regime: str = "rate") -> float:
    low, high = found.ranges(without=source)[regime]
    own = [miss.log_ratio for miss in found.misses if miss.source == source]
    return float(np.mean([low <= log <= high for log in own]))


def _held_shares(times: int, source_count: int, made: Callable[[str], list[Miss]]) -> list[float]:
    """Of each source, left out, in each of several sets."""
    held = []
    for _ in range(times):
        names = [f"source {i}" for i in range(source_count)]
        found = Misses([miss for name in names for miss in made(name)])
        held += [_held_share(found, name) for name in names]
    return held


def test_ranges_hold_nine_tenths_of_sources_left_out() -> None:
    random = np.random.default_rng(0)
    held = _held_shares(20, 10, lambda name: _source(name, random))
    assert np.mean(held) == pytest.approx(0.90, abs=0.03)


def _wild_source(name: str, random: np.random.Generator) -> list[Miss]:
    """Rows of a source that may be far off, or all over the place."""
    bias, spread = 0.1 * random.standard_t(2), 0.1 * np.exp(random.normal(0.0, 0.8))
    logs = random.normal(bias, spread, ROWS_PER_SOURCE)
    return [Miss(name, float(log), ("rate",)) for log in logs]


def test_of_few_and_unlike_sources_the_next_is_held_too() -> None:
    random = np.random.default_rng(4)
    held = _held_shares(30, 6, lambda name: _wild_source(name, random))
    assert np.mean(held) == pytest.approx(0.90, abs=0.03)


def test_rows_of_a_source_do_not_change_its_own_range() -> None:
    random = np.random.default_rng(1)
    others = [miss for i in range(6) for miss in _source(f"source {i}", random)]
    near = [Miss("new", 0.01, ("rate",))] * 5
    far = [Miss("new", 3.0, ("rate",))] * 500
    expected = Misses(others).ranges()
    assert Misses(others + near).ranges(without="new") == expected
    assert Misses(others + far).ranges(without="new") == expected
    assert Misses(others + far).ranges()["rate"][1] > expected["rate"][1]


def test_ranges_that_are_too_wide_become_narrower() -> None:
    """Of sources without a bias of their own, a few wild ones do not widen it for all."""
    random = np.random.default_rng(2)
    calm = [
        Miss(f"source {i}", float(log), ("rate",))
        for i in range(12)
        for log in random.uniform(-0.2, 0.2, ROWS_PER_SOURCE)
    ]
    low, high = Misses(calm).ranges()["rate"]
    assert low == pytest.approx(-0.18, abs=0.02)
    assert high == pytest.approx(0.18, abs=0.02)


def test_ranges_of_sources_unlike_each_other_never_become_narrower() -> None:
    """One source of each kind: the calm ones say nothing of a kind that is not."""
    found = [
        Miss(f"source {i}", sign * size, (f"{quantity}/{i}", "anything"), quantity)
        for quantity, size in (("rate", 0.1), ("time", 0.5))
        for i in range(6)
        for sign in (-1.0, 1.0)
    ]
    free, kept = Misses(found).ranges(), Misses(found, may_narrow=False).ranges()
    assert range_for(free, ("rate/0", "anything")) == pytest.approx((-0.1, 0.1), abs=0.01)
    assert range_for(kept, ("rate/0", "anything")) == pytest.approx((-0.5, 0.5), abs=0.01)


def test_a_regime_of_few_sources_is_no_surer_than_the_next_wider() -> None:
    wide = [
        Miss(f"source {i}", sign * 0.5, ("rate/other", "rate"))
        for i in range(FEWEST_SOURCES)
        for sign in (-1.0, 1.0)
    ]
    sure = [Miss("only", sign * 0.01, ("rate/only", "rate")) for sign in (-1.0, 1.0)]
    found = Misses(wide + sure).ranges()
    assert range_for(found, ("rate/only", "rate")) == found["rate"]
    assert range_for(found, ("rate/unseen", "rate")) == found["rate"]
    assert range_for(found, ("power",)) is None


def test_quantities_are_stretched_apart() -> None:
    random = np.random.default_rng(3)
    biased = [miss for i in range(8) for miss in _source(f"source {i}", random)]
    exact = [
        Miss(f"source {i}", float(log), ("time",), "time")
        for i in range(8)
        for log in random.uniform(-0.1, 0.1, ROWS_PER_SOURCE)
    ]
    assert Misses(biased + exact).ranges()["time"] == Misses(exact).ranges()["time"]


def test_one_source_off_to_one_side_moves_both_ends_alike() -> None:
    """However near to 0 the end is that it passed: by the width, not by the place of that end."""
    calm = np.linspace(-0.05, 0.75, 41)
    spread = [Miss(f"source {i}", log, ("rate",)) for i in range(7) for log in calm]
    below = [Miss("below", -0.4, ("rate",))] * 41
    low, high = Misses(spread + below).ranges()["rate"]
    assert low < -0.4
    assert high - 0.75 == pytest.approx(-0.4 - low, abs=0.06)


def test_a_far_row_is_not_gone_to_half_way() -> None:
    """A source of three rows weighs as much as one of hundreds; between them nothing is known."""
    many = [Miss("many", log, ("rate",)) for log in [-5.0, *np.linspace(-0.1, 0.1, 400)]]
    three = [Miss("three", log, ("rate",)) for log in (-0.2, 0.0, 0.2)]
    [low] = weighted_percentiles([(m.source, m.log_ratio) for m in many + three], (5.0,))
    assert low == pytest.approx(-0.2)
