"""What the runner records, to the digit, on a machine whose clock the test turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import ClassVar

import pytest
import torch

from engine.measurement import version
from engine.measurement.bench import Bench, Clock, Plan
from engine.measurement.meters.replay import ReplayMeter
from engine.measurement.runner import Progress, measure
from engine.measurement.spread import median_interval, settled
from engine.measurement.workloads.base import Learned
from engine.measurement.workloads.matmul import Matmul
from engine.records import Epoch, Machine, Setting

CPU = torch.device("cpu")
MACHINE = Machine("a CPU", 2, 4, 2**34, "Linux 6.1 x86_64", "3.11.7", "2.13.0", 2)


@dataclass
class Turned:
    """A clock that moves only when work is done."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    wall_reads: int = 0

    def clock(self) -> Clock:
        return Clock(wall_s=self._wall, cpu_s=lambda: self.cpu_s)

    def _wall(self) -> float:
        self.wall_reads += 1
        return self.wall_s


@dataclass(frozen=True)
class Counted:
    """Steps of known length: two busy cores, 10 FLOP and 6 bytes each."""

    name: ClassVar[str] = "counted"

    turned: Turned = field(compare=False)
    times_s: Iterator[float] = field(compare=False)
    closed: list[bool] = field(default_factory=list, compare=False)
    flop_per_step: ClassVar[float] = 10.0
    moved_bytes_per_step: ClassVar[float] = 6.0
    metrics: ClassVar[dict[str, float]] = {"parameter_count": 3.0}

    @property
    def settings(self) -> dict[str, Setting]:
        return {"size": 7}

    def prepare(self, device: torch.device) -> Callable[[], object]:
        return CountedStep(self)


class CountedStep:
    def __init__(self, workload: Counted) -> None:
        self._workload = workload

    def __call__(self) -> None:
        time_s = next(self._workload.times_s)
        self._workload.turned.wall_s += time_s
        self._workload.turned.cpu_s += 2 * time_s

    def close(self) -> None:
        self._workload.closed.append(True)


@dataclass(frozen=True)
class Lesson:
    """Trains for 8 steps in two epochs."""

    name: ClassVar[str] = "lesson"

    turned: Turned = field(compare=False)
    flop_per_step: ClassVar[float] = 10.0
    moved_bytes_per_step: ClassVar[None] = None

    @property
    def settings(self) -> dict[str, Setting]:
        return {"seed": 1}

    def fetch(self) -> None:
        self.turned.cpu_s += 1_000

    def learn(self, device: torch.device, on_epoch: Callable[[Epoch], None]) -> Learned:
        epochs = [Epoch(number, 0.5, 0.8, 0.6, 0.7, time_s=2.0) for number in (1, 2)]
        for epoch in epochs:
            on_epoch(epoch)
        self.turned.cpu_s += 24
        return Learned([0.5, 0.25], {"accuracy_share": 0.7}, step_count=8, epochs=epochs)


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def bench(turned: Turned, **changed: object) -> Bench:
    return replace(Bench(MACHINE, CPU, clock=turned.clock()), **changed)  # type: ignore[arg-type]


def steady(turned: Turned, time_s: float) -> Counted:
    return Counted(turned, repeat(time_s))


def test_a_steady_step_is_recorded_exactly() -> None:
    turned = Turned()
    seen = measure(steady(turned, 0.25), bench(turned))
    assert (seen.time_s, seen.time_low_s, seen.time_high_s) == (0.25, 0.25, 0.25)
    assert seen.repeat_times_s == (0.25,) * 6
    assert seen.cpu_time_s == 0.5
    assert (seen.flop, seen.moved_bytes) == (10.0, 6.0)
    assert (seen.workload, seen.settings) == ("counted", {"size": 7})
    assert (seen.machine, seen.metrics) == (MACHINE, {"parameter_count": 3.0})
    assert (seen.method_version, seen.code_version) == (version.METHOD, version.code())
    assert (seen.energy_j, seen.energy_kind, seen.energy_meter) == (None, None, None)
    assert seen.peak_memory_bytes is None
    assert seen.taken_at.tzinfo is not None


def test_short_steps_are_timed_in_windows_so_that_the_clock_costs_nothing() -> None:
    turned = Turned()
    plan = Plan(window_s=2.0**-6)
    seen = measure(steady(turned, 2.0**-20), bench(turned, plan=plan))
    assert seen.repeat_times_s == (2.0**-20,) * plan.fewest_repeats
    steps = round(turned.wall_s / 2.0**-20)
    assert turned.wall_reads / steps < 1e-3


def test_quartiles_and_median_are_those_of_the_repeats() -> None:
    turned = Turned()
    warm_up_s = 1.0
    workload = Counted(turned, iter([warm_up_s, 1.0, 2.0, 3.0, 4.0, 5.0]))
    plan = Plan(warm_up_s=1.0, fewest_warm_ups=1, repeat_s=15.0)
    seen = measure(workload, bench(turned, plan=plan))
    assert seen.repeat_times_s == (1.0, 2.0, 3.0, 4.0, 5.0)
    assert (seen.time_low_s, seen.time_s, seen.time_high_s) == (2.0, 3.0, 4.0)
    assert seen.cpu_time_s == 6.0


def test_steps_slower_than_the_warm_up_are_warmed_up_all_the_same() -> None:
    turned = Turned()
    times_s = iter([9.0, 7.0, 5.0, *repeat(4.0, 100)])
    seen = measure(Counted(turned, times_s), bench(turned, plan=Plan(warm_up_s=1.0)))
    assert set(seen.repeat_times_s) == {4.0}


def test_slow_first_steps_are_not_in_the_record() -> None:
    turned = Turned()
    times_s = iter([3.0, 1.5, 1.0, 0.5, 0.5, *repeat(0.25, 100)])
    plan = Plan(warm_up_s=100.0, repeat_s=1.0)
    seen = measure(Counted(turned, times_s), bench(turned, plan=plan))
    assert set(seen.repeat_times_s) == {0.25}


def test_repeats_go_on_until_the_median_is_known_or_the_time_is_spent() -> None:
    turned = Turned()
    wavering = Counted(turned, iter([0.125, 0.375] * 100))
    seen = measure(wavering, bench(turned, plan=Plan(warm_up_s=0.0, repeat_s=10.0)))
    assert len(seen.repeat_times_s) == 40
    still = measure(steady(turned, 0.125), bench(turned, plan=Plan(repeat_s=10.0)))
    assert len(still.repeat_times_s) == Plan().fewest_repeats


def test_a_step_longer_than_the_time_given_is_still_repeated() -> None:
    turned = Turned()
    seen = measure(steady(turned, 60.0), bench(turned))
    assert seen.repeat_times_s == (60.0,) * Plan().fewest_slow_repeats


def test_disturbed_windows_get_shorter_and_grow_back_after() -> None:
    turned = Turned()
    quick_s, slow_s = 0.25, 32.0
    times_s = iter([*repeat(quick_s, 60), *repeat(slow_s, 8), *repeat(quick_s, 10_000)])
    plan = Plan(window_s=2.0, warm_up_s=8.0, repeat_s=600.0, interval_share=0.0)
    seen = measure(Counted(turned, times_s), bench(turned, plan=plan))
    first_slow_window_s = (3 * quick_s + 5 * slow_s) / 8
    assert seen.repeat_times_s[2:8] == (quick_s, first_slow_window_s, *repeat(slow_s, 3), quick_s)
    assert set(seen.repeat_times_s[8:]) == {quick_s}
    assert len(seen.repeat_times_s) < 600 / 2.0


def test_energy_is_the_windows_reading_over_its_steps() -> None:
    turned = Turned()
    meter = ReplayMeter([12.0], description="replay: 12 J")
    seen = measure(steady(turned, 0.25), bench(turned, energy_meter=meter))
    assert seen.energy_j == 12.0 / 6
    assert (seen.energy_kind, seen.energy_meter) == ("measured", "replay: 12 J")


def test_an_estimate_is_recorded_as_one() -> None:
    turned = Turned()
    meter = ReplayMeter([12.0], kind="estimated")
    assert measure(steady(turned, 0.25), bench(turned, energy_meter=meter)).energy_kind == (
        "estimated"
    )


def test_a_slow_meter_gets_the_window_it_needs() -> None:
    turned = Turned()
    meter = ReplayMeter([12.0], least_time_s=4.0)
    seen = measure(steady(turned, 0.25), bench(turned, energy_meter=meter))
    assert len(seen.repeat_times_s) == 16
    assert seen.energy_j == 0.75


@pytest.mark.parametrize("readings", [[], [0.0]], ids=["died", "never moved"])
def test_without_a_reading_energy_is_unknown_not_zero_and_the_run_is_kept(
    readings: list[float],
) -> None:
    turned = Turned()
    seen = measure(steady(turned, 0.25), bench(turned, energy_meter=ReplayMeter(readings)))
    assert seen.time_s == 0.25
    assert (seen.energy_j, seen.energy_kind, seen.energy_meter) == (None, None, None)


def test_peak_memory_is_the_meters_reading() -> None:
    turned = Turned()
    meter = ReplayMeter([4096.0], quantity="peak_memory_bytes")
    seen = measure(steady(turned, 0.25), bench(turned, memory_meter=meter))
    assert seen.peak_memory_bytes == 4096.0


def test_a_step_that_holds_something_is_closed_even_when_it_fails() -> None:
    turned = Turned()
    failing = Counted(turned, iter([]))
    with pytest.raises((StopIteration, RuntimeError)):
        measure(failing, bench(turned))
    assert failing.closed == [True]


def test_a_training_is_recorded_per_step_with_its_epochs_and_without_its_fetching() -> None:
    turned = Turned()
    told: list[int] = []
    seen = measure(
        Lesson(turned),
        bench(turned, energy_meter=ReplayMeter([16.0])),
        Progress(on_epoch=lambda epoch: told.append(epoch.number)),
    )
    assert told == [1, 2]
    assert seen.repeat_times_s == (0.5, 0.25)
    assert (seen.time_low_s, seen.time_s, seen.time_high_s) == (0.3125, 0.375, 0.4375)
    assert (seen.cpu_time_s, seen.energy_j) == (3.0, 2.0)
    assert seen.metrics == {"accuracy_share": 0.7, "step_count": 8.0}
    assert [epoch.number for epoch in seen.epochs] == [1, 2]


def test_progress_ends_at_all_of_it() -> None:
    turned = Turned()
    shares: list[float] = []
    measure(steady(turned, 0.25), bench(turned), Progress(on_share=shares.append))
    assert shares == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1.0])


def test_a_real_product_takes_time(one_thread: None) -> None:
    plan = Plan(window_s=0.001, repeat_s=0.05, warm_up_s=0.05)
    seen = measure(Matmul(size=32, precision="fp32"), Bench(MACHINE, CPU, plan=plan))
    assert (seen.flop, seen.moved_bytes) == (65_536.0, 12_288.0)
    assert 0 < seen.time_low_s <= seen.time_s <= seen.time_high_s


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(5, 0, 4), (6, 0, 5), (8, 0, 7), (9, 1, 7), (20, 5, 14), (100, 39, 60)],
)
def test_the_medians_interval_has_the_ranks_of_the_sign_test(
    count: int, low: float, high: float
) -> None:
    """Ranks as in the tables of the sign test at 5 % (9: 2nd to 8th; 20: 6th to 15th)."""
    assert median_interval([float(value) for value in reversed(range(count))]) == (low, high)


def test_windows_settle_when_the_last_three_are_like_the_three_before() -> None:
    assert not settled([1.0] * 5)
    assert settled([9.0, 1.0, 1.0, 1.0, 1.02, 5.0, 1.02])
    assert not settled([1.0, 1.0, 1.0, 1.04, 1.04, 1.04])
