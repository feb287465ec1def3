"""Training where the data is, or in private: what is sent, and what the score loses."""

import streamlit as st

from dashboard import link, plans, readable, widgets
from dashboard.headlines import scalar
from dashboard.i18n import t
from dashboard.views import compression, short
from engine import catalogue, projection
from engine.projection.compression import Effect
from engine.projection.federated import (
    UNEVEN,
    USUAL_CLIENT_COUNT,
    USUAL_ROUND_COUNT,
    federation,
)
from engine.projection.sized import sized
from engine.scenario import Scenario

ASKED = {"clients": (USUAL_CLIENT_COUNT, 1e6), "rounds": (USUAL_ROUND_COUNT, 1e5)}
"""Usual and most, by name in the address."""


def show(now: Scenario, evidence: projection.Evidence) -> None:
    """Clients and rounds to choose, the bytes they send, and a row for each way."""
    with st.expander(
        t("federated.title"), icon=":material/hub:", key="federated", on_change="rerun"
    ) as shown:
        if shown.open:
            _inside(now, evidence)


def _inside(now: Scenario, evidence: projection.Evidence) -> None:
    with st.grid(2, min_column_width=180):
        clients, rounds = (_asked(name) for name in ASKED)
    model = sized(now, catalogue.model(now.model))
    found = federation(now, model, evidence, clients, rounds)
    each = scalar(found.up_bytes.value)
    if each is not None:
        st.markdown(t("federated.sent", each=readable.data(each)))
    plans.small(t("federated.lead"))
    short.table(
        [compression.row(effect, way(effect), why(effect)) for effect in found.effects],
        t("federated.alt"),
    )


def _asked(name: str) -> float:
    """A whole number in the address; the usual one where it holds none."""
    usual, most = ASKED[name]
    try:
        number = min(max(float(link.get(name)), 2.0 if name == "clients" else 1.0), most)
    except ValueError:
        number = usual
    st.number_input(
        t(f"federated.{name}"),
        1.0,
        most,
        widgets.follow(name, number),
        step=1.0,
        format="%.0f",
        key=name,
        on_change=lambda: link.write({name: link.written(st.session_state[name])}),
    )
    return number


def way(found: Effect) -> str:
    """How the data is dealt out, or how much is kept private."""
    if not found.setting:
        return t(f"federated.any_{found.technique.replace('-', '_')}")
    if found.technique == "private":
        return t("federated.private", epsilon=found.setting)
    key = found.setting.replace(" ", "_").replace(".", "_").replace("-", "_")
    return t(f"federated.{found.technique.replace('-', '_')}_{key}")


def why(found: Effect) -> str:
    """Why there is no number."""
    return t("federated.only_images" if found.technique == UNEVEN else "federated.measure")
