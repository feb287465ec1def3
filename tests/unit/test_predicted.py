"""Predictions beside what was published, row by row; and the soft bounds of a choice."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from dashboard import i18n, phrases, scores, seen_ranges
from dashboard.charts import predicted
from engine.projection import project
from engine.scenario import Scenario
from engine.validation import stored, stored_rows
from engine.validation.stored_rows import StoredRow

WORDS = defaultdict(lambda: "word")
CLAIM = "vision"


def row(published: float, predicted: float, source: str = "a") -> StoredRow:
    return StoredRow(
        CLAIM, source, "", "", "thing", "step_time_s", published, predicted, None, None
    )


def test_the_rows_kept_give_the_errors_kept() -> None:
    kept = {s.source: s for s in stored.read() if s.key == CLAIM and not s.is_average}
    errors: dict[str, list[float]] = {}
    for each in stored_rows.read(CLAIM):
        errors.setdefault(each.source, []).append(abs(each.error_share))
    for source, found in errors.items():
        assert len(found) == kept[source].scored_count
        assert np.median(found) == pytest.approx(kept[source].median_error_share, abs=2e-3)


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    rows = [row(1.0, 2.0), row(3.0, 2.5)]
    file = tmp_path / "rows.csv.gz"
    assert stored_rows.write(rows, file) == 2
    first = file.read_bytes()
    stored_rows.write(rows, file)
    assert file.read_bytes() == first
    assert list(stored_rows.read(CLAIM, file)) == rows
    assert stored_rows.read("training", file) == ()


@pytest.mark.parametrize("key", ["training", "runs", "serving", "tpot", "energy", "vision"])
def test_what_is_predicted_has_words_in_every_language(key: str) -> None:
    answers = {f"answer.{row.answer}" for row in stored_rows.read(key)}
    assert answers
    for code in i18n.LANGUAGES:
        assert answers <= set(i18n.words(code))


def test_a_perfect_prediction_lies_on_the_line() -> None:
    points = scores.points([row(1.0, 1.0), row(100.0, 100.0, "b")])
    chart = predicted.against(points, WORDS, str)
    line, *marks = chart.data
    assert tuple(line.x) == tuple(line.y)
    assert all(tuple(mark.x) == tuple(mark.y) for mark in marks)
    assert [mark.name for mark in marks] == ["a", "b"]
    assert chart.layout.xaxis.range == chart.layout.yaxis.range


def test_many_rows_are_drawn_in_part_with_both_ends() -> None:
    found = [row(float(n), 1.0) for n in range(1, 10_001)]
    (drawn,) = scores.points(found).values()
    assert len(drawn) == scores.MOST_DRAWN
    assert (drawn[0].published, drawn[-1].published) == (1.0, 10_000.0)


def test_the_table_of_rows_begins_with_the_largest_error() -> None:
    table = scores.rows_table([row(1.0, 1.1), row(1.0, 3.0)])
    assert list(table.values())[5] == ["+200%", "+10%"]


def bounds_of(**changes: object) -> tuple[Scenario, dict[str, seen_ranges.Range]]:
    scenario = Scenario().replace(**changes)
    return scenario, seen_ranges.ranges(scenario, project(scenario))


def test_soft_bounds_are_of_what_both_training_and_serving_saw() -> None:
    _, both = bounds_of()
    _, trained = bounds_of(requests_per_day=0.0)
    low, high = both["parameters_billion"]
    assert trained["parameters_billion"][0] < low < high <= trained["parameters_billion"][1]
    assert "input_items_per_request" not in trained


def test_what_lies_outside_is_marked() -> None:
    for size, is_outside in ((8.0, False), (5_000.0, True)):
        scenario, _ = bounds_of(parameters_billion=size)
        known = phrases.known(scenario, project(scenario))
        assert ("parameters_billion" in known.beyond) is is_outside


def test_images_have_no_bounds_in_tokens() -> None:
    assert set(bounds_of(model="resnet-50")[1]) == {"electricity_usd_per_kwh"}
