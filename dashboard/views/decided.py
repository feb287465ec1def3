"""Numbers of plans in words, and the picture of what nothing beats."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import streamlit as st

from dashboard import data, explain, limits, phrases, plans, readable
from dashboard.charts import tradeoff
from dashboard.headlines import scalar
from dashboard.i18n import t
from dashboard.limits import AIMS
from engine.projection.decision_goals import NPV
from engine.projection.decisions import Goal, Plan, Question
from engine.projection.working import estimates, unknown
from engine.projection.worth import worth
from engine.records import Estimate, Projection
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
    "training.bill.cost_usd": readable.money,
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
    "training.bill.cost_usd",
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
        spare |= {"training.time_h", "training.bill.cost_usd"}
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


def axes(question: Question, answer: Projection) -> list[str]:
    """What may be set against cost."""
    unknown = set() if question.case else {"value"}
    if not answer.quality.score_share.known:
        unknown.add("score")
    return [key for key in AGAINST if key not in unknown]


def front(question: Question, answer: Projection, known: data.Seen) -> None:
    """Cost against another number: everything that nothing beats in both."""
    st.header(t("decide.front_title"), anchor=False)
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
            phrases.hardware_name(str(choices["hardware"]), known.machines),
            plans.told(choices, question.scenario, known.machines)
            .replace("**", "")
            .replace(" · ", "<br>"),
        )
        for choices, numbers in found
    ]
    words = {
        "x": titled(name("total.cost_usd")),
        "y": titled(name(way.path)),
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


def titled(words: str) -> str:
    """Words of a sentence as those of an axis."""
    return words[:1].upper() + words[1:]


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
