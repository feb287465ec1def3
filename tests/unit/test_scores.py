"""Scores against cases worked by hand."""

import numpy as np
import pytest

from engine.measurement.scores import scores


def judged(true, predicted, class_count):
    return scores(np.array(true, int), np.array(predicted, int), class_count)


def test_two_classes_are_judged_on_class_one():
    # Of 10: 3 found, 1 missed, 2 false alarms, 4 rightly left alone.
    true = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    predicted = [1, 1, 1, 0, 1, 1, 0, 0, 0, 0]
    found = judged(true, predicted, 2)
    assert found.accuracy_share == pytest.approx(7 / 10)
    assert found.precision_share == pytest.approx(3 / 5)
    assert found.recall_share == pytest.approx(3 / 4)
    assert found.f1_share == pytest.approx(2 / 3)


def test_many_classes_are_averaged_class_by_class():
    # precision 2/3, 1/2, 0; recall 2/2, 1/3, 0; F1 4/5, 2/5, 0.
    found = judged([0, 0, 1, 1, 1, 2], [0, 0, 1, 0, 2, 1], 3)
    assert found.accuracy_share == pytest.approx(3 / 6)
    assert found.precision_share == pytest.approx((2 / 3 + 1 / 2) / 3)
    assert found.recall_share == pytest.approx((1 + 1 / 3) / 3)
    assert found.f1_share == pytest.approx((4 / 5 + 2 / 5) / 3)


def test_a_class_on_neither_side_is_left_out_of_the_mean():
    assert judged([0, 1, 4], [0, 1, 4], 45) == judged([0, 1, 2], [0, 1, 2], 3)
    assert judged([0, 1, 4], [0, 1, 4], 45).f1_share == 1


def test_a_class_never_predicted_has_precision_and_f1_of_zero():
    found = judged([1, 0, 1, 0], [0, 0, 0, 0], 2)
    assert (found.accuracy_share, found.precision_share) == (0.5, 0)
    assert (found.recall_share, found.f1_share) == (0, 0)


def test_perfect_and_perverse():
    assert judged([1, 0, 1], [1, 0, 1], 2).f1_share == 1
    assert judged([1, 0, 1], [0, 1, 0], 2).accuracy_share == 0


@pytest.mark.parametrize(("true", "predicted"), [([], []), ([0, 1], [0])])
def test_sides_that_cannot_be_compared_are_refused(true, predicted):
    with pytest.raises(ValueError, match="cannot be held against"):
        judged(true, predicted, 2)
