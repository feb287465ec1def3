"""Two sets of measurements side by side: which differences are real, from their intervals.

Pure functions over records: neither torch nor a database is needed to ask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.measurement.spread import AGREEMENT_SHARE, median_interval
from engine.measurement.steadiness import COVERED, REVISIT, Steadiness, is_sound
from engine.records import BadInput, Measurement, Setting

Verdict = Literal["faster", "slower", "same", "unsure"]
"""Of the second beside the first."""

FEWEST_FINGERPRINT_DIGITS = 4
DATE = re.compile(r"\d{4}(-\d{2}(-\d{2}(T[\d:.]+)?)?)?")


@dataclass(frozen=True, slots=True)
class Pair:
    """The same work, measured twice."""

    first: Measurement
    second: Measurement
    verdict: Verdict
    time_ratio: float
    """Second over first, of the medians."""
    time_ratio_low: float
    time_ratio_high: float
    """The least and the greatest that both 95 % intervals allow."""
    margin_share: float = AGREEMENT_SHARE
    """Beyond the intervals, what either machine does to the same work at another time."""

    @property
    def energy_ratio(self) -> float | None:
        """Second over first; None where one is unknown or only one of them was metered."""
        first, second = self.first, self.second
        if first.energy_j is None or second.energy_j is None:
            return None
        return second.energy_j / first.energy_j if first.energy_kind == second.energy_kind else None

    @property
    def score_change(self) -> float | None:
        """Second less first, of the score that counts; None where there is none."""
        name = str(self.first.settings.get("metric", "accuracy_share"))
        if name in self.first.metrics and name in self.second.metrics:
            return self.second.metrics[name] - self.first.metrics[name]
        return None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two sets, matched by workload and settings; of each the newest counts."""

    pairs: tuple[Pair, ...]
    """Real differences first, the greatest leading."""
    only_first_count: int
    only_second_count: int

    def count(self, verdict: Verdict) -> int:
        """How many pairs were judged so."""
        return sum(pair.verdict == verdict for pair in self.pairs)


def agreement(
    first: Iterable[Measurement],
    second: Iterable[Measurement],
    steady: Mapping[str, Steadiness] = {},
) -> Agreement:
    """What both sets measured, side by side, and how much each has alone; revisits left out.

    `steady` holds what is known of the machines from run to run, by hardware id.
    """
    before, after = _newest(first), _newest(second)
    both = [compared(before[what], after[what], steady) for what in before.keys() & after.keys()]
    return Agreement(
        pairs=tuple(sorted(both, key=_place)),
        only_first_count=len(before.keys() - after.keys()),
        only_second_count=len(after.keys() - before.keys()),
    )


def compared(
    first: Measurement, second: Measurement, steady: Mapping[str, Steadiness] = {}
) -> Pair:
    """One pair, judged by time.

    A difference is real where the two 95 % intervals of the median lie apart by more than
    either machine's own doing from one time to the next; where that is not known, by more than
    3 %, within which the runner already takes windows for alike. Nothing is said of what was
    disturbed or repeated fewer than six times; repeats that waver disturb only where the
    machine's own doing, which was seen beside such intervals, is not known.
    """
    (low_a_s, high_a_s), (low_b_s, high_b_s) = _interval_s(first), _interval_s(second)
    low, high = low_b_s / high_a_s, high_b_s / low_a_s
    known = [steady.get(m.machine.hardware_id) for m in (first, second)]
    margin = max([AGREEMENT_SHARE, *(found.share for found in known if found)])
    covered = COVERED if all(known) else ()
    is_sure = all(is_sound(m, covered) for m in (first, second))
    return Pair(
        first=first,
        second=second,
        verdict=_verdict(low, high, margin) if is_sure else "unsure",
        margin_share=margin,
        time_ratio=second.time_s / first.time_s,
        time_ratio_low=low,
        time_ratio_high=high,
    )


def chosen(measurements: Iterable[Measurement], words: str) -> list[Measurement]:
    """Those that every one of the words, set apart by commas, speaks of.

    A word is a machine's fingerprint or its beginning, a date or its beginning
    (`2026-11`, `2026-11-29T07`, UTC), a version of the code or its commit, `method:2`, or
    `run:2` for what was measured `--again`.

    Raises:
        BadInput: a word speaks of none, with what there is.
    """
    left = list(measurements)
    for word in filter(None, (part.strip() for part in words.split(","))):
        kept = [m for m in left if _speaks_of(word)(m)]
        if not kept:
            raise BadInput(_nothing(word, left))
        left = kept
    return left


def _verdict(low: float, high: float, margin: float) -> Verdict:
    if low > 1 + margin:
        return "slower"
    return "faster" if high < 1 / (1 + margin) else "same"


def _interval_s(m: Measurement) -> tuple[float, float]:
    return median_interval(m.repeat_times_s)


def _newest(measurements: Iterable[Measurement]) -> dict[tuple[object, ...], Measurement]:
    found: dict[tuple[object, ...], Measurement] = {}
    for m in sorted(measurements, key=lambda m: (m.taken_at, m.repetition_number)):
        if m.workload == REVISIT:
            continue
        found[m.workload, *sorted(m.settings.items())] = m
    return found


def _place(pair: Pair) -> tuple[bool, float, str, str]:
    is_real = pair.verdict in ("faster", "slower")
    greatest = max(pair.time_ratio, 1 / pair.time_ratio)
    return not is_real, -greatest, pair.first.workload, str(sorted(pair.first.settings.items()))


def _speaks_of(word: str) -> Callable[[Measurement], bool]:
    kind, _, number = word.partition(":")
    if kind == "measured":
        return lambda m: m.machine.hardware_id == word
    if kind == "method" and number:
        return lambda m: m.method_version == number
    if kind == "run" and number:
        return lambda m: str(m.repetition_number) == number
    if DATE.fullmatch(word):
        return lambda m: m.taken_at.isoformat().startswith(word)
    return lambda m: _names(word, m)


def _names(word: str, m: Measurement) -> bool:
    commit = m.code_version.partition("+")[2]
    is_machine = len(word) >= FEWEST_FINGERPRINT_DIGITS and m.machine.fingerprint.startswith(word)
    return is_machine or word in (m.code_version, commit)


def _nothing(word: str, among: Sequence[Measurement]) -> str:
    known: Mapping[str, dict[Setting, None]] = {
        "machines": dict.fromkeys(m.machine.fingerprint for m in among),
        "dates": dict.fromkeys(m.taken_at.date().isoformat() for m in among),
        "code": dict.fromkeys(m.code_version for m in among),
        "methods": dict.fromkeys(f"method:{m.method_version}" for m in among),
        "runs": dict.fromkeys(f"run:{m.repetition_number}" for m in among),
    }
    there = "; ".join(f"{kind} {', '.join(map(str, values))}" for kind, values in known.items())
    return f"No measurement is of {word!r}. There are: {there}."
