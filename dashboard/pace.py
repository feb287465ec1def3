"""What keeps a move of a slider quick, beside little work."""

import gc
import sys
import time

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType

LET_OUT_S = 0.02
"""A frame or so."""
FIRST_S = 0.8
"""What a browser takes to fetch and draw its first numbers: the code of charts takes it longer
than that to read, and it draws nothing meanwhile."""
_VISITED = "visited"
TURN_S = 0.001
"""How long a thread keeps the interpreter that another waits for: what is drawn waits so long."""


def let_out() -> None:
    """Let what is drawn so far reach the browser before the rest is worked out.

    The thread that sends shares the interpreter with this one and would otherwise wait its turn,
    and the browser would draw all in one go. Who moves a slider on does so before the rest.
    """
    time.sleep(LET_OUT_S)
    if _is_overtaken():
        st.rerun(scope="fragment")


def let_in() -> None:
    """Like `let_out`; a browser's first page long enough for numbers to stand before charts."""
    if "User-Agent" in st.context.headers and _VISITED not in st.session_state:
        st.session_state[_VISITED] = True
        time.sleep(FIRST_S)
    let_out()


def is_alone() -> bool:
    """Whether this run draws a page without its frame."""
    context = get_script_run_ctx()
    return context is not None and bool(context.fragment_ids_this_run)


def _is_overtaken() -> bool:
    """Whether a page drawn alone was asked for again: Streamlit would finish this one first."""
    context = get_script_run_ctx()
    asked = context.script_requests if context is not None and is_alone() else None
    if asked is None or asked._state is not ScriptRequestType.RERUN:
        return False
    return bool(asked._rerun_data.fragment_id_queue)


@st.cache_resource(show_spinner=False)
def settle() -> None:
    """Once a process: what it has loaded stays, and need not be looked through for garbage.

    Streamlit collects garbage after every run, and looking through the catalogue, the fits and
    the libraries takes longer than the run did.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(TURN_S)
