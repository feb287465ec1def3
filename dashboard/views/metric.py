"""A number under its name, with how it is known and its range."""

import streamlit as st

from dashboard.i18n import t
from dashboard.theme import KIND_COLOURS, BadgeColour
from engine.records import Kind


def metric(
    label: str,
    text: str,
    kind: Kind | None,
    span: str,
    *,
    hint: str | None = None,
    colour: BadgeColour | None = None,
    border: bool = True,
) -> None:
    """One metric; `kind` is None where it is not said, `colour` that of the kind where none is."""
    of_kind = KIND_COLOURS[kind] if kind else "gray"
    st.metric(
        label,
        text,
        t(f"kind.{kind}") if kind else None,
        colour or of_kind,
        help=hint,
        border=border,
        height="stretch" if border else "content",
        delta_arrow="off",
        delta_description=span or None,
    )
