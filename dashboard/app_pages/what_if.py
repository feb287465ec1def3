"""One scenario: what it costs, how good it gets, where the money goes."""

import streamlit as st

from dashboard import cases, controls, data, explain, phrases, readable, share
from dashboard.charts import cost, frontier, timeline
from dashboard.headlines import Headline, headlines, net_value, scalar
from dashboard.i18n import t
from dashboard.navigation import PAGES
from dashboard.theme import KIND_COLOURS
from engine.records import Note, Projection
from engine.scenario import Scenario

ONWARDS = ("worth", "savings", "decide", "report")


def card(headline: Headline) -> None:
    """A number, how it is known, its range, and the way down to what it rests on."""
    kind = headline.estimate.kind
    with st.container(border=True, height="stretch", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
            st.metric(headline.label, headline.text, help=headline.hint, width="stretch")
            explain.explain_button(headline.label, headline.estimate, headline.say, headline.name)
        st.markdown(f":{KIND_COLOURS[kind]}-badge[{t(f'kind.{kind}')}] :small[{headline.range}]")


def value(request: controls.Asked, known: data.Seen) -> None:
    """The card of its worth in the use that the address names; else the way to name one."""
    use = cases.named(request.chosen)
    found = None if use is None else data.valued(request.scenario, use.case, known)
    headline = net_value(found)
    if found is not None:
        card(headline)
        return
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.metric(headline.label, headline.text, help=headline.hint)
        st.page_link("app_pages/worth.py", label=t("what_if.name_use"), icon=":material/balance:")


def onwards() -> None:
    """Where the same scenario is looked at otherwise; the address goes along."""
    with st.container(border=True, height="stretch", gap=None):
        for name in ONWARDS:
            page = next(page for page in PAGES if page.name == name)
            st.page_link(f"app_pages/{name}.py", label=t(f"page.{name}"), icon=page.icon)


def notes(found: tuple[Note, ...]) -> None:
    """What the reader must know before trusting the numbers; what only widens them, folded."""
    for note in found:
        if note.code in phrases.GRAVE:
            st.warning(phrases.note(note), icon=":material/info:")
    calm = [phrases.note(note) for note in found if note.code not in phrases.GRAVE]
    if calm:
        title = t("what_if.notes_title", count=len(calm))
        with st.expander(title, icon=":material/info:"):
            st.markdown("\n".join(f"- {sentence}" for sentence in dict.fromkeys(calm)))


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


def over_time(scenario: Scenario, answer: Projection) -> None:
    """Cash and carbon over the horizon."""
    months, runs = scalar(scenario.horizon_months), scalar(scenario.training_run_count)
    found = timeline.timeline(answer, months or 0.0, runs or 0.0)
    texts = {
        "built": readable.money(found.cost_usd.built),
        "months": readable.number(found.horizon_months),
        "cost": readable.money(found.cost_usd.at_end),
        "carbon": readable.carbon(found.carbon_kgco2e.at_end),
    }
    st.subheader(t("what_if.time_title"), anchor=False)
    st.caption(t("what_if.time_lead", **texts))
    st.plotly_chart(
        timeline.over_time(
            found, phrases.over_time(), readable.money, readable.carbon, readable.number
        ),
        config=phrases.PLOTLY,
        alt=t("what_if.time_alt", **texts),
    )


known = data.seen()
share.open_saved()
request = controls.asked(known.machines)
answer = data.project(request.scenario, known)

st.markdown(phrases.sentence(request.scenario, known.machines))
for name, text in request.refused.items():
    st.warning(phrases.refused(name, text, request.scenario), icon=":material/link_off:")
share.reopened(answer)

with st.grid(4, min_column_width=150):
    for headline in headlines(request.scenario, answer):
        card(headline)
    value(request, known)
    onwards()
# The numbers first: whoever moves a slider waits for them, not for the slider.
with st.sidebar:
    controls.draw(request, known.machines, phrases.known(request.scenario, answer))
notes(answer.notes)

left, right = st.columns(2)
with left.container(border=True, height="stretch"):
    money(answer)
with right.container(border=True, height="stretch"):
    against(request.scenario, known, answer)
with st.container(border=True):
    over_time(request.scenario, answer)
share.draw(request.scenario, answer)
