"""The time of a transformer training step, learned from small steps on the same machine.

A step is taken as a sum of parts, each in proportion to something counted from the shape:
a constant, a constant per layer (launching work), matrix products, attention, activations,
logits, and the traffic of parameters and optimiser state. The last is divided by the memory
bandwidth measured at that working set, since a small model lives in a cache and a large one
does not. How much each part costs on this machine is found by least squares on relative
errors, with no part negative and no matrix product faster than the fastest one measured
alone, so that the sum can be followed to sizes never measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.records import Measurement
from engine.units import Float

PARTS = (
    "constant",
    "layers",
    "matrix_products",
    "attention",
    "activations",
    "logits",
    "parameter_traffic",
)
FEWEST_STEPS = len(PARTS) + 1
MATRIX_PRODUCTS = PARTS.index("matrix_products")
STATE_BYTES_PER_PARAMETER = 16.0
"""Weight, gradient and two moments of AdamW, in 32 bits: what a step must touch."""
RANGE_SHARE = 90.0


@dataclass(frozen=True, slots=True)
class StepShape:
    """What a decoder's training step is made of."""

    layer_count: Float
    hidden_size: Float
    vocabulary_size: Float
    parameter_count: Float
    batch_size: Float
    sequence_tokens: Float


@dataclass(frozen=True)
class Bandwidth:
    """Memory bandwidth by working set, in between by the logarithm; flat outside."""

    working_set_bytes: tuple[float, ...] = (1.0,)
    bytes_per_s: tuple[float, ...] = (1.0,)
    """All ones when nothing was measured: traffic is then in proportion to bytes alone."""

    def at(self, working_set_bytes: Float) -> Float:
        """Bytes a second when this much is gone through again and again."""
        logs = np.interp(
            np.log(working_set_bytes), np.log(self.working_set_bytes), np.log(self.bytes_per_s)
        )
        return np.exp(logs)

    @classmethod
    def measured(cls, updates: Sequence[Measurement]) -> Bandwidth:
        """From `memory_update` measurements; the newest at each size counts."""
        rates = {
            float(m.settings["size_bytes"]): m.moved_bytes / m.time_s
            for m in sorted(updates, key=lambda m: m.taken_at)
            if m.moved_bytes
        }
        sizes = sorted(rates)
        return cls(tuple(sizes), tuple(rates[size] for size in sizes)) if sizes else cls()


@dataclass(frozen=True)
class StepTimeFit:
    """Cost of each part of a training step on one machine, and how well the parts explain it."""

    cost: tuple[float, ...]
    """Seconds per unit of each of `PARTS`."""
    bandwidth: Bandwidth
    residual_share: float
    """Ninetieth percentile of the relative error at steps left out of the fit."""
    step_count: int
    smallest_parameter_count: float
    largest_parameter_count: float

    def part_times_s(self, shape: StepShape) -> Mapping[str, Float]:
        """Seconds each part of a step takes."""
        amounts = part_amounts(shape, self.bandwidth)
        return {p: c * a for p, c, a in zip(PARTS, self.cost, amounts, strict=True)}

    def step_time_s(self, shape: StepShape) -> Float:
        """Seconds of one step: forward, backward and optimiser."""
        return sum(self.part_times_s(shape).values())


def part_amounts(shape: StepShape, bandwidth: Bandwidth) -> tuple[Float, ...]:
    """How much of each of `PARTS` a step holds: counts, FLOP, numbers, and seconds of traffic."""
    tokens = shape.batch_size * shape.sequence_tokens
    width_tokens = shape.layer_count * shape.hidden_size * tokens
    multiplied = (
        12 * shape.layer_count * shape.hidden_size**2 + shape.vocabulary_size * shape.hidden_size
    )
    state_bytes = STATE_BYTES_PER_PARAMETER * shape.parameter_count
    return (
        np.ones_like(state_bytes),
        shape.layer_count,
        6 * multiplied * tokens,
        6 * width_tokens * shape.sequence_tokens,
        width_tokens,
        tokens * shape.vocabulary_size,
        state_bytes / bandwidth.at(state_bytes),
    )


def fit_step_times(
    steps: Sequence[Measurement],
    updates: Sequence[Measurement] = (),
    peak_flop_per_s: float | None = None,
) -> StepTimeFit | None:
    """Cost of each part from `lm_train_step` measurements of one machine at one precision.

    `updates` are the machine's `memory_update` measurements, `peak_flop_per_s` its fastest
    `matmul`. None with fewer than eight steps, which would not tell the seven parts apart.
    """
    if len(steps) < FEWEST_STEPS:
        return None
    bandwidth = Bandwidth.measured(updates)
    shapes = [step_shape(m) for m in steps]
    amounts = np.array([part_amounts(s, bandwidth) for s in shapes], dtype=np.float64)
    times_s = np.array([m.time_s for m in steps])
    sizes = [float(s.parameter_count) for s in shapes]
    least = np.zeros(len(PARTS))
    least[MATRIX_PRODUCTS] = 0.0 if peak_flop_per_s is None else 1 / peak_flop_per_s
    return StepTimeFit(
        cost=tuple(_cost(amounts, times_s, least)),
        bandwidth=bandwidth,
        residual_share=_error_share_left_out(amounts, times_s, least),
        step_count=len(steps),
        smallest_parameter_count=min(sizes),
        largest_parameter_count=max(sizes),
    )


def step_shape(m: Measurement) -> StepShape:
    """The shape an `lm_train_step` measurement was taken at."""
    return StepShape(
        layer_count=float(m.settings["layer_count"]),
        hidden_size=float(m.settings["hidden_size"]),
        vocabulary_size=float(m.settings["vocabulary_size"]),
        parameter_count=float(m.metrics["parameter_count"]),
        batch_size=float(m.settings["batch_size"]),
        sequence_tokens=float(m.settings["sequence_tokens"]),
    )


def _cost(
    amounts: npt.NDArray[np.float64],
    times_s: npt.NDArray[np.float64],
    least: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    # scipy.optimize takes a third of a second to import; most projections need no fit.
    from scipy.optimize import nnls

    relative = amounts / times_s[:, None]
    scale = relative.max(axis=0)
    share, _ = nnls(relative / scale, 1 - relative @ least)
    cost: npt.NDArray[np.float64] = least + share / scale
    return cost


def _error_share_left_out(
    amounts: npt.NDArray[np.float64],
    times_s: npt.NDArray[np.float64],
    least: npt.NDArray[np.float64],
) -> float:
    errors = []
    for i in range(len(times_s)):
        kept = np.arange(len(times_s)) != i
        cost = _cost(amounts[kept], times_s[kept], least)
        errors.append(abs(amounts[i] @ cost / times_s[i] - 1))
    return float(np.percentile(errors, RANGE_SHARE))
