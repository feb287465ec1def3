"""How far off the predictions are, in the reader's words."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dashboard import data, i18n, readable
from dashboard.charts.errors import Pair
from dashboard.charts.predicted import Point
from dashboard.i18n import t
from engine.validation.own_steps import foretold
from engine.validation.stored import StoredScore
from engine.validation.stored_rows import StoredRow

MOST_DRAWN = 1_500
"""More points than this make a chart slow, and no clearer."""


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
        Pair(publication(score.source), score.median_error_share, score.constant_error_share)
        for score in found
        if score.median_error_share is not None
    ]


def publication(source: str) -> str:
    """What a source of published numbers is called."""
    return t(f"evidence.{source}") if i18n.known(f"evidence.{source}") else source


def links(rows: Sequence[StoredRow]) -> dict[str, str]:
    """Where each source of some rows is read."""
    return {row.source: row.url for row in reversed(rows) if row.url}


def table(found: Sequence[StoredScore], links: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every figure of some sources, one row each."""
    return [
        {
            t("how_right.source"): publication(score.source),
            t("column.link"): links.get(score.source),
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


def searched(row: StoredRow) -> str:
    """Everything a search looks at: model, hardware and source."""
    return f"{row.what} {publication(row.source)} {row.title}".lower()


def closeness(found: Sequence[StoredRow]) -> tuple[float, float]:
    """How close half of the rows are, and nine in ten: shares of what was published."""
    half, most = np.percentile([abs(row.error_share) for row in found], (50.0, 90.0))
    return float(half), float(most)


def answers(found: Sequence[StoredRow]) -> list[str]:
    """What is predicted in these rows, the most usual first."""
    return [name for name, _ in Counter(row.answer for row in found).most_common()]


def points(found: Sequence[StoredRow]) -> dict[str, list[Point]]:
    """Published numbers beside predictions by source; a part of each, evenly, where they are many.

    The ends of each source are kept.
    """
    names = {source: publication(source) for source in {row.source for row in found}}
    by_source: dict[str, list[Point]] = {}
    for row in sorted(found, key=lambda row: row.published):
        name = names[row.source]
        point = Point(row.published, row.predicted, f"{row.what}<br>{name}")
        by_source.setdefault(name, []).append(point)
    share = min(1.0, MOST_DRAWN / max(len(found), 1))
    return {source: _thinned(each, share) for source, each in by_source.items()}


def _thinned(found: list[Point], share: float) -> list[Point]:
    count = max(2, math.ceil(share * len(found)))
    return [found[i] for i in np.linspace(0, len(found) - 1, min(count, len(found))).astype(int)]


def rows_table(found: Sequence[StoredRow]) -> dict[str, list[Any]]:
    """Rows of a claim, the largest error first, by column."""
    shown = sorted(found, key=lambda row: -abs(row.error_share))
    return {
        t("how_right.row"): [row.what for row in shown],
        t("how_right.answer"): [t(f"answer.{row.answer}") for row in shown],
        t("how_right.published"): [readable.count(row.published) for row in shown],
        t("how_right.predicted"): [readable.count(row.predicted) for row in shown],
        t("how_right.range"): [_range(row) for row in shown],
        t("how_right.own_error"): [signed(row.error_share) for row in shown],
        t("how_right.source"): [row.title or publication(row.source) for row in shown],
        t("column.link"): [row.url or None for row in shown],
    }


def _range(row: StoredRow) -> str:
    if row.low is None or row.high is None:
        return readable.DASH
    return readable.span(row.low, row.high, readable.count)


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
