"""What `modelworth measure` says, without measuring."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.cli.measure_display import epoch_line, labels, readable, result_line
from engine.measurement.workloads import MemoryCopy
from engine.measurement.workloads.matmul import Matmul
from engine.records import Epoch, Machine, Measurement

MACHINE = Machine("a CPU", 2, 4, 2**34, "Linux 6.1 x86_64", "3.11.7", "2.13.0", 2)


def measurement(**changed: Any) -> Measurement:
    values: dict[str, Any] = {
        "machine": MACHINE,
        "workload": "matmul",
        "settings": {"size": 64},
        "method_version": "1",
        "code_version": "0.1.0",
        "taken_at": datetime(2026, 1, 31, tzinfo=UTC),
        "time_s": 0.002,
        "time_low_s": 0.002,
        "time_high_s": 0.002,
        "repeat_times_s": (0.002,),
        "cpu_time_s": 0.004,
    }
    return Measurement(**values | changed)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1.5821e-3, "s", "1.58 ms"),
        (1.36e12, "FLOP/s", "1.36 TFLOP/s"),
        (9.7e-7, "s", "970 ns"),
        (1.0, "J", "1 J"),
        (12_345.0, "B/s", "12.3 kB/s"),
    ],
)
def test_numbers_are_said_in_three_digits_with_their_unit(
    value: float, unit: str, said: str
) -> None:
    assert readable(value, unit) == said


def test_a_result_says_time_rate_energy_and_that_an_estimate_is_one() -> None:
    said = result_line("matmul", measurement(flop=4e9, energy_j=0.5, energy_kind="estimated"))
    assert said == "matmul: 2 ms a step, 2 TFLOP/s, 500 mJ (estimated)"


def test_a_result_without_arithmetic_says_its_bytes_and_unknown_energy_is_not_said() -> None:
    assert result_line("copy", measurement(moved_bytes=4e6)) == "copy: 2 ms a step, 2 GB/s"


def test_a_learners_result_says_how_good_it_is() -> None:
    said = result_line("news", measurement(metrics={"accuracy_share": 0.9534}))
    assert said == "news: 2 ms a step, accuracy 95.34%"


def test_an_epoch_says_loss_and_accuracy_on_both_sides() -> None:
    said = epoch_line(Epoch(3, 0.25, 0.9, 0.3, 0.88, time_s=1.0))
    assert said == (
        "  epoch  3  loss 0.2500  accuracy 90.00%   held out: loss 0.3000  accuracy 88.00%"
    )


def test_a_label_holds_what_sets_a_job_apart() -> None:
    one, other, copy = Matmul(8, "fp32"), Matmul(16, "fp32"), MemoryCopy(4)
    assert labels([one, other, copy]) == {
        one: "matmul size=8",
        other: "matmul size=16",
        copy: "memory_copy",
    }
