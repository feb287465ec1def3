"""The best plans within limits: what they are, what binds, and what nothing beats."""

from collections.abc import Callable, Mapping

import streamlit as st

from dashboard import controls, data, explain, limits, phrases, plans, readable
from dashboard.charts import tradeoff
from dashboard.headlines import scalar
from dashboard.i18n import t
from dashboard.limits import AIMS
from engine.projection.decisions import Binding, Decision, Goal, Plan, Question
from engine.projection.savings import changed
from engine.projection.working import estimates
from engine.records import Projection
from engine.scenario import Scenario

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
}
TOLD_NOTES = frozenset({"price-old", "latency-goal-missed"})
"""What must be known of a plan before it is opened."""
AGAINST = {
    "answer": Goal("deployment.tpot_s", is_largest=False),
    "carbon": Goal("total.carbon_kgco2e", is_largest=False),
    "training": Goal("training.time_h", is_largest=False),
}


def name(path: str) -> str:
    """What a number is called."""
    return t(f"decide.number_{path.replace('.', '_')}")


def say(path: str, value: float | None) -> str:
    """A number as people read it."""
    return SAYS[path](value)


def card(place: int, plan: Plan, now: Scenario, machines: dict[str, str]) -> None:
    """One plan: its numbers, what it changes, and a button that opens it."""
    with st.container(border=True):
        words, button = st.columns([5, 1.3], vertical_alignment="center")
        with words:
            title = t("decide.best") if place == 0 else t("decide.next", number=place + 1)
            told = " · ".join(f"{name(p)} **{say(p, v)}**" for p, v in plan.numbers.items())
            st.markdown(f"**{title}** — {told}".replace("$", "\\$"))
            changes = changed(now, plan.scenario)
            plans.small(plans.told(changes, now, machines) or t("decide.as_it_is"))
            for note in plan.projection.notes:
                if note.code in TOLD_NOTES:
                    plans.small(f":material/info: {phrases.note(note)}")
            explain.explain_menu(numbers(plan), f"plan_{place}")
        if button.button(
            t("decide.open"),
            key=f"open_{place}",
            icon=":material/tune:",
            type=controls.main_button() if place == 0 else "secondary",
            width="stretch",
        ):
            plans.take(now, plan.scenario)
            st.switch_page("app_pages/what_if.py")


def numbers(plan: Plan) -> list[explain.Number]:
    """The numbers of a plan that can be followed down to their sources."""
    known = dict(estimates(plan.projection))
    return [explain.Number(name(p), known[p], SAYS[p]) for p in plan.numbers if p in known]


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


def answers(answer: Decision, now: Scenario, machines: dict[str, str]) -> None:
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
        card(place, plan, now, machines)
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


def front(question: Question, answer: Projection, machines: dict[str, str]) -> None:
    """Cost against another number: everything that nothing beats in both."""
    st.subheader(t("decide.front_title"), anchor=False)
    labels = {key: t(f"decide.against_{key}") for key in AGAINST}
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
    found = data.tradeoff(question, (AIMS["cost"], way), known)
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
    part, _, number = way.path.partition(".")
    here = scalar(answer.total.cost_usd.value), scalar(getattr(getattr(answer, part), number).value)
    words = {
        "x": name("total.cost_usd"),
        "y": name(way.path),
        "now": t("decide.now"),
        "other": t("decide.other_hardware"),
    }
    at = (here[0], here[1]) if here[0] is not None and here[1] is not None else None
    st.plotly_chart(
        tradeoff.over(points, at, (readable.money, SAYS[way.path]), words),
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
    plans.small(t("decide.front_lead"))


known = data.seen()
request = controls.asked(known.machines)
now = request.scenario

st.markdown(phrases.sentence(now, known.machines))
plans.small(t("decide.lead"))
with st.container(border=True):
    limits.draw()
question = limits.question(now)
with st.spinner(t("decide.searching")):
    decision = data.decision(question, known)
answers(decision, now, known.machines)
front(question, data.project(now, known), known.machines)
