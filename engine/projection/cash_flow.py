"""Money as it comes in over the months: what it is worth now, and when it pays off.

Flows have one more axis, last, for the months. Each month counts from its middle.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from operator import is_
from typing import ParamSpec

import numpy as np
import numpy.typing as npt

from engine.units import DAYS_PER_MONTH, MONTHS_PER_YEAR, Float

Array = npt.NDArray[np.float64]
Asked = ParamSpec("Asked")

HIGHEST_RATE_PER_MONTH = 10.0
"""A project that returns more than 1,000 % a month is beyond asking for its rate."""
LOWEST_RATE_PER_MONTH = -0.99
HALVINGS = 22
"""Bisections before a straight line is drawn: it errs by the square of what is left, 10^-13."""


def kept(flow: Callable[Asked, Array]) -> Callable[Asked, Array]:
    """The same function, its last answer kept: several formulas in turn ask for one flow.

    Asked again with the very same numbers, it gives the very same array, which nobody may change.
    """
    last: list[tuple[tuple[object, ...], Array]] = []

    @wraps(flow)
    def asked(*values: Asked.args, **named: Asked.kwargs) -> Array:
        numbers = (*values, *named.values())
        for before, answer in last:
            if len(before) == len(numbers) and all(map(is_, before, numbers)):
                return answer
        answer = flow(*values, **named)
        answer.flags.writeable = False
        last[:] = [(numbers, answer)]
        return answer

    return asked


def adoption_share(
    month_number: Float, start_share: Float, full_share: Float, adoption_months: Float
) -> Float:
    """Share of the volume that goes through the model, rising in a straight line to its full."""
    progress = np.minimum(month_number * (1.0 / np.maximum(adoption_months, 1e-9)), 1.0)
    return start_share + (full_share - start_share) * progress


@kept
def monthly_outcome_count(
    outcomes_per_day: Float,
    growth_share_per_year: Float,
    adoption_start_share: Float,
    adoption_full_share: Float,
    adoption_months: Float,
    horizon_months: Float,
) -> Array:
    """Outcomes decided by the model in each month, shape (..., months).

    A last month that is not whole counts for its part.
    """
    part = _parts(horizon_months)
    last = part.shape[-1]
    growth = 1.0 + _with_months(growth_share_per_year)
    # A running product: a power for every month of 100,000 draws takes ten times as long.
    steps = np.repeat(growth ** (1.0 / MONTHS_PER_YEAR), last, axis=-1)
    steps[..., 0] = growth[..., 0] ** (0.5 / MONTHS_PER_YEAR)
    grown = np.multiply.accumulate(steps, axis=-1)
    adopted = adoption_share(
        np.asarray(np.arange(last) + 0.5, dtype=np.float64),
        _with_months(adoption_start_share),
        _with_months(adoption_full_share),
        _with_months(adoption_months),
    )
    return np.asarray(_with_months(outcomes_per_day) * DAYS_PER_MONTH * grown * adopted * part)


def outcome_count(
    outcomes_per_day: Float,
    growth_share_per_year: Float,
    adoption_start_share: Float,
    adoption_full_share: Float,
    adoption_months: Float,
    horizon_months: Float,
) -> Float:
    """Outcomes decided by the model over the horizon."""
    return _summed(
        monthly_outcome_count(
            outcomes_per_day,
            growth_share_per_year,
            adoption_start_share,
            adoption_full_share,
            adoption_months,
            horizon_months,
        )
    )


def present_outcome_count(
    outcomes_per_day: Float,
    growth_share_per_year: Float,
    adoption_start_share: Float,
    adoption_full_share: Float,
    adoption_months: Float,
    horizon_months: Float,
    value_discount_share_per_year: Float,
) -> Float:
    """Outcomes over the horizon, each weighed by what a dollar then is worth now."""
    count = monthly_outcome_count(
        outcomes_per_day,
        growth_share_per_year,
        adoption_start_share,
        adoption_full_share,
        adoption_months,
        horizon_months,
    )
    return _summed(count * _discount(value_discount_share_per_year, count.shape[-1]))


def present_running_usd(
    running_usd: Float, horizon_months: Float, value_discount_share_per_year: Float
) -> Float:
    """Costs that fall evenly over the horizon, in money of now."""
    part = _parts(horizon_months)
    weight = _summed(part * _discount(value_discount_share_per_year, part.shape[-1]))
    return running_usd / horizon_months * weight


def npv_usd(
    present_outcome_count: Float,
    gained_usd_per_outcome: Float,
    upfront_usd: Float,
    present_running_usd: Float,
) -> Float:
    """Net present value: all gains less all costs, in money of now.

    Source: Brealey, Myers, Allen, "Principles of Corporate Finance", chapter 5.
    """
    return present_outcome_count * gained_usd_per_outcome - upfront_usd - present_running_usd


def break_even_outcomes_per_day(
    outcomes_per_day: Float,
    present_outcome_count: Float,
    gained_usd_per_outcome: Float,
    upfront_usd: Float,
    present_running_usd: Float,
) -> Float:
    """Volume at which the net present value is 0, costs unchanged; NaN where none will do."""
    with np.errstate(divide="ignore", invalid="ignore"):
        gained_usd = present_outcome_count * gained_usd_per_outcome / outcomes_per_day
        return np.where(gained_usd > 0, (upfront_usd + present_running_usd) / gained_usd, np.nan)


def net_usd_per_year(
    outcome_count: Float,
    gained_usd_per_outcome: Float,
    cost_usd: Float,
    horizon_months: Float,
) -> Float:
    """Gains less costs of a mean year, not discounted."""
    net_usd = outcome_count * gained_usd_per_outcome - cost_usd
    return net_usd / horizon_months * MONTHS_PER_YEAR


@kept
def monthly_net_usd(
    outcomes_per_day: Float,
    growth_share_per_year: Float,
    adoption_start_share: Float,
    adoption_full_share: Float,
    adoption_months: Float,
    horizon_months: Float,
    gained_usd_per_outcome: Float,
    running_usd: Float,
) -> Array:
    """Gains less running costs in each month, shape (..., months)."""
    count = monthly_outcome_count(
        outcomes_per_day,
        growth_share_per_year,
        adoption_start_share,
        adoption_full_share,
        adoption_months,
        horizon_months,
    )
    running = _with_months(running_usd / horizon_months) * _parts(horizon_months)
    return count * _with_months(gained_usd_per_outcome) - running


def payback_months(
    outcomes_per_day: Float,
    growth_share_per_year: Float,
    adoption_start_share: Float,
    adoption_full_share: Float,
    adoption_months: Float,
    horizon_months: Float,
    gained_usd_per_outcome: Float,
    running_usd: Float,
    upfront_usd: Float,
) -> Float:
    """Months until what was gained makes up for what was spent; NaN where it never does.

    Within the month it is reached, gains are taken to come in evenly.
    """
    flow = monthly_net_usd(
        outcomes_per_day,
        growth_share_per_year,
        adoption_start_share,
        adoption_full_share,
        adoption_months,
        horizon_months,
        gained_usd_per_outcome,
        running_usd,
    )
    balance = flow.cumsum(axis=-1) - _with_months(upfront_usd)
    paid = balance >= 0
    at = paid.argmax(axis=-1)
    after = np.take_along_axis(balance, at[..., None], -1)[..., 0]
    made = np.take_along_axis(np.broadcast_to(flow, balance.shape), at[..., None], -1)[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        month = at + 1.0 - np.where(made > 0, after / made, 0.0)
    return np.where(paid.any(axis=-1), np.maximum(month, 0.0), np.nan)


def irr_share_per_year(
    outcomes_per_day: Float,
    growth_share_per_year: Float,
    adoption_start_share: Float,
    adoption_full_share: Float,
    adoption_months: Float,
    horizon_months: Float,
    gained_usd_per_outcome: Float,
    running_usd: Float,
    upfront_usd: Float,
) -> Float:
    """Internal rate of return: the discount rate at which the net present value is 0, a year.

    By bisection between the rates a month that can be asked for; NaN where nothing is invested,
    or the value has the same sign at both ends.
    """
    flow = monthly_net_usd(
        outcomes_per_day,
        growth_share_per_year,
        adoption_start_share,
        adoption_full_share,
        adoption_months,
        horizon_months,
        gained_usd_per_outcome,
        running_usd,
    )
    flow = np.ascontiguousarray(np.moveaxis(flow, -1, 0))
    spent = np.broadcast_to(np.asarray(upfront_usd, dtype=np.float64), flow.shape[1:])
    low = np.full(spent.shape, LOWEST_RATE_PER_MONTH)
    high = np.full(spent.shape, HIGHEST_RATE_PER_MONTH)
    has_root = (_worth(flow, spent, low) > 0) & (_worth(flow, spent, high) < 0) & (spent > 0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        positive = _worth(flow, spent, middle) > 0
        low, high = np.where(positive, middle, low), np.where(positive, high, middle)
    above, below = _worth(flow, spent, low), _worth(flow, spent, high)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = low + (high - low) * above / (above - below)
    return np.where(has_root, (1.0 + rate) ** MONTHS_PER_YEAR - 1.0, np.nan)


def upfront_usd(
    preparation_usd: Float, training_usd: Float, evaluation_usd: Float, build_usd: Float
) -> Float:
    """What is spent before the first answer, on computers and on people."""
    return preparation_usd + training_usd + evaluation_usd + build_usd


def running_usd(
    storage_usd: Float,
    deployment_usd: Float,
    operate_usd_per_month: Float,
    horizon_months: Float,
) -> Float:
    """What keeping, serving and people's work cost over the horizon."""
    return storage_usd + deployment_usd + operate_usd_per_month * horizon_months


def whole_cost_usd(upfront_usd: Float, running_usd: Float) -> Float:
    """All costs over the horizon: of the model, and of the people around it."""
    return upfront_usd + running_usd


def busiest_outcomes_per_day(
    outcomes_per_day: Float,
    growth_share_per_year: Float,
    adoption_start_share: Float,
    adoption_full_share: Float,
    adoption_months: Float,
    horizon_months: Float,
) -> Float:
    """Outcomes decided by the model on a day of its busiest month."""
    count = monthly_outcome_count(
        outcomes_per_day,
        growth_share_per_year,
        adoption_start_share,
        adoption_full_share,
        adoption_months,
        horizon_months,
    )
    return np.asarray(count.max(axis=-1)) / DAYS_PER_MONTH


def served_outcomes_per_day(outcomes_per_day: Float, busiest_outcomes_per_day: Float) -> Float:
    """Outcomes a day that the computers are there for.

    All of today's, or those that the model decides in its busiest month where they are more.
    """
    return np.maximum(outcomes_per_day, busiest_outcomes_per_day)


def _summed(flow: Array) -> Array:
    return np.asarray(flow.sum(axis=-1))


def _with_months(value: Float) -> Array:
    return np.asarray(value, dtype=np.float64)[..., None]


def _discount(share_per_year: Float, month_count: int) -> Array:
    """What a dollar of each month is worth now, counted from the middle of the month."""
    years = (np.arange(month_count) + 0.5) / MONTHS_PER_YEAR
    return np.asarray((1.0 + _with_months(share_per_year)) ** -years)


def _parts(horizon_months: Float) -> Array:
    """Part of each month that lies within the horizon: 1, but for the last."""
    last = int(np.ceil(np.max(horizon_months)))
    return np.asarray(np.clip(_with_months(horizon_months) - np.arange(last), 0.0, 1.0))


def _worth(flow: Array, spent: Array, rate_per_month: Array) -> Array:
    """Present value of flows, months on the first axis, at a rate; Horner's scheme."""
    weight = 1.0 / (1.0 + rate_per_month)
    worth = np.zeros(spent.shape)
    for each in flow[::-1]:
        worth *= weight
        worth += each
    return np.asarray(worth * np.sqrt(weight) - spent)
