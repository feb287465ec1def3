"""Parts of a difference: known games, exact sums, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.projection import project
from engine.projection.difference import MOST_CHOICES, difference, differing, shapley_values
from engine.records import BadInput
from engine.scenario import Scenario


def test_the_glove_game() -> None:
    """One left glove, two right ones, a pair is worth 1: 2/3, 1/6, 1/6 (Shapley's own kind)."""
    worth = np.zeros((2, 2, 2))
    worth[1, 1, 0] = worth[1, 0, 1] = worth[1, 1, 1] = 1
    assert shapley_values(worth) == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_parts_that_do_not_meet_are_what_each_does_alone() -> None:
    assert shapley_values(np.array([[0.0, 3.0], [2.0, 5.0]])) == pytest.approx([2, 3])


def test_no_player_has_no_part() -> None:
    assert shapley_values(np.array(7.0)).shape == (0,)


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0.1, 100),
    st.floats(0.01, 1),
    st.sampled_from(["h100-sxm", "a100-sxm-80gb"]),
    st.sampled_from(["us:US", "country:SWE"]),
)
def test_parts_sum_to_the_difference(
    parameters_billion: float, usd_per_kwh: float, hardware: str, place: str
) -> None:
    before = Scenario(usd_per_device=30_000.0)
    after = before.replace(
        parameters_billion=parameters_billion,
        electricity_usd_per_kwh=usd_per_kwh,
        hardware=hardware,
        place=place,
    )
    (found,) = difference(before, after)
    assert found.before == project(before).total.cost_usd.value
    assert found.after == pytest.approx(project(after).total.cost_usd.value)
    assert sum(found.parts.values()) == pytest.approx(found.after - found.before)
    assert set(found.parts) == set(differing(before, after))


def test_what_does_not_touch_a_number_has_no_part_in_it() -> None:
    before = Scenario(usd_per_device=30_000.0)
    after = before.replace(electricity_usd_per_kwh=0.3, checkpoints_kept_count=50.0)
    (found,) = difference(before, after, ["training.bill.electricity_usd"])
    assert found.parts["checkpoints_kept_count"] == 0
    assert found.parts["electricity_usd_per_kwh"] == pytest.approx(found.after - found.before)


def test_the_largest_part_comes_first() -> None:
    before = Scenario(usd_per_device=30_000.0)
    after = before.replace(usd_per_device=60_000.0, electricity_usd_per_kwh=0.1)
    (found,) = difference(before, after)
    assert next(iter(found.parts)) == "usd_per_device"


def test_an_unknown_number_cannot_be_told_apart() -> None:
    before = Scenario(usd_per_device=30_000.0)
    with pytest.raises(BadInput, match="is unknown for one of the scenarios"):
        difference(before, before.replace(model="resnet-50"), ["quality.loss_nats"])


def test_no_such_number() -> None:
    with pytest.raises(BadInput, match=r"No number 'total\.cost'"):
        difference(Scenario(), Scenario(horizon_months=12.0), ["total.cost"])


def test_too_many_choices() -> None:
    changed = {
        name: field.default * 0.75
        for name, field in Scenario.model_fields.items()
        if isinstance(field.default, float) and field.default > 1
    }
    changed |= {"place": "country:SWE", "model": "llama-2-7b", "precision": "fp16"}
    changed |= {"optimiser": "sgd", "ownership": "cloud", "hardware": "a100-sxm-80gb"}
    assert len(changed) > MOST_CHOICES
    with pytest.raises(BadInput, match="choices differ"):
        difference(Scenario(), Scenario(**changed))
