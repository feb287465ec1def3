"""Fits the constants of a training step to published throughput: robust, every source the same.

Publishers differ in what no row says: drivers, clocks, what they count. So each has a level of
its own, drawn towards none, beside the constants: what it finds by changing its own settings
then tells of the constants however fast or slow all of its rows are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from engine.projection.throughput import TrainingStep, tokens_per_s_per_device
from engine.projection.throughput_fit import ThroughputFit
from engine.validation.training_inputs import TrainingInputs, stacked

Array = npt.NDArray[np.float64]

PRIORS: Mapping[str, tuple[float, float]] = {
    "product_efficiency": (0.92, 0.15),
    "balance_power": (0.20, 0.50),
    "portable_product_ratio": (0.82, 0.10),
    "half_width": (300.0, 0.70),
    "half_tokens": (300.0, 0.70),
    "attention_efficiency": (0.50, 0.40),
    "portable_attention_power": (1.00, 0.40),
    "activation_bytes": (50.0, 0.50),
    "eager_traffic_ratio": (2.0, 0.30),
    "compiled_traffic_ratio": (0.5, 0.50),
    "score_bytes": (6.0, 0.70),
    "logit_bytes": (20.0, 0.50),
    "layer_launch_s": (2.0e-3, 0.40),
    "collective_launch_s": (5.0e-5, 0.70),
    "compiled_launch_ratio": (0.30, 0.50),
    "recompute_full": (0.33, 0.15),
    "recompute_if_needed": (0.20, 0.50),
    "eight_bit_share": (0.75, 0.20),
    "eight_bit_modern": (0.80, 0.20),
    "four_bit_share": (0.80, 0.20),
    "expert_cost": (0.80, 0.50),
    "expert_gain_per_year": (0.35, 0.70),
    "exchange_cost": (2.0, 0.70),
    "network_exchange_ratio": (2.0, 0.50),
    "collective_cost": (0.60, 0.60),
    "bubble_cost": (0.80, 0.40),
    "waiting_per_doubling": (0.010, 0.60),
    "network_waiting": (0.040, 0.60),
    "optimiser_bytes": (14.0, 0.50),
    "gradient_cost": (1.0, 0.50),
    "fixed_s": (5.0e-3, 0.30),
    "gain_per_year": (0.03, 1.00),
}
"""Before a row is weighed: a usual value, and the standard deviation of its logarithm.

Values are from datasheets, profiles and papers, or round guesses after looking at residuals; a
source is worth two settings, so that no publisher's habits bend them far. Attention not written
for a device by its maker reaches 0.7 of an A100's peak and 0.35 of an H100's (Shah et al. 2024,
"FlashAttention-3", https://arxiv.org/abs/2407.08608): near the first power of their balance.
"""
NAMES = tuple(PRIORS)
ROBUST_BEYOND = 0.15
"""Logarithms of error below this count by their square, above it by their size."""
LARGEST_ERROR = 3.0
LARGEST_LOG = 40.0
WATCHED = (
    "multiplied_parameter_count",
    "device_count",
    "sequence_tokens",
    "peak_flop_per_s",
    "expert_count",
)
"""What a new row is compared with what the fit saw in."""
MOST_ROWS_PER_SOURCE = 120
SETTINGS_A_SOURCE_IS_WORTH = 2.0
LEVEL_STEP_COUNT = 6
OFFSET_SPREAD = 0.10
KIND_SPREAD = 1.0
SOURCE_SPREAD = 0.15
"""Publishers differ by this much at the same hardware and software."""


@dataclass(frozen=True)
class Example:
    """One published throughput and what it was reached with."""

    source: str
    inputs: TrainingInputs
    tokens_per_s: float


def tokens_per_s(fit: ThroughputFit, inputs: Sequence[TrainingInputs]) -> Array:
    """Tokens a second on one device, for each."""
    step = stacked([i.step for i in inputs])
    speed = np.array([fit.speed_ratio(i.accelerator_id, i.software, i.kind) for i in inputs])
    return np.asarray(tokens_per_s_per_device(step, fit.constants, speed))


def fit(examples: Sequence[Example], start: ThroughputFit | None = None) -> ThroughputFit:
    """Constants from decoders by robust least squares on the logarithm of speed, then offsets."""
    # scipy.optimize takes a third of a second to import; predicting needs none of it.
    from scipy.optimize import least_squares

    decoders = [example for example in examples if not example.inputs.kind]
    problem = _Problem(_thinned(decoders))
    first = problem.priors if start is None else _logs(start.constants)
    found = least_squares(problem.residuals, first, max_nfev=40)
    jacobian = np.asarray(found.jac, dtype=np.float64)
    deviations = np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian)))
    plain = ThroughputFit(
        constants=dict(zip(NAMES, np.exp(found.x).tolist(), strict=True)),
        spread=dict(zip(NAMES, deviations.tolist(), strict=True)),
        seen=_seen(decoders),
    )
    return with_kinds(with_offsets(plain, decoders), examples)


def _logs(constants: Mapping[str, float]) -> Array:
    return np.log([constants[name] for name in NAMES])


def _seen(examples: Sequence[Example]) -> dict[str, tuple[float, float]]:
    step = stacked([e.inputs.step for e in examples])
    values = {f.name: np.asarray(getattr(step, f.name)) for f in fields(TrainingStep)}
    return {n: (float(values[n].min()), float(values[n].max())) for n in WATCHED}


class _Problem:
    def __init__(self, examples: Sequence[Example]) -> None:
        self.step: TrainingStep = stacked([e.inputs.step for e in examples])
        self.logs = np.log([e.tokens_per_s for e in examples])
        self.weights = source_weights(examples)
        _, self.place = np.unique([e.source for e in examples], return_inverse=True)
        self.priors = np.log([PRIORS[name][0] for name in NAMES])
        self.spreads = np.array([PRIORS[name][1] for name in NAMES])

    def residuals(self, logs: Array) -> Array:
        limited = np.clip(logs, -LARGEST_LOG, LARGEST_LOG)
        constants = dict(zip(NAMES, np.exp(limited).tolist(), strict=True))
        error = np.log(np.asarray(tokens_per_s_per_device(self.step, constants))) - self.logs
        levels = self._levels(error)
        scaled = np.clip(error - levels[self.place], -LARGEST_ERROR, LARGEST_ERROR) / ROBUST_BEYOND
        robust = np.sign(scaled) * np.sqrt(2 * (np.sqrt(1 + scaled**2) - 1))
        from_priors = (logs - self.priors) / self.spreads
        return np.concatenate([self.weights * robust, levels / SOURCE_SPREAD, from_priors])

    def _levels(self, error: Array) -> Array:
        """How much all rows of each source are off, as likely as these constants make it."""
        levels: Array = np.zeros(int(self.place.max()) + 1)
        for _ in range(LEVEL_STEP_COUNT):
            beyond = (error - levels[self.place]) / ROBUST_BEYOND
            pull = (self.weights / ROBUST_BEYOND) ** 2 / np.sqrt(1 + beyond**2)
            rows = np.bincount(self.place, pull) + SOURCE_SPREAD**-2
            levels = np.asarray(np.bincount(self.place, pull * error) / rows)
        return levels


def source_weights(examples: Sequence[Example]) -> Array:
    """Square roots of weights: settings of a source count the same, and sources nearly so.

    A setting is a model on an accelerator in a number format, however many rows it has.
    """
    settings = [
        (
            e.source,
            e.inputs.model.shape_id or f"{e.inputs.model.parameter_count:.2g}",
            e.inputs.accelerator_id,
            float(e.inputs.step.low_bit_ratio),
        )
        for e in examples
    ]
    rows, by_source = Counter(settings), Counter(setting[0] for setting in set(settings))
    worth = {s: min(SETTINGS_A_SOURCE_IS_WORTH / n, 1.0) for s, n in by_source.items()}
    return np.sqrt([worth[setting[0]] / rows[setting] for setting in settings])


def _thinned(examples: Sequence[Example]) -> list[Example]:
    by_source = defaultdict(list)
    for example in examples:
        by_source[example.source].append(example)
    kept = []
    for rows in by_source.values():
        picks = np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS_PER_SOURCE))
        kept += [rows[i] for i in picks.round().astype(int)]
    return kept


def with_offsets(plain: ThroughputFit, examples: Sequence[Example]) -> ThroughputFit:
    """The same with offsets by accelerator and software, drawn towards none."""
    cells = _cell_errors(plain, examples)
    accelerators = sorted({key[1] for key in cells})
    software = sorted({key[2] for key in cells})
    design = np.zeros((len(cells), len(accelerators) + len(software)))
    for row, (_, accelerator, family, _) in zip(design, cells, strict=True):
        row[accelerators.index(accelerator)] = 1
        row[len(accelerators) + software.index(family)] = 1
    ridge = np.eye(design.shape[1]) * (SOURCE_SPREAD / OFFSET_SPREAD) ** 2
    errors = np.array(list(cells.values()))
    offsets = np.linalg.solve(design.T @ design + ridge, design.T @ errors).tolist()
    split = len(accelerators)
    return replace(
        plain,
        accelerator_offsets=dict(zip(accelerators, offsets[:split], strict=True)),
        software_offsets=dict(zip(software, offsets[split:], strict=True)),
    )


def with_kinds(plain: ThroughputFit, examples: Sequence[Example]) -> ThroughputFit:
    """The same with an offset for encoders, recurrent models and 32 bits, which add up."""
    cells = {key: error for key, error in _cell_errors(plain, examples).items() if key[3]}
    parts = sorted({part for key in cells for part in key[3].split("-")})
    design = np.array([[float(part in key[3].split("-")) for part in parts] for key in cells])
    if not cells:
        return plain
    ridge = np.eye(len(parts)) * (SOURCE_SPREAD / KIND_SPREAD) ** 2
    errors = np.array(list(cells.values()))
    offsets = np.linalg.solve(design.T @ design + ridge, design.T @ errors).tolist()
    return replace(plain, kind_offsets=dict(zip(parts, offsets, strict=True)))


def _cell_errors(
    plain: ThroughputFit, examples: Sequence[Example]
) -> dict[tuple[str, str, str, str], float]:
    """Median logarithm of measured over predicted by source, accelerator, software and kind."""
    predicted = tokens_per_s(plain, [e.inputs for e in examples])
    cells = defaultdict(list)
    for example, value in zip(examples, predicted, strict=True):
        seen = example.inputs
        key = (example.source, seen.accelerator_id, seen.software, seen.kind)
        cells[key].append(float(np.log(example.tokens_per_s / value)))
    return {key: float(np.median(errors)) for key, errors in cells.items()}
