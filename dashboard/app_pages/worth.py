"""Whether it is worth it: a use of the model, its guesses, and when it pays off."""

import streamlit as st

from dashboard import (
    cases,
    controls,
    data,
    explain,
    frame,
    link,
    phrases,
    plans,
    readable,
    widgets,
    worth_first,
    worth_words,
)
from dashboard.headlines import scalar
from dashboard.i18n import t
from dashboard.valued import Valued
from dashboard.views import value
from dashboard.views.metric import metric
from engine import catalogue
from engine.projection import api_price
from engine.scenario import Scenario
from engine.value_case import ValueCase


def choose_use(case: ValueCase) -> None:
    """The template; choosing one takes its scenario as well."""
    names = {name: t(f"use.{name}") for name in catalogue.value_templates()}
    st.selectbox(
        t("worth.use"),
        list(names),
        index=list(names).index(widgets.follow(link.USE, case.template)),
        key=link.USE,
        format_func=names.__getitem__,
        help=t("worth.use_hint"),
        on_change=lambda: cases.start(st.session_state[link.USE]),
    )


def guesses(case: ValueCase, found: Valued) -> None:
    """Every guess of the template to replace; an empty box takes the guess."""
    for group, names in worth_words.GROUPS.items():
        with st.expander(t(f"worth.group_{group}"), expanded=group == "volume"):
            for name in names:
                guess(name, case, found)


def guess(name: str, case: ValueCase, found: Valued) -> None:
    """One of them, with the reason of the guess."""
    default = ValueCase.model_fields[name].default
    own = getattr(case, name)
    taken = found.worth.known.get(name)
    limits = worth_words.limits(name)
    widgets.refill(name, None if own is None else widgets.shown(name, own))
    st.number_input(
        t(f"guess.{name}"),
        widgets.shown(name, limits.low),
        widgets.shown(name, limits.high),
        value=None,
        format="%.6g",
        step=worth_words.step(own if taken is None else scalar(taken.value)),
        key=name,
        placeholder="" if default is not None else worth_words.placeholder(case, name),
        help=worth_words.reason(case, name),
        on_change=lambda: cases.choose(name, widgets.meant(name, st.session_state[name])),
    )


def opening(found: Valued, use: cases.Asked) -> None:
    """From where on it pays, out of what, and that it rests on guesses."""
    with st.container(border=True):
        st.header(worth_first.verdict(found), anchor=False)
        if found.worth.npv_usd.known:
            st.markdown(worth_first.standing(found))
            st.markdown(worth_first.chain(found, use.scenario))
        st.markdown(f":orange-badge[:material/edit: {t('worth_first.badge')}]")
        plans.small(worth_first.guesses(use.case, found))


def cards(found: Valued) -> None:
    """The few numbers first."""
    with st.grid(4, min_column_width=150):
        for card in worth_words.cards(found):
            metric(card.label, card.text, card.kind, card.range, hint=card.hint)


def beyond_cash(found: Valued) -> None:
    """What others gain and pay, apart from the cash."""
    st.markdown(
        t(
            "worth.beyond",
            social=worth_words.escaped(readable.money(scalar(found.worth.social_usd.value))),
            external=worth_words.escaped(readable.money(scalar(found.worth.external_usd.value))),
        )
    )


def parts(scenario: Scenario, case: ValueCase, known: data.Seen) -> None:
    """Shares of the spread; worked out only when asked for."""
    with st.expander(
        t("worth.shares_title"), icon=":material/donut_small:", key="shares", on_change="rerun"
    ) as shown:
        if shown.open:
            st.caption(t("worth.shares_lead"))
            st.dataframe(
                worth_words.shares_table(data.shares(scenario, case, known)),
                hide_index=True,
                alt=t("worth.shares_title"),
            )


def ways(scenario: Scenario, case: ValueCase, known: data.Seen) -> None:
    """Own, rent, or buy answers."""
    st.header(t("worth.ways_title"), anchor=False)
    item = catalogue.model(scenario.model).item
    if item == "token":
        models = api_price.models()
        widgets.refill("api_model", scenario.api_model)
        st.selectbox(
            t("worth.api_model"),
            list(models),
            index=None,
            key="api_model",
            format_func=models.__getitem__,
            placeholder=t("worth.api_hint"),
            on_change=lambda: worth_words.choose_api(st.session_state["api_model"]),
        )
    value.ways(scenario, case, known)


def page() -> None:
    """The use, the guesses, and what it is worth."""
    known = data.seen()
    request = controls.asked(known.machines)
    use = cases.asked(request.chosen)
    found = data.valued(use.scenario, use.case, known)

    with st.container(horizontal=True, vertical_alignment="bottom"):
        choose_use(use.case)
    st.markdown(phrases.sentence(use.scenario, known.machines))
    st.caption(t("worth.lead", outcome=t(f"outcome.{use.case.template}")))
    for name, text in use.refused.items():
        st.warning(
            t("control.not_here", choice=t(f"guess.{name}"), value=text), icon=":material/link_off:"
        )
    for name, text in request.refused.items():
        st.warning(phrases.refused(name, text, use.scenario), icon=":material/link_off:")
    opening(found, use)
    cards(found)
    with st.container(horizontal=True, vertical_alignment="center"):
        beyond_cash(found)
        explain.explain_menu(worth_words.explained(found), "worth")
    with st.sidebar:
        st.header(t("worth.guesses_title"), anchor=False)
        st.caption(t("worth.guesses_lead"))
        guesses(use.case, found)
    for note in found.worth.notes:
        st.warning(phrases.note(note), icon=":material/info:")

    for first, second in ((value.cash, value.accuracy), (value.doubt, value.movers)):
        left, right = st.columns(2)
        with left.container(border=True, height="stretch"):
            first(found)
        with right.container(border=True, height="stretch"):
            second(found)
    parts(use.scenario, use.case, known)
    with st.container(border=True):
        ways(use.scenario, use.case, known)


frame.alone(page)
