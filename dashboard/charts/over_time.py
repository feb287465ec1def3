"""One workload measured again and again."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from dashboard.theme import SERIES, SYMBOLS, Say, figure
from engine.measurement.noise import disturbances
from engine.measurement.steadiness import Steadiness, stated_interval_s
from engine.records import Measurement


def times(
    found: Mapping[str, Sequence[Measurement]],
    steady: Mapping[str, Steadiness],
    say: Say,
    noisy: str,
) -> go.Figure:
    """Median time by day of each machine, with its 95 % interval; disturbed ones are hollow.

    Args:
        found: measurements by the name of the machine.
        steady: how far each machine agrees with itself, by hardware id.
        say: writes seconds.
        noisy: the word for a disturbed measurement.
    """
    chart = figure(360)
    for index, (machine, runs) in enumerate(found.items()):
        ordered = sorted(runs, key=lambda m: m.taken_at)
        chart.add_scatter(**_trace(ordered, steady, machine, index, say, noisy))
    chart.update_yaxes(rangemode="tozero", tickformat="~s", ticksuffix="s")
    return chart


def _trace(
    runs: Sequence[Measurement],
    steady: Mapping[str, Steadiness],
    machine: str,
    index: int,
    say: Say,
    noisy: str,
) -> dict[str, object]:
    intervals = [stated_interval_s(m, steady) for m in runs]
    disturbed = [bool(disturbances(m)) for m in runs]
    symbol = SYMBOLS[index % len(SYMBOLS)]
    return {
        "x": [m.taken_at for m in runs],
        "y": [m.time_s for m in runs],
        "mode": "lines+markers",
        "name": machine,
        "line": {"color": SERIES[index % len(SERIES)], "width": 1, "dash": "dot"},
        "marker": {
            "size": 11,
            "symbol": [f"{symbol}-open" if is_bad else symbol for is_bad in disturbed],
            "line": {"width": 2},
        },
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [
                max(0.0, high - m.time_s) for m, (_, high) in zip(runs, intervals, strict=True)
            ],
            "arrayminus": [
                max(0.0, m.time_s - low) for m, (low, _) in zip(runs, intervals, strict=True)
            ],
            "thickness": 1.5,
            "width": 5,
        },
        "customdata": [
            (say(m.time_s), m.code_version, noisy if is_bad else "")
            for m, is_bad in zip(runs, disturbed, strict=True)
        ],
        "hovertemplate": "<b>%{customdata[0]}</b> %{customdata[2]}<br>%{x}<br>%{customdata[1]}"
        "<extra>%{fullData.name}</extra>",
    }
