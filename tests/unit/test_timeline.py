"""Money and carbon over time: what is built first, then month by month."""

import pytest

from dashboard.charts import timeline
from engine.projection import project
from engine.scenario import Scenario

WORDS = {"cost": "Spent", "carbon": "Carbon", "months": "Months", "api": "Seller"}


def plain(value: float) -> str:
    return f"{value:g}"


def test_the_lines_end_at_the_totals() -> None:
    answer = project(Scenario())
    found = timeline.timeline(answer, 36.0, 2.0)
    assert found.cost_usd.at_end == pytest.approx(answer.total.cost_usd.value)
    assert found.carbon_kgco2e.at_end == pytest.approx(answer.total.carbon_kgco2e.value)
    hours = answer.training.time_h.value
    assert hours is not None
    assert found.build_months == pytest.approx(2.0 * hours / 730.5, rel=1e-3)


def test_what_is_unknown_is_not_drawn_as_nothing() -> None:
    line = timeline.Line(10.0, None)
    found = timeline.Timeline(1.0, 12.0, line, line, None)
    chart = timeline.over_time(found, WORDS, plain, plain, plain)
    assert list(chart.data[0].y) == [0.0, 10.0, None]


def test_a_sellers_interface_starts_with_the_service() -> None:
    line = timeline.Line(10.0, 40.0)
    found = timeline.Timeline(1.0, 12.0, line, line, 70.0)
    chart = timeline.over_time(found, WORDS, plain, plain, plain)
    seller = chart.data[-1]
    assert (seller.name, list(seller.x), list(seller.y)) == ("Seller", [1.0, 13.0], [0.0, 70.0])
