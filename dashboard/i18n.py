"""Every word on the screen: `t("key")`, in the reader's language."""

import tomllib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import currency, link

LOCALES = Path(__file__).parent / "locales"
DEFAULT = "en"
LANGUAGES = {"en": "English", "zh": "中文"}
"""Every language by code, under its own name, in menu order."""


_spoken: ContextVar[str | None] = ContextVar("_spoken", default=None)
"""Language of this run: reading the address for each of a thousand numbers is slow."""


def language() -> str:
    """Language of this page, from its address (`?lang=zh`); English where none is asked."""
    return _spoken.get() or _asked()


def _asked() -> str:
    asked = link.get("lang", DEFAULT)
    return asked if asked in LANGUAGES else DEFAULT


def watch(currency: str) -> None:
    """Read the language, once a run; note whether the run before had other words or currency."""
    _spoken.set(_asked())
    drawn = (language(), currency)
    st.session_state["relabelled"] = st.session_state.get("drawn_words") != drawn
    st.session_state["drawn_words"] = drawn


def relabelled() -> bool:
    """Whether widgets drawn before showed other words, and must be set anew."""
    return bool(st.session_state.get("relabelled", True))


def carry(*keys: str) -> None:
    """Keep what is selected in widgets of a page through a change of language.

    A widget remembers the words of its option, which are others in another language.
    """
    if relabelled():
        for key in keys:
            if key in st.session_state:
                st.session_state[key] = st.session_state[key]


def t(key: str, /, **values: object) -> str:
    """The words of that key, with values put in; {money} is the currency shown."""
    text = words(language())[key]
    if "{money}" in text:
        values["money"] = currency.name(language())
    return text.format(**values)


def known(key: str) -> bool:
    """Whether there are words for the key."""
    return key in words(language())


@cache
def words(code: str) -> Mapping[str, str]:
    """All words of one language, by dotted key."""
    found: dict[str, str] = {}
    for path in sorted((LOCALES / code).glob("*.toml")):
        found |= dict(flat(tomllib.loads(path.read_text(encoding="utf-8"))))
    return found


def names(code: str) -> Mapping[str, str]:
    """Names of places in one language; a place not listed keeps its English name."""
    return _listed("places", code)


def reason(text: str) -> str:
    """A reason that the catalogue gives, in the reader's language where it is put into it."""
    return _listed("reasons", language()).get(text, text)


@cache
def _listed(what: str, code: str) -> Mapping[str, str]:
    path = LOCALES / what / f"{code}.toml"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(key): str(text) for key, text in tomllib.load(file).items()}


def flat(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Words by dotted key."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{inner}", words) for inner, words in flat(value))
        else:
            yield key, value
