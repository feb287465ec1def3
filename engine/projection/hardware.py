"""The device that does the work: catalogue facts, replaced by what was measured on the same one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from engine import catalogue
from engine.catalogue.schema import Accelerator, Fact, Precision
from engine.projection.evidence import (
    MEASURED_PREFIX,
    Evidence,
    HardwareEvidence,
)
from engine.projection.own_calibration import NO_OWN_CALIBRATION, OwnCalibration
from engine.projection.working import assumed, derive, first_known, known_fact, unknown
from engine.records import Estimate
from engine.units import BYTES_PER_GB, TERA, Float

PEAK_ORDER: dict[str, tuple[Precision, ...]] = {
    "fp32": ("fp32", "tf32"),
    "bf16": ("bf16", "fp16", "fp32"),
    "fp16": ("fp16", "bf16", "fp32"),
    "fp8": ("fp8", "bf16", "fp16", "fp32"),
    "int8": ("int8", "bf16", "fp16", "fp32"),
    "int4": ("bf16", "fp16", "fp32"),
}
"""Arithmetic a device falls back on for a precision; 4-bit weights are multiplied at 16 bits."""


@dataclass(frozen=True, slots=True)
class Device:
    """One accelerator, or one whole processor: what it can do and what it draws."""

    accelerator_id: str | None
    """None for a measured machine whose device the catalogue does not know."""
    accelerator: Accelerator | None
    evidence: HardwareEvidence | None
    name: str
    memory_bytes: Estimate
    bandwidth_bytes_per_s: Estimate
    """Reachable, by measurement or as a share of the printed one."""
    own: OwnCalibration = NO_OWN_CALIBRATION
    """Corrections of fitted speeds from one's own rows."""

    @property
    def is_whole_machine(self) -> bool:
        """Whether its price is that of a whole computer: a processor measured in its machine."""
        return self.accelerator is None and not (self.evidence and self.evidence.machine.gpu_names)

    def peak_flop_per_s(self, precision: str) -> Estimate:
        """Printed dense peak; the best measured rate where the device has no data sheet."""
        published = _published_peak(self.accelerator_id, precision) if self.accelerator_id else None
        missing = unknown(f"neither printed nor measured for {self.name}")
        return first_known(published, self._measured_peak(precision), missing)

    def fact(self, field: str) -> Estimate:
        """A fact of the catalogue's file on the device; unknown where there is none."""
        found = accelerator_fact(self.accelerator_id, field) if self.accelerator_id else None
        return found or unknown(f"no {field} is known for {self.name}")

    def printed_bandwidth_bytes_per_s(self) -> Estimate:
        """Memory bandwidth as the maker prints it."""
        return derive(gigabytes, size_gb=self.fact("bandwidth_gb_per_s"))

    def matmul_flop_per_s(self, precision: str) -> Estimate:
        """Rate that large matrix products reach: measured, else a share of the printed peak."""
        measured = self._measured_peak(precision)
        if measured is not None:
            return measured
        return derive(
            reachable_flop_per_s,
            peak_flop_per_s=self.peak_flop_per_s(precision),
            matmul_share=assumed("matmul_share"),
        )

    def runs_natively(self, precision: str) -> bool:
        """Whether arithmetic at this precision is printed or measured for the device."""
        wanted = PEAK_ORDER[precision][0]
        printed = self.accelerator is not None and self.accelerator.peak_tflops(wanted) is not None
        return printed or (self.evidence is not None and wanted in self.evidence.peak_flop_per_s)

    def _measured_peak(self, precision: str) -> Estimate | None:
        if self.evidence is None:
            return None
        peaks = self.evidence.peak_flop_per_s
        if self.accelerator is not None:
            return peaks.get(precision)
        return next((peaks[p] for p in PEAK_ORDER[precision] if p in peaks), None)


def tera_flop_per_s(dense_tflops: Float) -> Float:
    """FLOP/s from the TFLOP/s (or TOP/s) a data sheet prints, without sparsity."""
    return dense_tflops * TERA


def gigabytes(size_gb: Float) -> Float:
    """Bytes from GB of 10⁹."""
    return size_gb * BYTES_PER_GB


def reachable_flop_per_s(peak_flop_per_s: Float, matmul_share: Float) -> Float:
    """Rate the largest matrix products reach on the device.

    Source: Bekman, "Machine Learning Engineering", maximum achievable matmul FLOPS,
    https://github.com/stas00/ml-engineering
    """
    return peak_flop_per_s * matmul_share


def reachable_bandwidth_bytes_per_s(
    peak_bandwidth_bytes_per_s: Float, bandwidth_share: Float
) -> Float:
    """Bandwidth a long stream of reads reaches, below what the data sheet prints."""
    return peak_bandwidth_bytes_per_s * bandwidth_share


def device(hardware: str, evidence: Evidence) -> Device:
    """The device a scenario names, with all that is known of it.

    Raises:
        BadInput: a `measured:` machine that is not in the evidence.
    """
    found = evidence.for_hardware(hardware)
    if not hardware.startswith(MEASURED_PREFIX):
        return replace(_catalogued(hardware, found), own=evidence.own)
    assert found is not None
    if found.accelerator_id is not None:
        return replace(_catalogued(found.accelerator_id, found), own=evidence.own)
    return _only_measured(found)


def _catalogued(accelerator_id: str, evidence: HardwareEvidence | None) -> Device:
    accelerator = catalogue.accelerator(accelerator_id)
    measured_bandwidth = evidence.bandwidth_bytes_per_s if evidence else None
    return Device(
        accelerator_id=accelerator_id,
        accelerator=accelerator,
        evidence=evidence,
        name=accelerator.name,
        memory_bytes=_published_memory(accelerator_id),
        bandwidth_bytes_per_s=measured_bandwidth or _published_bandwidth(accelerator_id),
    )


def _only_measured(evidence: HardwareEvidence) -> Device:
    machine = evidence.machine
    gpu_memory_bytes = machine.gpu_memory_bytes if machine.gpu_names else machine.memory_bytes
    memory = (
        unknown("the driver did not tell the memory")
        if gpu_memory_bytes is None
        else Estimate(float(gpu_memory_bytes), "measured", source=evidence.source)
    )
    return Device(
        accelerator_id=None,
        accelerator=None,
        evidence=evidence,
        name=machine.device_name,
        memory_bytes=memory,
        bandwidth_bytes_per_s=evidence.bandwidth_bytes_per_s
        or unknown("no memory copy was measured on this machine"),
    )


@cache
def accelerator_fact(accelerator_id: str, field: str) -> Estimate | None:
    """One fact of the catalogue's file on an accelerator; None where it prints none."""
    accelerator = catalogue.accelerator(accelerator_id)
    fact: Fact | None = getattr(accelerator, field)
    return None if fact is None else known_fact(fact, accelerator.sources)


@cache
def _published_peak(accelerator_id: str, precision: str) -> Estimate | None:
    accelerator = catalogue.accelerator(accelerator_id)
    printed = (accelerator.peak_tflops(candidate) for candidate in PEAK_ORDER[precision])
    fact = next((fact for fact in printed if fact is not None), None)
    if fact is None:
        return None
    return derive(tera_flop_per_s, dense_tflops=known_fact(fact, accelerator.sources))


@cache
def _published_memory(accelerator_id: str) -> Estimate:
    fact = accelerator_fact(accelerator_id, "memory_gb")
    if fact is None and catalogue.accelerator(accelerator_id).kind == "cpu":
        fact = assumed("host_memory_gb")
    if fact is None:
        return unknown(f"no memory size is printed for {accelerator_id}")
    return derive(gigabytes, size_gb=fact)


@cache
def _published_bandwidth(accelerator_id: str) -> Estimate:
    fact = accelerator_fact(accelerator_id, "bandwidth_gb_per_s")
    if fact is None:
        return unknown(f"no memory bandwidth is printed for {accelerator_id}")
    return derive(
        reachable_bandwidth_bytes_per_s,
        peak_bandwidth_bytes_per_s=derive(gigabytes, size_gb=fact),
        bandwidth_share=assumed("bandwidth_share"),
    )
