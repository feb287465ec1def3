"""Time to learn from one item: from training steps measured, or where arithmetic says nothing."""

from __future__ import annotations

from engine.projection.evidence import HardwareEvidence
from engine.projection.hardware import Device
from engine.projection.memory import step_token_count
from engine.projection.sized import Sized
from engine.projection.step_time import StepShape, StepTimeFit
from engine.projection.working import assumed, derive, least_certain
from engine.records import Estimate, Source
from engine.units import Float

WORST_RESIDUAL_SHARE = 0.5
"""A fit that misses left-out steps by more says nothing: the machine was busy with other work."""


def time_s_per_token(step_time_s: Float, step_token_count: Float) -> Float:
    """Seconds to learn from one token, the optimiser's share included."""
    return step_time_s / step_token_count


def time_s_per_row(overhead_s: Float, parameter_count: Float, parameters_per_s: Float) -> Float:
    """Seconds to learn from one row: a fixed part, and one in proportion to the parameters.

    Each step of the classifier updates every parameter, so its time grows with their
    number rather than with the arithmetic of the rows.
    """
    return overhead_s + parameter_count / parameters_per_s


def unmeasured_time_s_per_row(
    parameter_count: Float,
    moved_bytes_per_parameter: Float,
    bandwidth_bytes_per_s: Float,
    step_overhead_s: Float,
    step_item_count: Float,
) -> Float:
    """Seconds to learn from one row of a model with hardly any arithmetic.

    Each step launches its work and passes over every parameter, gradient and mean; the
    rows of the step share that.
    """
    traffic_s = parameter_count * moved_bytes_per_parameter / bandwidth_bytes_per_s
    return (step_overhead_s + traffic_s) / step_item_count


def unmeasured_time_s_per_item(model: Sized, device: Device) -> Estimate | None:
    """Seconds to learn from one row of a text classifier that nobody timed; else None."""
    if model.known.family != "classifier":
        return None
    return derive(
        unmeasured_time_s_per_row,
        parameter_count=model.parameter_count,
        moved_bytes_per_parameter=assumed("update_bytes_per_parameter"),
        bandwidth_bytes_per_s=device.bandwidth_bytes_per_s,
        step_overhead_s=assumed("training_step_overhead_s"),
        step_item_count=assumed("classifier_step_rows"),
    )


def time_s_per_item(model: Sized, device: Device, precision: str) -> Estimate | None:
    """Seconds to learn from one item on one device, or None where nothing like it was measured."""
    if device.evidence is None:
        return None
    if model.known.family == "decoder" and model.vocabulary_size.known:
        return _time_s_per_token(model, device.evidence, precision)
    if model.known.family == "classifier" and precision == "fp32":
        return _time_s_per_row(model, device.evidence)
    return None


def _time_s_per_token(model: Sized, evidence: HardwareEvidence, precision: str) -> Estimate | None:
    found = evidence.step_time_fits.get(precision)
    if found is None or found[0].residual_share > WORST_RESIDUAL_SHARE:
        return None
    tokens = derive(
        step_token_count,
        step_tokens=evidence.step_tokens or assumed("training_step_tokens"),
        sequence_tokens=model.sequence_tokens,
    )
    return derive(
        time_s_per_token, step_time_s=_step_time(model, tokens, *found), step_token_count=tokens
    )


def _step_time(model: Sized, tokens: Estimate, fit: StepTimeFit, source: Source) -> Estimate:
    """The fit asked at the model's shape; what it was asked stays beside it."""

    def step_time_s(**at: Float) -> Float:
        batch_size = at.pop("step_token_count") / at["sequence_tokens"]
        return fit.step_time_s(StepShape(batch_size=batch_size, **at))

    asked = derive(
        step_time_s,
        layer_count=model.layer_count,
        hidden_size=model.hidden_size,
        vocabulary_size=model.vocabulary_size,
        parameter_count=model.parameter_count,
        sequence_tokens=model.sequence_tokens,
        step_token_count=tokens,
    )
    if asked.value is None:
        return asked
    spread_ratio = 1.0 + fit.residual_share
    return asked._replace(
        kind=least_certain((asked.kind, "fitted")),
        formula="step_time.fit_step_times",
        source=source,
        note=f"fit of {fit.step_count} measured steps",
        low=asked.value / spread_ratio,
        high=asked.value * spread_ratio,
    )


def _time_s_per_row(model: Sized, evidence: HardwareEvidence) -> Estimate | None:
    line = evidence.classifier_rows.get(model.classifier_task)
    if line is None:
        return None
    return derive(
        time_s_per_row,
        overhead_s=Estimate(line.overhead_s, "fitted", source=evidence.source),
        parameter_count=model.parameter_count,
        parameters_per_s=Estimate(line.work_per_s, "fitted", source=evidence.source),
    )
