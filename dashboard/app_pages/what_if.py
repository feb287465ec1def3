"""One scenario: what it costs, how good it gets, where the money goes."""

import streamlit as st

from dashboard import controls, data, explain, i18n, phrases, readable
from dashboard.charts import cost, frontier
from dashboard.headlines import Headline, headlines, scalar
from dashboard.i18n import t
from dashboard.theme import KIND_COLOURS
from engine.records import Note, Projection
from engine.scenario import Scenario


def card(headline: Headline) -> None:
    """A number, how it is known, and its range."""
    kind = headline.estimate.kind
    st.metric(
        headline.label,
        headline.text,
        delta=t(f"kind.{kind}"),
        delta_color=KIND_COLOURS[kind],
        delta_arrow="off",
        delta_description=headline.range or None,
        help=headline.hint,
        border=True,
        height="stretch",
    )


def notes(found: tuple[Note, ...]) -> None:
    """What the reader must know before trusting the numbers."""
    for note in found:
        st.warning(phrases.note(note), icon=":material/info:")


def money(answer: Projection) -> None:
    """Where the money goes."""
    spent = cost.spending(answer)
    totals = {
        stage: readable.money(scalar(getattr(answer, stage).bill.cost_usd.value))
        for stage in cost.STAGES
    }
    st.subheader(t("what_if.money_title"), anchor=False)
    st.plotly_chart(
        cost.where_money_goes(spent, phrases.spending(), readable.money),
        config=phrases.PLOTLY,
        alt=t("what_if.money_alt", **totals),
    )


def against(scenario: Scenario, known: data.Seen, answer: Projection) -> None:
    """Cost against accuracy over model sizes; over size alone where only one of them is known."""
    sizes_billion, many = data.frontier(scenario, known)
    curve = frontier.curve(sizes_billion, many)
    here = frontier.here(data.parameter_count(scenario), answer)
    shown = frontier.view(curve, here)
    texts = {
        "smallest": readable.count(curve.parameter_count[0]),
        "largest": readable.count(curve.parameter_count[-1]),
        "cost": readable.money(here.cost_usd),
        "score": readable.score(here.score_share),
    }
    st.subheader(t(f"what_if.{shown}_title"), anchor=False)
    st.caption(t(f"what_if.{shown}_lead", **texts))
    if shown != "nothing":
        says = frontier.Says(readable.money, readable.count, readable.share)
        st.plotly_chart(
            frontier.over_sizes(curve, here, phrases.chart(), says),
            config=phrases.PLOTLY,
            alt=t(f"what_if.{shown}_alt", **texts),
        )


def working(cards: tuple[Headline, ...]) -> None:
    """The chain below one of the cards."""
    with st.expander(
        t("what_if.working_title"), icon=":material/account_tree:", key="working", on_change="rerun"
    ) as shown:
        if not shown.open:
            return
        i18n.carry("working_number")
        by_name = {headline.name: headline for headline in cards}
        labels = {headline.name: headline.label for headline in cards}
        name = st.selectbox(
            t("what_if.working_pick"),
            list(labels),
            format_func=labels.__getitem__,
            key="working_number",
            persist_state="session",
        )
        st.caption(t("what_if.working_lead"))
        st.dataframe(
            phrases.working_table(explain.rows(by_name[name])),
            hide_index=True,
            placeholder="",
            height=460,
            column_config=phrases.working_columns(),
            alt=t("what_if.working_title"),
        )


known = data.seen()
request = controls.asked(known.machines)
answer = data.project(request.scenario, known)

st.markdown(phrases.sentence(request.scenario, known.machines))
for name, text in request.refused.items():
    st.warning(phrases.refused(name, text, request.scenario), icon=":material/link_off:")

cards = headlines(request.scenario, answer)
with st.grid(4, min_column_width=150):
    for headline in cards:
        card(headline)
# The numbers first: whoever moves a slider waits for them, not for the slider.
with st.sidebar:
    controls.draw(request, known.machines, phrases.taken(answer))
notes(answer.notes)

left, right = st.columns(2)
with left.container(border=True, height="stretch"):
    money(answer)
with right.container(border=True, height="stretch"):
    against(request.scenario, known, answer)
working(cards)
st.caption(f":material/link: {t('what_if.share_lead')}")
