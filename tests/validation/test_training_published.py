"""The constants of training speed that are shipped, fitted again."""

import pytest

from engine.projection.throughput_fit import from_document, throughput_fit
from engine.validation.score import compared, scores
from engine.validation.summary import BUNDLED, rows_of
from engine.validation.training import predict
from engine.validation.training_answers import FIT_ORDER
from engine.validation.training_scores import calibrate

pytestmark = pytest.mark.slow


def test_the_shipped_constants_are_those_the_rows_give() -> None:
    again = from_document(calibrate(BUNDLED / "training.csv.gz", BUNDLED / "runs.csv.gz"))
    assert again.constants == pytest.approx(throughput_fit().constants, rel=0.01)


def test_rows_whose_software_nobody_knows_are_still_held_by_their_ranges() -> None:
    rows = [row for row in rows_of("training") if row["domain"] == "llm"][::11]
    unnamed = [row | {"framework": "Something New"} for row in rows]
    found = scores(compared(rows, predict(unnamed), FIT_ORDER))
    assert found.macro.coverage_share is not None
    assert found.macro.coverage_share > 0.85
    assert found.macro.median_error_share is not None
    assert found.macro.median_error_share < 0.17
