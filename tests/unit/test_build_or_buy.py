"""Build or buy, and big or small: where bills cross, and where they are least."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from engine.cli import app
from engine.projection import project
from engine.projection.build_or_buy import build_or_buy
from engine.projection.quality_curves import pretraining_loss_nats
from engine.projection.savings import savings
from engine.projection.serve_small import data_items_billion, equal_loss
from engine.records import BadInput
from engine.scenario import Scenario, bounds

SELLER = "openai:gpt-4o"
CONSTANTS = {
    "irreducible_nats": 1.8,
    "size_nats": 480.0,
    "data_nats": 2085.0,
    "size_exponent": 0.35,
    "data_exponent": 0.37,
}


def bills(scenario: Scenario, per_day: float) -> tuple[float, float]:
    answer = project(scenario.replace(requests_per_day=per_day))
    own, sold = answer.total.cost_usd.value, answer.deployment.api_usd.value
    assert own is not None
    assert sold is not None
    return float(np.asarray(own)), float(np.asarray(sold))


def test_at_the_break_even_load_both_cost_the_same() -> None:
    asked = Scenario(api_model=SELLER)
    load = build_or_buy(asked).break_even_requests_per_day
    assert load is not None
    own, sold = bills(asked, load)
    assert own == pytest.approx(sold, rel=1e-3)
    for more in (1.1, 3.0, 50.0):
        own, sold = bills(asked, load * more)
        assert own < sold
    own, sold = bills(asked, load / 1.1)
    assert own > sold


def test_dearer_hardware_needs_more_requests_to_pay() -> None:
    loads = [
        build_or_buy(Scenario(api_model=SELLER, usd_per_device=price)).break_even_requests_per_day
        for price in (20_000.0, 40_000.0)
    ]
    assert loads[0] is not None
    assert loads[1] is not None
    assert loads[1] > loads[0]


def test_own_devices_that_cost_more_than_the_answers_never_pay() -> None:
    never = Scenario(api_model="avian:Meta-Llama-3.1-8B-Instruct", usd_per_device=5e6)
    assert build_or_buy(never).break_even_requests_per_day is None


def test_without_a_seller_there_is_nothing_to_compare() -> None:
    with pytest.raises(BadInput, match="api_model"):
        build_or_buy(Scenario())


def test_data_for_a_loss_gives_that_loss() -> None:
    sizes = np.geomspace(1e9, 1e11, 7)
    tokens = data_items_billion(sizes, 2.2, **CONSTANTS) * 1e9
    assert pretraining_loss_nats(sizes, tokens, **CONSTANTS) == pytest.approx(2.2)


def test_a_loss_a_size_cannot_reach_takes_no_data_at_all() -> None:
    assert np.isnan(data_items_billion(1e6, 1.9, **CONSTANTS))


def test_the_more_is_served_the_smaller_the_best_model() -> None:
    sizes = [
        float(np.asarray(equal_loss(Scenario(requests_per_day=load)).best.parameters_billion))
        for load in (1e3, 1e6, 1e8)
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < sizes[0] / 2


def test_the_best_size_has_the_same_loss_and_no_size_tried_is_cheaper() -> None:
    found = equal_loss(Scenario(requests_per_day=1e7))
    again = project(found.best)
    assert again.quality.loss_nats.value == pytest.approx(found.loss_nats)
    assert float(np.asarray(again.total.cost_usd.value)) == pytest.approx(found.best_cost_usd)
    assert found.best_cost_usd <= found.cost_usd.min()
    assert found.best_cost_usd <= found.now_cost_usd


@pytest.mark.parametrize("change", [{"training_run_count": 0.0}, {"model": "resnet-50"}])
def test_only_a_trained_language_model_can_be_resized(change: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="language model"):
        equal_loss(Scenario().replace(**change))


@pytest.fixture(autouse=True)
def _empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/m.db")


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


def test_savings_are_printed_as_one_document() -> None:
    code, text = run("savings", "--json", "--set", f"api_model={SELLER}")
    told = json.loads(text)
    assert code == 0
    assert told["savings"][0]["saved_usd"] == max(s["saved_usd"] for s in told["savings"])
    assert told["build_or_buy"]["api_usd"] > told["build_or_buy"]["own_usd"]


def test_a_decision_is_worth_something_in_a_use() -> None:
    code, text = run(
        *("decide", "--json", "--use", "text-classification", "--maximise", "worth.npv_usd"),
        *("--only", "hardware=l4,t4", "--set", "outcomes_per_day=50000"),
    )
    assert code == 0
    first, second = (plan["numbers"]["worth.npv_usd"] for plan in json.loads(text)["plans"])
    assert first > second
    assert json.loads(text)["plans"][0]["npv_usd"] == first


def test_a_use_beside_a_scenario_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('hardware = "l4"\n')
    with pytest.raises(BadInput, match="Name the file as the use"):
        run("decide", str(file), "--use", "assistant")


def test_federated_training_is_part_of_the_document() -> None:
    code, text = run("savings", "--json", "--set", "model=resnet-50", "--clients", "100")
    shared = json.loads(text)["federated"]
    assert code == 0
    assert (shared["client_count"], shared["up_bytes"]) == (100.0, shared["down_bytes"])
    assert {effect["technique"] for effect in shared["effects"]} > {"private"}


def test_savings_are_printed_for_people() -> None:
    code, text = run("savings", "--set", "ownership=cloud")
    assert code == 0
    assert "terms" in text
    assert "unknown" in text


def test_a_decision_is_printed_as_one_document() -> None:
    code, text = run(
        "decide", "--json", "--only", "hardware=h100-sxm,l4", "--subject-to", "training.time_h<=900"
    )
    told = json.loads(text)
    assert code == 0
    assert told["guarantee"] == "exhaustive"
    assert told["plans"][0]["numbers"]["training.time_h"] <= 900
    assert told["limits"][0]["limit"] == "training.time_h <= 900"


def test_a_decision_without_a_plan_says_why_and_fails() -> None:
    code, text = run("decide", "--only", "hardware=l4", "--subject-to", "deployment.tpot_s<=1e-9")
    assert code == 1
    assert "cannot be met" in text.replace("\n", " ")


def test_a_front_is_printed() -> None:
    words = ["--front", "total.cost_usd", "--front", "deployment.tpot_s"]
    code, text = run("decide", "--json", "--only", "hardware=h100-sxm", *words)
    costs = [each["numbers"]["total.cost_usd"] for each in json.loads(text)]
    assert code == 0
    assert costs == sorted(costs)
    assert len(costs) > 3


@pytest.mark.parametrize("size_billion", [700.0, 10_000.0])
def test_the_largest_models_have_savings_within_what_can_be_chosen(size_billion: float) -> None:
    huge = Scenario(
        model="deepseek-v3", parameters_billion=size_billion, training_device_count=8192.0
    )
    most = bounds("parameters_billion").high
    assert np.all(equal_loss(huge).parameters_billion <= most)
    assert savings(huge)
