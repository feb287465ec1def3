"""Choices of a plan in words, and how they are taken over."""

from collections.abc import Mapping

import streamlit as st

from dashboard import controls, i18n, link, phrases, readable
from dashboard.i18n import t
from engine import catalogue
from engine.scenario import Scenario

HIDDEN = frozenset({"zero_stage", "context_parallel_count", "expert_parallel_count"})
"""Parts of a plan too fine for a line; the address holds them."""


def told(changes: Mapping[str, object], now: Scenario, machines: Mapping[str, str]) -> str:
    """What is chosen otherwise, in one line."""
    shown = [
        f"{phrases.field(name, now)}: **{value(name, chosen, machines)}**"
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
        return controls.place_names()[text]
    if name == "model":
        return catalogue.model(text).name
    key = f"option.{name}.{text}"
    return t(key) if i18n.known(key) else text


def small(text: str) -> None:
    """Small print in the full colour of the text: a caption's grey is too pale to read for many."""
    st.markdown(f":small[{text}]".replace("$", "\\$"))


def take(before: Scenario, after: Scenario) -> None:
    """Write what differs into the address; what is the default leaves it."""
    one, other = before.model_dump(), after.model_dump()
    link.choose({name: chosen for name, chosen in other.items() if chosen != one[name]})
