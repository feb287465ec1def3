"""GPU energy as the real `pynvml` reads it, from a driver that does what a test says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pynvml
import pytest
import torch

from engine.measurement.bench import Bench, Plan
from engine.measurement.meters import MeterUnavailable, nvml
from engine.measurement.meters.nvml import Gpu, GpuEnergyMeter, GpuPowerMeter, meter_of
from engine.measurement.meters.sampling import PERIOD_S, Sampler
from engine.measurement.runner import measure
from engine.records import Machine, Setting
from tests.nvml_standin import NOT_SUPPORTED, Standin, compiled

MACHINE = Machine("a CPU", 2, 4, 2**34, "Linux 6.1 x86_64", "3.11.7", "2.13.0", 2)
CPU = torch.device("cpu")
SECOND_S = 1.0
NEVER_S = 3_600.0
"""Readings at the edges of a window alone, so that a test knows what was seen when."""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def driver(library: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    standin = Standin(library)
    standin.reset()
    monkeypatch.setattr(pynvml, "nvmlLib", standin.library)
    monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
    yield standin
    standin.reset()


def sampler(gpu: Gpu, *instants_s: float) -> Sampler:
    """Two readings, a second apart unless said otherwise."""
    at_s = iter(instants_s or (0.0, SECOND_S))
    return Sampler(gpu.reading, period_s=NEVER_S, wall_s=lambda: next(at_s))


def counter(uuid: str = "GPU-first", *instants_s: float) -> GpuEnergyMeter:
    gpu = Gpu(uuid)
    return GpuEnergyMeter(gpu, sampler(gpu, *instants_s))


def test_gpu_energy_is_the_counters_millijoules_as_joules(driver: Standin) -> None:
    driver.tell(0, energy_mj=5_000)
    meter = counter()
    meter.start()
    driver.tell(0, energy_mj=12_500)
    assert meter.stop() == 7.5
    assert (meter.quantity, meter.kind) == ("gpu_energy_j", "measured")
    assert meter.description == "nvml: energy counter of one NVIDIA First board"


def test_power_clocks_heat_use_and_memory_are_seen_beside_the_energy(driver: Standin) -> None:
    driver.tell(0, instant_power_mw=100_000, clock_mhz=1_500, memory_clock_mhz=2_600)
    driver.tell(0, temperature_celsius=40, use_percent=50, memory_used_bytes=5 * 2**30)
    meter = counter()
    meter.start()
    driver.tell(0, energy_mj=125_000, instant_power_mw=200_000, clock_mhz=1_200)
    driver.tell(0, temperature_celsius=60, use_percent=100, memory_used_bytes=2**30)
    assert meter.stop() == 125.0
    assert meter.metrics == pytest.approx(
        {
            "gpu_power_w": 150.0,
            "gpu_clock_mhz": 1_350.0,
            "gpu_clock_change_share": -0.2,
            "gpu_memory_clock_mhz": 2_600.0,
            "gpu_temperature_celsius": 60.0,
            "gpu_use_share": 0.75,
            "gpu_memory_used_bytes": 5.0 * 2**30,
            "gpu_power_to_counter_ratio": 150.0 / 125.0,
        }
    )


def test_two_gpus_are_read_each_for_itself(driver: Standin) -> None:
    meters = [counter("GPU-first"), counter("GPU-second")]
    for meter in meters:
        meter.start()
    driver.tell(0, energy_mj=1_000)
    driver.tell(1, energy_mj=64_000)
    assert [meter.stop() for meter in meters] == [1.0, 64.0]
    assert meters[1].description == "nvml: energy counter of one NVIDIA Second board"


def test_a_slice_is_read_through_its_board_and_says_what_it_shares(driver: Standin) -> None:
    meter = counter("MIG-slice")
    meter.start()
    driver.tell(1, energy_mj=3_000)
    assert meter.stop() == 3.0
    assert meter.description == (
        "nvml: energy counter of one NVIDIA Second board, all its MIG slices"
    )


@pytest.mark.parametrize("range_mj", [2**32, 2**64])
def test_a_counter_that_wrapped_is_unwrapped_where_the_power_bears_it_out(
    driver: Standin, range_mj: int
) -> None:
    driver.tell(0, energy_mj=range_mj - 2_000, instant_power_mw=10_200)
    meter = counter()
    meter.start()
    driver.tell(0, energy_mj=8_000)
    assert meter.stop() == 10.0
    assert meter.metrics["gpu_power_to_counter_ratio"] == pytest.approx(1.02)


def test_a_counter_that_went_back_for_another_reason_is_no_reading(driver: Standin) -> None:
    driver.tell(0, energy_mj=900_000, instant_power_mw=10_000)
    meter = counter()
    meter.start()
    driver.tell(0, energy_mj=8_000)
    with pytest.raises(MeterUnavailable, match="went back: its driver was reloaded"):
        meter.stop()


def test_a_counter_that_went_back_where_no_power_is_told_is_no_reading(driver: Standin) -> None:
    driver.fail(0, NOT_SUPPORTED, "mean_power_mw", "instant_power_mw")
    driver.tell(0, energy_mj=2**32 - 1)
    meter = counter()
    meter.start()
    driver.tell(0, energy_mj=1)
    with pytest.raises(MeterUnavailable, match="went back"):
        meter.stop()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, "Uninitialized"),
        (3, "Not Supported"),
        (4, "Insufficient Permissions"),
        (10, "Timeout"),
        (15, "GPU is lost"),
        (16, "GPU requires restart"),
        (999, "Unknown Error"),
    ],
)
def test_every_error_of_the_driver_is_one_sentence(driver: Standin, code: int, said: str) -> None:
    meter = counter()
    meter.start()
    driver.fail(0, code, "energy_mj")
    with pytest.raises(MeterUnavailable) as raised:
        meter.stop()
    assert str(raised.value) == (
        f"The GPU's energy counter cannot be read ({said}). "
        "It needs a Volta or later NVIDIA GPU with its driver loaded."
    )


def test_a_gpu_the_driver_does_not_know_has_no_meter(driver: Standin) -> None:
    with pytest.raises(MeterUnavailable, match=r"\(Not Found\)"):
        Gpu("GPU-third")


def test_without_a_driver_there_is_no_meter(driver: Standin) -> None:
    driver.unload()
    with pytest.raises(MeterUnavailable, match=r"\(Driver Not Loaded\)"):
        Gpu("GPU-first")


def test_without_a_counter_power_is_sampled_and_integrated(driver: Standin) -> None:
    driver.fail(0, NOT_SUPPORTED, "energy_mj")
    driver.tell(0, instant_power_mw=100_000)
    gpu = Gpu("GPU-first")
    assert isinstance(meter_of(gpu), GpuPowerMeter)
    meter = GpuPowerMeter(gpu, sampler(gpu, 0.0, 4.0))
    meter.start()
    driver.tell(0, instant_power_mw=300_000)
    assert meter.stop() == 800.0
    assert meter.description == "nvml: sampled power of one NVIDIA First board, integrated"


def test_where_power_of_the_instant_is_not_told_the_drivers_mean_is_taken(driver: Standin) -> None:
    driver.fail(0, NOT_SUPPORTED, "instant_power_mw")
    driver.tell(0, instant_power_mw=1, mean_power_mw=250_000)
    assert Gpu("GPU-first").power_w() == 250.0


def test_a_board_that_tells_neither_energy_nor_power_has_no_meter(driver: Standin) -> None:
    driver.fail(0, NOT_SUPPORTED, "energy_mj", "instant_power_mw", "mean_power_mw")
    with pytest.raises(MeterUnavailable, match="tells neither energy nor power of one NVIDIA Firs"):
        meter_of(Gpu("GPU-first"))


@dataclass(frozen=True)
class Losing:
    """Work in whose third step the GPU is lost."""

    name: ClassVar[str] = "losing"
    flop_per_step: ClassVar[None] = None
    moved_bytes_per_step: ClassVar[None] = None

    driver: Standin = field(compare=False)
    steps: list[int] = field(default_factory=list, compare=False)

    @property
    def settings(self) -> dict[str, Setting]:
        return {"size": 1}

    def prepare(self, device: torch.device) -> Callable[[], object]:
        return self._step

    def _step(self) -> None:
        self.steps.append(1)
        if len(self.steps) == 3:
            self.driver.lose(0)
        time.sleep(0.002)


@pytest.mark.parametrize("kind", [GpuEnergyMeter, GpuPowerMeter])
def test_a_gpu_lost_in_the_middle_leaves_the_run_and_takes_only_its_energy(
    driver: Standin, kind: type[GpuEnergyMeter | GpuPowerMeter]
) -> None:
    driver.tell(0, instant_power_mw=70_000)
    gpu = Gpu("GPU-first")
    meter = kind(gpu, Sampler(gpu.reading, period_s=0.001))
    meter.least_time_s = 0.0
    plan = Plan(window_s=0.001, warm_up_s=0.0, fewest_warm_ups=0, repeat_s=0.03)
    seen = measure(Losing(driver), Bench(MACHINE, CPU, energy_meter=meter, plan=plan))
    assert (seen.energy_j, seen.energy_kind, seen.energy_meter) == (None, None, None)
    assert seen.time_s >= 0.002
    assert seen.metrics["gpu_power_w"] == 70.0


def test_the_library_is_found_by_its_name(library: Path) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from engine.measurement.meters.nvml import Gpu; print(Gpu('GPU-second').described)",
        ],
        env=os.environ
        | {
            "LD_LIBRARY_PATH": str(library.parent),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stdout, run.returncode) == ("one NVIDIA Second board\n", 0), run.stderr


def test_a_reading_costs_less_than_one_in_a_hundred_of_a_core(driver: Standin) -> None:
    gpu = Gpu("GPU-first")
    gpu.reading()
    reading_count = 100
    start_s = time.thread_time()
    for _ in range(reading_count):
        gpu.reading()
    assert (time.thread_time() - start_s) / reading_count / PERIOD_S < 0.01


@pytest.mark.gpu
def test_on_a_real_gpu_counter_and_sampled_power_agree_and_load_costs_more_than_rest() -> None:
    gpu = torch.device("cuda", 0)
    meter = nvml.open_meter(gpu)
    assert isinstance(meter, GpuEnergyMeter)
    meter.start()
    time.sleep(4.0)
    rest_j = meter.stop()
    matrix = torch.randn(8_192, 8_192, device=gpu, dtype=torch.bfloat16)
    busy = lambda: torch.mm(matrix, matrix)  # noqa: E731
    for _ in range(50):
        busy()
    torch.cuda.synchronize()
    meter.start()
    end_s = time.monotonic() + 4.0
    while time.monotonic() < end_s:
        busy()
        torch.cuda.synchronize()
    load_j = meter.stop()
    assert load_j > 1.5 * rest_j
    assert meter.metrics["gpu_power_to_counter_ratio"] == pytest.approx(1.0, abs=0.1)
    assert meter.metrics["gpu_use_share"] > 0.5
    assert 20 < meter.metrics["gpu_temperature_celsius"] < 110
    assert meter.metrics["gpu_memory_used_bytes"] > matrix.nbytes
