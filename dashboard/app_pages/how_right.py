"""How right are we? Predictions beside what was published and measured, in the open."""

from collections.abc import Sequence

import streamlit as st

from dashboard import data, explain, i18n, phrases, readable, scores
from dashboard.charts import predicted
from dashboard.i18n import t
from dashboard.views import pictures, score_errors, search, short
from engine.validation.stored import StoredScore, read
from engine.validation.stored_rows import StoredRow


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
                height="stretch",
                help=t("how_right.constant_hint") if name == "constant" else None,
            )


def against(claim: str) -> None:
    """Every published number of the claim against what was predicted for it."""
    st.header(t("how_right.against_title"), anchor=False)
    wanted = search.box("how_right", "rows_search")
    rows = search.holding(data.predicted_rows(claim), wanted, scores.searched)
    if not rows:
        st.info(t("how_right.nothing"), icon=":material/search_off:")
        return
    half, most = map(readable.share, scores.closeness(rows))
    count = readable.exact(float(len(rows)))
    st.markdown(t("how_right.close", count=count, half=half, most=most))
    answers = scores.answers(rows)
    answer = answers[0]
    if len(answers) > 1:
        answer = st.pills(
            t("how_right.answer"),
            answers,
            default=answer,
            required=True,
            key=f"answer_{claim}_{'-'.join(answers)}",
            format_func=lambda name: t(f"answer.{name}"),
            label_visibility="collapsed",
        )
    shown = [row for row in rows if row.answer == answer]
    points = scores.points(shown)
    told = {
        "answer": t(f"answer.{answer}"),
        "count": readable.exact(float(len(shown))),
        "drawn": readable.exact(float(sum(map(len, points.values())))),
        "sources": readable.count(float(len(points))),
    }
    words = {name: t(f"how_right.{name}") for name in ("published", "predicted", "same")}
    st.caption(t("how_right.against_lead", **told))
    st.plotly_chart(
        predicted.against(points, words, readable.count),
        config=phrases.PLOTLY,
        alt=t("how_right.against_alt", **told),
    )
    every(rows)


def every(rows: Sequence[StoredRow]) -> None:
    """All rows of a claim, each with its source; drawn only when asked for."""
    with st.expander(
        t("how_right.all_rows", count=readable.exact(float(len(rows)))),
        icon=":material/table_rows:",
        key="all_rows",
        on_change="rerun",
    ) as opened:
        if opened.open:
            st.dataframe(
                scores.rows_table(rows),
                hide_index=True,
                placeholder="",
                column_config={t("column.link"): explain.link_column()},
                alt=t("how_right.all_rows", count=readable.exact(float(len(rows)))),
            )


found = read()
averages = scores.claims(found)
single = [score for score in found if not score.is_average]
count = sum(score.scored_count for score in single)
sources = len({score.source for score in single})
st.markdown(t("how_right.lead", count=readable.count(count), sources=readable.count(sources)))

with st.container(border=True):
    st.header(t("how_right.all_title"), anchor=False)
    st.caption(t("how_right.all_lead"))
    pictures.error_pairs(scores.claim_pairs(found), t("how_right.all_alt"))

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
    st.header(t("how_right.by_source_title"), anchor=False)
    words = {"claim": t(f"claim.{claim}"), "count": readable.count(len(own_sources))}
    pictures.error_pairs(scores.source_pairs(own_sources), t("how_right.by_source_alt", **words))
    with st.expander(t("how_right.table"), icon=":material/table:"):
        st.dataframe(
            scores.table(own_sources, scores.links(data.predicted_rows(claim))),
            hide_index=True,
            placeholder="",
            column_config={t("column.link"): explain.link_column()},
            alt=t("how_right.by_source_alt", **words),
        )
with st.container(border=True):
    against(claim)
st.caption(t("how_right.again"))

score_errors.show()

st.header(t("how_right.own_title"), anchor=False)
own = scores.own_table(data.seen())
if own:
    st.caption(t("how_right.own_lead"))
    short.table(own, t("how_right.own_title"))
else:
    st.info(t("how_right.own_none"), icon=":material/science:")
score_errors.own(data.seen().evidence.score_curves)
