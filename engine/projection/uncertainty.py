"""What may come of it: many draws of every uncertain input through the same formulas.

An input's 90 % range is taken as the 5th and 95th percentile and its number as the median:
of a lognormal where all three are positive, of the odds where it is a share, else of a normal;
each side by its own width. An input used in many places, such as the price of electricity, is
one draw in all of them. Inputs are independent unless a correlation is given.

Source: JCGM 101:2008, "Propagation of distributions using a Monte Carlo method",
https://www.bipm.org/en/committees/jc/jcgm/publications
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from engine.projection.ranges import Reworked, has_range, identity, uncertain
from engine.records import BadInput, Estimate

Array = npt.NDArray[np.float64]
Correlations = Mapping[tuple[str, str], float]
"""Of the normal scores of two inputs, by their names."""

AT_95_NORMAL = 1.6448536269514722
"""Standard normal at its 95th percentile."""
AT_ONCE = 4_096
"""Draws worked out together: they fit the processor's cache."""
MOST_DRAWS = 1_000_000

SHARES = ("_share", "mfu")
"""Endings of names of numbers from 0 to 1."""
OPEN_CHOICES = {
    "electricity_usd_per_kwh": "usd_per_kwh",
    "carbon_kgco2e_per_kwh": "grid_kgco2e_per_kwh",
}
"""Inputs of formulas that stand for a choice of another name."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One uncertain input."""

    name: str
    estimate: Estimate
    """Its number and 90 % range."""
    keys: tuple[Hashable, ...]
    """Where it stands among the estimates, as `Reworked.given` takes them."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """One number over all draws."""

    mean: float
    low: float
    """5th percentile."""
    middle: float
    high: float
    """95th percentile."""
    none_share: float
    """Of the draws, those in which it has no answer; the others make the numbers above."""


def doubts(
    shown: Mapping[str, Estimate],
    known: Mapping[str, Estimate] | None = None,
    own: Mapping[str, tuple[float, float]] | None = None,
) -> tuple[Doubt, ...]:
    """Everything uncertain that the numbers rest on.

    Args:
        shown: Numbers of interest, by name.
        known: Inputs whose name is not that of the argument they are given to.
        own: 90 % ranges to take instead of those on record, by name of the input.

    Raises:
        BadInput: there is no such input, or its number is outside its range.
    """
    named = list(_named(shown.items(), set()))
    names = {identity(e): name for name, e in named if has_range(e)}
    names |= {identity(e): name for name, e in (known or {}).items() if has_range(e)}
    replaced = [_own(name, ends, known or {}, named) for name, ends in (own or {}).items()]
    taken = {key for doubt in replaced for key in doubt.keys}
    found = [
        Doubt(names[key], estimate, (key,))
        for key, estimate in uncertain(shown.values()).items()
        if np.asarray(estimate.value).ndim == 0 and estimate.low != estimate.high
    ]
    kept = [d for d in found if id(d.estimate) not in taken and d.name not in (own or {})]
    return tuple(replaced + kept)


def _named(
    inputs: Iterable[tuple[str, Estimate]], seen: set[int]
) -> Iterator[tuple[str, Estimate]]:
    """Every number on the way down, by the argument it is given to."""
    for name, estimate in inputs:
        if id(estimate) not in seen:
            seen.add(id(estimate))
            yield name.rpartition(".")[2], estimate
            yield from _named(estimate.inputs, seen)


def _own(
    name: str,
    ends: tuple[float, float],
    known: Mapping[str, Estimate],
    named: Sequence[tuple[str, Estimate]],
) -> Doubt:
    argument = OPEN_CHOICES.get(name, name)
    found = [known[name]] if name in known else [e for n, e in named if n == argument]
    found = [e for e in found if not e.inputs or name in known]
    if not found or found[0].value is None:
        leaves = {n for n, e in named if not e.inputs and e.known}
        near = difflib.get_close_matches(name, {*known, *leaves, *OPEN_CHOICES}, 3)
        hint = f" Close: {', '.join(near)}." if near else ""
        raise BadInput(f"{name} is no number that this rests on, so it has no range.{hint}")
    low, high = ends
    if not low <= float(found[0].value) <= high:
        raise BadInput(
            f"{name} is {float(found[0].value):g}, outside its range {low:g} to {high:g}. "
            f"Set {name} as well, or widen the range."
        )
    doubt = found[0]._replace(low=low, high=high)
    return Doubt(name, doubt, tuple(id(e) for e in found))


def drawn(doubt: Doubt, normal: Array) -> Array:
    """Values of an input at standard normal scores; 0 is its number, ±1.645 its range's ends."""
    middle, low, high = (
        float(v)  # type: ignore[arg-type]
        for v in (doubt.estimate.value, doubt.estimate.low, doubt.estimate.high)
    )
    is_share = doubt.name.endswith(SHARES) and low >= 0 and high <= 1
    if is_share and low > 0 and high < 1:
        return np.asarray(expit(_sided(logit(middle), logit(low), logit(high), normal)))
    if low > 0 and not is_share:
        return np.asarray(np.exp(_sided(np.log(middle), np.log(low), np.log(high), normal)))
    values = _sided(middle, low, high, normal)
    return np.clip(values, 0.0 if low >= 0 else -np.inf, 1.0 if is_share else np.inf)


def _sided(middle: float, low: float, high: float, normal: Array) -> Array:
    width = np.where(normal > 0, high - middle, middle - low)
    return np.asarray(middle + normal / AT_95_NORMAL * width)


def normals(
    found: Sequence[Doubt], draw_count: int, seed: int, correlations: Correlations | None = None
) -> Array:
    """Standard normal scores, a row a draw and a column an input; the same for the same seed.

    Raises:
        BadInput: too few or too many draws, or correlations that cannot hold together.
    """
    if not 2 <= draw_count <= MOST_DRAWS:
        raise BadInput(f"{draw_count:,} draws: take from 2 to {MOST_DRAWS:,}.")
    scores = np.random.default_rng(seed).standard_normal((draw_count, len(found)))
    return scores @ _mixing(found, correlations).T if correlations else scores


def _mixing(found: Sequence[Doubt], correlations: Correlations) -> Array:
    places = {doubt.name: i for i, doubt in enumerate(found)}
    table = np.eye(len(found))
    for (one, other), correlation in correlations.items():
        for name in (one, other):
            if name not in places:
                raise BadInput(f"{name} is not uncertain here, so nothing goes along with it.")
        table[places[one], places[other]] = table[places[other], places[one]] = correlation
    try:
        return np.asarray(np.linalg.cholesky(table))
    except np.linalg.LinAlgError as error:
        raise BadInput(
            "These correlations cannot all hold at once; each must lie between -1 and 1."
        ) from error


def worked_out(
    shown: Mapping[str, Estimate], found: Sequence[Doubt], normal: Array
) -> dict[str, Array]:
    """Each number at every row of scores, through the formulas that gave it.

    Args:
        shown: Numbers of interest; those unknown are left out.
        found: Inputs that move.
        normal: Shape (draws, inputs).
    """
    wanted = {name: e for name, e in shown.items() if e.known}
    values = {name: np.empty(len(normal)) for name in wanted}
    with np.errstate(all="ignore"):
        for start in range(0, len(normal), AT_ONCE):
            columns = np.ascontiguousarray(normal[start : start + AT_ONCE].T)
            moved = [drawn(doubt, column) for doubt, column in zip(found, columns, strict=True)]
            again = Reworked(
                {key: m for doubt, m in zip(found, moved, strict=True) for key in doubt.keys}
            )
            for name, estimate in wanted.items():
                values[name][start : start + AT_ONCE] = again.value(estimate)
    return values


def outlook(values: Array) -> Outlook | None:
    """Mean and percentiles of one number; None where no draw has an answer."""
    answered = values[np.isfinite(values)]
    if not answered.size:
        return None
    low, middle, high = np.percentile(answered, (5, 50, 95)).tolist()
    none_share = 1.0 - answered.size / values.size
    return Outlook(float(answered.mean()), low, middle, high, none_share)


@dataclass(frozen=True, slots=True)
class Risk:
    """What can go wrong with a value, in dollars of now."""

    mean_usd: float
    loss_share: float
    """Of the draws, those below 0."""
    value_at_risk_usd: float
    """Loss that 95 % of the draws stay below; 0 where even they gain."""
    expected_shortfall_usd: float
    """Mean loss of the worst 5 %; below 0 where even they gain."""
    risk_adjusted_usd: float
    """Mean of the worse half of the draws."""


def risk(values_usd: Array) -> Risk:
    """How a value may turn out badly.

    The risk-adjusted value is the expected shortfall at 50 %: what luck alone adds does not
    count, however long its tail.

    Source: Acerbi and Tasche 2002, "Expected Shortfall: a natural coherent alternative to Value
    at Risk", https://arxiv.org/abs/cond-mat/0105191
    """
    ordered = np.sort(values_usd[np.isfinite(values_usd)])
    worst = ordered[: max(1, round(0.05 * ordered.size))]
    return Risk(
        mean_usd=float(ordered.mean()),
        loss_share=float((ordered < 0).mean()),
        value_at_risk_usd=max(0.0, -float(np.percentile(ordered, 5))),
        expected_shortfall_usd=-float(worst.mean()),
        risk_adjusted_usd=float(ordered[: max(1, ordered.size // 2)].mean()),
    )
