"""What was measured, arranged by what it can replace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from statistics import median

from engine import catalogue
from engine.projection import step_time
from engine.projection.lines import Line, fit_line
from engine.projection.own_calibration import NO_OWN_CALIBRATION, OwnCalibration
from engine.projection.own_changes import OwnChange, own_changes
from engine.projection.score_curves import ScoreCurve, score_curves
from engine.projection.step_time import StepTimeFit
from engine.records import BadInput, Estimate, Kind, Machine, Measurement, Source, measurement_key

MEASURED_PREFIX = "measured:"
BUSY_WORKLOADS = frozenset({"matmul", "lm_train_step"})
SHOWN_MACHINE_COUNT = 5


@dataclass(frozen=True)
class HardwareEvidence:
    """Everything measured on one machine; fits are made when first asked for."""

    machine: Machine
    measurements: tuple[Measurement, ...]

    def of(self, *workloads: str, precision: str | None = None) -> list[Measurement]:
        """Measurements of some workloads, at one precision where given."""
        found = [m for m in self.measurements if m.workload in workloads]
        return [m for m in found if precision is None or _precision(m) == precision]

    @cached_property
    def peak_flop_per_s(self) -> Mapping[str, Estimate]:
        """Best matrix-product rate by precision."""
        best: dict[str, tuple[float, Measurement]] = {}
        for m in self.of("matmul"):
            rate = (m.flop or 0.0) / m.time_s
            if rate > best.get(_precision(m), (0.0, m))[0]:
                best[_precision(m)] = (rate, m)
        return {precision: measured(rate, m) for precision, (rate, m) in best.items()}

    @cached_property
    def bandwidth_bytes_per_s(self) -> Estimate | None:
        """Memory bandwidth, from the largest copy: small ones run in the cache."""
        return self._largest_rate("memory_copy")

    @cached_property
    def storage_read_bytes_per_s(self) -> Estimate | None:
        """Storage read rate, from the largest file."""
        return self._largest_rate("storage_read")

    @cached_property
    def storage_write_bytes_per_s(self) -> Estimate | None:
        """Storage write rate, from the largest file."""
        return self._largest_rate("storage_write")

    def _largest_rate(self, workload: str) -> Estimate | None:
        found = self.of(workload)
        if not found:
            return None
        largest = max(found, key=lambda m: float(m.settings["size_bytes"]))
        moved = largest.moved_bytes or float(largest.settings["size_bytes"])
        return measured(moved / largest.time_s, largest)

    @cached_property
    def busy_power_w(self) -> Estimate | None:
        """Power while computing: measured, else as the meter estimated it, else None."""
        return self._power_w("measured", "measured") or self._power_w("estimated", "assumed")

    def _power_w(self, energy_kind: str, kind: Kind) -> Estimate | None:
        found = [m for m in self.of(*BUSY_WORKLOADS) if m.energy_kind == energy_kind]
        powers_w = [m.energy_j / m.time_s for m in found if m.energy_j is not None]
        if not powers_w:
            return None
        note = found[-1].energy_meter or ""
        return Estimate(median(powers_w), kind, source=_source(found[-1]), note=note)

    @cached_property
    def step_time_fits(self) -> Mapping[str, tuple[StepTimeFit, Source]]:
        """Fit of transformer training step times by precision, where enough were measured."""
        fits: dict[str, tuple[StepTimeFit, Source]] = {}
        for precision in {_precision(m) for m in self.of("lm_train_step")}:
            steps = self.of("lm_train_step", precision=precision)
            fit = self.step_time_fit(steps, precision)
            if fit is not None:
                fits[precision] = (fit, _source(steps[-1]))
        return fits

    def step_time_fit(self, steps: Sequence[Measurement], precision: str) -> StepTimeFit | None:
        """Fit of some of this machine's training steps, all at one precision."""
        peak = self.peak_flop_per_s.get(precision)
        fastest = None if peak is None or peak.value is None else float(peak.value)
        return step_time.fit_step_times(steps, self.of("memory_update"), fastest)

    @cached_property
    def step_tokens(self) -> Estimate | None:
        """Tokens of the largest training step measured."""
        sizes = [
            (float(m.settings["batch_size"]) * float(m.settings["sequence_tokens"]), m)
            for m in self.of("lm_train_step")
        ]
        return measured(*max(sizes, key=lambda found: found[0])) if sizes else None

    @cached_property
    def prefills(self) -> Mapping[str, Line]:
        """Seconds of a prefill against its FLOP, by precision."""
        points: dict[str, list[tuple[float | None, float]]] = defaultdict(list)
        for m in self.of("lm_prefill"):
            points[_precision(m)].append((m.flop, m.time_s))
        return _lines(points)

    @cached_property
    def launch_time_s_per_layer(self) -> Estimate | None:
        """Time a decoding step takes beyond its memory traffic, for each layer.

        The median over the decoding steps measured; None without them or a bandwidth.
        """
        if self.bandwidth_bytes_per_s is None or self.bandwidth_bytes_per_s.value is None:
            return None
        rate = float(self.bandwidth_bytes_per_s.value)
        beyond_s = [
            max(m.time_s - m.moved_bytes / rate, 0.0) / float(m.settings["layer_count"])
            for m in self.of("lm_decode")
            if m.moved_bytes is not None
        ]
        if not beyond_s:
            return None
        return Estimate(median(beyond_s), "fitted", source=_source(self.of("lm_decode")[-1]))

    @cached_property
    def classifier_rows(self) -> Mapping[str, Line]:
        """Seconds for one row of a text classifier's training against its parameters, by task."""
        points: dict[str, list[tuple[float | None, float]]] = defaultdict(list)
        for m in self.of("text_classifier"):
            time_s_per_row = m.time_s / float(m.settings["batch_size"])
            points[str(m.settings["task"])].append(
                (m.metrics.get("parameter_count"), time_s_per_row)
            )
        return _lines(points)

    @cached_property
    def accelerator_id(self) -> str | None:
        """Catalogue accelerator this machine computes on.

        None for a processor: a virtual machine shows its name but holds a part of it.
        """
        names = self.machine.gpu_names
        return accelerator_named(names[0]) if names else None

    @cached_property
    def source(self) -> Source:
        """Where these numbers were read: this machine, on the last day."""
        return _source(max(self.measurements, key=lambda m: m.taken_at))


@dataclass(frozen=True)
class Evidence:
    """Measurements that replace assumptions, by hardware; and scores, by recipe."""

    hardware: Mapping[str, HardwareEvidence] = field(default_factory=dict)
    """By `Machine.hardware_id`, oldest machine first."""
    score_curves: tuple[ScoreCurve, ...] = ()
    """Scores at several sizes, by recipe."""
    own: OwnCalibration = NO_OWN_CALIBRATION
    """Corrections of fitted speeds from one's own rows (`modelworth calibrate --own`)."""
    own_changes: tuple[OwnChange, ...] = ()
    """What compression did to scores measured here."""

    @classmethod
    def of(
        cls, measurements: Sequence[Measurement], own: OwnCalibration = NO_OWN_CALIBRATION
    ) -> Evidence:
        """Evidence from measurements of any machines; of repetitions the newest counts."""
        newest = _newest_of_each(measurements)
        by_hardware: dict[str, list[Measurement]] = defaultdict(list)
        for m in newest:
            by_hardware[m.machine.hardware_id].append(m)
        return cls(
            {name: HardwareEvidence(ms[-1].machine, tuple(ms)) for name, ms in by_hardware.items()},
            score_curves(newest),
            own,
            own_changes(newest),
        )

    def classifier_curve(self, task: str) -> ScoreCurve | None:
        """Scores of the plain text classifier on a task; None where none were measured."""
        found = [curve for curve in self.score_curves if curve.name == task]
        return max(found, key=lambda curve: len(curve.points), default=None)

    @property
    def newest_hardware_id(self) -> str | None:
        """The machine measured last."""
        return max(
            self.hardware,
            key=lambda name: self.hardware[name].measurements[-1].taken_at,
            default=None,
        )

    def for_hardware(self, hardware: str) -> HardwareEvidence | None:
        """What was measured on a machine, or on any machine with that accelerator.

        Raises:
            BadInput: a `measured:` machine that is not in the evidence.
        """
        if hardware.startswith(MEASURED_PREFIX):
            if hardware not in self.hardware:
                raise BadInput(self._unknown_machine(hardware))
            return self.hardware[hardware]
        return self._by_accelerator.get(hardware)

    @cached_property
    def _by_accelerator(self) -> Mapping[str, HardwareEvidence]:
        found: dict[str, HardwareEvidence] = {}
        for evidence in self.hardware.values():
            name = evidence.accelerator_id
            if name is not None:
                found[name] = evidence
        return found

    def _unknown_machine(self, hardware: str) -> str:
        names = [f"{name} ({e.machine.device_name})" for name, e in self.hardware.items()]
        if not names:
            return (
                f"No measurements of {hardware!r}, nor of any other machine. "
                "Measure one with `modelworth measure`, or choose one of `modelworth facts "
                "accelerators`."
            )
        known = ", ".join(names[-SHOWN_MACHINE_COUNT:])
        return f"No measurements of {hardware!r}. Known: {known}. Or measure it first."


@cache
def accelerator_named(device_name: str) -> str | None:
    """Catalogue accelerator that the driver, or the processor, calls by this name."""
    wanted = device_name.strip().lower()
    for name in catalogue.accelerators():
        if wanted in (n.lower() for n in catalogue.accelerator(name).nvml_names):
            return name
    return None


def measured(value: float, measurement: Measurement) -> Estimate:
    """A number read off one measurement."""
    return Estimate(value, "measured", source=_source(measurement))


def _lines(points: Mapping[str, Sequence[tuple[float | None, float]]]) -> dict[str, Line]:
    lines = {name: fit_line(found) for name, found in points.items()}
    return {name: line for name, line in lines.items() if line is not None}


def _source(m: Measurement) -> Source:
    day = m.taken_at.date()
    return Source(f"{m.workload} measured on {m.machine.device_name}", checked=day)


def _newest_of_each(measurements: Iterable[Measurement]) -> list[Measurement]:
    """One measurement for each machine, workload and setting, oldest first."""
    newest: dict[str, Measurement] = {}
    for m in sorted(measurements, key=lambda m: m.taken_at):
        same = measurement_key(m.machine, m.workload, m.settings, m.method_version)
        newest.pop(same, None)
        newest[same] = m
    return list(newest.values())


def _precision(m: Measurement) -> str:
    return str(m.settings.get("precision", "fp32"))


NO_EVIDENCE = Evidence()
