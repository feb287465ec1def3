"""PAGES: the menu, in order."""

from typing import NamedTuple

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard.i18n import t


class Page(NamedTuple):
    """One page: its script in `app_pages/`, its word, its icon."""

    name: str
    icon: str


PAGES = (
    Page("what_if", ":material/tune:"),
    Page("compare", ":material/compare_arrows:"),
    Page("savings", ":material/savings:"),
    Page("decide", ":material/target:"),
    Page("worth", ":material/balance:"),
    Page("measure", ":material/play_circle:"),
    Page("measurements", ":material/speed:"),
    Page("how_right", ":material/fact_check:"),
    Page("facts", ":material/menu_book:"),
    Page("method", ":material/function:"),
    Page("history", ":material/history:"),
    Page("report", ":material/description:"),
    Page("present", ":material/slideshow:"),
)
"""The first is what `/` shows."""


def pages() -> list[StreamlitPage]:
    """Every page under its name in the reader's language."""
    return [
        st.Page(
            f"app_pages/{page.name}.py",
            title=t(f"page.{page.name}"),
            icon=page.icon,
            help=t(f"page.{page.name}_about"),
            default=page is PAGES[0],
        )
        for page in PAGES
    ]
