"""PAGES: the menu, in order."""

from typing import NamedTuple

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard.i18n import t


class Page(NamedTuple):
    """One page: its script in `app_pages/`, its word, its icon."""

    name: str
    icon: str
    group: str = ""
    """The menu it stands in; those of none stand in the bar itself."""


PAGES = (
    Page("what_if", ":material/tune:"),
    Page("compare", ":material/compare_arrows:"),
    Page("savings", ":material/savings:"),
    Page("decide", ":material/target:"),
    Page("worth", ":material/balance:"),
    Page("measure", ":material/play_circle:", "lab"),
    Page("measurements", ":material/speed:", "lab"),
    Page("how_right", ":material/fact_check:", "grounds"),
    Page("facts", ":material/menu_book:", "grounds"),
    Page("method", ":material/function:", "grounds"),
    Page("history", ":material/history:", "grounds"),
    Page("report", ":material/description:", "passing_on"),
    Page("present", ":material/slideshow:", "passing_on"),
)
"""The first is what `/` shows."""


def pages() -> dict[str, list[StreamlitPage]]:
    """Every page under its name in the reader's language, by its menu.

    On a phone there is one list: Streamlit puts the menus' names into it, where a screen reader
    expects nothing but entries.
    """
    found: dict[str, list[StreamlitPage]] = {}
    is_phone = "Mobi" in st.context.headers.get("User-Agent", "")
    for page in PAGES:
        menu = t(f"menu.{page.group}") if page.group and not is_phone else ""
        found.setdefault(menu, []).append(_page(page))
    return found


def _page(page: Page) -> StreamlitPage:
    return st.Page(
        f"app_pages/{page.name}.py",
        title=t(f"page.{page.name}"),
        icon=page.icon,
        help=t(f"page.{page.name}_about"),
        default=page is PAGES[0],
    )
