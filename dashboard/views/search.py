"""A box of words to look for on a page, and what holds them."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import streamlit as st

from dashboard.i18n import t

Thing = TypeVar("Thing")


def box(page: str, key: str) -> list[str]:
    """The words looked for, in small letters; none where the box is empty."""
    text = st.text_input(
        t(f"{page}.search"),
        placeholder=t(f"{page}.search_hint"),
        key=key,
        persist_state="session",
        type="search",
        live=True,
        label_visibility="collapsed",
    )
    return (text or "").lower().split()


def holding(
    found: Iterable[Thing], words: Sequence[str], searched: Callable[[Thing], str]
) -> list[Thing]:
    """Those whose searched text holds every word, in any order."""
    return [one for one in found if all(word in searched(one) for word in words)]
