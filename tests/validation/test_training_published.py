"""The constants of training speed that are shipped, fitted again."""

import pytest

from engine.projection.throughput_fit import from_document, throughput_fit
from engine.validation.summary import BUNDLED
from engine.validation.training_scores import calibrate

pytestmark = pytest.mark.slow


def test_the_shipped_constants_are_those_the_rows_give() -> None:
    again = from_document(calibrate(BUNDLED / "training.csv.gz", BUNDLED / "runs.csv.gz"))
    assert again.constants == pytest.approx(throughput_fit().constants, rel=0.01)
