"""What making a model smaller does to its score, by every way that was published."""

import streamlit as st

from dashboard import plans, readable
from dashboard.headlines import scalar
from dashboard.i18n import t
from dashboard.views import short
from engine import catalogue
from engine.projection.compression import Effect
from engine.projection.evidence import Evidence
from engine.projection.served_score import effects_on
from engine.projection.sized import sized
from engine.records import Estimate
from engine.scenario import Scenario

TECHNIQUES = (
    "quantisation", "cache-quantisation", "distillation", "structured-pruning", "pruning",
    "pruning-untrained", "pruning-and-distillation",
)  # fmt: skip
ORDER = ("fp8", "int8", "int4", "fp4", "int3", "int2", "0.25", "0.5", "0.8", "0.9", "0.95")


def show(now: Scenario, evidence: Evidence) -> None:
    """A row for each way, with its range, or why there is none."""
    found = effects_on(sized(now, catalogue.model(now.model)), evidence)
    st.header(t("compression.title"), anchor=False)
    if not found:
        st.info(t("compression.none_published"), icon=":material/help:")
        return
    plans.small(t("compression.lead"))
    short.table([line(each) for each in sorted(found, key=order)], t("compression.alt"))


def line(found: Effect) -> dict[str, str]:
    """One way of compression in words."""
    counts = {"models": str(found.model_count), "rows": str(found.row_count)}
    told = row(found, way(found), why(found.model_count))
    return told | {t("compression.from"): t("compression.counts", **counts)}


def row(found: Effect, way: str, why: str) -> dict[str, str]:
    """What a way does to the score, or why that is not known."""
    change = found.change_share
    return {
        t("compression.way"): way,
        t("compression.change"): points(change) if change.known else why,
        t("compression.seen"): between(*found.seen_share) if found.seen_share else "",
    }


def points(change: Estimate) -> str:
    """A change of the score with its range; a dash where it is not known."""
    told = readable.points(scalar(change.value))
    low, high = scalar(change.low), scalar(change.high)
    if low is None or high is None:
        return told
    ends = t("savings.score_between", low=readable.points(low), high=readable.points(high))
    return told + ends


def between(low_share: float | None, high_share: float | None) -> str:
    """A range of points, from its lowest to its highest."""
    if low_share is None or high_share is None:
        return ""
    low, high = readable.points(low_share), readable.points(high_share)
    return low if low == high else f"{low} … {high}"


def why(model_count: int) -> str:
    """Why there is no number."""
    return t("compression.one") if model_count == 1 else t("compression.few", count=model_count)


def way(found: Effect) -> str:
    """Technique and setting in words."""
    share = found.setting.startswith("0.")
    setting = readable.share(float(found.setting)) if share else found.setting.upper()
    return t(f"compression.{found.technique}", setting=setting)


def order(found: Effect) -> tuple[int, int]:
    """Known ways of quantising first, gentle before rough; then what is taken out."""
    place = ORDER.index(found.setting) if found.setting in ORDER else len(ORDER)
    return TECHNIQUES.index(found.technique), place
