"""The best plans within limits: what they are, what binds, and what nothing beats."""

from collections.abc import Mapping

import streamlit as st

from dashboard import (
    cases,
    controls,
    data,
    explain,
    frame,
    i18n,
    limits,
    phrases,
    plans,
    readable,
    widgets,
)
from dashboard.i18n import t
from dashboard.views import decided
from dashboard.views.decided import name, say
from engine.projection.decisions import Binding, Decision, Plan, Question
from engine.projection.money_hardware import pays_idle_hours
from engine.projection.saving_levers import changed
from engine.scenario import Scenario
from engine.value_case import ValueCase

TOLD_NOTES = frozenset({"price-old", "latency-goal-missed", "little-data"})
"""What must be known of a plan before it is opened."""


def card(place: int, plan: Plan, asked: Question, machines: dict[str, str]) -> None:
    """One plan: what it changes, its numbers, and a button that opens it."""
    now = asked.scenario
    with st.container(border=True):
        words, button = st.columns([4, 1.3], vertical_alignment="center")
        with words:
            title = t("decide.best") if place == 0 else t("decide.next", number=place + 1)
            changes = chosen_of(now, plan.scenario)
            told = plans.told(changes, now, machines) or t("decide.as_it_is")
            st.markdown(f"**{title}**")
            plans.small(told)
        if button.button(
            t("decide.open"),
            key=f"open_{place}",
            icon=":material/tune:",
            type=widgets.main_button() if place == 0 else "secondary",
            width="stretch",
        ):
            plans.take(now, plan.scenario)
            st.switch_page("app_pages/what_if.py")
        shown = decided.numbers(plan, asked.case)
        with st.grid(6, min_column_width=100):
            for number in shown:
                decided.figure(number)
        for note in plan.projection.notes:
            if note.code in TOLD_NOTES:
                plans.small(f":material/info: {phrases.note(note)}")
        explain.explain_menu(shown, f"plan_{place}")


def chosen_of(now: Scenario, plan: Scenario) -> dict[str, object]:
    """What a plan chooses otherwise; where nothing is trained, how it would be says nothing."""
    hidden = () if limits.trains(now) else ("precision", "training_device_count")
    return {k: v for k, v in changed(now, plan).items() if k not in hidden}


def binding(found: Binding, answer: Decision) -> str:
    """What one limit does to the answer."""
    path, goal = found.limit.path, answer.question.goal.path
    at = {"name": name(path), "limit": say(path, found.limit.bound_number)}
    if answer.plans:
        at["reached"] = say(path, found.reached_number)
        if not found.binds:
            return t("decide.slack", **at)
        return bound(found, answer.plans[0].numbers[goal], goal, at)
    at["alone"] = say(path, found.alone_number)
    if found.is_impossible:
        return t("decide.impossible", **at)
    return t("decide.conflict", **at, nearest=say(path, found.reached_number))


def bound(found: Binding, best: float, goal: str, at: Mapping[str, str]) -> str:
    """What loosening a limit that binds would buy; nothing that a reader would see may be it."""
    loosened = {"easier": found.easier_number, "without": found.without_number}
    gains = {k: say(goal, v) for k, v in loosened.items() if v is not None}
    gains = {k: told for k, told in gains.items() if told != say(goal, best)}
    if not gains:
        return t("decide.binds_hardly", **at, aim=name(goal))
    told = (t(f"decide.{k}", aim=name(goal), value=value) for k, value in gains.items())
    return i18n.sentences(t("decide.binds", **at), *told)


def answers(answer: Decision, asked: Question, machines: dict[str, str]) -> None:
    """Plans, then what binds, then how sure that is."""
    if not answer.plans:
        st.warning(t("decide.none"), icon=":material/block:")
        if closed := limits.closed():
            what = t("app.comma").join(t(f"decide.may_{name}") for name in closed)
            st.button(
                t("decide.open_more", what=what),
                icon=":material/lock_open:",
                on_click=limits.open_all,
            )
    for place, plan in enumerate(answer.plans):
        card(place, plan, asked, machines)
    if answer.bindings:
        st.header(t("decide.binds_title"), anchor=False)
        lines = (binding(b, answer).replace("$", "\\$") for b in answer.bindings)
        st.markdown("\n".join(f"- {told}" for told in lines))
    count = readable.count(float(answer.combination_count))
    sure = [
        t("decide.exhaustive" if answer.guarantee == "exhaustive" else "decide.finer", count=count)
    ]
    if answer.scored_precisions_only:
        sure.append(t("decide.scored_only"))
    elif "precision" in limits.may_change():
        sure.append(t("decide.precision_unknown"))
    if any(pays_idle_hours(plan.scenario) for plan in answer.plans):
        sure.append(t("decide.by_hours"))
    plans.small(i18n.sentences(*sure))


def chosen_use(case: ValueCase | None) -> None:
    """Of which use the value is; or where to name one."""
    if case is None:
        st.page_link(
            "app_pages/worth.py", label=t("decide.name_use"), icon=":material/volunteer_activism:"
        )
    else:
        plans.small(t("decide.in_use", use=t(f"use.{case.template}")))


def page() -> None:
    """The limits, and the best plans within them."""
    known = data.seen()
    request = controls.asked(known.machines)
    now, use = request.scenario, cases.named(request.chosen)
    case = None if use is None else use.case

    st.markdown(phrases.sentence(now, known.machines))
    plans.small(t("decide.lead"))
    limits.draw(case)
    question = limits.question(now, case)
    with st.spinner(t("decide.searching")):
        decision = data.decision(question, known)
    chosen_use(case)
    answers(decision, question, known.machines)
    decided.front(question, data.project(now, known), known)


frame.alone(page)
