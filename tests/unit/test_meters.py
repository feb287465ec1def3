"""Each meter gives joules or bytes of its window, says when it cannot, and what it saw."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from engine import catalogue
from engine.measurement import meters
from engine.measurement.meters import MeterUnavailable, estimate, memory, nvml, rapl, zeus
from engine.measurement.meters.estimate import CpuTimeEnergyMeter
from engine.measurement.meters.memory import ResidentMemoryMeter
from engine.measurement.meters.rapl import PackageEnergyMeter
from engine.measurement.meters.replay import ReplayMeter

CPU = torch.device("cpu")
GPU = torch.device("cuda", 0)
RANGE_UJ = 262_143_328_850


def zone(folder: Path, path: str, name: str, counter_uj: int, range_uj: int = RANGE_UJ) -> Path:
    """One RAPL zone as Linux lays it out."""
    place = folder / path
    place.mkdir(parents=True, exist_ok=True)
    (place / "name").write_text(f"{name}\n")
    (place / "max_energy_range_uj").write_text(f"{range_uj}\n")
    (place / "energy_uj").write_text(f"{counter_uj}\n")
    return place


def test_cpu_energy_adds_packages_and_memory_and_nothing_twice(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 0)
    zone(tmp_path, "intel-rapl:0:0", "core", 0)
    zone(tmp_path, "intel-rapl:0:1", "dram", 0)
    zone(tmp_path, "intel-rapl:1", "package-1", 0)
    zone(tmp_path, "intel-rapl:2", "psys", 0)
    zone(tmp_path, "intel-rapl-mmio:0", "package-0", 0)
    meter = PackageEnergyMeter(tmp_path)
    meter.start()
    zone(tmp_path, "intel-rapl:0", "package-0", 3_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 2_000_000)
    zone(tmp_path, "intel-rapl:0:1", "dram", 500_000)
    zone(tmp_path, "intel-rapl:1", "package-1", 1_000_000)
    zone(tmp_path, "intel-rapl:2", "psys", 9_000_000)
    zone(tmp_path, "intel-rapl-mmio:0", "package-0", 3_000_000)
    assert meter.stop() == 4.5
    assert meter.kind == "measured"
    assert meter.description == "rapl: package-0, dram, package-1, all programs"


def test_a_cpu_counter_that_wrapped_is_unwrapped(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", RANGE_UJ - 1_000_000)
    meter = PackageEnergyMeter(tmp_path)
    zone(tmp_path, "intel-rapl:0", "package-0", 2_000_000)
    assert meter.stop() == 3.0


def test_without_rapl_there_is_no_cpu_meter(tmp_path: Path) -> None:
    with pytest.raises(MeterUnavailable, match="no intel-rapl package"):
        PackageEnergyMeter(tmp_path)


def test_a_counter_that_may_not_be_read_says_how_to_allow_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = zone(tmp_path, "intel-rapl:0", "package-0", 1) / "energy_uj"
    read_text = Path.read_text

    def read(path: Path) -> str:
        if path == refused:
            raise PermissionError(13, "Permission denied", str(path))
        return read_text(path)

    monkeypatch.setattr(Path, "read_text", read)
    with pytest.raises(MeterUnavailable, match=r"Permission denied.*sudo chmod"):
        PackageEnergyMeter(tmp_path)


def test_a_counter_that_vanishes_in_the_middle_says_so(tmp_path: Path) -> None:
    place = zone(tmp_path, "intel-rapl:0", "package-0", 1)
    meter = PackageEnergyMeter(tmp_path)
    (place / "energy_uj").unlink()
    with pytest.raises(MeterUnavailable, match="cannot be read"):
        meter.stop()


def test_the_estimate_is_cpu_time_times_the_stated_power_and_says_so() -> None:
    cpu_times_s = iter([10.0, 11.0, 13.5])
    meter = CpuTimeEnergyMeter(4.0, "a data sheet", lambda: next(cpu_times_s))
    meter.start()
    assert meter.stop() == 10.0
    assert meter.kind == "estimated"
    assert meter.description == (
        "estimate: CPU time of this process x 4 W per busy core (a data sheet)"
    )


def test_the_estimates_power_and_source_are_the_catalogues() -> None:
    power = catalogue.assumption(estimate.ASSUMPTION)
    described = estimate.open_meter(CPU).description
    assert f"{power.value:g} W per busy core" in described
    assert power.source is not None
    assert power.source.title in described


@pytest.mark.parametrize(("opener", "device"), [(nvml, CPU), (rapl, GPU), (estimate, GPU)])
def test_no_meter_speaks_for_a_device_it_does_not_see(opener: object, device: torch.device) -> None:
    with pytest.raises(MeterUnavailable):
        opener.open_meter(device)  # type: ignore[attr-defined]


def unavailable(device: torch.device) -> ReplayMeter:
    raise MeterUnavailable("Not here.")


def test_the_first_meter_that_opens_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    second, third = ReplayMeter([]), ReplayMeter([])
    openers = (unavailable, lambda device: second, lambda device: third)
    monkeypatch.setattr(meters, "METERS", openers)
    assert meters.energy_meter(CPU) is second


def test_where_no_meter_opens_energy_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meters, "METERS", (unavailable,))
    assert meters.energy_meter(CPU) is None


def test_measured_meters_come_before_the_estimate() -> None:
    openers = (nvml.open_meter, zeus.open_meter, rapl.open_meter, estimate.open_meter)
    assert openers == meters.METERS


def test_peak_memory_remembers_what_was_let_go_again() -> None:
    meter = memory.open_meter(CPU)
    if meter is None:
        pytest.skip("this system does not show a process's peak memory")
    meter.start()
    size_bytes = 64 * 2**20
    block = bytearray(random.randbytes(2**20) * 64)
    assert len(block) == size_bytes
    del block
    assert 1.0 <= meter.stop() / size_bytes < 3.5


def test_peak_memory_is_growth_in_bytes_from_where_it_started(tmp_path: Path) -> None:
    (tmp_path / "status").write_text("Name:\tpython\nVmHWM:\t    1000 kB\n")
    meter = ResidentMemoryMeter(tmp_path)
    assert (tmp_path / "clear_refs").read_text() == "5"
    (tmp_path / "status").write_text("Name:\tpython\nVmHWM:\t    3000 kB\n")
    assert meter.stop() == 2_000 * 1_024


def test_where_the_system_shows_no_peak_there_is_no_memory_meter(tmp_path: Path) -> None:
    with pytest.raises(MeterUnavailable, match="Peak memory cannot be read"):
        ResidentMemoryMeter(tmp_path / "missing")


def test_a_recording_gives_its_readings_and_ends() -> None:
    meter = ReplayMeter([1.5, 2.5])
    meter.start()
    assert [meter.stop(), meter.stop()] == [1.5, 2.5]
    with pytest.raises(MeterUnavailable, match="ended"):
        meter.stop()
