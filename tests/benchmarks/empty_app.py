"""The smallest app with a slider, a number and a chart: what Streamlit itself takes."""

import plotly.graph_objects as go
import streamlit as st

STOPS = tuple(range(1, 201))

where = st.select_slider("Where", STOPS, value=100, key="where")
st.metric("Here", where)
st.plotly_chart(go.Figure(go.Scatter(x=STOPS, y=[stop * where for stop in STOPS])))
