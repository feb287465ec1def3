"""Numbers as people read them, in their language."""

from collections.abc import Callable

import pytest

from dashboard import i18n, readable


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "language", lambda: "zh")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (7.0, "7"), (12_345.0, "12,300"), (99_950.0, "99,950"), (8.03e9, "8.03B"),
        (1.6e11, "160B"), (1.5e13, "15T"), (999_999.0, "1M"), (None, "–"), (float("nan"), "–"),
    ],
)  # fmt: skip
def test_counts_in_english(value: float | None, text: str) -> None:
    expected = "100,000" if text == "99,950" else text
    assert readable.count(value) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9_000.0, "9,000"), (12_345.0, "1.23 万"), (8.03e9, "80.3 亿"), (1.6e11, "1,600 亿"),
        (1.5e13, "15 万亿"), (99_999_999.0, "1 亿"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("chinese")
def test_counts_in_chinese(value: float, text: str) -> None:
    assert readable.count(value) == text


@pytest.mark.parametrize(
    ("value_usd", "text"),
    [
        (0.0, "$0"), (0.174, "$0.174"), (0.00042, "$0.00042"), (2.5, "$2.50"), (12.3, "$12.30"),
        (688.32, "$688"), (7_266.0, "$7,270"), (1.234e6, "$1.23M"), (-5.0, "−$5"), (None, "–"),
    ],
)  # fmt: skip
def test_money_in_english(value_usd: float | None, text: str) -> None:
    assert readable.money(value_usd) == text


@pytest.mark.parametrize(
    ("value_usd", "text"),
    [(0.174, "0.174 美元"), (7_266.0, "7,270 美元"), (1.234e6, "123 万美元"), (3e9, "30 亿美元")],
)
@pytest.mark.usefixtures("chinese")
def test_money_in_chinese(value_usd: float, text: str) -> None:
    assert readable.money(value_usd) == text


@pytest.mark.parametrize(
    ("value_h", "text"),
    [
        (0.0, "0 s"), (1e-5 / 3.6, "10 ms"), (1 / 60, "60 s"), (0.5, "30 min"), (36.0, "36 h"),
        (90.0, "3.75 days"), (8766.0 * 3, "3 years"), (None, "–"),
    ],
)  # fmt: skip
def test_durations_stay_in_the_smaller_unit_up_to_twice_the_larger(
    value_h: float | None, text: str
) -> None:
    assert readable.duration(value_h) == text


@pytest.mark.usefixtures("chinese")
def test_durations_in_chinese() -> None:
    assert readable.duration(90.0) == "3.75 天"


def test_units_step_by_a_thousand() -> None:
    assert readable.energy(0.0182) == "18.2 Wh"
    assert readable.energy(18_200.0) == "18.2 MWh"
    assert readable.data(16.06e9) == "16.1 GB"
    assert readable.flop(3.14e23) == "314 ZFLOP"
    assert readable.power(45.0) == "45 W"
    assert readable.joules(0.0297) == "29.7 mJ"
    assert readable.per_second(3.19e11, "FLOP") == "319 GFLOP/s"
    assert readable.carbon(6_740.0) == "6.74 t"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("usd_per_kwh", 0.0813, "$0.0813/kWh"), ("hardware_usd", 7_266.0, "$7,270"),
        ("grid_kgco2e_per_kwh", 0.369, "0.369 kg/kWh"), ("pue", 1.54, "1.54"),
        ("busy_share", 0.5, "50%"), ("time_h", 0.5, "30 min"),
        ("training_flop", 3.14e23, "314 ZFLOP"),
        ("parameters_billion", 8.03, "8.03B"), ("bandwidth_bytes_per_s", 3.35e12, "3.35 TB/s"),
        ("peak_flop_per_s", 9.89e14, "989 TFLOP/s"), ("facility_energy_kwh", None, "–"),
        ("interruptions_per_h", 0.00126, "0.00126/h"), ("raw_usd_per_gb", 0.01, "$0.01"),
        ("site_water_litres_per_kwh", 0.84, "0.84 L/kWh"), ("recipe_year", 2025.0, "2025"),
        ("staff_usd_per_device_per_year", 400.0, "$400"), ("change_per_year", 0.159, "0.159"),
        ("storage_kwh_per_tb_month", 0.47, "470 Wh"), ("carbon_kgco2e", 0.0, "0 kg"),
        ("device_usd_per_device_hour", 2.5, "$2.50/h"), ("_bytes", 0.0, "0 B"),
        ("activation_bytes_per_flop", 0.006, "0.006 B/FLOP"),
    ],
)  # fmt: skip
def test_a_quantity_is_written_as_the_unit_in_its_name_asks(
    name: str, value: float | None, text: str
) -> None:
    assert readable.quantity(name, value) == text


@pytest.mark.parametrize(
    ("value_s", "text"),
    [(1.44, "1.44 s"), (0.00125, "1.25 ms"), (5e-4, "500 µs"), (90.0, "90 s"), (150.0, "2.5 min")],
)
def test_short_times_take_the_unit_that_fits(value_s: float, text: str) -> None:
    assert readable.seconds(value_s) == text


@pytest.mark.parametrize(
    ("share", "told"), [(0.624, "62%"), (0.006, "1%"), (0.0049, "<1%"), (0.0, "0%"), (None, "–")]
)
def test_parts_of_a_whole_are_whole_percents(share: float | None, told: str) -> None:
    assert readable.part(share) == told


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        ("11.6 MWh", "24.4 MWh", "11.6–24.4 MWh"),
        ("$0.005/kWh", "$0.341/kWh", "$0.005–$0.341/kWh"),
        ("950 kg", "1.2 t", "950 kg–1.2 t"),
        ("$1", "$2", "$1–$2"),
        ("86.3%", "96%", "86.3–96%"),
    ],
)
def test_a_unit_both_ends_share_is_said_once(low: str, high: str, told: str) -> None:
    assert readable.between(low, high) == told


@pytest.mark.parametrize(
    ("low", "high", "say", "told"),
    [
        (41_200, 102_000, readable.money, "$41.2k–$102k"),
        (6_210, 17_200, readable.money, "$6,210–$17,200"),
        (-547_000, 6.63e6, readable.money, "−$0.547M–$6.63M"),
        (900, 1.2e6, readable.money, "$900–$1.2M"),
        (946, 1_200, readable.carbon, "0.946–1.2 t"),
        (0, 5_000, readable.carbon, "0–5 t"),
        (0, 0, readable.energy, "0–0 Wh"),
        (20, 70, readable.duration, "0.833–2.92 days"),
    ],
)
def test_both_ends_of_a_range_are_in_the_unit_of_the_larger(
    low: float, high: float, say: Callable[[float | None], str], told: str
) -> None:
    assert readable.span(low, high, say) == told
    assert say(high) in told, "written alone, a number is in its own unit again"


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (6_210, 17_200, "6,210–17,200 美元"),
        (-6_210, 17_200, "−6,210–17,200 美元"),
        (6_210, 172_000, "0.621–17.2 万美元"),
        (16_210, 17_200, "1.62–1.72 万美元"),
        (621, 172_000, "621 美元–17.2 万美元"),
    ],
)
def test_in_chinese_both_ends_count_in_ten_thousands(low: float, high: float, told: str) -> None:
    assert readable.span(low, high, readable.money) == told
    assert readable.money(high).endswith("万美元"), "written alone it is in its own unit again"
