"""Figures: records and words in, Plotly figures out; numbers of a figure apart from its drawing."""
