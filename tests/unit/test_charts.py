"""Figures show the numbers they were given, in the words they were given."""

from dataclasses import replace

import numpy as np
import pytest

from dashboard import data, phrases, readable
from dashboard.charts import cost, errors, frontier, learning, quality, roofline, tradeoff
from dashboard.charts.frontier import Frontier, Here
from dashboard.charts.quality import Fitted
from dashboard.charts.roofline import Point
from dashboard.theme import COLOURS, figure, linear_ticks, log_ticks, wrapped
from dashboard.views import drawn
from engine.projection import project
from engine.projection.score_curves import ScoreCurve, ScorePoint
from engine.records import Epoch
from engine.scenario import Scenario
from tests.measured import measurements

WORDS = {
    "stage.preparation": "Prepare", "stage.training": "Train", "stage.evaluation": "Evaluate",
    "stage.storage": "Store", "stage.deployment": "Serve", "stage.all": "All",
    "driver.hardware": "Hardware", "driver.electricity": "Electricity",
    "driver.storage": "Disks", "driver.network": "Network", "unknown": "not known",
} | {name: name.title() for name in phrases.CHART_WORDS}  # fmt: skip

SPENT: dict[str, dict[str, float | None]] = {
    "training": {"hardware": 70.0, "electricity": 20.0, "storage": 0.0, "network": 0.0},
    "storage": {"hardware": 0.0, "electricity": 0.0, "storage": 5.0, "network": 0.0},
    "deployment": {"hardware": 200.0, "electricity": None, "storage": 0.0, "network": 3.0},
}


def dollars(value: float) -> str:
    return f"${value:g}"


def plain(value: float) -> str:
    return f"{value:g}"


def percent(value: float) -> str:
    return f"{value * 100:g}%"


SPENDING = cost.Says(dollars, readable.part)
SAYS = frontier.Says(dollars, plain, percent)


def test_money_stands_by_stage_and_driver_and_in_all() -> None:
    chart = cost.where_money_goes(SPENT, WORDS, SPENDING)
    bars = {bar.name: list(bar.x) for bar in chart.data}
    assert bars == {
        "Hardware": [70.0, 0.0, 200.0, 270.0],
        "Electricity": [20.0, 0.0, None, None],
        "Disks": [0.0, 5.0, 0.0, 5.0],
        "Network": [0.0, 0.0, 3.0, 3.0],
    }
    assert list(chart.data[0].y) == ["Train", "Store", "Serve", "All"]
    assert chart.data[0].marker.color == COLOURS["hardware"]


def test_each_stage_begins_where_the_last_one_ended() -> None:
    chart = cost.where_money_goes(SPENT, WORDS, SPENDING)
    starts = {bar.name: list(bar.base) for bar in chart.data}
    assert starts["Hardware"] == [0.0, 90.0, 95.0, 0.0]
    assert starts["Electricity"] == [70.0, 90.0, 295.0, 270.0]
    assert starts["Network"][2] == 295.0


def test_totals_stand_behind_the_bars_and_say_when_a_part_is_unknown() -> None:
    chart = cost.where_money_goes(SPENT, WORDS, SPENDING)
    told = [(note.x, note.text) for note in chart.layout.annotations]
    assert told == [
        (90.0, "<b>$90</b>"),
        (95.0, "<b>$5</b>"),
        (298.0, "<b>not known</b>"),
        (278.0, "<b>not known</b>"),
    ]


def test_shares_of_the_bill_are_written_out_where_it_is_known() -> None:
    known = {stage: {d: p or 0.0 for d, p in parts.items()} for stage, parts in SPENT.items()}
    chart = cost.where_money_goes(known, WORDS, SPENDING)
    assert [note.text for note in chart.layout.annotations] == [
        "<b>$90</b> 30%",
        "<b>$5</b> 2%",
        "<b>$203</b> 68%",
        "<b>$298</b>",
    ]
    assert [bar.name for bar in chart.data] == [
        "Hardware 91%",
        "Electricity 7%",
        "Disks 2%",
        "Network 1%",
    ]


def test_a_driver_that_costs_nothing_is_left_out() -> None:
    spent = {stage: parts | {"network": 0.0} for stage, parts in SPENT.items()}
    names = [bar.name for bar in cost.where_money_goes(spent, WORDS, SPENDING).data]
    assert names == ["Hardware", "Electricity", "Disks"]


def test_nothing_spent_still_gives_a_figure() -> None:
    nothing = {stage: dict.fromkeys(cost.DRIVERS, 0.0) for stage in cost.STAGES}
    chart = cost.where_money_goes(nothing, WORDS, SPENDING)
    assert list(chart.data) == []
    assert [note.text for note in chart.layout.annotations] == ["<b>$0</b>"] * (
        len(cost.STAGES) + 1
    )


def test_the_parts_of_the_bill_add_up_to_the_total() -> None:
    answer = project(Scenario())
    parts = [amount for stage in cost.spending(answer).values() for amount in stage.values()]
    assert sum(parts) == pytest.approx(answer.total.cost_usd.value)


CURVE = Frontier(
    parameter_count=np.array([1e6, 1e7, 1e8, 1e9]),
    cost_usd=np.array([10.0, 20.0, 100.0, 1_000.0]),
    score_share=np.array([0.3, 0.5, 0.7, 0.8]),
    score_low_share=np.array([0.2, 0.4, 0.6, 0.7]),
    score_high_share=np.array([0.4, 0.6, 0.8, 0.9]),
)
HERE = Here(parameter_count=1e8, cost_usd=100.0, score_share=0.7)


def test_the_frontier_shows_cost_accuracy_and_range() -> None:
    chart = frontier.over_sizes(CURVE, HERE, WORDS, SAYS)
    traces = {trace.name: trace for trace in chart.data if trace.name}
    assert list(traces["Curve"].x) == [10.0, 20.0, 100.0, 1_000.0]
    assert list(traces["Curve"].y) == [0.3, 0.5, 0.7, 0.8]
    assert list(traces["Range"].x) == [10.0, 20.0, 100.0, 1_000.0, 1_000.0, 100.0, 20.0, 10.0]
    assert list(traces["Range"].y) == [0.4, 0.6, 0.8, 0.9, 0.7, 0.6, 0.4, 0.2]
    assert chart.layout.xaxis.type == "log"


def test_you_are_here_stands_on_the_scenario() -> None:
    chart = frontier.over_sizes(CURVE, HERE, WORDS, SAYS)
    marker = next(trace for trace in chart.data if trace.name == "Here")
    assert (marker.x[0], marker.y[0]) == (100.0, 0.7)
    note = chart.layout.annotations[0]
    assert (note.x, note.y, note.text) == (2.0, 0.7, "<b>Here</b>")


def test_sizes_are_written_along_the_curve_but_not_over_the_scenario() -> None:
    chart = frontier.over_sizes(CURVE, HERE, WORDS, SAYS)
    sizes = next(trace for trace in chart.data if trace.mode == "markers+text")
    assert list(sizes.text) == ["1e+06", "1e+07", "1e+09"]
    assert list(sizes.x) == pytest.approx([10.0, 20.0, 1_000.0])


def test_a_score_that_is_refused_leaves_a_gap_in_the_range() -> None:
    low = np.array([np.nan, 0.4, 0.6, 0.7])
    curve = CURVE._replace(score_low_share=low)
    chart = frontier.over_sizes(curve, HERE, WORDS, SAYS)
    band = next(trace for trace in chart.data if trace.name == "Range")
    assert list(band.x) == [20.0, 100.0, 1_000.0, 1_000.0, 100.0, 20.0]


def test_without_accuracy_cost_stands_over_size() -> None:
    curve = CURVE._replace(score_share=None)
    assert frontier.view(curve, HERE) == "size"
    chart = frontier.over_sizes(curve, HERE, WORDS, SAYS)
    assert list(chart.data[0].x) == [1e6, 1e7, 1e8, 1e9]
    assert list(chart.data[0].y) == [10.0, 20.0, 100.0, 1_000.0]
    note = chart.layout.annotations[0]
    assert (note.x, note.y) == (8.0, 2.0)


def test_without_cost_accuracy_stands_over_size() -> None:
    curve = CURVE._replace(cost_usd=None)
    assert frontier.view(curve, HERE) == "accuracy"
    chart = frontier.over_sizes(curve, HERE, WORDS, SAYS)
    traces = {trace.name: trace for trace in chart.data}
    assert list(traces["Curve"].x) == [1e6, 1e7, 1e8, 1e9]
    assert list(traces["Curve"].y) == [0.3, 0.5, 0.7, 0.8]
    assert (traces["Here"].x[0], traces["Here"].y[0]) == (1e8, 0.7)


def test_one_projection_over_sizes_holds_the_scenarios_own_point() -> None:
    scenario = Scenario(parameters_billion=8.0)
    sizes = np.array([0.8, 8.0, 80.0])
    curve = frontier.curve(sizes, project(scenario.replace(parameters_billion=sizes)))
    here = frontier.here(8e9, project(scenario))
    assert curve.score_share is not None
    assert curve.cost_usd is not None
    assert curve.cost_usd[1] == pytest.approx(here.cost_usd)
    assert curve.score_share[1] == pytest.approx(here.score_share)
    assert curve.parameter_count[1] == here.parameter_count == 8e9


def test_an_unknown_cost_is_no_cost() -> None:
    scenario = Scenario(model="t5-base", hardware="mi455x", ownership="cloud")
    answer = project(scenario)
    point = frontier.here(8e9, answer)
    curve = frontier.curve(np.array([1.0, 2.0]), answer)
    assert (point.cost_usd, curve.cost_usd) == (None, None)
    assert frontier.view(curve, point) == "nothing"


def test_roofline_points_are_arithmetic_over_traffic() -> None:
    product = next(m for m in measurements() if m.workload == "matmul")
    flop, moved = 2.0 * 256**3, 12.0 * 256**2
    assert product.moved_bytes == moved
    point = roofline.points([product])[0]
    assert point.flop_per_byte == pytest.approx(flop / moved)
    assert point.flop_per_s == pytest.approx(flop / product.time_s)
    copy = next(m for m in measurements() if m.workload == "memory_copy")
    assert roofline.points([copy]) == []


def test_roofs_are_memory_on_the_left_and_arithmetic_on_the_right() -> None:
    points = [Point("matmul", "fp32", 0.5, 5e9), Point("matmul", "fp32", 50.0, 1e11)]
    chart = roofline.roofline(points, {"FP32": 2e11}, 1e10, WORDS, plain, plain)
    roof, dots = chart.data
    assert roof.x[0] == pytest.approx(0.25)
    assert roof.y[0] == pytest.approx(0.25 * 1e10)
    assert roof.y[-1] == 2e11
    assert list(dots.y) == [5e9, 1e11]
    assert [note.text for note in chart.layout.annotations] == ["FP32 2e+11"]


def test_without_a_bandwidth_there_is_no_roof() -> None:
    points = [Point("matmul", "fp32", 0.5, 5e9), Point("matmul", "fp32", 50.0, 1e11)]
    chart = roofline.roofline(points, {"FP32": 2e11}, None, WORDS, plain, plain)
    assert len(chart.data) == 1


def test_what_is_known_only_by_its_rate_stands_beside_the_roof() -> None:
    step = next(m for m in measurements() if m.workload == "matmul")
    points = roofline.points([step, replace(step, moved_bytes=None)])
    assert [p.flop_per_byte is None for p in points] == [False, True]
    chart = roofline.roofline(points, {"FP32": 2e11}, None, WORDS, plain, plain)
    placed, beside = chart.data
    assert list(placed.x) == [pytest.approx(points[0].flop_per_byte)]
    assert (list(beside.x), list(beside.y)) == (["matmul"], [points[1].flop_per_s])
    assert (placed.xaxis, beside.xaxis) == ("x", "x2")


def test_epochs_show_loss_and_accuracy_of_both_parts() -> None:
    epochs = [Epoch(1, 0.7, 0.5, 0.72, 0.48, 1.0), Epoch(2, 0.4, 0.8, 0.5, 0.75, 1.0)]
    chart = learning.by_epoch(epochs, WORDS, plain, percent)
    lines = [(trace.name, list(trace.x), list(trace.y)) for trace in chart.data]
    assert lines == [
        ("Train", [1, 2], [0.7, 0.4]),
        ("Held_Out", [1, 2], [0.72, 0.5]),
        ("Train", [1, 2], [0.5, 0.8]),
        ("Held_Out", [1, 2], [0.48, 0.75]),
    ]
    assert [trace.showlegend for trace in chart.data] == [True, True, False, False]


POINTS = tuple(
    ScorePoint(size, accuracy, 0.002, 3, 8_000.0)
    for size, accuracy in ((5e3, 0.80), (1e4, 0.85), (2e4, 0.885), (4e4, 0.91), (8e4, 0.93))
)


def test_measured_accuracies_stand_with_their_spread() -> None:
    chart = quality.accuracy_against_size(POINTS, None, WORDS, plain, percent)
    (dots,) = chart.data
    assert list(dots.x) == [5e3, 1e4, 2e4, 4e4, 8e4]
    assert list(dots.y) == [0.80, 0.85, 0.885, 0.91, 0.93]
    assert list(dots.error_y.array) == [0.002] * 5


def test_the_fitted_curve_goes_on_beyond_the_largest_size() -> None:
    fitted = data.fitted(ScoreCurve("news", "news", "accuracy_share", POINTS))
    assert fitted is not None
    assert fitted.parameter_count[0] == pytest.approx(5e3)
    assert fitted.parameter_count[-1] == pytest.approx(8e4 * data.FIT_BEYOND)
    assert np.interp(4e4, fitted.parameter_count, fitted.score_share) == pytest.approx(
        0.91, abs=0.005
    )
    chart = quality.accuracy_against_size(POINTS, fitted, WORDS, plain, percent)
    assert [trace.name for trace in chart.data] == ["Range", "Fit", "Measured"]
    assert list(chart.data[1].y) == list(fitted.score_share)


def test_too_few_sizes_give_no_curve() -> None:
    assert data.fitted(ScoreCurve("news", "news", "accuracy_share", POINTS[:2])) is None


def test_a_curve_without_a_range_is_a_line_alone() -> None:
    fitted = Fitted(np.array([1e3, 1e6]), np.array([0.5, 0.9]), None, None)
    chart = quality.accuracy_against_size(POINTS, fitted, WORDS, plain, percent)
    assert [trace.name for trace in chart.data] == ["Fit", "Measured"]


def test_long_names_are_told_in_lines() -> None:
    assert wrapped("Buy the answers of this model instead") == (
        "Buy the answers of<br>this model instead"
    )
    assert wrapped("改为向商家购买此模型的回答") == "改为向商家购买<br>此模型的回答"
    assert (
        wrapped("完整训练的设备小时数量（仅知计算量）", 36)
        == "完整训练的设备小时数量（仅知计算量）"
    )
    assert wrapped("找出一个正例的价值（美元）") == "找出一个正例的价值<br>（美元）"
    assert wrapped("Training speed of language models") == "Training speed of<br>language models"
    assert wrapped("short") == "short"


def test_ticks_of_a_logarithmic_axis_are_round_numbers_in_words() -> None:
    axis = log_ticks(30.0, 4_000.0, dollars)
    assert axis["tickvals"] == [50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0]
    assert axis["ticktext"] == ["$50", "$100", "$200", "$500", "$1000", "$2000"]
    assert axis["range"] == pytest.approx([np.log10(30), np.log10(4_000)])


def test_ticks_of_a_long_logarithmic_axis_are_powers_of_ten() -> None:
    assert log_ticks(0.5, 2e6, plain, most=5)["tickvals"] == [10.0, 1_000.0, 100_000.0]


def test_ticks_of_a_linear_axis_are_round_steps() -> None:
    assert linear_ticks(0.0, 35_000.0, dollars, most=4)["tickvals"] == [0.0, 1e4, 2e4, 3e4]


def test_what_may_be_negative_is_traded_on_a_plain_axis() -> None:
    points = [tradeoff.Point(10.0, -5.0, "a", ""), tradeoff.Point(20.0, 5.0, "b", "")]
    words = dict.fromkeys(("x", "y", "now", "other"), "word")
    chart = tradeoff.over(points, (15.0, 0.0), (str, str), words, is_log=False)
    low, high = chart.layout.yaxis.range
    assert low < -5.0
    assert high > 5.0
    assert chart.layout.yaxis.type is None
    assert chart.layout.xaxis.type == "log"


def test_a_bracket_stays_with_what_it_holds() -> None:
    assert wrapped("每字节运算量（FLOP/B）", 20) == "每字节运算量<br>（FLOP/B）"


def test_an_error_beyond_the_axis_has_its_size_written_at_the_end() -> None:
    words = {"ours": "ours", "constant": "one constant", "axis": "error"}
    chart = errors.errors([errors.Pair("speed", 0.15, 3.55)], words, readable.share)
    texts = {trace.name: trace.text[0] for trace in chart.data if trace.text}
    assert texts == {"ours": "", "one constant": "355%"}
    assert max(chart.data[-1].x) == errors.MOST_SHARE


def test_in_front_of_a_room_a_chart_has_larger_words_and_no_less_room() -> None:
    for height in (100, 340, 900):
        chart = figure(height)
        drawn.seen_from_afar(chart)
        assert chart.layout.legend.font.size == drawn.LEGEND_PX
        assert height <= chart.layout.height <= max(height, drawn.TALLEST_PX)
