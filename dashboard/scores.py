"""How far off the predictions are, in the reader's words."""

from collections.abc import Sequence
from typing import Any

from dashboard import data, readable
from dashboard.charts.errors import Pair
from dashboard.i18n import t
from engine.validation.own_steps import foretold
from engine.validation.stored import StoredScore


def claims(found: Sequence[StoredScore]) -> dict[str, StoredScore]:
    """The average of each claim by key, in the order of the claims."""
    return {score.key: score for score in found if score.is_average}


def claim_pairs(found: Sequence[StoredScore]) -> list[Pair]:
    """Our error beside the constant's for every claim."""
    return [
        Pair(t(f"claim.{key}"), score.median_error_share, score.constant_error_share)
        for key, score in claims(found).items()
    ]


def sources_of(found: Sequence[StoredScore], key: str) -> list[StoredScore]:
    """The sources of one claim."""
    return [score for score in found if score.key == key and not score.is_average]


def source_pairs(found: Sequence[StoredScore]) -> list[Pair]:
    """Our error beside the constant's for every source that was predicted at all."""
    return [
        Pair(score.source, score.median_error_share, score.constant_error_share)
        for score in found
        if score.median_error_share is not None
    ]


def table(found: Sequence[StoredScore]) -> list[dict[str, Any]]:
    """Every figure of some sources, one row each."""
    return [
        {
            t("how_right.source"): score.source,
            t("how_right.rows"): score.scored_count,
            t("how_right.refused"): score.refused_count,
            t("how_right.error"): readable.share(score.median_error_share),
            t("how_right.p90"): readable.share(score.p90_error_share),
            t("how_right.bias"): signed(score.bias_share),
            t("how_right.coverage"): readable.share(score.coverage_share),
            t("how_right.constant"): readable.share(score.constant_error_share),
        }
        for score in found
    ]


def own_table(known: data.Seen) -> list[dict[str, Any]]:
    """Large training steps of the measured machines, foretold from small ones."""
    return [
        {
            t("how_right.own_machine"): evidence.machine.device_name,
            t("how_right.own_parameters"): readable.count(step.parameter_count),
            t("how_right.own_growth"): readable.count(step.growth_ratio),
            t("how_right.own_predicted"): readable.seconds(step.predicted_s),
            t("how_right.own_measured"): readable.seconds(step.measured_s),
            t("how_right.own_error"): signed(step.error_share),
            t("how_right.own_constant"): signed(step.constant_mfu_error_share),
        }
        for evidence in known.evidence.hardware.values()
        for step in foretold(evidence)
    ]


def signed(value_share: float | None) -> str:
    """A share with its sign."""
    if value_share is None:
        return readable.DASH
    return f"{'+' if value_share >= 0 else '−'}{readable.share(abs(value_share))}"
