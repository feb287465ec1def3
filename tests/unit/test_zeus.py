"""AMD and Apple energy through Zeus: its own types where it is installed, their shape if not."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from engine.measurement.meters import MeterUnavailable, zeus
from engine.measurement.meters.zeus import PowerMeter, amd_meter, apple_meter


@dataclass
class AmdGpu:
    """As `zeus.device.gpu.amd.AMDGPU`."""

    counters_mj: list[float] = field(default_factory=list)
    power_mw: float = 90_000.0
    has_counter: bool = True

    def get_name(self) -> str:
        return "AMD Instinct MI250X"

    def supports_get_total_energy_consumption(self) -> bool:
        return self.has_counter

    def get_total_energy_consumption(self) -> float:
        return self.counters_mj.pop(0)

    def get_instant_power_usage(self) -> float:
        return self.power_mw


def gpus(*found: AmdGpu) -> Any:
    return SimpleNamespace(get_gpus=lambda: SimpleNamespace(gpus=list(found)))


@dataclass
class Chip:
    """As `zeus.device.soc.apple.AppleSilicon`."""

    totals: list[Any]
    names: set[str]

    def get_available_metrics(self) -> set[str]:
        return self.names

    def get_total_energy_consumption(self) -> Any:
        return self.totals.pop(0)


def test_an_amd_gpu_is_the_one_of_that_number_and_its_counter_is_in_millijoules() -> None:
    meter = amd_meter(gpus(AmdGpu(), AmdGpu([1_000.0, 2_000.0, 9_500.0])), 1)
    meter.start()
    assert meter.stop() == 7.5
    assert meter.description == "zeus: energy counter of one AMD Instinct MI250X"
    assert (meter.quantity, meter.sees_all_programs) == ("gpu_energy_j", False)


def test_an_amd_gpu_whose_counter_is_not_trusted_is_sampled() -> None:
    meter = amd_meter(gpus(AmdGpu(has_counter=False)), 0)
    assert isinstance(meter, PowerMeter)
    meter.start()
    used_j = meter.stop()
    samples = meter._sampler.samples
    assert used_j == pytest.approx(90.0 * (samples[-1].at_s - samples[0].at_s))


def test_a_counter_that_goes_back_or_a_library_that_fails_is_no_reading() -> None:
    meter = amd_meter(gpus(AmdGpu([5_000.0, 9_000.0, 1.0])), 0)
    meter.start()
    with pytest.raises(MeterUnavailable, match="went back"):
        meter.stop()
    with pytest.raises(MeterUnavailable, match=r"Zeus cannot read this device \(pop from empty"):
        meter.stop()
    with pytest.raises(MeterUnavailable, match="list index out of range"):
        amd_meter(gpus(), 0)


def test_an_apple_chip_is_its_parts_and_none_of_them_twice() -> None:
    def total(scale: int) -> Any:
        return SimpleNamespace(
            cpu_total_mj=100 * scale, efficiency_cores_mj=[60 * scale], gpu_mj=30 * scale
        )

    names = {"cpu_total_mj", "efficiency_cores_mj", "gpu_mj"}
    chip = Chip([total(1), total(2), total(12)], names)
    meter = apple_meter(SimpleNamespace(get_soc=lambda: chip))
    meter.start()
    assert meter.stop() == 1.3
    assert meter.description == "zeus: cpu_total, gpu, all programs"
    assert meter.sees_all_programs


def test_a_chip_without_counters_has_no_meter() -> None:
    with pytest.raises(MeterUnavailable, match="no energy counter"):
        apple_meter(SimpleNamespace(get_soc=lambda: Chip([], set())))


def test_without_zeus_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zeus.platform, "system", lambda: "Darwin")
    monkeypatch.setitem(sys.modules, "zeus.device.soc", None)
    with pytest.raises(MeterUnavailable, match=r"missing\. Install it with `pip install"):
        zeus.open_meter(torch.device("cpu"))


def test_other_machines_are_not_asked_of_zeus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zeus.platform, "system", lambda: "Linux")
    with pytest.raises(MeterUnavailable, match="AMD GPUs and Apple processors only"):
        zeus.open_meter(torch.device("cpu"))


@pytest.mark.skipif(importlib.util.find_spec("zeus") is None, reason="zeus is not installed")
def test_zeus_itself_has_what_is_asked_of_it() -> None:
    from zeus.device import gpu, soc
    from zeus.device.gpu.amd import AMDGPU
    from zeus.device.soc.apple import AppleSilicon, AppleSiliconMeasurement

    assert inspect.signature(gpu.get_gpus).return_annotation == "GPUs"
    assert isinstance(gpu.GPUs.gpus, property)
    assert inspect.signature(soc.get_soc).parameters == {}
    for name, own in inspect.getmembers(AmdGpu, inspect.isfunction):
        if not name.startswith("_"):
            theirs = inspect.signature(getattr(AMDGPU, name)).parameters
            assert theirs.keys() == inspect.signature(own).parameters.keys()
    for name in ("get_available_metrics", "get_total_energy_consumption"):
        assert inspect.signature(getattr(AppleSilicon, name)).parameters.keys() == {"self"}
    assert set(zeus.APPLE_PARTS) <= set(AppleSiliconMeasurement.__dataclass_fields__)
