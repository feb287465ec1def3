"""Choices between numbers are numpy's, whether there is one number or an array of them."""

import math

import numpy as np
import pytest

from engine import elementwise
from engine.units import Float

NUMBERS = [-2.5, -0.5, 0.0, 0.5, 1.0, 3.7, 1e300, math.inf, -math.inf, math.nan]
PAIRS = {"maximum": np.maximum, "minimum": np.minimum}
SINGLES = {"floor": np.floor, "ceil": np.ceil, "exp": np.exp, "is_nan": np.isnan}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("one", NUMBERS)
def test_a_choice_of_two_is_numpys(name: str, one: float) -> None:
    own = getattr(elementwise, name)
    found = [own(one, other) for other in NUMBERS]
    assert all(type(value) is float for value in found)
    np.testing.assert_array_equal(found, PAIRS[name](one, NUMBERS))
    np.testing.assert_array_equal(own(one, np.array(NUMBERS)), found)


@pytest.mark.parametrize("name", SINGLES)
def test_a_number_alone_is_taken_as_numpy_takes_it(name: str) -> None:
    own = getattr(elementwise, name)
    with np.errstate(over="ignore"):
        expected = SINGLES[name](np.array(NUMBERS))
        np.testing.assert_allclose([own(number) for number in NUMBERS], expected, rtol=1e-15)
        np.testing.assert_array_equal(own(np.array(NUMBERS)), expected)


@pytest.mark.parametrize("shape", [(), (3,), (2, 1)])
def test_where_and_clip_give_the_shape_of_what_decides(shape: tuple[int, ...]) -> None:
    value: Float = np.full(shape, 0.4) if shape else 0.4
    chosen = elementwise.where(value > 0.3, value * 2.0, 9.0)
    assert np.shape(chosen) == shape
    np.testing.assert_array_equal(chosen, np.full(shape, 0.8))
    np.testing.assert_array_equal(elementwise.clip(value, 0.5, 1.0), np.full(shape, 0.5))


def test_any_and_all_take_one_truth_or_many() -> None:
    assert elementwise.anywhere(np.array([False, True]))
    assert not elementwise.everywhere(np.array([False, True]))
    assert elementwise.anywhere(True)
    assert elementwise.everywhere(True)
    assert not elementwise.anywhere(False)


def test_one_number_comes_out_plain() -> None:
    assert type(elementwise.plainly(np.array(2.0))) is float
    assert type(elementwise.plainly(np.float64(2.0))) is float
    assert elementwise.plainly(np.array([2.0])).shape == (1,)  # type: ignore[union-attr]
