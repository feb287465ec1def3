"""What one replica does: its devices, its memory by part, its times, and what of them is input.

Shared by all ways of working it out: by the fit of language models, by the fit of items,
or by arithmetic and memory alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.elementwise import everywhere, plainly
from engine.projection.working import assumed, chosen, least_certain, unknown
from engine.records import Estimate, Kind, Note
from engine.scenario import Scenario
from engine.units import Float

WIDER_OUTSIDE = 1.3
"""Exponent that widens a range outside what was fitted."""


@dataclass(frozen=True, slots=True)
class Speed:
    """One replica at work. Times are with its whole batch running, but for `alone_s`."""

    devices_per_replica: Estimate
    batch_count: Estimate
    """Requests worked on together."""
    batch_limit_count: Estimate
    """Most that the memory holds."""
    requests_per_s: Estimate
    """Of one replica, its batch always full."""
    alone_s: Estimate
    """One request alone, start to end."""
    latency_s: Estimate
    ttft_s: Estimate
    tpot_s: Estimate
    input_time_share: Estimate
    """Share of the devices' working time that goes to input."""
    weight_bytes: Estimate
    cache_bytes: Estimate
    """Attention cache of the whole batch at full length."""
    temporary_bytes: Estimate
    cache_bytes_per_token: Estimate
    device_power_w: Estimate | None
    """Of one device at work; None leaves it to the general share of design power."""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Ratios:
    """Published over predicted: what held nine tenths of rows never fitted."""

    low_ratio: Float
    high_ratio: Float

    @property
    def inverse(self) -> Ratios:
        """The same for a rate, where these are of a time."""
        return Ratios(1.0 / self.high_ratio, 1.0 / self.low_ratio)

    def widened(self, exponent: Float) -> Ratios:
        """Wider on both sides alike, in proportion of logarithms."""
        return Ratios(self.low_ratio**exponent, self.high_ratio**exponent)


def fitted_kind(inputs: tuple[tuple[str, Estimate], ...]) -> Kind:
    """As certain as the least certain input, and as a fit at best."""
    return least_certain(("fitted", *[e.kind for _, e in inputs]))


def modelled(
    formula: str,
    value: Float,
    inputs: tuple[tuple[str, Estimate], ...],
    ratios: Ratios | None = None,
    kind: Kind | None = None,
) -> Estimate:
    """A number a fitted model gave, with its range; as certain as a fit at best.

    `kind` spares working it out again where many numbers have the same inputs.
    """
    kind = kind or fitted_kind(inputs)
    if kind == "unknown":
        return Estimate(None, "unknown", formula, inputs)
    plain = plainly(value)
    if ratios is None:
        return Estimate(plain, kind, formula, inputs)
    low, high = plainly(plain * ratios.low_ratio), plainly(plain * ratios.high_ratio)
    return Estimate(plain, kind, formula, inputs, low=low, high=high)


def ranged(estimate: Estimate, ratios: Ratios) -> Estimate:
    """The same number with a range around it."""
    value = estimate.value
    if value is None:
        return estimate
    low, high = plainly(value * ratios.low_ratio), plainly(value * ratios.high_ratio)
    return estimate._replace(low=low, high=high)


def usual_batch_count() -> Estimate:
    """Requests worked on together where nobody chose how many."""
    usual = assumed("serving_batch_count")
    return Estimate(usual.value, "chosen", note=usual.note, source=usual.source)


def picked_batch(scenario: Scenario, batch_count: Float, limit: Estimate) -> Estimate:
    """The batch that was picked: as chosen or usual, cut by memory, or for goals of latency."""
    given = scenario.serving_batch_count
    within = (("batch_limit_count", limit),) if limit.known else ()
    if given is None and goals(scenario):
        return modelled("serving_choice.batch_choice", batch_count, (*goals(scenario), *within))
    wanted = usual_batch_count() if given is None else chosen(given)
    if everywhere(batch_count == wanted.value):
        return wanted
    inputs = (("wanted_count", wanted), *within)
    return modelled("serving_choice.batch_choice", batch_count, inputs)


def not_generating() -> Estimate:
    """A number that only models have which write token by token."""
    return unknown("it does not write token by token")


def goals(scenario: Scenario) -> tuple[tuple[str, Estimate], ...]:
    """The goals of latency a scenario sets, by name."""
    named = {
        "ttft_slo_s": scenario.ttft_slo_s,
        "tpot_slo_s": scenario.tpot_slo_s,
        "latency_slo_s": scenario.latency_slo_s,
    }
    return tuple((name, chosen(goal)) for name, goal in named.items() if goal is not None)
