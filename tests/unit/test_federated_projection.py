"""Federated and private training as projected: bytes by hand, ranges of three, and refusals."""

import pytest

from dashboard.i18n import words
from dashboard.views import federated as view
from engine import catalogue
from engine.projection import NO_EVIDENCE
from engine.projection.federated import FEDERATED, PRIVATE, UNEVEN, Federation, federation
from engine.projection.sized import sized
from engine.scenario import Scenario
from tests.unit.test_pages import opened


def found(model: str, **changes: object) -> Federation:
    scenario = Scenario(model=model, **changes)
    return federation(scenario, sized(scenario, catalogue.model(model)), NO_EVIDENCE, 10.0, 50.0)


def test_bytes_are_rounds_times_clients_times_weights() -> None:
    """25.56 million numbers of 4 bytes, 10 clients, 50 rounds: 51 GB each way."""
    sent = found("resnet-50", precision="fp32")
    size = catalogue.model("resnet-50").parameters_billion.value * 1e9
    assert sent.up_bytes.value == pytest.approx(50 * 10 * size * 4)
    assert sent.down_bytes.value == sent.up_bytes.value


def test_uneven_data_costs_what_three_data_sets_lost_against_an_even_split() -> None:
    by_setting = {e.setting: e for e in found("resnet-50").effects if e.technique == UNEVEN}
    assert len(by_setting) == 4
    two = by_setting["2 labels a client"]
    losses = (96.86 - 99.09, 78.1 - 89.23, 51.17 - 71.32)
    assert two.change_share.value == pytest.approx(sum(losses) / 300)
    assert two.seen_share == pytest.approx((min(losses) / 100, max(losses) / 100))
    assert two.change_share.low is not None
    assert two.change_share.high is not None
    assert two.change_share.low < min(losses) / 100
    assert two.change_share.high > max(losses) / 100
    means = [float(e.change_share.value or 0.0) for e in by_setting.values()]
    assert min(means) == means[1], "one class a client is the hardest"


@pytest.mark.parametrize("model", ["bert-base", "llama-3.1-8b", "wide-deep-criteo"])
def test_what_was_published_for_pictures_is_refused_for_others(model: str) -> None:
    effects = found(model).effects
    assert {e.technique for e in effects} == {UNEVEN, FEDERATED, PRIVATE}
    assert not any(e.change_share.known for e in effects)
    assert "images alone" in effects[0].change_share.note


@pytest.mark.parametrize("code", ["en", "zh"])
def test_every_way_has_words(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.i18n.language", lambda: code)
    for effect in found("resnet-50").effects:
        assert view.way(effect) in words(code).values()


def test_clients_in_the_address_are_those_of_the_page(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/m.db")
    app = opened("savings", model="resnet-50", clients="100")
    app.session_state["federated"] = True
    app.run()
    assert not app.exception
    assert app.number_input(key="clients").value == 100.0
    app.number_input(key="rounds").set_value(5.0).run()
    assert app.query_params["rounds"] == "5"
