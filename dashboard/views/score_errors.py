"""How far off scores of models are predicted: points, by what was predicted from what."""

from collections.abc import Sequence

import streamlit as st

from dashboard import readable
from dashboard.i18n import t
from dashboard.views import machine, short
from engine.projection.accuracy_fit import Foreseen, foreseen
from engine.projection.score_curves import ScoreCurve
from engine.validation.quality_points import QualityScore
from engine.validation.quality_stored import read


def show() -> None:
    """A row for each claim, each by fits that never saw the family."""
    st.header(t("score_errors.title"), anchor=False)
    st.caption(t("score_errors.lead"))
    short.table([line(score) for score in read()], t("score_errors.title"))


def own(curves: Sequence[ScoreCurve]) -> None:
    """The largest models measured here, from the smallest; nothing where none was."""
    found = [each for curve in curves if (each := foreseen(curve)) is not None]
    if not found:
        return
    st.caption(t("score_errors.own_lead"))
    short.table([own_line(each) for each in found], t("score_errors.own_lead"))


def own_line(found: Foreseen) -> dict[str, str]:
    """One prediction beside what was measured."""
    ends = readable.score_range(found.low_share, found.high_share)
    return {
        t("score_errors.own_model"): machine.curve_name(found.curve),
        t("score_errors.own_parameters"): readable.count(found.parameter_count),
        t("score_errors.own_predicted"): t(
            "app.aside", told=readable.score(found.predicted_share), aside=ends
        ),
        t("score_errors.own_measured"): readable.score(found.measured_share),
        t("score_errors.own_off"): readable.points(found.predicted_share - found.measured_share),
    }


def line(score: QualityScore) -> dict[str, str]:
    """One claim in words."""
    return {
        t("score_errors.what"): t(f"score_claim.{score.key}"),
        t("score_errors.median"): f"{score.median_points:.1f}",
        t("score_errors.rmse"): f"{score.rmse_points:.1f}",
        t("score_errors.p90"): f"{score.p90_points:.1f}",
        t("score_errors.held"): readable.share(score.coverage_share),
        t("score_errors.rows"): readable.count(score.row_count),
    }
