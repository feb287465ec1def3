"""What the views make of measurements: lives, levers, and the figures of both."""

from dataclasses import replace
from datetime import timedelta
from statistics import median
from typing import Any

import pytest

from dashboard import lever_reading, lifecycle
from dashboard.charts import collectives, levers, over_time
from dashboard.charts import lifecycle as life_charts
from dashboard.charts.lifecycle import Mark
from engine.measurement.distributed.fit import collective_fits
from engine.projection.lever_table import Change, LeverRow
from engine.records import Measurement, Setting
from tests.measured import measurements

RECIPE: dict[str, Setting] = {
    "family": "text-bag", "domain": "text", "data": "d", "data_kind": "real",
    "metric": "accuracy_share", "size": 8, "seed": 0, "optimiser": "adamw",
}  # fmt: skip


def plain(value: float | None) -> str:
    return f"{value:g}"


def measured(workload: str, more: dict[str, Setting] | None = None, **changed: Any) -> Measurement:
    base = next(m for m in measurements() if m.workload == "matmul")
    settings = {**RECIPE, **(more or {})}
    values = {"repeat_times_s": (1.0, 2.0, 3.0), "time_s": 2.0, "energy_j": 5.0, "metrics": {}}
    return replace(base, workload=workload, settings=settings, **{**values, **changed})


def test_training_counts_as_a_whole_with_the_interval_of_its_mean() -> None:
    train = measured("train", metrics={"step_count": 100.0, "parameter_count": 50.0})
    (stage,) = lifecycle.lives([train])["text-bag"]
    half = 100.0 * 1.96 * 1.0 / 3**0.5
    assert stage.time_s.value == pytest.approx(200.0)
    assert (stage.time_s.low, stage.time_s.high) == (
        pytest.approx(200.0 - half), pytest.approx(200.0 + half),
    )  # fmt: skip
    assert stage.energy_j is not None
    assert (stage.energy_j.value, stage.energy_j.is_estimate) == (500.0, True)
    assert (stage.made_bytes, stage.parameter_count) == (None, 50.0)


def test_other_stages_are_their_median_with_what_they_make_or_send() -> None:
    export = measured("export", {"format": "onnx"}, metrics={"artefact_bytes": 7.0})
    infer = measured("infer", metrics={"request_bytes": 3.0, "answer_bytes": 4.0}, energy_j=None)
    made, sent = lifecycle.lives([infer, export])["text-bag"]
    assert (made.name, made.time_s.value, made.time_s.low, made.time_s.high) == (
        "export", 2.0, 1.0, 3.0,
    )  # fmt: skip
    assert made.made_bytes is not None
    assert sent.made_bytes is not None
    assert (made.made_bytes.value, sent.made_bytes.value, sent.energy_j) == (7.0, 7.0, None)


def test_a_recipe_that_varies_one_setting_is_no_part_of_the_life() -> None:
    life = [measured("train"), measured("evaluate")]
    varied = measured("train", {"optimiser": "sgd"}, time_s=9.0)
    stages = lifecycle.lives([*life, varied])["text-bag"]
    assert [s.name for s in stages] == ["train", "evaluate"]
    assert stages[0].time_s.value == pytest.approx(2.0)


def test_stages_come_in_the_order_of_a_life_and_the_newest_counts() -> None:
    kinds = ("infer", "export", "evaluate", "train")
    old = [measured(kind) for kind in kinds]
    new = replace(old[0], time_s=1.5, taken_at=old[0].taken_at + timedelta(days=1))
    stages = lifecycle.lives([new, *old])["text-bag"]
    assert [s.name for s in stages] == ["train", "evaluate", "export", "infer"]
    assert stages[-1].time_s.value == 1.5


def test_the_chart_of_a_life_has_a_row_a_stage_and_marks_estimates() -> None:
    marks = [
        Mark("Train", "small", 2.0, 1.5, 3.0, False),
        Mark("Answer", "small", 1e-3, None, None, True),
        Mark("Train", "large", 20.0, 19.0, 21.0, False),
    ]
    chart = life_charts.stages(
        marks, ["small", "large"], ["Train", "Answer"], plain, {"estimated": " (est.)"}
    )
    small, large = chart.data
    assert (small.name, large.name) == ("small", "large")
    assert list(small.marker.symbol) == ["circle", "circle-open"]
    assert list(small.error_x.array) == [1.0, 0.0]
    assert list(small.customdata) == ["2", "0.001 (est.)"]
    assert small.marker.size < large.marker.size
    assert list(chart.layout.yaxis.categoryarray) == ["Answer", "Train"]


UNKNOWN = Change(None, None)


def row(**changed: Any) -> LeverRow:
    values: dict[str, Any] = {
        "lever": "prune", "settings": {}, "family": "text-bag", "domain": "text", "size": 8,
        "machine_fingerprint": "f", "metric": "accuracy_share", "seed_count": 3,
        "score": Change(0.9, 0.9), "score_change_share": 0.0, "score_spread_share": 0.005,
        "artefact_bytes": UNKNOWN, "packed_bytes": UNKNOWN, "zero_share": UNKNOWN,
        "latency_s": UNKNOWN, "examples_per_s": UNKNOWN, "energy_j": UNKNOWN,
        "energy_kind": None, "training_time_s": UNKNOWN,
    }  # fmt: skip
    return LeverRow(**values | changed)


HALF_THE_FILE = Change(100.0, 50.0)


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({"artefact_bytes": HALF_THE_FILE}, "worth"),
        ({"artefact_bytes": HALF_THE_FILE, "score_change_share": -0.2}, "weigh"),
        ({"artefact_bytes": HALF_THE_FILE, "latency_s": Change(1.0, 1.5)}, "weigh"),
        ({"artefact_bytes": HALF_THE_FILE, "latency_s": Change(1.0, 3.0)}, "worse"),
        ({"artefact_bytes": HALF_THE_FILE, "score_spread_share": 0.05}, "unsure"),
        ({"artefact_bytes": HALF_THE_FILE, "seed_count": 2}, "unsure"),
        ({"artefact_bytes": HALF_THE_FILE, "seed_count": 1, "score_spread_share": None}, "unsure"),
        ({"artefact_bytes": Change(100.0, 99.0)}, "nothing"),
        ({"score_change_share": -0.2}, "worse"),
        ({"examples_per_s": Change(100.0, 50.0)}, "worse"),
    ],
)
def test_a_row_reads_as_its_numbers_say(changed: dict[str, Any], verdict: str) -> None:
    assert lever_reading.read(row(**changed)).verdict == verdict


def test_gains_are_said_as_times_better_the_largest_first() -> None:
    found = lever_reading.read(
        row(artefact_bytes=HALF_THE_FILE, examples_per_s=Change(10.0, 40.0), latency_s=Change(1, 3))
    )
    assert found.better == (("examples_per_s", 4.0), ("artefact_bytes", 2.0))
    assert found.worse == (("latency_s", pytest.approx(3.0)),)


def test_the_interval_of_three_seeds_is_students() -> None:
    # t(0.975, 2 degrees) = 4.302653, printed in any table of the distribution.
    half = lever_reading.half_width_share(row(score_spread_share=0.01))
    assert half == pytest.approx(4.302653 * 0.01 / 3**0.5, rel=1e-6)


def test_levers_stand_by_ratio_and_change_of_score() -> None:
    bought = levers.Bought("Prune", "Prune 50 %", 0.5, -0.02, 0.01)
    (dots,) = levers.gains([bought], "File", "Points", plain).data
    assert (list(dots.x), list(dots.y), list(dots.error_y.array)) == ([0.5], [-2.0], [1.0])


def test_collectives_show_their_points_and_the_line_through_them() -> None:
    world: dict[str, Setting] = {
        "collective": "all_reduce", "backend": "gloo", "world_size": 2, "node_count": 1,
        "thread_count": 1,
    }  # fmt: skip
    base = next(m for m in measurements() if m.workload == "matmul")
    points = [
        replace(
            base, workload="collective", settings={**world, "size_bytes": int(size)},
            moved_bytes=size, time_s=1e-3 + size / 1e8, time_low_s=1e-3, time_high_s=1.0,
        )
        for size in (1e3, 1e5, 1e7)
    ]  # fmt: skip
    (fit,) = collective_fits(points)
    chart = collectives.time_over_size(
        {"all-reduce": points}, {"all-reduce": fit}, ("bytes", "time"), (plain, plain)
    )
    dots, line = chart.data
    assert list(dots.x) == [1e3, 1e5, 1e7]
    assert line.y[0] == pytest.approx(1e-3 + 1e3 / 1e8, rel=1e-3)
    assert line.y[-1] == pytest.approx(1e-3 + 1e7 / 1e8, rel=1e-3)


def test_history_is_in_order_with_intervals_and_hollow_where_disturbed() -> None:
    base = next(m for m in measurements() if m.workload == "matmul")
    quiet = replace(base, repeat_times_s=(1.0,) * 9, time_s=1.0)
    wide = replace(
        base, repeat_times_s=(0.5, 1.0, 1.5), time_s=1.0, taken_at=base.taken_at - timedelta(days=1)
    )
    (line,) = over_time.times({"m": [quiet, wide]}, {}, plain, "noisy").data
    assert list(line.x) == [wide.taken_at, quiet.taken_at]
    assert list(line.marker.symbol) == ["circle-open", "circle"]
    assert list(line.error_y.array) == [median((0.5, 1.0, 1.5)) - 0.5, 0.0]
