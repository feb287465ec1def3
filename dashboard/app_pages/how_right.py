"""How right are we? Predictions beside what was published and measured, in the open."""

import streamlit as st

from dashboard import data, i18n, phrases, readable, scores
from dashboard.charts.errors import Pair, errors
from dashboard.i18n import t
from dashboard.views import score_errors
from engine.validation.stored import StoredScore, read


def chart(pairs: list[Pair], alt: str) -> None:
    """Our errors beside those of one constant."""
    words = {name: t(f"how_right.{name}") for name in ("ours", "constant", "axis")}
    st.plotly_chart(errors(pairs, words, readable.share), config=phrases.PLOTLY, alt=alt)


def summary(score: StoredScore) -> None:
    """The few numbers of one claim."""
    shown = {
        "error": score.median_error_share,
        "p90": score.p90_error_share,
        "coverage": score.coverage_share,
        "constant": score.constant_error_share,
    }
    with st.grid(4, min_column_width=150):
        for name, value in shown.items():
            st.metric(
                t(f"how_right.{name}"),
                readable.share(value),
                border=True,
                help=t("how_right.constant_hint") if name == "constant" else None,
            )


found = read()
averages = scores.claims(found)
single = [score for score in found if not score.is_average]
count = sum(score.scored_count for score in single)
sources = len({score.source for score in single})
st.markdown(t("how_right.lead", count=readable.count(count), sources=readable.count(sources)))

with st.container(border=True):
    st.subheader(t("how_right.all_title"), anchor=False)
    chart(scores.claim_pairs(found), t("how_right.all_alt"))

i18n.carry("claim")
claim = st.selectbox(
    t("how_right.claim"),
    list(averages),
    format_func=lambda key: t(f"claim.{key}"),
    key="claim",
    persist_state="session",
)
summary(averages[claim])
own_sources = scores.sources_of(found, claim)
with st.container(border=True):
    st.subheader(t("how_right.by_source_title"), anchor=False)
    words = {"claim": t(f"claim.{claim}"), "count": readable.count(len(own_sources))}
    chart(scores.source_pairs(own_sources), t("how_right.by_source_alt", **words))
    with st.expander(t("how_right.table"), icon=":material/table:"):
        st.dataframe(
            scores.table(own_sources),
            hide_index=True,
            placeholder="",
            alt=t("how_right.by_source_alt", **words),
        )
st.caption(t("how_right.again"))

score_errors.show()

st.subheader(t("how_right.own_title"), anchor=False)
own = scores.own_table(data.seen())
if own:
    st.caption(t("how_right.own_lead"))
    st.dataframe(own, hide_index=True, placeholder="", alt=t("how_right.own_title"))
else:
    st.info(t("how_right.own_none"), icon=":material/science:")
score_errors.own(data.seen().evidence.score_curves)
