"""A table of few rows: its words wrap, so that it fits a phone without scrolling sideways."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import chain


def table(rows: Sequence[Mapping[str, object]], alt: str) -> None:
    """Rows of the same columns, as plain words; the first column says what the row is."""
    columns = {name: [chain.plain(str(row[name])) for row in rows] for name in rows[0]}
    st.table(columns, border="horizontal", hide_index=True, hide_header=False, alt=alt)
