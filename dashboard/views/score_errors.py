"""How far off scores of models are predicted: points, by what was predicted from what."""

import streamlit as st

from dashboard import readable
from dashboard.i18n import t
from engine.validation.quality_points import QualityScore
from engine.validation.quality_stored import read


def show() -> None:
    """A row for each claim, each by fits that never saw the family."""
    st.subheader(t("score_errors.title"), anchor=False)
    st.caption(t("score_errors.lead"))
    st.dataframe(
        [line(score) for score in read()],
        hide_index=True,
        height="content",
        alt=t("score_errors.title"),
        column_config={t("score_errors.what"): st.column_config.TextColumn(width=330)},
    )


def line(score: QualityScore) -> dict[str, str]:
    """One claim in words."""
    return {
        t("score_errors.what"): t(f"score_claim.{score.key}"),
        t("score_errors.median"): readable.number(score.median_points),
        t("score_errors.rmse"): readable.number(score.rmse_points),
        t("score_errors.p90"): readable.number(score.p90_points),
        t("score_errors.held"): readable.share(score.coverage_share),
        t("score_errors.rows"): readable.count(score.row_count),
    }
