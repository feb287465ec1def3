import csv
from pathlib import Path

import pytest

from engine.records import BadInput
from engine.validation.rows import (
    Prediction,
    Range,
    Table,
    number,
    published,
    read_table,
    write_predictions,
)
from engine.validation.score import compared, constant_baseline, scores


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6.7B", 6.7e9),
        ("4M tokens", 4e6),
        ("250k", 250e3),
        ("1.0T", 1e12),
        ("45.0e6", 45e6),
        ("15 trillion tokens", 15e12),
        ("1.3 Billion", 1.3e9),
        ("8 bits", 8.0),
        ("1,024", 1024.0),
        ("100, 200", 100.0),
        ("", None),
        (None, None),
        ("unknown", None),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str | None, value: float | None) -> None:
    assert number(text) == value


def test_a_measured_zero_is_unknown_not_zero() -> None:
    assert published({"samples_per_s": "0"}, "samples_per_s") is None


def test_the_predictor_sees_neither_answers_nor_notes() -> None:
    row = {"id": "a", "model": "m", "speed": "7", "notes": "speed is 7"}
    assert Table((row,), ("speed",)).inputs() == [{"id": "a", "model": "m"}]


def test_a_missing_or_empty_file_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Give a CSV file"):
        read_table(tmp_path / "none.csv", ("speed",))
    empty = tmp_path / "empty.csv"
    empty.write_text("id,speed\n", encoding="utf-8")
    with pytest.raises(BadInput, match="No rows"):
        read_table(empty, ("speed",))


def test_every_row_is_written_in_order_with_its_range_or_its_refusal(tmp_path: Path) -> None:
    table = Table(({"id": "b"}, {"id": ""}), ("speed", "power"))
    predictions = [
        Prediction("fitted", {"speed": Range(2.0, 1.0, 4.0)}, ("new", "wide")),
        Prediction(refused_because="no size"),
    ]
    out = tmp_path / "out.csv"
    write_predictions(out, (table, predictions))
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["id", "kind", "flags", "refused_because", "speed", "speed_low", "speed_high"],
        ["b", "fitted", "new wide", "", "2", "1", "4"],
        ["2", "unknown", "", "no size", "", "", ""],
    ]


def test_errors_are_per_source_then_averaged() -> None:
    rows = [{"source_id": source, "speed": "100"} for source in ("a", "a", "a", "b")]
    values = (110.0, 90.0, 150.0, 100.0)
    predictions = [Prediction("fitted", {"speed": Range(v, v - 20, v + 20)}) for v in values]
    found = scores(compared(rows, predictions, ["speed"]))
    assert found.by_source[0].median_error_share == pytest.approx(0.1)
    assert found.by_source[0].bias_share == pytest.approx(0.1)
    assert found.by_source[0].coverage_share == pytest.approx(2 / 3)
    assert found.macro.median_error_share == pytest.approx(0.05)


def test_refusals_are_counted_with_their_reason() -> None:
    rows = [{"source_id": "a", "speed": "1"}, {"source_id": "a", "speed": ""}]
    predictions = [Prediction(refused_because="no size"), Prediction(refused_because="no size")]
    found = scores(compared(rows, predictions, ["speed"]))
    assert found.macro.refused_count == 1
    assert found.macro.refused_because == {"no size": 1}
    assert found.macro.median_error_share is None
    assert found.refused_share == 1.0


def test_the_constant_is_the_median_share_of_the_roof() -> None:
    rows = [{"speed": "30"}, {"speed": "50"}, {"speed": ""}]
    found = constant_baseline(
        rows, [{"speed": 100.0}, {"speed": 100.0}, {"speed": 10.0}], ["speed"]
    )
    assert [p.answers["speed"].value for p in found] == pytest.approx([40.0, 40.0, 4.0])
