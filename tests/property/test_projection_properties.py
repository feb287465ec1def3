"""What must hold for any model, any price and any load, not just the ones we know."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.projection import project
from engine.projection.working import estimates
from engine.records import Projection
from engine.scenario import Scenario

MODELS = st.sampled_from(["llama-3.1-8b", "mixtral-8x7b", "bert-base", "resnet-50", "dlrm-small"])
HARDWARE = st.sampled_from(["h100-sxm", "a100-sxm-80gb", "t4", "l4"])
OWNERSHIPS = st.sampled_from(["owned", "cloud"])

SIZES = st.floats(0.01, 500)
ITEMS = st.floats(0.1, 20_000)
PRICES = st.floats(0, 2)
SHARES = st.floats(0.01, 1)
LOADS = st.floats(0, 1e8)
MORE = st.floats(1, 20)

scenarios = st.builds(
    Scenario,
    model=MODELS,
    hardware=HARDWARE,
    ownership=OWNERSHIPS,
    parameters_billion=SIZES,
    dataset_items_billion=ITEMS,
    electricity_usd_per_kwh=PRICES,
    usd_per_device=st.floats(100, 50_000),
    usd_per_device_hour=st.floats(0.1, 10),
    requests_per_day=LOADS,
    renewable_share=st.floats(0, 1),
    pue=st.floats(1, 3),
    training_device_count=st.integers(1, 10_000).map(float),
    training_run_count=st.floats(0, 10),
)

quick = settings(max_examples=60, deadline=None)


def total_usd(scenario: Scenario) -> float:
    value = project(scenario).total.cost_usd.value
    assert isinstance(value, float)
    return value


def no_less(larger: float, smaller: float) -> bool:
    """Whether `larger` is at least `smaller`, rounding aside."""
    return larger >= smaller * (1 - 1e-9)


@quick
@given(scenarios, PRICES)
def test_cheaper_electricity_is_never_a_dearer_bill(scenario: Scenario, price: float) -> None:
    cheap, dear = sorted((price, scenario.electricity_usd_per_kwh))
    assert no_less(
        total_usd(scenario.replace(electricity_usd_per_kwh=dear)),
        total_usd(scenario.replace(electricity_usd_per_kwh=cheap)),
    )


@quick
@given(scenarios, MORE)
def test_more_training_data_is_never_cheaper(scenario: Scenario, ratio: float) -> None:
    more = scenario.replace(dataset_items_billion=scenario.dataset_items_billion * ratio)
    assert no_less(total_usd(more), total_usd(scenario))


@quick
@given(scenarios, st.sampled_from(["requests_per_day", "input_items_per_request",
                                   "output_items_per_request", "training_run_count",
                                   "parameters_billion"]), MORE)  # fmt: skip
def test_asking_more_is_never_cheaper(scenario: Scenario, field: str, ratio: float) -> None:
    more = scenario.replace(**{field: getattr(scenario, field) * ratio})
    assert no_less(total_usd(more), total_usd(scenario))


@quick
@given(scenarios, SHARES, SHARES)
def test_idle_owned_hardware_is_never_cheaper(
    scenario: Scenario, one_share: float, other_share: float
) -> None:
    idle, busy = sorted((one_share, other_share))
    owned = scenario.replace(ownership="owned")
    assert no_less(
        total_usd(owned.replace(owned_use_share=idle)),
        total_usd(owned.replace(owned_use_share=busy)),
    )


@quick
@given(scenarios, MORE)
def test_a_quieter_load_on_the_same_replicas_is_never_dearer_per_hour_nor_free(
    scenario: Scenario, ratio: float
) -> None:
    served = project(scenario).deployment
    quiet = project(scenario.replace(requests_per_day=scenario.requests_per_day / ratio)).deployment
    assert no_less(served.bill.hardware_usd.value, quiet.bill.hardware_usd.value)
    if quiet.replica_count.value == served.replica_count.value:
        assert quiet.bill.hardware_usd.value == served.bill.hardware_usd.value


@quick
@given(scenarios)
def test_the_parts_of_a_bill_sum_to_the_whole(scenario: Scenario) -> None:
    projection = project(scenario)
    stages = (
        projection.preparation.bill,
        projection.training.bill,
        projection.evaluation.bill,
        projection.storage.bill,
        projection.deployment.bill,
    )
    for bill in stages:
        parts = (
            *(bill.hardware_usd, bill.interruption_usd, bill.upkeep_usd, bill.electricity_usd),
            *(bill.storage_usd, bill.network_usd, bill.carbon_usd),
        )
        assert bill.cost_usd.value == pytest.approx(sum(p.value for p in parts))
    total = projection.total
    assert total.cost_usd.value == pytest.approx(sum(b.cost_usd.value for b in stages))
    assert total.carbon_kgco2e.value == pytest.approx(sum(b.carbon_kgco2e.value for b in stages))
    assert total.facility_energy_kwh.value == (
        pytest.approx(sum(b.facility_energy_kwh.value for b in stages))
    )


@quick
@given(scenarios, st.floats(1, 5))
def test_pue_is_counted_once(scenario: Scenario, pue: float) -> None:
    perfect, real = project(scenario.replace(pue=1)), project(scenario.replace(pue=pue))
    for stage in ("training", "storage", "deployment"):
        before, after = getattr(perfect, stage).bill, getattr(real, stage).bill
        assert after.it_energy_kwh.value == before.it_energy_kwh.value
        assert after.carbon_kgco2e.value == pytest.approx(before.carbon_kgco2e.value * pue)
        assert after.electricity_usd.value == pytest.approx(before.electricity_usd.value * pue)
        assert after.hardware_usd.value == before.hardware_usd.value


@quick
@given(scenarios)
def test_a_clean_grid_emits_nothing_in_operation(scenario: Scenario) -> None:
    clean = scenario.replace(carbon_kgco2e_per_kwh=0)
    assert project(clean).total.carbon_kgco2e.value == 0
    assert project(scenario.replace(renewable_share=1)).total.carbon_kgco2e.value == 0


@quick
@given(MODELS, HARDWARE, OWNERSHIPS, st.lists(st.tuples(SIZES, ITEMS, PRICES, LOADS), min_size=2,
                                              max_size=4))  # fmt: skip
def test_many_at_once_are_the_same_as_one_by_one(
    model: str, hardware: str, ownership: str, rows: list[tuple[float, float, float, float]]
) -> None:
    names = (
        "parameters_billion", "dataset_items_billion", "electricity_usd_per_kwh",
        "requests_per_day",
    )  # fmt: skip
    base = Scenario(model=model, hardware=hardware, ownership=ownership, usd_per_device=10_000,
                    usd_per_device_hour=2.0, epoch_count=np.full(len(rows), 3.0))  # fmt: skip
    together = project(base.replace(**dict(zip(names, np.array(rows).T, strict=True))))
    for i, row in enumerate(rows):
        alone = project(base.replace(**dict(zip(names, row, strict=True)), epoch_count=3.0))
        _assert_same(together, alone, i)


def _assert_same(together: Projection, alone: Projection, i: int) -> None:
    pairs = zip(estimates(together), estimates(alone), strict=True)
    for (path, many), (_, one) in pairs:
        if many.value is None:
            assert one.value is None, path
            continue
        found = np.asarray(many.value)
        value = float(found[i] if found.ndim else found)
        expected = np.nan if one.value is None else one.value
        # A queue next to full magnifies the last digits of how full it is.
        digits = 1e-6 if "_p95_" in path else 1e-9
        assert value == pytest.approx(expected, rel=digits, nan_ok=True), path


@quick
@given(scenarios)
def test_no_number_is_negative_or_endless(scenario: Scenario) -> None:
    for path, estimate in estimates(project(scenario)):
        if estimate.value is not None:
            assert np.isfinite(estimate.value), path
            assert estimate.value >= 0, path
