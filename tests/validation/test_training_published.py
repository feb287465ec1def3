"""Predicted training speed beside published, at organisations the fit never saw.

Limits are what was reached, with slack: a regression fails, a better fit does not.
"""

import pytest

from engine.projection.throughput_fit import from_document, throughput_fit
from engine.validation.summary import BUNDLED, language_rows
from engine.validation.training_scores import calibrate, cross_validated

pytestmark = pytest.mark.slow


def test_organisations_never_seen_are_predicted() -> None:
    found = cross_validated(language_rows(), left_out="organisation")
    assert found.macro.median_error_share < 0.155
    assert found.baseline_macro.median_error_share > 2 * found.macro.median_error_share
    assert found.refused_share < 0.05


def test_the_shipped_constants_are_those_the_rows_give() -> None:
    again = from_document(calibrate(BUNDLED / "training.csv.gz", BUNDLED / "runs.csv.gz"))
    assert again.constants == pytest.approx(throughput_fit().constants, rel=0.01)
