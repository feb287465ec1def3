"""What the page Decide asks for: an aim, limits, what may change; it stands in the address.

The widgets are a form: what is typed waits for its button, since each search takes its time.
"""

import math
from typing import NamedTuple

import streamlit as st

from dashboard import choosable, link, widgets
from dashboard.i18n import t
from engine.projection.decision_goals import NPV
from engine.projection.decisions import Goal, Limit, Question
from engine.scenario import Scenario
from engine.value_case import ValueCase


class Asked(NamedTuple):
    """One limit: the number it is on, and how the reader's unit turns into the engine's."""

    path: str
    at_most: bool
    per_unit: float
    step: float


AIMS = {
    "cost": Goal("total.cost_usd", is_largest=False),
    "size": Goal("parameters_billion", is_largest=True),
    "carbon": Goal("total.carbon_kgco2e", is_largest=False),
    "time": Goal("training.time_h", is_largest=False),
    "value": Goal(NPV, is_largest=True),
}
"""The last only where the address names a use."""
LIMITS = {
    "budget": Asked("total.cost_usd", at_most=True, per_unit=1.0, step=10_000.0),
    "training": Asked("training.bill.cost_usd", at_most=True, per_unit=1.0, step=10_000.0),
    "days": Asked("training.time_h", at_most=True, per_unit=24.0, step=1.0),
    "token_ms": Asked("deployment.tpot_s", at_most=True, per_unit=1e-3, step=1.0),
    "tonnes": Asked("total.carbon_kgco2e", at_most=True, per_unit=1e3, step=1.0),
    "grid_g": Asked("carbon_kgco2e_per_kwh", at_most=True, per_unit=1e-3, step=10.0),
    "score": Asked("quality.score_share", at_most=False, per_unit=1e-2, step=1.0),
}
"""In the reader's units: dollars, days, milliseconds, tonnes, grams per kWh, percent."""
MAY_CHANGE = {
    "hardware": ("hardware",),
    "terms": ("ownership",),
    "precision": ("precision", "serving_precision"),
    "place": ("place",),
}
USUAL = ("hardware", "terms", "precision")


def question(scenario: Scenario, case: ValueCase | None) -> Question:
    """What the address asks for; `case` is the use it names."""
    may = may_change()
    kept = tuple(name for key, names in MAY_CHANGE.items() if key not in may for name in names)
    limits = tuple(
        Limit(asked.path, asked.at_most, number * asked.per_unit)
        for key, asked in LIMITS.items()
        if (number := typed(key)) is not None
    )
    scored = ("parameters_billion",) if typed("score") is not None and trains(scenario) else ()
    only = link.get("only")
    allowed = {"hardware": tuple(only.split(","))} if only and "hardware" in may else {}
    known = {k: v for k, v in allowed.items() if set(v) <= set(choosable.hardware_names())}
    return Question(scenario, AIMS[aim(case)], limits, kept, scored, known, case)


def trains(scenario: Scenario) -> bool:
    """Whether the model is trained here, so that its size is open to choice."""
    return float(scenario.training_run_count) > 0


def aims(case: ValueCase | None) -> tuple[str, ...]:
    """What may be best."""
    return tuple(name for name in AIMS if name != "value" or case is not None)


def aim(case: ValueCase | None) -> str:
    """What is to be best."""
    asked = link.get("aim", "cost")
    return asked if asked in aims(case) else "cost"


def may_change() -> tuple[str, ...]:
    """What the search may change beside numbers of devices and batches."""
    asked = link.address().get("may")
    return USUAL if asked is None else tuple(n for n in asked.split(",") if n in MAY_CHANGE)


def closed() -> tuple[str, ...]:
    """What the search might change and may not."""
    return tuple(name for name in MAY_CHANGE if name not in may_change())


def open_all() -> None:
    """Let the search change everything it can."""
    link.write({"may": ",".join(MAY_CHANGE)})


def unit(name: str) -> str:
    """The quantity a limit is on, whose last word says its unit."""
    return LIMITS[name].path.rpartition(".")[2]


def typed(name: str) -> float | None:
    """One limit in the reader's unit; None where none is asked for."""
    try:
        number = float(link.get(f"max_{name}"))
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def draw(case: ValueCase | None) -> None:
    """The form: aim first, limits, then what may change, and the button that searches."""
    words = {name: t(f"decide.aim_{name}") for name in aims(case)}
    with st.form("limits"):
        st.segmented_control(
            t("decide.aim"),
            list(words),
            default=widgets.follow("aim", aim(case)),
            key="aim",
            required=True,
            format_func=words.__getitem__,
        )
        with st.grid(4, min_column_width=180):
            for name, asked in LIMITS.items():
                _limit(name, asked)
        _may_change()
        _only()
        st.form_submit_button(
            t("decide.search"),
            key="search",
            icon=":material/search:",
            type=widgets.main_button(),
            on_click=_search,
        )


def _may_change() -> None:
    words = {name: t(f"decide.may_{name}") for name in MAY_CHANGE}
    st.pills(
        t("decide.may"),
        list(words),
        default=widgets.follow("may", list(may_change())),
        key="may",
        selection_mode="multi",
        format_func=words.__getitem__,
    )


def _only() -> None:
    names = choosable.hardware_names()
    chosen = [i for i in link.get("only").split(",") if i in names]
    st.multiselect(
        t("decide.only"),
        list(names),
        default=widgets.follow("only", chosen),
        key="only",
        format_func=names.__getitem__,
        placeholder=t("decide.only_all"),
    )


def _limit(name: str, asked: Asked) -> None:
    key, number = f"max_{name}", typed(name)
    widgets.refill(key, None if number is None else widgets.shown(unit(name), number))
    st.number_input(
        t(f"decide.limit_{name}"),
        min_value=0.0,
        value=None,
        step=asked.step,
        format="%.6g",
        key=key,
        placeholder=t("decide.no_limit"),
    )


def _search() -> None:
    """Write the whole form into the address: what stands there is what is searched."""
    aimed, may = st.session_state["aim"], st.session_state["may"]
    told: dict[str, str | None] = {
        "aim": None if aimed == "cost" else aimed,
        "may": None if set(may) == set(USUAL) else ",".join(may),
        "only": ",".join(st.session_state["only"]) or None,
    }
    for name in LIMITS:
        number = widgets.meant(unit(name), st.session_state[f"max_{name}"])
        told[f"max_{name}"] = None if number is None else link.written(number)
    link.write(told)
