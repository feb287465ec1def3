"""One scenario: what it costs, how good it gets, where the money goes."""

import streamlit as st

from dashboard import cases, controls, data, explain, frame, pace, phrases, readable, share, tour
from dashboard.headlines import Headline, headlines, net_value, scalar
from dashboard.i18n import t
from dashboard.navigation import PAGES
from dashboard.views import outcome
from dashboard.views.metric import metric
from engine.projection.money_hardware import pays_idle_hours
from engine.records import Note, Projection
from engine.scenario import Scenario

ONWARDS = ("worth", "savings", "decide", "report", "present")


def card(headline: Headline) -> None:
    """A number, how it is known, and its range."""
    kind, span = headline.estimate.kind, headline.range
    metric(headline.label, headline.text, kind, span, hint=headline.hint)


def value(request: controls.Asked, known: data.Seen) -> tuple[Headline, ...]:
    """The card of its worth in the use that the address names; else the way to name one."""
    use = cases.named(request.chosen)
    found = None if use is None else data.valued(request.scenario, use.case, known)
    headline = net_value(found)
    if found is not None:
        card(headline)
        return (headline,)
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.metric(headline.label, headline.text, help=headline.hint)
        st.page_link("app_pages/worth.py", label=t("what_if.name_use"), icon=":material/balance:")
    return ()


def owning(scenario: Scenario, answer: Projection) -> None:
    """What is owed at once or for a whole term, where the bill counts hardware by the hour."""
    place, bought = st.empty(), answer.training.methods.purchase_usd
    told = ""
    if scenario.ownership == "owned" and bought.value is not None:
        told = t("what_if.owning", purchase=readable.money(scalar(bought.value)))
    elif scenario.ownership == "cloud" and pays_idle_hours(scenario):
        told = t("what_if.reserved")
    if told:
        place.markdown(f":small[{told}]".replace("$", "\\$"))


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


def page() -> None:
    """The choices, and all they come to."""
    known = data.seen()
    share.open_saved()
    request = controls.asked(known.machines)
    answer = data.project(request.scenario, known)

    tour.offer()
    st.markdown(phrases.sentence(request.scenario, known.machines))
    owning(request.scenario, answer)
    for name, text in request.refused.items():
        st.warning(phrases.refused(name, text, request.scenario), icon=":material/link_off:")
    share.reopened(answer)

    shown = headlines(request.scenario, answer)
    cards = st.grid(4, min_column_width=150, key="cards")
    with cards:
        for headline in shown:
            card(headline)
    # The numbers first: whoever moves a slider waits for them, not for the slider.
    pace.let_out()
    with cards:
        shown += value(request, known)
        onwards()
    numbers = [explain.Number(h.label, h.estimate, h.say) for h in shown]
    explain.explain_menu(numbers, "cards")
    with st.sidebar:
        controls.draw(request, known.machines, phrases.known(request.scenario, answer))
    notes(answer.notes)
    pace.let_in()

    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        outcome.money(answer)
    with right.container(border=True, height="stretch"):
        outcome.against(request.scenario, known, answer)
    with st.container(border=True):
        outcome.over_time(request.scenario, answer)
    share.draw(request.scenario, answer)


frame.alone(page)
