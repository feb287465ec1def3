"""The dashboard: page config, language, navigation; nothing else."""

from pathlib import Path

import streamlit as st

from dashboard import currency, frame, i18n, link, pace, presenting, readable, widgets
from dashboard.i18n import t
from dashboard.navigation import pages

LOGO = Path(__file__).parent / "logo.svg"
ICON = Path(__file__).parent / "icon.svg"
LOOK = Path(__file__).parent / "page.css"


def _speak() -> None:
    link.speak(st.session_state["lang"], i18n.DEFAULT)


def _pay() -> None:
    link.pay(st.session_state["currency"], currency.DEFAULT)


def _rate() -> None:
    found = currency.rate()
    st.caption(
        t(
            "app.rate",
            rate=readable.number(found.units_per_usd),
            currency=found.currency,
            source=found.source.title,
            day=readable.day(found.as_of),
        )
    )


def _header() -> None:
    """Title of the page, currency and language."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.title(page.title, width="content", anchor=False)
        with st.container(horizontal=True, width="content"):
            st.segmented_control(
                t("app.currency"),
                currency.SHOWN,
                default=widgets.follow("currency", currency.shown()),
                key="currency",
                required=True,
                label_visibility="collapsed",
                on_change=_pay,
            )
            st.segmented_control(
                t("app.language"),
                list(i18n.LANGUAGES),
                default=widgets.follow("lang", i18n.language()),
                key="lang",
                required=True,
                format_func=i18n.LANGUAGES.__getitem__,
                label_visibility="collapsed",
                on_change=_speak,
            )
    if currency.shown() != currency.DEFAULT:
        _rate()


frame.begin()
st.set_page_config(
    page_title=t("app.name"),
    page_icon=str(ICON),
    layout="wide",
    menu_items={"about": t("app.about")},
)
st.logo(str(LOGO), size="large")
on_stage = presenting.on_stage()
page = st.navigation(pages(), position="hidden" if on_stage else "top", expanded=True)

if on_stage:
    st.html(presenting.STYLE)
else:
    st.html(LOOK)
    _header()

with frame.refusals():
    page.run()
pace.settle()
