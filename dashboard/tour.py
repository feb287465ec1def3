"""A minute's tour, offered on the first visit."""

import streamlit as st

from dashboard import link, widgets
from dashboard.i18n import t

STEP_COUNT = 6
_DONE, _STEP = "tour_done", "tour_step"


def offer() -> None:
    """One line that offers the tour to whoever comes without a scenario, until answered."""
    # A place that stays: were it to go, all that follows would be drawn anew.
    place = st.empty()
    if link.address().keys() - {"lang", "currency"} or st.session_state.get(_DONE):
        return
    with place.container(horizontal=True, vertical_alignment="center", key="tour_offer"):
        st.markdown(t("tour.offer"), width="content")
        wanted = st.button(t("tour.take"), key="tour_take", icon=":material/explore:")
        st.button(t("tour.not_now"), key="tour_not_now", type="tertiary", on_click=_finish)
    if wanted:
        st.session_state[_STEP] = 0
        st.dialog(t("tour.title"), icon=":material/explore:", on_dismiss=_finish)(_show)()


def _show() -> None:
    index = int(st.session_state[_STEP])
    step, steps = str(index + 1), str(STEP_COUNT)
    st.subheader(t(f"tour.{step}.title"), anchor=False)
    st.markdown(t(f"tour.{step}.text"))
    st.progress((index + 1) / STEP_COUNT, t("tour.progress", step=step, steps=steps))
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.button(
            t("tour.back"),
            key="tour_back",
            shortcut="Left",
            disabled=index == 0,
            on_click=_go,
            args=(index - 1,),
        )
        if index + 1 < STEP_COUNT:
            st.button(
                t("tour.next"),
                key="tour_next",
                type=widgets.main_button(),
                shortcut="Right",
                on_click=_go,
                args=(index + 1,),
            )
        elif st.button(
            t("tour.finish"), key="tour_finish", type=widgets.main_button(), shortcut="Right"
        ):
            _finish()
            st.rerun()


def _go(index: int) -> None:
    st.session_state[_STEP] = index


def _finish() -> None:
    st.session_state[_DONE] = True
