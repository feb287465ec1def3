"""What a lever's row says in plain words: what got better, what it cost, whether it is worth it."""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

from scipy import stats

from engine.projection.lever_table import Change, LeverRow

Times = tuple[tuple[str, float], ...]
"""Quantities and by how many times each changed."""
Verdict = Literal["worth", "weigh", "unsure", "nothing", "worse"]

FELT_SHARE = 0.05
"""Changes smaller than this are not worth a word."""
TOLERABLE_FALL_SHARE = 0.02
"""A lever is worth it as it stands only where a larger fall of the score can be ruled out."""
SURE_SHARE = 0.95
FEWEST_SEEDS = 3

GAINS = {
    "artefact_bytes": "less",
    "packed_bytes": "less",
    "latency_s": "less",
    "examples_per_s": "more",
    "energy_j": "less",
    "training_time_s": "less",
}
"""Quantities of a row, and which way is better."""


@dataclass(frozen=True, slots=True)
class LeverReading:
    """A row, read."""

    verdict: Verdict
    better: Times
    """Quantity, and how many times better; the largest gain first."""
    worse: Times
    score_half_width_share: float | None
    """Half the 95 % interval of the change in score; None with one seed."""
    score_fell: bool
    """Beyond what other seeds would have changed."""


def read(row: LeverRow) -> LeverReading:
    """What the row says: a fall of the score counts once it stands out from its seeds."""
    times = sorted(
        ((name, ratio) for name in GAINS if (ratio := _times_better(row, name)) is not None),
        key=lambda item: -abs(item[1] - 1.0),
    )
    better = tuple((name, ratio) for name, ratio in times if ratio >= 1.0 + FELT_SHARE)
    costs = ((name, 1.0 / ratio) for name, ratio in times if ratio <= 1.0 / (1.0 + FELT_SHARE))
    worse = tuple(sorted(costs, key=lambda item: -item[1]))
    half = half_width_share(row)
    fell = row.score_change_share < -(half or 0.0)
    verdict = _verdict(row, better[:1], worse[:1], fell, half)
    return LeverReading(verdict, better, worse, half, fell)


def half_width_share(row: LeverRow) -> float | None:
    """Half the 95 % interval of the mean change in score, from its seeds (Student's t)."""
    if row.score_spread_share is None or row.seed_count < 2:
        return None
    quantile = float(stats.t.ppf(0.5 + SURE_SHARE / 2, row.seed_count - 1))
    return quantile * row.score_spread_share / sqrt(row.seed_count)


def _times_better(row: LeverRow, name: str) -> float | None:
    change: Change = getattr(row, name)
    ratio = change.ratio
    if not ratio:
        return None
    return ratio if GAINS[name] == "more" else 1.0 / ratio


def _verdict(
    row: LeverRow, gain: Times, cost: Times, fell: bool, half_width_share: float | None
) -> Verdict:
    """From the largest gain and the largest cost, where there are any."""
    if not gain:
        return "worse" if fell or cost else "nothing"
    if cost and cost[0][1] > gain[0][1]:
        return "worse"
    if half_width_share is None or row.seed_count < FEWEST_SEEDS:
        return "unsure"
    if fell or cost:
        return "weigh"
    lowest_share = row.score_change_share - half_width_share
    return "worth" if lowest_share > -TOLERABLE_FALL_SHARE else "unsure"
