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

from engine.scenario import Scenario, has_bounds

Choice = str | float | None

USE = "use"
"""Where the address holds what the model is used for."""
_KEPT = "kept_address"
_URL = "kept_url"
_PAGE = "kept_page"
_CARRIED = "carried"


def keep() -> None:
    """Carry the address over when the reader goes to another page, before a word is written."""
    url = st.context.url
    if st.session_state.get(_URL, url) != url and not st.query_params:
        st.query_params.from_dict(st.session_state.get(_KEPT, {}))
    st.session_state[_URL] = url


def arrive(page: str) -> bool:
    """Remember page and address; whether the address had to be carried over only now.

    The browser may tell of the new page before its own address has changed, or of an empty
    address after; until something is chosen there, an empty one was not the reader's doing.
    """
    if st.session_state.get(_PAGE, page) != page:
        st.session_state[_CARRIED] = True
    carried = st.session_state.get(_CARRIED, False)
    late = carried and not st.query_params and bool(st.session_state.get(_KEPT))
    if late:
        st.query_params.from_dict(st.session_state[_KEPT])
    st.session_state[_PAGE] = page
    st.session_state[_KEPT] = st.query_params.to_dict()
    return late


def choices() -> tuple[dict[str, Choice], dict[str, str]]:
    """What the address asks for, and what in it cannot be had: both by Scenario field."""
    asked: dict[str, Choice] = {}
    refused: dict[str, str] = {}
    address = st.query_params.to_dict()
    for name in Scenario.model_fields:
        text = address.get(name)
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
    address = st.query_params.to_dict() | dict(changes)
    st.query_params.from_dict({name: text for name, text in address.items() if text is not None})
    st.session_state[_KEPT] = st.query_params.to_dict()
    st.session_state[_CARRIED] = False


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
