"""What own measurements of training say of other settings."""

import numpy as np

from engine.validation.training_calibration import (
    FEWEST_FOR_RANGE,
    PLAN_FIELDS,
    calibration,
)

HERE = ("llama", "h100-sxm", "16bit")
OTHER_MODEL = ("gpt", "h100-sxm", "16bit")
ELSEWHERE = ("llama", "a100-sxm-80gb", "16bit")
PLAN = np.zeros(len(PLAN_FIELDS))
UNLIKE = np.full(len(PLAN_FIELDS), 4.0)


def test_a_measurement_tells_more_of_plans_alike_on_its_accelerator() -> None:
    own = calibration((HERE,), PLAN[None, :], np.array([0.2]))
    same, _ = own.offset(HERE, PLAN)
    alike, _ = own.offset(OTHER_MODEL, PLAN)
    unlike, _ = own.offset(OTHER_MODEL, UNLIKE)
    elsewhere, is_measured = own.offset(ELSEWHERE, PLAN)
    assert 0.17 < same < 0.2
    assert 0.02 < unlike < 0.7 * alike
    assert alike < 0.5 * same
    assert (elsewhere, is_measured) == (0.0, False)


def test_few_measurements_show_no_range() -> None:
    plans = np.random.default_rng(1).normal(0.0, 2.0, (FEWEST_FOR_RANGE, len(PLAN_FIELDS)))
    errors = np.linspace(-0.2, 0.2, FEWEST_FOR_RANGE)
    settings = (HERE,) * FEWEST_FOR_RANGE
    few = calibration(settings[1:], plans[1:], errors[1:])
    many = calibration(settings, plans, errors)
    assert few.ends_on(HERE[1]) is None
    ends = many.ends_on(HERE[1])
    assert ends is not None
    assert ends[0] < -0.05 < 0.05 < ends[1]
    assert many.ends_on(ELSEWHERE[1]) is None
