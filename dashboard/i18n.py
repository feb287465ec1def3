"""Every word on the screen: `t("key")`, in the reader's language."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import streamlit as st

from dashboard import currency, link

LOCALES = Path(__file__).parent / "locales"
DEFAULT = "en"
LANGUAGES = {"en": "English", "zh": "中文"}
"""Every language by code, under its own name, in menu order."""


_CLOSED_UP = re.compile(r"(?<=[万亿元])(\**) (?=[\u4e00-\u9fff])")
"""In Chinese a large number, or money, and what it counts are one word: 1,800 万个结果."""

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
    told = text.format(**values)
    return _CLOSED_UP.sub(r"\1", told) if values and language() == "zh" else told


def sentences(*parts: str) -> str:
    """Sentences after each other; between Chinese ones there is no space."""
    return ("" if language() == "zh" else " ").join(part for part in parts if part)


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


def names_in_sentences(code: str) -> Mapping[str, str]:
    """Names of places that a sentence says otherwise than a list, in one language."""
    return _listed("places_in_sentences", code)


def reason(text: str) -> str:
    """A reason that the catalogue gives, in the reader's language where it is put into it.

    Several after each other, set apart by semicolons, are looked up one by one.
    """
    whole = _reason(text)
    if whole is not None or "; " not in text:
        return whole or text
    between = _reason("; ") or "; "
    return between.join(_reason(part) or part for part in text.split("; "))


def _reason(text: str) -> str | None:
    """The words for it, with what stands in the places of a {pattern} put in; None without any."""
    known = _listed("reasons", language()).get(text)
    if known is not None:
        return known
    for pattern, words in _patterns(language()):
        if found := pattern.fullmatch(text):
            inside = found.groupdict()
            return words.format(**{k: reason(v) if "; " in v else v for k, v in inside.items()})
    return None


@cache
def _patterns(code: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Reasons with places, such as `no price of {tier} storage`, as what they match."""
    listed = _listed("reasons", code).items()
    return tuple((_pattern(text), words) for text, words in listed if "{" in text)


def _pattern(text: str) -> re.Pattern[str]:
    pieces = (re.escape(before) + (f"(?P<{name}>.+?)" if name else "")
              for before, name, _, _ in Formatter().parse(text))  # fmt: skip
    return re.compile("".join(pieces), re.DOTALL)


def meaning(text: str) -> str:
    """What a formula says it works out, in the reader's language, paragraph by paragraph."""
    known = _listed("meanings", language())
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    return "\n\n".join(known.get(part, part) for part in paragraphs)


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
