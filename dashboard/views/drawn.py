"""A chart on the screen, of a page or in front of a room."""

import plotly.graph_objects as go
import streamlit as st

from dashboard import phrases, presenting

LEGEND_PX = 16
"""Of the letters that a room reads; axes get theirs from `stage.css`."""
TALLER = 1.25
TALLEST_PX = 480
"""Below the words of a step, so much is left on a usual projector."""


def chart(figure: go.Figure, alt: str, key: str | None = None) -> None:
    """A figure and the words for those who cannot see it; `key` where two may be alike."""
    if presenting.on_stage():
        seen_from_afar(figure)
    st.plotly_chart(figure, config=phrases.PLOTLY, key=key, alt=alt)


def seen_from_afar(figure: go.Figure) -> None:
    """Make its legend as large as its axes, and itself taller where a screen has room."""
    height = figure.layout.height
    figure.update_layout(
        legend_font_size=LEGEND_PX, height=max(height, min(TALLEST_PX, TALLER * height))
    )
