"""What surrounds a page: its words and currency, what is refused, and what is drawn again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from dashboard import currency, i18n, link, pace
from dashboard.i18n import t
from engine.records import BadInput, CannotContinue


def begin() -> None:
    """Bring the address up to date, and read from it how to speak and in which currency."""
    link.keep()
    i18n.watch(currency.watch())


@contextmanager
def refusals() -> Iterator[None]:
    """Say what is refused, or cannot go on, in place of the rest."""
    try:
        yield
    except BadInput as error:
        st.error(i18n.reason(str(error)), title=t("app.refused"), icon=":material/block:")
    except CannotContinue as error:
        st.error(i18n.reason(str(error)), title=t("app.store"), icon=":material/database_off:")


def alone(draw: Callable[[], None]) -> None:
    """Draw a page whose choices draw it alone again: neither menus nor header stand in the way."""

    @st.fragment
    def page() -> None:
        if pace.is_alone():
            begin()
        with refusals():
            draw()

    page()
