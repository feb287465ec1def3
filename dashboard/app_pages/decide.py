"""The best plans within limits: what they are, what binds, and what nothing beats."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import streamlit as st

from dashboard import cases, controls, data, explain, limits, phrases, plans, readable
from dashboard.charts import tradeoff
from dashboard.headlines import scalar
from dashboard.i18n import t
from dashboard.limits import AIMS
from engine.projection.decision_goals import NPV
from engine.projection.decisions import Binding, Decision, Goal, Plan, Question
from engine.projection.savings import changed
from engine.projection.working import estimates, unknown
from engine.projection.worth import worth
from engine.records import Estimate, Projection
from engine.scenario import Scenario
from engine.value_case import ValueCase

Say = Callable[[float | None], str]


def grams(value_kg: float | None) -> str:
    """Carbon of a kWh."""
    return readable.DASH if value_kg is None else f"{readable.number(value_kg * 1e3)} g/kWh"


def billions(value_billion: float | None) -> str:
    """Size of a model."""
    return readable.count(None if value_billion is None else value_billion * 1e9)


SAYS: Mapping[str, Say] = {
    "total.cost_usd": readable.money,
    "training.time_h": readable.duration,
    "deployment.tpot_s": readable.seconds,
    "deployment.latency_s": readable.seconds,
    "total.carbon_kgco2e": readable.carbon,
    "carbon_kgco2e_per_kwh": grams,
    "quality.score_share": readable.score,
    "parameters_billion": billions,
    "deployment.ttft_p95_s": readable.seconds,
    "deployment.latency_p95_s": readable.seconds,
    NPV: readable.money,
}
SHOWN = (
    "total.cost_usd",
    "training.time_h",
    "quality.score_share",
    "deployment.tpot_s",
    "deployment.latency_s",
    "total.carbon_kgco2e",
    NPV,
)
"""Told of every plan where it is known, whatever was asked; of answers, one time.

A score that a plan makes unknown is told as such.
"""
TOLD_NOTES = frozenset({"price-old", "latency-goal-missed"})
"""What must be known of a plan before it is opened."""
AGAINST = {
    "answer": Goal("deployment.tpot_s", is_largest=False),
    "carbon": Goal("total.carbon_kgco2e", is_largest=False),
    "training": Goal("training.time_h", is_largest=False),
    "score": Goal("quality.score_share", is_largest=True),
    "value": AIMS["value"],
}


def name(path: str) -> str:
    """What a number is called."""
    return t(f"decide.number_{path.replace('.', '_')}")


def say(path: str, value: float | None) -> str:
    """A number as people read it."""
    return SAYS[path](value)


def card(place: int, plan: Plan, asked: Question, machines: dict[str, str]) -> None:
    """One plan: what it changes, its numbers, and a button that opens it."""
    now = asked.scenario
    with st.container(border=True):
        words, button = st.columns([5, 1.3], vertical_alignment="center")
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
            type=controls.main_button() if place == 0 else "secondary",
            width="stretch",
        ):
            plans.take(now, plan.scenario)
            st.switch_page("app_pages/what_if.py")
        shown = numbers(plan, asked.case)
        with st.grid(6, min_column_width=120):
            for number in shown:
                figure(number)
        for note in plan.projection.notes:
            if note.code in TOLD_NOTES:
                plans.small(f":material/info: {phrases.note(note)}")
        explain.explain_menu(shown, f"plan_{place}")


def chosen_of(now: Scenario, plan: Scenario) -> dict[str, object]:
    """What a plan chooses otherwise; where nothing is trained, how it would be says nothing."""
    hidden = () if limits.trains(now) else ("precision", "training_device_count")
    return {k: v for k, v in changed(now, plan).items() if k not in hidden}


def figure(number: explain.Number) -> None:
    """One number of a plan under its name."""
    value = number.say(scalar(number.estimate.value)).replace("$", "\\$")
    st.markdown(f":small[{number.label[:1].upper()}{number.label[1:]}]  \n**{value}**")


def numbers(plan: Plan, case: ValueCase | None) -> list[explain.Number]:
    """What a plan costs, takes and brings, each to be followed down to its sources."""
    known = known_of(plan, case)
    scored = {NPV, "quality.score_share"} if plan.projection.quality.metric else {NPV}
    paths = [p for p in SHOWN if p in known and (known[p].known or p in scored)]
    spare = {"deployment.latency_s"} if "deployment.tpot_s" in paths else set()
    if not limits.trains(plan.scenario):
        spare.add("training.time_h")
    paths = [p for p in paths if p not in spare]
    paths += [p for p in plan.numbers if p in known and p not in paths]
    return [explain.Number(name(p), known[p], SAYS[p]) for p in paths]


def known_of(plan: Plan, case: ValueCase | None) -> dict[str, Estimate]:
    """Every number of a plan by its path; what it is worth where a use is named."""
    found = dict(estimates(plan.projection))
    if case is not None:
        missing = unknown("nothing tells how many of its answers are right")
        found[NPV] = missing if plan.worth is None else plan.worth.npv_usd
    return found


def binding(found: Binding, answer: Decision) -> str:
    """What one limit does to the answer."""
    path, goal = found.limit.path, answer.question.goal.path
    at = {"name": name(path), "limit": say(path, found.limit.bound_number)}
    if answer.plans:
        at["reached"] = say(path, found.reached_number)
        if not found.binds:
            return t("decide.slack", **at)
        told = [t("decide.binds", **at)]
        aim = name(goal)
        if found.easier_number is not None:
            told.append(t("decide.easier", aim=aim, value=say(goal, found.easier_number)))
        if found.without_number is not None:
            told.append(t("decide.without", aim=aim, value=say(goal, found.without_number)))
        return " ".join(told)
    at["alone"] = say(path, found.alone_number)
    if found.is_impossible:
        return t("decide.impossible", **at)
    return t("decide.conflict", **at, nearest=say(path, found.reached_number))


def answers(answer: Decision, asked: Question, machines: dict[str, str]) -> None:
    """Plans, then what binds, then how sure that is."""
    if not answer.plans:
        st.warning(t("decide.none"), icon=":material/block:")
        if closed := limits.closed():
            what = ", ".join(t(f"decide.may_{name}") for name in closed)
            st.button(
                t("decide.open_more", what=what),
                icon=":material/lock_open:",
                on_click=limits.open_all,
            )
    for place, plan in enumerate(answer.plans):
        card(place, plan, asked, machines)
    if answer.bindings:
        st.subheader(t("decide.binds_title"), anchor=False)
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
    plans.small(" ".join(sure))


def axes(question: Question, answer: Projection) -> list[str]:
    """What may be set against cost."""
    unknown = set() if question.case else {"value"}
    if not answer.quality.score_share.known:
        unknown.add("score")
    return [key for key in AGAINST if key not in unknown]


def front(question: Question, answer: Projection, machines: dict[str, str]) -> None:
    """Cost against another number: everything that nothing beats in both."""
    st.subheader(t("decide.front_title"), anchor=False)
    labels = {key: t(f"decide.against_{key}") for key in axes(question, answer)}
    chosen = st.segmented_control(
        t("decide.against"),
        list(labels),
        default="answer",
        required=True,
        key="against",
        format_func=labels.__getitem__,
    )
    way = AGAINST[chosen]
    if way.path == "deployment.tpot_s" and not answer.deployment.tpot_s.known:
        way = Goal("deployment.latency_s", is_largest=False)
    found = data.tradeoff(sized(question, way), (AIMS["cost"], way), known)
    if not found:
        st.info(t("decide.no_front"), icon=":material/info:")
        return
    points = [
        tradeoff.Point(
            numbers["total.cost_usd"],
            numbers[way.path],
            phrases.hardware_name(str(choices["hardware"]), machines),
            plans.told(choices, question.scenario, machines)
            .replace("**", "")
            .replace(" · ", "<br>"),
        )
        for choices, numbers in found
    ]
    words = {
        "x": name("total.cost_usd"),
        "y": name(way.path),
        "now": t("decide.now"),
        "other": t("decide.other_hardware"),
    }
    st.plotly_chart(
        tradeoff.over(
            points,
            here(question, answer, way.path),
            (readable.money, SAYS[way.path]),
            words,
            is_log=not way.is_largest,
        ),
        config=phrases.PLOTLY,
        alt=t(
            "decide.front_alt",
            count=len(points),
            low=readable.money(points[0].x),
            high=readable.money(points[-1].x),
            other=name(way.path),
            first=say(way.path, points[0].y),
            last=say(way.path, points[-1].y),
        ),
    )
    plans.small(t("decide.front_lead_more" if way.is_largest else "decide.front_lead"))


def sized(question: Question, way: Goal) -> Question:
    """With the size open where only it moves the other number, and the model is trained here."""
    if not (way.is_largest and limits.trains(question.scenario)):
        return question
    return replace(question, opened=("parameters_billion",))


def here(question: Question, answer: Projection, path: str) -> tuple[float, float] | None:
    """Cost and the other number of the scenario as it is; None where one is not known."""
    found = dict(estimates(answer))
    if question.case is not None:
        found[NPV] = worth(question.scenario, question.case, answer).npv_usd
    cost, other = (scalar(found[each].value) for each in ("total.cost_usd", path))
    return None if cost is None or other is None else (cost, other)


def chosen_use(case: ValueCase | None) -> None:
    """Of which use the value is; or where to name one."""
    if case is None:
        st.page_link(
            "app_pages/worth.py", label=t("decide.name_use"), icon=":material/volunteer_activism:"
        )
    else:
        plans.small(t("decide.in_use", use=t(f"use.{case.template}")))


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
front(question, data.project(now, known), known.machines)
