"""Numbers as people read them, in their language: three digits, the unit that fits."""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date

from dashboard import currency, i18n
from engine import units

DASH = "–"
"""Shown for what is not known."""

NO_BREAK = "\u00a0"
"""In place of a space where no line may end."""

JOINED = "\u2060"
"""Shows nothing, and no line ends there."""

DIGITS = 3
NARROW_SHARE = 0.03
"""A range of scores narrower than this is shown with a decimal."""

LONG = 100_000.0
"""From here on a number is shortened; below it is written out."""

MOST_EXACT = 1e8
"""Whole numbers from here on are shortened even where they were chosen."""

WHOLE_WITHIN = 1e-9
"""A whole number that was worked out may be off by rounding."""

CENTS_BELOW = 100.0
"""Money from here on is shown without cents."""

_COUNTS = {
    "en": ((1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "B"), (1e12, "T"), (1e15, "P")),
    "zh": ((1.0, ""), (1e4, " 万"), (1e8, " 亿"), (1e12, " 万亿")),
}
TEN_THOUSAND = _COUNTS["zh"][1]
_PREFIXES = ("n", "µ", "m", "", *"kMGTPEZYR")
_SI = tuple((1e3**rank, prefix) for rank, prefix in enumerate(_PREFIXES, start=-3))
_MASSES = {
    "en": ((1e-3, "g"), (1.0, "kg"), (1e3, "t"), (1e6, "kt"), (1e9, "Mt")),
    "zh": ((1e-3, "克"), (1.0, "千克"), (1e3, "吨"), (1e7, "万吨"), (1e11, "亿吨")),
}
_VOLUMES = {
    "en": ((1e-3, "mL"), (1.0, "L"), (1e3, "m³")),
    "zh": ((1e-3, "毫升"), (1.0, "升"), (1e3, "立方米")),
}
_DAY_H, _YEAR_H = units.HOURS_PER_DAY, units.HOURS_PER_YEAR
_MINUTE_H, _SECOND_H = 1 / 60, 1 / units.SECONDS_PER_HOUR
_TIMES = {
    "en": (
        (_SECOND_H / 1e6, "µs"), (_SECOND_H / 1e3, "ms"), (_SECOND_H, "s"), (_MINUTE_H, "min"),
        (1.0, "h"), (_DAY_H, "days"), (_YEAR_H, "years"),
    ),
    "zh": (
        (_SECOND_H / 1e6, "微秒"), (_SECOND_H / 1e3, "毫秒"), (_SECOND_H, "秒"),
        (_MINUTE_H, "分钟"), (1.0, "小时"), (_DAY_H, "天"), (_YEAR_H, "年"),
    ),
}  # fmt: skip
_TIMES_STAY = 2.0
"""Seconds and longer are left for the next unit from this many of it: 36 h, not 1.5 days."""

LEAST_OF_UNIT = 0.1
"""Less of the unit than this is written in its own: $3,000–$1.2M, not $0.003M–$1.2M."""

Steps = tuple[tuple[float, str], ...]


@dataclass
class _Beside:
    """What a number is written beside: the unit of that one, and how many of it it has."""

    unit: tuple[float, str] | None = None
    number: float = 0.0


_beside: ContextVar[_Beside | None] = ContextVar("_beside", default=None)


def number(value: float | None) -> str:
    """A plain number: three digits, thousands apart, never an exponent a reader must decode."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    rounded = _rounded(value)
    decimals = max(0, DIGITS - 1 - math.floor(math.log10(abs(rounded))))
    text = f"{rounded:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def exact(value: float | None) -> str:
    """A whole number in full, 8,192 or 2,097,152; any other with three digits."""
    if value is None or not math.isfinite(value):
        return DASH
    whole = round(value)
    if not math.isclose(value, whole, rel_tol=WHOLE_WITHIN):
        return number(value)
    return f"{whole:,}" if abs(value) < MOST_EXACT else count(value)


def count(value: float | None) -> str:
    """How many: 12,300, 8.03B; 1.23 万, 80.3 亿 in Chinese."""
    if value is None or not math.isfinite(value):
        return DASH
    steps = _COUNTS[i18n.language()]
    if not _has_unit() and abs(value) < (LONG if i18n.language() == "en" else steps[1][0]):
        return number(value)
    return _scaled(value, steps)


class Money:
    """Writes US dollars in the currency shown: $12.30, €1.23M; 123 万美元 in Chinese."""

    def __call__(self, value_usd: float | None) -> str:
        """The amount in words; a dash where it is not known."""
        if value_usd is None or not math.isfinite(value_usd):
            return DASH
        amount = abs(currency.converted(value_usd))
        text = count(amount) if amount >= 1_000 or _has_unit() else _cents(amount)
        sign, name = "−" if value_usd < 0 else "", currency.name(i18n.language())
        if i18n.language() == "zh":
            return f"{sign}{text}{'' if text[-1] in '万亿' else ' '}{name}"
        return f"{sign}{name}{text}"

    @property
    def shown_per_unit(self) -> float:
        """What one dollar is in the currency shown, so that axes step in round amounts of it."""
        return currency.converted(1.0)


money = Money()


def is_money(name: str) -> bool:
    """Whether a quantity is an amount of money, by its name."""
    return "usd" in name.split("_")


def choice(name: str, value: float) -> str:
    """A number as it is chosen, in full, in the unit that its label says."""
    return exact(currency.typed(value) if is_money(name) else value)


def signed(change: float, say: Callable[[float | None], str]) -> str:
    """A change with its sign."""
    return f"{'+' if change >= 0 else '−'}{say(abs(change))}"


def day(value: date) -> str:
    """A day of the calendar: Nov 29, 2026; 2026年11月29日 in Chinese."""
    return format_date(value, "medium", locale=i18n.language())


def share(value_share: float | None) -> str:
    """A share as percent: 93.4%."""
    if value_share is None or not math.isfinite(value_share):
        return DASH
    return f"{number(value_share * 100)}%"


def part(value_share: float | None) -> str:
    """A part of a whole in whole percent: 62%; <1% where it is less than half of one."""
    if value_share is None or not math.isfinite(value_share):
        return DASH
    return "<1%" if 0 < value_share < 0.005 else f"{value_share:.0%}"


def score(value_share: float | None) -> str:
    """A score as percent with one decimal always: 93.0%."""
    return DASH if value_share is None else f"{value_share * 100:.1f}%"


def points(change_share: float | None) -> str:
    """A change of a score in points, with its sign: −1.3, +0.4."""
    if change_share is None:
        return DASH
    text = f"{abs(change_share) * 100:.1f}"
    return text if float(text) == 0 else f"{'+' if change_share > 0 else '−'}{text}"


def energy(value_kwh: float | None) -> str:
    """Energy: 950 Wh, 1.23 MWh."""
    return _si(value_kwh, "Wh", units.WATTS_PER_KILOWATT)


def span(low: float, high: float, say: Callable[[float], str]) -> str:
    """A range with both ends in the unit of the larger, where that is of use: $41.2k–$102k."""
    first, second = sorted((low, high), key=abs, reverse=True)
    larger = _Beside()
    before = _beside.set(larger)
    try:
        told = {first: say(first)}
        told[second] = say(second)
    finally:
        _beside.reset(before)
    if _is_little(larger, second / first if first else 1.0):
        return between(*_in_ones((low, high), say))
    if second and larger.number * abs(second / first) < LEAST_OF_UNIT:
        told[second] = say(second)
    return between(told[low], told[high])


def _is_little(larger: _Beside, other_share: float) -> bool:
    """Whether a range is a few ten thousands that begin below one: 6,210–17,200 美元."""
    return larger.unit == TEN_THOUSAND and larger.number < 10 and larger.number * other_share < 1


def _in_ones(ends: Sequence[float], say: Callable[[float], str]) -> list[str]:
    before = _beside.set(_Beside(_COUNTS["zh"][0]))
    try:
        return [say(end) for end in ends]
    finally:
        _beside.reset(before)


def between(low: str, high: str) -> str:
    """A range of two written numbers; a unit they share is said once: 11.6–24.4 MWh, $1–$2/h."""
    for mark in (" ", "/", "%"):
        number, _, unit = low.rpartition(mark)
        if number and unit == high.rpartition(mark)[2]:
            return f"{number}–{high}"
    return f"{low}–{high}"


def unbroken(text: str) -> str:
    """Prose in which no line ends within a range."""
    return text.replace("–", f"–{JOINED}")


def score_range(low_share: float, high_share: float) -> str:
    """A range of scores: 59–71%, or 93.1–93.4% where it is narrow."""
    digits = 0 if high_share - low_share >= NARROW_SHARE else 1
    return between(f"{low_share * 100:.{digits}f}", f"{high_share * 100:.{digits}f}%")


def joules(value_j: float | None) -> str:
    """Energy of one step of work: 9.77 J, 30 mJ."""
    return _si(value_j, "J")


def per_second(value_per_s: float | None, unit: str) -> str:
    """A rate: 319 GFLOP/s, 17.1 GB/s."""
    return _si(value_per_s, f"{unit}/s")


def power(value_w: float | None) -> str:
    """Power: 700 W, 1.2 MW."""
    return _si(value_w, "W")


def data(value_bytes: float | None) -> str:
    """Bytes, in powers of ten: 16.1 GB."""
    return _si(value_bytes, "B")


def flop(value_flop: float | None) -> str:
    """An amount of arithmetic: 314 ZFLOP."""
    return _si(value_flop, "FLOP")


def carbon(value_kgco2e: float | None) -> str:
    """Mass of greenhouse gas: 12.3 kg, 4.56 t."""
    return _in_steps(value_kgco2e, _MASSES[i18n.language()])


def water(value_litres: float | None) -> str:
    """Volume of water: 12.3 L, 4.56 m³."""
    return _in_steps(value_litres, _VOLUMES[i18n.language()])


def duration(value_h: float | None) -> str:
    """A length of time: 34 ms, 36 h, 12 days, 3 years."""
    return _in_steps(value_h, _TIMES[i18n.language()], _TIMES_STAY, _SECOND_H)


def seconds(value_s: float | None) -> str:
    """A length of time given in seconds."""
    return duration(None if value_s is None else value_s / units.SECONDS_PER_HOUR)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS - 1}e}") if abs(value) < LONG else float(round(value))


def _scaled(value: float, steps: Steps) -> str:
    short = float(f"{value:.{DIGITS - 1}e}")
    size, unit = _unit([s for s, _ in steps], abs(short), steps)
    return f"{number(value / size)}{unit}"


def _unit(starts: Sequence[float], size: float, steps: Steps) -> tuple[float, str]:
    """The unit that fits, or that of the number it is written beside."""
    beside = _beside.get()
    if beside is not None and beside.unit is not None:
        return beside.unit
    found = steps[max(0, bisect_right(starts, size) - 1)]
    if beside is not None:
        beside.unit, beside.number = found, size / found[0]
    return found


def _has_unit() -> bool:
    beside = _beside.get()
    return beside is not None and beside.unit is not None


def _cents(amount: float) -> str:
    return f"{amount:.2f}" if 1 <= amount < CENTS_BELOW and amount % 1 else number(amount)


def _si(value: float | None, unit: str, per: float = 1.0) -> str:
    if value is None or not math.isfinite(value):
        return DASH
    return _in_steps(value * per, tuple((size, f"{prefix}{unit}") for size, prefix in _SI))


def _in_steps(value: float | None, steps: Steps, stay: float = 1.0, usual_size: float = 1.0) -> str:
    """Nothing at all is written in the usual unit, not in the smallest."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0 and not _has_unit():
        return f"0 {dict(steps)[usual_size]}"
    short = float(f"{value:.{DIGITS - 1}e}")
    starts = [steps[0][0]] + [size * (stay if size > _SECOND_H else 1.0) for size, _ in steps[1:]]
    size, unit = _unit(starts, abs(short), steps)
    return f"{number(value / size)} {unit}"


def _counted(value: float | None) -> str:
    return exact(value) if value is not None and abs(value) < LONG else count(value)


def _year(value: float | None) -> str:
    return DASH if value is None else f"{value:.0f}"


def _billions(value: float | None) -> str:
    return count(None if value is None else value * units.BILLION)


_QUANTITIES: tuple[tuple[str, Callable[[float | None], str], str], ...] = (
    ("usd_per_kwh", money, "/kWh"),
    ("usd_per_device_hour", money, "/h"),
    ("usd_per_month", money, ""),
    ("usd_per_device", money, ""),
    ("usd_per_device_per_year", money, ""),
    ("usd_per_gb", money, ""),
    ("_usd", money, ""),
    ("kgco2e_per_kwh", number, " kg/kWh"),
    ("kgco2e_per_tb_month", carbon, ""),
    ("_kgco2e", carbon, ""),
    ("litres_per_kwh", number, " L/kWh"),
    ("litres_per_it_kwh", number, " L/kWh"),
    ("kwh_per_tb_month", energy, ""),
    ("_kwh", energy, ""),
    ("_litres", water, ""),
    ("_bytes_per_s", data, "/s"),
    ("_bytes_per_device", data, ""),
    ("bytes_per_request", data, ""),
    ("bytes_per_parameter", data, ""),
    ("bytes_per_item", data, ""),
    ("bytes_per_value", data, ""),
    ("bytes_per_token", data, ""),
    ("bytes_per_token_at_16_bit", data, ""),
    ("_bytes", data, ""),
    ("flop_per_s", flop, "/s"),
    ("bytes_per_flop", number, " B/FLOP"),
    ("gflop_per_item", number, " GFLOP"),
    ("flop", flop, ""),
    ("flop_per_item", flop, ""),
    ("flop_per_token", flop, ""),
    ("dense_tflops", number, " TFLOP/s"),
    ("dense_tops", number, " TOP/s"),
    ("gb_per_s", number, " GB/s"),
    ("_gb", number, " GB"),
    ("kgco2e_per_device", carbon, ""),
    ("kgco2e_per_device_hour", carbon, "/h"),
    ("_w", power, ""),
    ("_per_h", number, "/h"),
    ("_h", duration, ""),
    ("_time_s", seconds, ""),
    ("_overhead_s", seconds, ""),
    ("_share", share, ""),
    ("_share_per_year", share, ""),
    ("_per_year", number, ""),
    ("_year", _year, ""),
    ("_billion", _billions, ""),
    ("mfu", share, ""),
    ("item_count", count, ""),
    ("_count", _counted, ""),
    ("_tokens", exact, ""),
    ("_size", exact, ""),
    ("_rows", exact, ""),
    ("_images", exact, ""),
    ("_items_per_request", exact, ""),
    ("_per_day", exact, ""),
    ("_per_s", count, "/s"),
    ("_s", seconds, ""),
)
"""How a quantity is written, by the end of its name; the first that fits."""
_AN_HOUR = {"en": "/h", "zh": "/小时"}


def quantity(name: str, value: float | None) -> str:
    """A number written as the unit in its name asks."""
    if value is None:
        return DASH
    for ending, say, unit in _QUANTITIES:
        if name.endswith(ending):
            return f"{say(value)}{_AN_HOUR[i18n.language()] if unit == '/h' else unit}"
    return money(value) if is_money(name) else number(value)
