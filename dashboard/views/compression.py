"""What making a model smaller does to its score, by every way that was published."""

import streamlit as st

from dashboard import plans, readable
from dashboard.headlines import scalar
from dashboard.i18n import t
from engine import catalogue
from engine.projection.compression import Effect
from engine.projection.evidence import Evidence
from engine.projection.served_score import effects_on
from engine.projection.sized import sized
from engine.scenario import Scenario


def show(now: Scenario, evidence: Evidence) -> None:
    """A row for each way, with its range, or why there is none."""
    found = effects_on(sized(now, catalogue.model(now.model)), evidence)
    st.subheader(t("compression.title"), anchor=False)
    if not found:
        st.info(t("compression.none_published"), icon=":material/help:")
        return
    plans.small(t("compression.lead"))
    st.dataframe(
        [line(each) for each in found],
        hide_index=True,
        placeholder="",
        alt=t("compression.alt"),
        column_config={
            t("compression.way"): st.column_config.TextColumn(width=290),
            t("compression.why"): st.column_config.TextColumn(width=330),
        },
    )


def line(found: Effect) -> dict[str, str | int]:
    """One way of compression in words."""
    change = found.change_share
    told: dict[str, str | int] = {
        t("compression.way"): way(found),
        t("compression.change"): readable.points(scalar(change.value)),
        t("compression.range"): between(scalar(change.low), scalar(change.high)),
        t("compression.seen"): between(*found.seen_share) if found.seen_share else "",
        t("compression.models"): found.model_count,
        t("compression.rows"): found.row_count,
        t("working.kind"): t(f"kind.{change.kind}"),
    }
    return told | {t("compression.why"): "" if change.known else why(found.model_count)}


def between(low_share: float | None, high_share: float | None) -> str:
    """A range of points, from its lowest to its highest."""
    if low_share is None or high_share is None:
        return ""
    return f"{readable.points(low_share)} … {readable.points(high_share)}"


def why(model_count: int) -> str:
    """Why there is no number."""
    return t("compression.one") if model_count == 1 else t("compression.few", count=model_count)


def way(found: Effect) -> str:
    """Technique and setting in words."""
    setting = found.setting
    if setting.startswith("0."):
        setting = readable.share(float(setting))
    return t(f"compression.{found.technique}", setting=setting)
