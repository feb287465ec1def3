"""Formulas of the code as people write them, in names and in numbers."""

import pytest

from dashboard import chain, equation, formulas, i18n
from engine.projection import cost, project
from engine.projection.working import chosen, derive
from engine.scenario import Scenario

LEAST_IN_WORDS_SHARE = 0.8


def in_letters(formula: str) -> str | None:
    """The line of a formula with its inputs as the code names them."""
    return equation.line(formula, formulas.by_name()[formula].inputs, str)


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        ("energy.facility_energy_kwh", "it_energy_kwh × pue"),
        ("cost.usd_per_month", "cost_usd ÷ horizon_months"),
        ("energy.it_power_w", "device_power_w × (1 + host_power_share)"),
        ("energy.it_energy_kwh", "device_hours × it_power_w"),
        ("energy.mixed_usd_per_kwh", "usd_per_kwh + (renewable_usd_per_kwh − usd_per_kwh) × "
         "renewable_share"),
        ("scaling.scaled_kv_bytes_per_token", "known_kv_bytes_per_token × (width_ratio)²"),
        ("training.time_h", "training_flop ÷ (device_count × peak_flop_per_s × mfu × "
         "goodput_share)"),
        ("evaluation.evaluation_device_hours", "flop ÷ (peak_flop_per_s × mfu) ÷ 3,600"),
        ("serving.mean_requests_per_s", "requests_per_day ÷ 86,400"),
        ("serving.replica_bytes", "weight_bytes + cache_bytes_per_token × batch_count × "
         "(input_tokens + output_tokens)"),
        ("cost.usd_per_thousand_requests", "cost_usd ÷ request_count × 1,000"),
        ("memory.step_token_count", "max(step_tokens, sequence_tokens)"),
        ("queueing.utilisation_share", "arrivals_per_s × service_time_s ÷ server_count"),
        ("quality_curves.measured_accuracy_share", "fitted_accuracy_share"),
        ("serving.replica_count", "(peak_requests_per_s ÷ requests_per_s_per_replica, "
         "rounded up)"),
        ("storage.dataset_bytes", "dataset_items_billion × bytes_per_item if "
         "training_run_count > 0, else 0"),
    ],
)  # fmt: skip
def test_code_is_written_as_mathematics(formula: str, told: str) -> None:
    assert in_letters(formula) == told


@pytest.mark.parametrize(
    "formula",
    [
        "value.break_even_right_share",  # steps that no line tells
        "money_spot.interrupted_share",  # too long for one
        "hardware.gigabytes",  # only another unit
    ],
)
def test_what_is_no_line_is_left_to_its_words(formula: str) -> None:
    assert in_letters(formula) is None


def test_a_sum_of_anything_names_every_part() -> None:
    total = derive(cost.total_cost_usd, training_usd=chosen(1_000.0), storage_usd=chosen(5.0))
    assert chain.lines("Total", "$1,005", total) == [
        "**Total** = Cost of training + Storage",
        "**\\$1,005** = \\$1,000 + \\$5",
    ]


def test_numbers_of_the_calendar_have_words() -> None:
    owned = derive(cost.always_on_hours, device_count=chosen(8.0), horizon_months=chosen(12.0))
    assert chain.in_words(owned) == "Devices × Months in service × hours in a month"
    assert chain.in_values(owned) == "8 × 12 × 730.5"


def test_what_is_taken_away_stands_in_brackets() -> None:
    saved = derive(cost.saved_usd, bill_now_usd=chosen(5.0), bill_then_usd=chosen(-2.0))
    assert chain.in_values(saved) == "$5 − (−$2)"


def test_most_formulas_are_told_as_a_line() -> None:
    every = formulas.by_name()
    told = [name for name, f in every.items() if equation.line(name, f.inputs, str)]
    assert len(told) > LEAST_IN_WORDS_SHARE * len(every)


def test_what_a_formula_means_names_quantities_in_words() -> None:
    meaning = chain.meaning("energy.facility_energy_kwh")
    assert "to deliver “Energy of the computers” to its computers." in meaning
    assert "Source" not in meaning


def test_a_price_says_when_it_held_and_when_it_was_looked_up() -> None:
    total = project(Scenario(ownership="cloud")).total.cost_usd
    found = [row for row in chain.rows("bill", total, "") if row.as_of]
    assert found
    for row in found:
        assert row.as_of is not None
        assert row.checked is not None
        assert row.as_of <= row.checked
        assert len(row.days) == 2
    rent = chain.table(found[:1])
    assert "](<https://" in rent["From"][0]
    assert "as of " in rent["From"][0]


def test_prices_of_sellers_are_written_as_prices() -> None:
    total = project(Scenario(ownership="cloud")).total.cost_usd
    rents = [row for row in chain.rows("bill", total, "") if row.name == "lambda, any region"]
    assert rents
    assert all(row.value.startswith("$") and row.value.endswith("/h") for row in rents)


def test_reasons_with_places_take_what_stands_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "language", lambda: "zh")
    assert i18n.reason("no loss is published for this family") == "这一系列没有公布损失"
    assert i18n.reason("accuracy needs 3 measured sizes that rise with size").startswith(
        "准确率需要 3 个"
    )
    assert i18n.reason("table 3; p5.48xlarge") == "表 3；p5.48xlarge"
    assert i18n.reason("nobody wrote this down") == "nobody wrote this down"


@pytest.mark.parametrize(
    ("formula", "zeros", "told"),
    [
        ("cost.cost_usd", {"interruption_usd", "storage_usd", "network_usd", "carbon_usd"},
         "hardware_usd + upkeep_usd + electricity_usd"),
        ("energy.mixed_usd_per_kwh", {"renewable_share"}, "usd_per_kwh"),
        ("energy.facility_energy_kwh", {"pue"}, "it_energy_kwh × pue"),
    ],
)  # fmt: skip
def test_what_adds_nothing_is_left_out(formula: str, zeros: set[str], told: str) -> None:
    assert equation.line(formula, formulas.by_name()[formula].inputs, str, zeros=zeros) == told
