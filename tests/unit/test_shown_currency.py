"""Money in the currency shown: typed, read, and stepped on axes; the address keeps dollars."""

import math

import pytest

from dashboard import controls, currency, i18n, readable
from dashboard.i18n import words
from dashboard.theme import linear_ticks, log_ticks
from engine.catalogue.currency import rate
from tests.unit.test_pages import opened

FIELD = "usd_per_device_hour"


@pytest.fixture
def euros(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(currency, "shown", lambda: "EUR")
    return currency.rate().units_per_usd


@pytest.fixture
def _own_database(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/m.db")


def test_a_round_amount_typed_comes_back_as_round(euros: float) -> None:
    for amount in (2.0, 0.07, 12_345.0, 1e9):
        assert currency.typed(currency.dollars(amount)) == amount
    assert currency.dollars(euros) == pytest.approx(1.0)


def test_dollars_are_left_as_they_are() -> None:
    assert currency.typed(1 / 3) == currency.dollars(1 / 3) == 1 / 3


@pytest.mark.parametrize(("code", "told"), [("CNY", "45 元"), ("USD", "5 美元")])
def test_yuan_are_told_as_they_are_in_chinese(
    code: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(currency, "shown", lambda: code)
    monkeypatch.setattr(i18n, "language", lambda: "zh")
    amount_usd = 45 / rate(code).units_per_usd if code == "CNY" else 5.0
    assert readable.money(amount_usd) == told


def test_money_is_told_from_other_quantities_by_its_name() -> None:
    assert all(map(readable.is_money, (FIELD, "carbon_usd_per_tonne", "npv_usd")))
    assert not any(map(readable.is_money, ("pue", "horizon_months", "parameters_billion")))


def test_axes_step_in_round_amounts_of_the_currency(euros: float) -> None:
    for ticks in (
        linear_ticks(0.0, 87_654.0, readable.money),
        log_ticks(900.0, 2e6, readable.money),
    ):
        shown = [value * euros for value in ticks["tickvals"]]  # type: ignore[attr-defined]
        leading = [v / 10 ** math.floor(math.log10(v) + 1e-9) for v in shown if v]
        assert len(leading) > 1
        assert all(digit == pytest.approx(round(digit)) for digit in leading)


def test_the_electricity_slider_stops_at_round_prices(euros: float) -> None:
    shown = [stop * euros for stop in controls.electricity()]
    assert shown[1] == pytest.approx(0.01)
    assert shown[-1] == pytest.approx(0.5)


@pytest.mark.usefixtures("_own_database")
@pytest.mark.parametrize(("code", "sign"), [("en", "€"), ("zh", "欧元")])
def test_a_rent_typed_in_euros_stands_in_the_address_in_dollars(code: str, sign: str) -> None:
    app = opened(unfolded=True, currency="EUR", ownership="cloud", lang=code)
    box = app.number_input(key=FIELD)
    assert box.label == words(code)[f"field.{FIELD}"].format(money=sign)
    box.set_value(2.0).run()
    in_dollars = 2.0 / rate("EUR").units_per_usd
    assert float(str(app.query_params[FIELD]).strip("[']")) == pytest.approx(in_dollars)
    assert app.number_input(key=FIELD).value == 2.0
    app.segmented_control(key="currency").set_value("USD").run()
    assert app.number_input(key=FIELD).value == pytest.approx(in_dollars)


@pytest.mark.parametrize(
    ("value", "text"),
    [(8_192.0, "8,192"), (2_097_152.0, "2,097,152"), (1.2345, "1.23"), (None, "–"), (3e9, "3B")],
)
def test_whole_numbers_that_were_chosen_are_told_in_full(value: float | None, text: str) -> None:
    assert readable.exact(value) == text


def test_a_sequence_is_told_in_full() -> None:
    assert readable.quantity("sequence_tokens", 8_192.0) == "8,192"
    assert readable.quantity("device_count", 1_024.0) == "1,024"
    assert readable.quantity("carbon_usd_per_tonne", 80.0) == "$80"
