"""What is noisy, and which differences between two sets of measurements are real."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.measurement.agreement import agreement, chosen, compared
from engine.measurement.noise import disturbances, far_repeats_s, interval_share
from engine.measurement.steadiness import (
    Steadiness,
    original,
    stated_interval_s,
    steadiness,
)
from engine.records import BadInput, Machine, Measurement

MACHINE = Machine("a CPU", 2, 4, 2**34, "Linux 6.1 x86_64", "3.11.7", "2.13.0", 2)
OTHER = replace(MACHINE, cpu_name="another CPU")
STEADY_S = (1.0, 1.0, 1.001, 1.001, 1.002, 1.002, 1.003, 1.003, 1.004, 1.004)


def measurement(times_s: tuple[float, ...] = STEADY_S, **changed: Any) -> Measurement:
    middle_s = sorted(times_s)[len(times_s) // 2]
    values: dict[str, Any] = {
        "machine": MACHINE,
        "workload": "matmul",
        "settings": {"size": 64},
        "method_version": "1",
        "code_version": "0.1.0+abc1234",
        "taken_at": datetime(2026, 1, 31, 7, 30, tzinfo=UTC),
        "time_s": middle_s,
        "time_low_s": min(times_s),
        "time_high_s": max(times_s),
        "repeat_times_s": times_s,
        "cpu_time_s": 1.0,
    }
    return Measurement(**values | changed)


def scaled(share: float, **changed: Any) -> Measurement:
    return measurement(tuple(t * share for t in STEADY_S), **changed)


def test_repeats_beyond_tukeys_fences_are_told_apart_and_stay_in_the_record() -> None:
    seen = measurement((*STEADY_S, 3.0, 0.5))
    assert far_repeats_s(seen) == (3.0, 0.5)
    assert len(seen.repeat_times_s) == 12
    assert far_repeats_s(measurement((1.0, 1.0, 9.0))) == ()


def test_half_the_medians_interval_over_the_median() -> None:
    assert interval_share((1.0, 1.1, 1.2, 1.3, 1.4, 1.5)) == pytest.approx(0.25 / 1.25)


@pytest.mark.parametrize(
    ("metrics", "told"),
    [
        ({}, ()),
        ({"other_cpu_use_share": 0.1, "cpu_clock_change_share": -0.05}, ()),
        ({"other_cpu_use_share": 0.11}, ("other_programs",)),
        ({"cpu_clock_change_share": -0.06}, ("clock_drift",)),
        ({"gpu_clock_change_share": 0.06}, ("clock_drift",)),
    ],
)
def test_others_work_and_a_drifting_clock_make_it_noisy(
    metrics: dict[str, float], told: tuple[str, ...]
) -> None:
    assert disturbances(measurement(metrics=metrics)) == told


def test_repeats_that_waver_make_it_noisy() -> None:
    assert disturbances(measurement((1.0, 1.2) * 5)) == ("spread",)


@pytest.mark.parametrize(
    ("share", "verdict"),
    [(1.0, "same"), (1.03, "same"), (1.1, "slower"), (0.97, "same"), (0.9, "faster")],
)
def test_a_difference_is_real_where_the_intervals_lie_clearly_apart(
    share: float, verdict: str
) -> None:
    pair = compared(measurement(), scaled(share))
    assert pair.verdict == verdict
    assert pair.time_ratio == pytest.approx(share)
    assert pair.time_ratio_low < share < pair.time_ratio_high


def twice(shares: list[float], **changed: Any) -> list[Measurement]:
    """As many things as shares, each measured, and then revisited taking so much longer."""
    return [
        m
        for size, share in enumerate(shares)
        for m in (
            measurement(settings={"size": size}, **changed),
            scaled(
                share,
                workload="revisit",
                settings={"of": "matmul", "size": size},
                taken_at=datetime(2026, 1, 31, 7, 40, tzinfo=UTC),
                **changed,
            ),
        )
    ]


LEAST_S, MOST_S = STEADY_S[1], STEADY_S[-2]
"""The 95 % interval of ten repeats leaves out the least and the greatest."""


def test_what_a_machine_does_from_time_to_time_is_not_a_difference() -> None:
    steady = steadiness(twice([1.0] * 37 + [1.25, 4.0]))
    apart = 1.25 * LEAST_S / MOST_S - 1
    assert steady == {MACHINE.hardware_id: Steadiness(pytest.approx(apart), 39)}
    assert compared(measurement(), scaled(1.24), steady).verdict == "same"
    assert compared(measurement(), scaled(1.3), steady).verdict == "slower"
    assert compared(measurement(), scaled(0.75), steady).verdict == "faster"
    assert compared(measurement(), scaled(1.24), {}).verdict == "slower"


def test_stated_intervals_overlap_as_long_as_nothing_is_called_real() -> None:
    first = measurement()
    steady = {MACHINE.hardware_id: Steadiness(0.21, 20)}
    low_s, high_s = stated_interval_s(first, steady)
    assert (low_s, high_s) == (pytest.approx(LEAST_S / 1.1), pytest.approx(MOST_S * 1.1))
    assert stated_interval_s(first, {}) == (LEAST_S, MOST_S)
    for share, verdict in ((1.21, "same"), (1.22, "slower")):
        later = scaled(share)
        overlaps = stated_interval_s(later, steady)[0] <= high_s
        assert (compared(first, later, steady).verdict, overlaps) == (verdict, verdict == "same")


def test_repeats_that_waver_are_judged_where_the_machine_is_known() -> None:
    wavering = measurement((1.0, 1.2) * 5)
    steady = {MACHINE.hardware_id: Steadiness(0.1, 20)}
    assert compared(wavering, scaled(9.0), {}).verdict == "unsure"
    assert compared(wavering, scaled(9.0), steady).verdict == "slower"


def test_a_revisit_stands_for_its_work_and_is_no_row_of_its_own() -> None:
    first, again = twice([2.0])
    assert original(again) == original(first) == ("matmul", {"size": 0})
    seen = agreement([first, again], [first, again])
    assert [pair.first.workload for pair in seen.pairs] == ["matmul"]


def test_pairs_beside_other_programs_count_only_where_there_are_too_few_others() -> None:
    busy: dict[str, Any] = {"metrics": {"other_cpu_use_share": 0.5}, "code_version": "0.2.0"}
    calm, wild = twice([1.0] * 19), twice([2.0] * 30, **busy)
    (steady,) = steadiness(calm + wild).values()
    assert steady == Steadiness(0.0, 19)
    (steady,) = steadiness(calm[:-2] + wild).values()
    assert steady == Steadiness(pytest.approx(2 * LEAST_S / MOST_S - 1), 48)


def test_of_too_few_pairs_or_repeats_no_steadiness_is_said() -> None:
    assert steadiness(twice([2.0] * 18)) == {}
    few = [replace(m, repeat_times_s=STEADY_S[:5]) for m in twice([2.0] * 30)]
    assert steadiness(few) == {}


def test_of_few_repeats_or_a_disturbed_run_nothing_is_said() -> None:
    assert compared(measurement(), measurement((2.0,) * 5)).verdict == "unsure"
    busy = scaled(2.0, metrics={"other_cpu_use_share": 0.5})
    assert compared(measurement(), busy).verdict == "unsure"


def test_energy_is_compared_only_where_both_know_it_alike() -> None:
    metered = measurement(energy_j=2.0, energy_kind="measured")
    estimated = measurement(energy_j=3.0, energy_kind="estimated")
    assert compared(metered, replace(metered, energy_j=3.0)).energy_ratio == 1.5
    assert compared(metered, estimated).energy_ratio is None
    assert compared(metered, measurement()).energy_ratio is None


def test_the_score_that_counts_is_compared() -> None:
    ndcg = {"size": 1, "metric": "ndcg_at_10_share"}
    first = measurement(settings=ndcg, metrics={"ndcg_at_10_share": 0.5, "accuracy_share": 0.9})
    second = replace(first, metrics={"ndcg_at_10_share": 0.625})
    assert compared(first, second).score_change == 0.125
    assert compared(first, measurement()).score_change is None


def test_the_same_work_is_matched_the_newest_counts_and_real_differences_lead() -> None:
    early = datetime(2026, 1, 1, tzinfo=UTC)
    first = [
        measurement(),
        scaled(5.0, taken_at=early),
        measurement(settings={"size": 128}),
        measurement(settings={"size": 512}),
    ]
    second = [scaled(2.0, settings={"size": 128}), measurement(), measurement(workload="copy")]
    seen = agreement(first, second)
    assert [(pair.first.settings["size"], pair.verdict) for pair in seen.pairs] == [
        (128, "slower"),
        (64, "same"),
    ]
    assert (seen.only_first_count, seen.only_second_count) == (1, 1)
    assert (seen.count("slower"), seen.count("same"), seen.count("unsure")) == (1, 1, 0)


@pytest.mark.parametrize(
    "words",
    [
        MACHINE.fingerprint,
        MACHINE.fingerprint[:4],
        MACHINE.hardware_id,
        "2026-01",
        "2026-01-31T07",
        "0.1.0+abc1234",
        "abc1234",
        "method:1",
        "run:1",
        "2026, run:1",
    ],
)
def test_a_set_is_named_by_machine_date_code_method_or_run(words: str) -> None:
    here = measurement()
    there = measurement(
        machine=OTHER,
        taken_at=datetime(2025, 2, 1, tzinfo=UTC),
        code_version="0.2.0",
        method_version="2",
        repetition_number=2,
    )
    assert chosen([here, there], words) == [here]


def test_a_word_that_speaks_of_nothing_is_refused_with_what_there_is() -> None:
    with pytest.raises(BadInput) as refused:
        chosen([measurement()], "2026,2027")
    assert str(refused.value) == (
        f"No measurement is of '2027'. There are: machines {MACHINE.fingerprint}; "
        "dates 2026-01-31; code 0.1.0+abc1234; methods method:1; runs run:1."
    )
