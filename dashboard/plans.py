"""Choices of a plan in words, and how they are taken over."""

from collections.abc import Mapping
from typing import NamedTuple

import streamlit as st

from dashboard import choosable, i18n, link, phrases, readable
from dashboard.i18n import t
from engine import catalogue
from engine.projection import api_price
from engine.scenario import Scenario

HIDDEN = frozenset({"zero_stage", "context_parallel_count", "expert_parallel_count"})
"""Parts of a plan too fine for a line; the address holds them."""
_APPLIED = "applied_levers"


class Applied(NamedTuple):
    """A lever taken over: its name, and the choices in the address before and after."""

    lever: str
    before: dict[str, str]
    after: dict[str, str]


def told(changes: Mapping[str, object], now: Scenario, machines: Mapping[str, str]) -> str:
    """What is chosen otherwise, in one line."""
    shown = [
        t("app.pair", name=phrases.field(name, now), value=f"**{value(name, chosen, machines)}**")
        for name, chosen in changes.items()
        if chosen is not None and name not in HIDDEN
    ]
    return " · ".join(shown)


def value(name: str, chosen: object, machines: Mapping[str, str]) -> str:
    """One choice in words."""
    if isinstance(chosen, float):
        say = readable.quantity if name.endswith("_billion") else readable.choice
        return say(name, chosen)
    text = str(chosen)
    if name == "hardware":
        return phrases.hardware_name(text, machines)
    if name == "place":
        return choosable.place_names()[text]
    if name == "model":
        return catalogue.model(text).name
    if name == "api_model":
        return api_price.models().get(text, text)
    key = f"option.{name}.{text}"
    return t(key) if i18n.known(key) else text


def small(text: str) -> None:
    """Small print in the full colour of the text: a caption's grey is too pale to read for many."""
    st.markdown(f":small[{text}]".replace("$", "\\$"))


def take(before: Scenario, after: Scenario) -> None:
    """Write what differs into the address; what is the default leaves it."""
    one, other = before.model_dump(), after.model_dump()
    link.choose({name: chosen for name, chosen in other.items() if chosen != one[name]})


def apply(lever: str, now: Scenario, then: Scenario) -> None:
    """Take a lever over, so that it can be undone."""
    before = _choices()
    take(now, then)
    found: list[Applied] = st.session_state.get(_APPLIED, [])
    st.session_state[_APPLIED] = [*found, Applied(lever, before, _choices())]


def applied() -> Applied | None:
    """The lever that led to the address as it is, were it by going back; None where none did."""
    found: list[Applied] = st.session_state.get(_APPLIED, [])
    now = _choices()
    return next((one for one in reversed(found) if one.after == now), None)


def undo() -> None:
    """The scenario as it was before the last lever."""
    if (last := applied()) is not None:
        link.write({**dict.fromkeys(last.after), **last.before})


def _choices() -> dict[str, str]:
    return {name: text for name, text in link.address().items() if name in Scenario.model_fields}
