"""What right answers are worth, what wrong ones cost, and when it all pays off.

An outcome is one case decided: a scan read, a transaction judged, a film proposed. Of every
outcome the model is right or wrong in one of four ways (the confusion matrix), and each way has
its price. Work that is only useful or not (a translation, an answer) has no negatives: its
`positive_share` is 1, and recall is the share of useful answers.

Money comes in month by month, so flows have one more axis, last, for the months.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.units import DAYS_PER_MONTH, MONTHS_PER_YEAR, Float

Array = npt.NDArray[np.float64]

HIGHEST_RATE_PER_MONTH = 10.0
"""A project that returns more than 1,000 % a month is beyond asking for its rate."""
LOWEST_RATE_PER_MONTH = -0.99
HALVINGS = 60
"""Bisections: the rate is then known to 1 part in 10^16 of its range."""


def reviewed_share(right_share: Float, review_share: Float, review_catch_share: Float) -> Float:
    """Share right in the end, where people look at some outcomes and mend what they catch."""
    return right_share + review_share * review_catch_share * (1.0 - right_share)


def right_outcome_share(
    positive_share: Float, recall_share: Float, specificity_share: Float
) -> Float:
    """Accuracy: positives found and negatives left alone, over all outcomes."""
    return positive_share * recall_share + (1.0 - positive_share) * specificity_share


def usd_per_outcome(
    positive_share: Float,
    recall_share: Float,
    specificity_share: Float,
    usd_per_true_positive: Float,
    usd_per_true_negative: Float,
    usd_per_false_positive: Float,
    usd_per_false_negative: Float,
) -> Float:
    """Mean worth of one outcome, from the four ways it can end; costs of errors are positive.

    Source: Elkan 2001, "The Foundations of Cost-Sensitive Learning", IJCAI,
    https://cseweb.ucsd.edu/~elkan/rescale.pdf
    """
    negative_share = 1.0 - positive_share
    return (
        positive_share * recall_share * usd_per_true_positive
        - positive_share * (1.0 - recall_share) * usd_per_false_negative
        + negative_share * specificity_share * usd_per_true_negative
        - negative_share * (1.0 - specificity_share) * usd_per_false_positive
    )


def gained_usd_per_outcome(
    usd_per_outcome: Float,
    baseline_usd_per_outcome: Float,
    baseline_work_usd_per_outcome: Float,
    review_share: Float,
    review_usd_per_outcome: Float,
) -> Float:
    """What the model adds to one outcome: better results, work saved, less the review it needs."""
    saved = baseline_work_usd_per_outcome - review_share * review_usd_per_outcome
    return usd_per_outcome - baseline_usd_per_outcome + saved


def adoption_share(
    month_number: Float, start_share: Float, full_share: Float, adoption_months: Float
) -> Float:
    """Share of the volume that goes through the model, rising in a straight line to its full."""
    progress = np.clip(month_number / np.maximum(adoption_months, 1e-9), 0.0, 1.0)
    return start_share + (full_share - start_share) * progress


def monthly_outcome_count(
    outcomes_per_day: Float,
    growth_share_per_year: Float,
    adoption_start_share: Float,
    adoption_full_share: Float,
    adoption_months: Float,
    horizon_months: Float,
) -> Array:
    """Outcomes decided by the model in each month, shape (..., months).

    Each month counts from its middle; a last one that is not whole counts for its part.
    """
    last = int(np.ceil(np.max(horizon_months)))
    month: Array = np.arange(last, dtype=np.float64) + 0.5
    part = np.clip(_with_months(horizon_months) - np.arange(last), 0.0, 1.0)
    grown = (1.0 + _with_months(growth_share_per_year)) ** (month / MONTHS_PER_YEAR)
    adopted = adoption_share(
        month,
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
    last = int(np.ceil(np.max(horizon_months)))
    part = np.clip(_with_months(horizon_months) - np.arange(last), 0.0, 1.0)
    weight = _summed(part * _discount(value_discount_share_per_year, last))
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


def break_even_right_share(
    recall_share: Float,
    specificity_share: Float,
    npv_usd: Float,
    never_wrong_npv_usd: Float,
) -> Float:
    """Share of right answers at which the net present value is 0.

    Recall and specificity move together, by the same part of their way to 1 (or away from it);
    the net present value follows them in a straight line. Told as their mean; NaN where being
    right does not pay, or where it would take less than none or more than all.
    """
    share = (recall_share + specificity_share) / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        way = -npv_usd / (never_wrong_npv_usd - npv_usd)
        found = share + way * (1.0 - share)
    reachable = (never_wrong_npv_usd > npv_usd) & (found >= 0.0) & (found <= 1.0)
    return np.where(reachable, found, np.nan)


def net_usd_per_year(
    outcome_count: Float,
    gained_usd_per_outcome: Float,
    cost_usd: Float,
    horizon_months: Float,
) -> Float:
    """Gains less costs of a mean year, not discounted."""
    net_usd = outcome_count * gained_usd_per_outcome - cost_usd
    return net_usd / horizon_months * MONTHS_PER_YEAR


def usd_per_right_outcome(
    cost_usd: Float,
    outcome_count: Float,
    right_share: Float,
    review_share: Float,
    review_usd_per_outcome: Float,
) -> Float:
    """All costs, review included, over the outcomes that were right; NaN where none was."""
    right = outcome_count * right_share
    spent_usd = cost_usd + outcome_count * review_share * review_usd_per_outcome
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(right > 0, spent_usd / right, np.nan)


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
    part = np.clip(_with_months(horizon_months) - np.arange(count.shape[-1]), 0.0, 1.0)
    running = _with_months(running_usd / horizon_months) * part
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
    spent = np.broadcast_to(np.asarray(upfront_usd, dtype=np.float64), flow.shape[:-1])
    low = np.full(flow.shape[:-1], LOWEST_RATE_PER_MONTH)
    high = np.full(flow.shape[:-1], HIGHEST_RATE_PER_MONTH)
    has_root = (_worth(flow, spent, low) > 0) & (_worth(flow, spent, high) < 0) & (spent > 0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        positive = _worth(flow, spent, middle) > 0
        low, high = np.where(positive, middle, low), np.where(positive, high, middle)
    return np.where(has_root, (1.0 + (low + high) / 2.0) ** MONTHS_PER_YEAR - 1.0, np.nan)


def social_usd(outcome_count: Float, right_share: Float, social_usd_per_right: Float) -> Float:
    """What right outcomes are worth to others; it pays no bill."""
    return outcome_count * right_share * social_usd_per_right


def external_usd(
    carbon_kgco2e: Float,
    social_usd_per_tonne_co2e: Float,
    water_litres: Float,
    water_usd_per_litre: Float,
) -> Float:
    """What carbon and water cost others; it is on no bill."""
    carbon_usd = carbon_kgco2e / 1e3 * social_usd_per_tonne_co2e
    return carbon_usd + water_litres * water_usd_per_litre


def _summed(flow: Array) -> Array:
    return np.asarray(flow.sum(axis=-1))


def _with_months(value: Float) -> Array:
    return np.asarray(value, dtype=np.float64)[..., None]


def _discount(share_per_year: Float, month_count: int) -> Array:
    """What a dollar of each month is worth now, counted from the middle of the month."""
    years = (np.arange(month_count) + 0.5) / MONTHS_PER_YEAR
    return np.asarray((1.0 + _with_months(share_per_year)) ** -years)


def _worth(flow: Array, spent: Array, rate_per_month: Array) -> Array:
    months = np.arange(flow.shape[-1]) + 0.5
    weights = (1.0 + rate_per_month[..., None]) ** -months
    return np.asarray(np.einsum("...m,...m->...", flow, weights) - spent)
