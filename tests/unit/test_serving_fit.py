"""The fit of serving constants: it finds what is there, and shrinks what is not."""

import numpy as np
import pytest

from engine.projection.serving_fit import (
    Constant,
    ServingFit,
    from_document,
    serving_fit,
    to_document,
)
from engine.projection.serving_local import Settings, corrections, leave_one_out_errors
from engine.validation.range_widths import Miss, Misses
from engine.validation.serving_calibration import Prior, Rows, error_ranges, fit_constants
from engine.validation.serving_document import _table

TRAITS = {"engine": ["fast"] * 40 + ["slow"] * 40}
SIZES = np.tile(np.linspace(1.0, 4.0, 40), 2)
PRIORS = {"rate": Prior(1.0, 2.0, {"engine": 2.0}), "start_s": Prior(0.1, 2.0)}


def _formula(constants: dict[str, np.ndarray]) -> np.ndarray:
    return np.log(SIZES / constants["rate"] + constants["start_s"])


def _rows(published: np.ndarray) -> Rows:
    sources = ["a", "b"] * 40
    return Rows(published, np.arange(80), sources)


def _published() -> np.ndarray:
    rate = np.where(np.arange(80) < 40, 2.0, 0.5)
    return SIZES / rate + 0.3


def test_a_fit_finds_the_constants_that_made_the_rows() -> None:
    found = fit_constants(PRIORS, TRAITS, _formula, _rows(_published()))
    assert found["rate"].at(TRAITS)[[0, -1]] == pytest.approx([2.0, 0.5], rel=0.1)
    assert found["start_s"].value == pytest.approx(0.3, rel=0.3)


def test_a_trait_never_seen_has_the_common_value() -> None:
    found = fit_constants(PRIORS, TRAITS, _formula, _rows(_published()))["rate"]
    assert found.at({"engine": ["new"]})[0] == found.value
    assert 0.5 < found.value < 2.0


def test_one_absurd_row_hardly_moves_a_fit() -> None:
    published = _published()
    published[7] *= 50
    found = fit_constants(PRIORS, TRAITS, _formula, _rows(published))
    assert found["rate"].at(TRAITS)[0] == pytest.approx(2.0, rel=0.1)


def test_a_range_holds_nine_tenths_of_errors_seen() -> None:
    errors = np.random.default_rng(1).normal(0.0, 0.2, 1_000)
    misses = [Miss(f"source {i % 10}", float(e), ("rate",)) for i, e in enumerate(errors)]
    found, ratios = error_ranges(Misses(misses))["rate"], np.exp(errors)
    assert 0.88 <= np.mean((ratios >= found.low_ratio) & (ratios <= found.high_ratio)) <= 0.95
    assert found.row_count == 1_000


def test_a_fit_survives_being_written_and_read() -> None:
    fit = ServingFit({"rate": Constant(2.0, 1.1, {"engine": {"a/b": 1.5}})}, {}, {"engine": ("a",)})
    again = from_document(to_document(fit))
    assert again.constants["rate"].at({"engine": ["a/b", "c"]}) == pytest.approx([3.0, 2.0])
    assert '"a/b" = 1.5' in _table("language", to_document(fit))


@pytest.mark.parametrize("kind", ["language", "vision"])
def test_the_shipped_constants_are_positive_and_have_ranges(kind: str) -> None:
    fit = serving_fit(kind)
    assert all(c.value > 0 and c.spread_ratio >= 1 for c in fit.constants.values())
    assert all(r.low_ratio < 1 < r.high_ratio for r in fit.ranges.values())


def _settings(batches: list[float], model: str = "m") -> Settings:
    logs = np.array([[np.log(b), 0.0, 0.0, 0.0] for b in batches])
    count = len(batches)
    return Settings(["e"] * count, [model] * count, [model] * count, logs)


def test_errors_seen_on_the_same_server_are_carried_over() -> None:
    known, asked = _settings([1, 4, 16, 64]), _settings([2, 8, 32])
    carried = corrections(known, np.full(4, 0.3), asked)
    assert carried == pytest.approx(0.3, abs=0.03)


def test_errors_of_another_model_count_for_less() -> None:
    known = _settings([1, 4, 16, 64])
    same = corrections(known, np.full(4, 0.3), _settings([8]))
    other = corrections(known, np.full(4, 0.3), _settings([8], "other"))
    assert 0 < other[0] < same[0] / 2


def test_errors_left_one_out_are_small_where_errors_are_alike() -> None:
    left = leave_one_out_errors(_settings([1, 2, 4, 8, 16]), np.full(5, 0.3))
    assert np.abs(left).max() < 0.1


def test_without_measurements_nothing_is_corrected() -> None:
    assert corrections(_settings([]), np.array([]), _settings([1, 2])).tolist() == [0.0, 0.0]


def test_where_settings_alike_differ_less_of_each_is_carried_over() -> None:
    """Two rows of every setting, one twice as far off as the other and one not at all."""
    pairs = _settings([1, 1, 4, 4, 16, 16, 64, 64])
    alike = corrections(pairs, np.tile([0.3, 0.3], 4), _settings([4]))
    apart = corrections(pairs, np.tile([0.6, 0.0], 4), _settings([4]))
    assert apart[0] < alike[0]
    assert apart[0] == pytest.approx(0.3, abs=0.1)
