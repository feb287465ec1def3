"""Predicted training speed beside published, at publishers the fit never saw.

Limits are what was reached, with slack: a regression fails, a better fit does not.
"""

from functools import cache
from pathlib import Path

import pytest

import engine.validation
from engine.projection.throughput_fit import from_document, throughput_fit
from engine.validation import runs
from engine.validation.rows import RUN_ANSWERS, TRAINING_ANSWERS, Row, read_table
from engine.validation.score import Scores, SourceScore
from engine.validation.training import predict
from engine.validation.training_scores import LeftOut, calibrate, calibrated, cross_validated

PUBLISHED = Path(engine.validation.__file__).parent / "published"
TRAINING, RUNS = PUBLISHED / "training.csv.gz", PUBLISHED / "runs.csv.gz"
pytestmark = pytest.mark.slow


@cache
def language_rows() -> tuple[Row, ...]:
    rows = read_table(TRAINING, TRAINING_ANSWERS).rows
    return tuple(row for row in rows if row["domain"].startswith("llm"))


@cache
def left_out(group: LeftOut) -> Scores:
    return cross_validated(language_rows(), left_out=group)


def of_source(found: Scores, source: str) -> SourceScore:
    return next(score for score in found.by_source if score.source == source)


@pytest.mark.parametrize("group", ["source", "organisation"])
def test_publishers_never_seen_are_predicted(group: LeftOut) -> None:
    found = left_out(group)
    assert found.macro.median_error_share < 0.155
    assert found.baseline_macro.median_error_share > 2 * found.macro.median_error_share
    assert found.refused_share < 0.05


def test_nine_tenths_of_rows_never_seen_are_in_the_range() -> None:
    assert 0.85 < left_out("source").macro.coverage_share < 0.95


def test_small_models_on_one_node_are_predicted_unseen() -> None:
    assert of_source(left_out("source"), "vtrain-single").median_error_share < 0.13


def test_own_measurements_sharpen_the_prediction() -> None:
    one = calibrated(language_rows())
    assert one.macro.median_error_share < 0.085
    assert of_source(one, "dgxc-bench").median_error_share < 0.05
    fifty = calibrated(language_rows(), 50, whole_source=True)
    assert of_source(fifty, "vtrain-single").median_error_share < 0.08


def test_blanking_the_answers_changes_nothing() -> None:
    rows = language_rows()[::7]
    hidden = dict.fromkeys((*TRAINING_ANSWERS, "notes"), "")
    assert predict(rows) == predict([{**row, **hidden} for row in rows])


def test_the_shipped_constants_are_those_the_rows_give() -> None:
    again = from_document(calibrate(TRAINING, RUNS)).constants
    assert again == pytest.approx(throughput_fit().constants, rel=0.01)


def test_whole_runs_are_predicted() -> None:
    rows = read_table(RUNS, RUN_ANSWERS).rows
    found = runs.cross_validated(rows, language_rows())
    assert found.macro.median_error_share < 0.27
    assert found.macro.median_error_share < found.baseline_macro.median_error_share
