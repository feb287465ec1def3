"""What keeps a move of a slider quick, beside little work."""

import gc
import sys
import time

import streamlit as st

LET_OUT_S = 0.02
"""A frame or so."""
TURN_S = 0.001
"""How long a thread keeps the interpreter that another waits for: what is drawn waits so long."""


def let_out() -> None:
    """Let what is drawn so far reach the browser before the rest is worked out.

    The thread that sends shares the interpreter with this one and would otherwise wait its turn,
    and the browser would draw all in one go. Who moves a slider on does so before the rest.
    """
    time.sleep(LET_OUT_S)


@st.cache_resource(show_spinner=False)
def settle() -> None:
    """Once a process: what it has loaded stays, and need not be looked through for garbage.

    Streamlit collects garbage after every run, and looking through the catalogue, the fits and
    the libraries takes longer than the run did.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(TURN_S)
