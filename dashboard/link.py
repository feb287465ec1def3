"""The address is the scenario: every choice that is not the default stands in it.

Streamlit can bind a widget to the address by itself, but writes there what the
widget shows, so that a link made in Chinese would mean nothing in English. Here the
address holds the engine's own names and plain numbers, as a scenario file does, and
the widgets follow it.
"""

import math
from collections.abc import Mapping

import streamlit as st
from pydantic import ValidationError
from streamlit.runtime.scriptrunner import get_script_run_ctx

from engine.scenario import Scenario, has_bounds

Choice = str | float | None

USE = "use"
"""Where the address holds what the model is used for."""
_KEPT = "kept_address"
_URL = "kept_url"


def address() -> dict[str, str]:
    """What the address holds, or will once the browser has heard of the last choice.

    A browser that is told of a choice while another is made sends the address from before both.
    """
    kept = st.session_state.get(_KEPT)
    is_same_page = st.session_state.get(_URL) == st.context.url
    return dict(kept) if is_same_page and kept is not None and not _went_back() else _told()


def get(name: str, default: str = "") -> str:
    """One part of the address."""
    return address().get(name, default)


def keep() -> None:
    """Bring the address up to date, before a word is written; it goes along to another page."""
    kept = st.session_state.get(_KEPT)
    is_same_page = st.session_state.get(_URL, st.context.url) == st.context.url
    is_readers = _went_back() or (not is_same_page and _told())
    if kept is not None and not is_readers and _told() != kept:
        st.query_params.from_dict(kept)
    st.session_state[_KEPT] = _told()
    st.session_state[_URL] = st.context.url


def _told() -> dict[str, str]:
    """The address as the browser tells it."""
    return st.query_params.to_dict()


def _went_back() -> bool:
    """Whether the reader went back or forth in the browser's history."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def choices() -> tuple[dict[str, Choice], dict[str, str]]:
    """What the address asks for, and what in it cannot be had: both by Scenario field."""
    asked: dict[str, Choice] = {}
    refused: dict[str, str] = {}
    told = address()
    for name in Scenario.model_fields:
        text = told.get(name)
        if text is None:
            continue
        try:
            asked[name] = getattr(Scenario.model_validate({name: value(name, text)}), name)
        except (ValidationError, ValueError):
            refused[name] = text
    return asked, refused


def choose(changes: Mapping[str, Choice]) -> None:
    """Write choices into the address; one that is the default, or emptied, leaves it."""
    write(_changes(changes))


def _changes(choices: Mapping[str, Choice]) -> dict[str, str | None]:
    defaults = {name: field.default for name, field in Scenario.model_fields.items()}
    return {k: None if v in (None, defaults[k]) else written(v) for k, v in choices.items()}


def start_over(changes: Mapping[str, Choice]) -> None:
    """Every choice back to its default, but for these; it is no longer of the use before."""
    every = {name: field.default for name, field in Scenario.model_fields.items()} | dict(changes)
    write({USE: None} | _changes(every))


def speak(language: str, default: str) -> None:
    """Write the language into the address."""
    write({"lang": None if language == default else language})


def pay(currency: str, default: str) -> None:
    """Write the currency into the address."""
    write({"currency": None if currency == default else currency})


def written(value: Choice) -> str:
    """A choice as the address holds it: exact, and short where it can be."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def write(changes: Mapping[str, str | None]) -> None:
    """Change the address in one step, so that going back undoes one choice."""
    changed = address() | dict(changes)
    st.query_params.from_dict({name: text for name, text in changed.items() if text is not None})
    st.session_state[_KEPT] = _told()
    st.session_state[_URL] = st.context.url


def value(name: str, text: str) -> Choice:
    """A choice out of the words of an address.

    Raises:
        ValueError: it should be a number, and is not.
    """
    if not has_bounds(name):
        return text
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
