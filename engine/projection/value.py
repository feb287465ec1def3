"""What right answers are worth and what wrong ones cost.

An outcome is one case decided: a scan read, a transaction judged, a film proposed. Of every
outcome the model is right or wrong in one of four ways (the confusion matrix), and each way has
its price. Work that is only useful or not (a translation, an answer) has no negatives: its
`positive_share` is 1, and recall is the share of useful answers.
"""

from __future__ import annotations

import numpy as np

from engine.projection.cost import KG_PER_TONNE
from engine.units import Float


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


def break_even_right_share(right_share: Float, npv_usd: Float, never_wrong_npv_usd: Float) -> Float:
    """Share of right answers at which the net present value is 0.

    Recall and specificity move together, by the same part of their way to 1 (or away from it);
    the net present value follows them in a straight line. NaN where being right does not pay, or
    where it would take less than none or more than all.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        way = np.divide(-npv_usd, never_wrong_npv_usd - npv_usd)
        found = right_share + way * (1.0 - right_share)
    reachable = (never_wrong_npv_usd > npv_usd) & (found >= 0.0) & (found <= 1.0)
    return np.where(reachable, found, np.nan)


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
    carbon_usd = carbon_kgco2e / KG_PER_TONNE * social_usd_per_tonne_co2e
    return carbon_usd + water_litres * water_usd_per_litre


def requests_per_day(outcomes_per_day: Float, requests_per_outcome: Float) -> Float:
    """Calls of the model on a day with so many outcomes."""
    return outcomes_per_day * requests_per_outcome


def odds_transferred_share(
    reference_share: Float,
    score_share: Float,
    reference_score_share: Float,
    transfer_exponent: Float,
) -> Float:
    """Share right on the task of a model that scores otherwise on a benchmark.

    The odds of being right on the task move as those on the benchmark, to a power: 1 moves them
    in step, 0 not at all. Where the task is solved always or never, it stays so.
    """
    odds = _odds(score_share) / _odds(reference_score_share)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = _odds(reference_share) * odds**transfer_exponent
        share = moved / (1.0 + moved)
    solved = (np.asarray(reference_share) <= 0.0) | (np.asarray(reference_share) >= 1.0)
    return np.where(solved, reference_share, share)


def _odds(share: Float) -> Float:
    share = np.clip(share, 1e-6, 1.0 - 1e-6)
    return share / (1.0 - share)
