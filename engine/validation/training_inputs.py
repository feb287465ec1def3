"""A row of a training table as a training step: what it says, else what is usual."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from engine.catalogue.schema import Accelerator
from engine.projection.throughput import TrainingStep, model_flop_per_token
from engine.projection.throughput_devices import links_of
from engine.projection.throughput_parts import STATE_BYTES_PER_PARAMETER
from engine.units import BYTES_PER_GB
from engine.validation.accelerator_names import accelerator_of
from engine.validation.rows import Row, number
from engine.validation.training_devices import speed_of
from engine.validation.training_models import ImpossibleError, Model, model_of
from engine.validation.training_software import (
    INTERLEAVING,
    MODEL_PARALLEL,
    RECURRENT,
    is_sharded,
    manner_of,
    precision_of,
    software_of,
    year_of,
)

USUAL_INTERLEAVE_COUNT = 4.0
TOKENS_PER_MICRO_BATCH = 8192.0
TOKENS_PER_PIPELINED_MICRO_BATCH = 2048.0
MOST_TOKENS_PER_MICRO_BATCH = 131_072.0
MICRO_BATCHES_PER_STAGE = 4.0
USABLE_MEMORY_SHARE = 0.8
USUAL_DEVICE_COUNT = 8.0
HEAD_SIZE = 64.0


@dataclass(frozen=True, slots=True)
class TrainingInputs:
    """One row as the predictor sees it."""

    step: TrainingStep
    model: Model
    accelerator_id: str
    software: str
    year: float
    global_batch_sequences: float | None
    flags: tuple[str, ...]

    @property
    def is_device_count_known(self) -> bool:
        """Whether what all devices do together can be told."""
        return "device-count-assumed" not in self.flags

    @property
    def kind(self) -> str:
        """What the constants were not fitted on: empty for a decoder in 16 bits or fewer."""
        recurrent = self.model.shape_id.startswith(RECURRENT)
        family = "recurrent" if recurrent else "" if self.model.is_causal else "encoder"
        return "-".join(part for part in (family, "wide" if self.step.wide else "") if part)

    @property
    def device_count(self) -> float:
        """Devices of the whole run."""
        return float(self.step.device_count)

    @property
    def step_sequence(self) -> float:
        """Tokens of one sequence."""
        return self.model.sequence_tokens

    @property
    def recomputes(self) -> bool:
        """Whether the row says that all activations are computed again."""
        return float(self.step.recompute_share) == 1.0

    def counted_peak_flop_per_s(self, low_bit_peak: Sequence[str]) -> float:
        """The peak that utilisation is printed against: of 8 bits where these tables do so."""
        ratio = float(self.step.low_bit_ratio) if self.software in low_bit_peak else 1.0
        return float(self.step.peak_flop_per_s) * ratio

    @property
    def flop_per_token(self) -> float:
        """Model FLOP of one token, only what the mask leaves."""
        return float(model_flop_per_token(self.step))


@dataclass(frozen=True, slots=True)
class Plan:
    """How a model is spread over devices."""

    device_count: float
    tensor_count: float
    pipeline_count: float
    interleave_count: float
    context_count: float
    expert_parallel_count: float

    @property
    def replica_count(self) -> float:
        """Copies of the model, each on its own part of the batch."""
        each = self.tensor_count * self.pipeline_count * self.context_count
        return max(self.device_count / each, 1.0)


def stacked(steps: Sequence[TrainingStep]) -> TrainingStep:
    """Many steps as one step of arrays."""
    columns = {
        f.name: np.array([getattr(step, f.name) for step in steps], dtype=np.float64)
        for f in fields(TrainingStep)
    }
    return TrainingStep(**columns)


def training_inputs(row: Row) -> TrainingInputs:
    """What a row says of its training step.

    Raises:
        ImpossibleError: the accelerator, or the size of the model, cannot be told.
    """
    found = accelerator_of(row)
    if found is None:
        raise ImpossibleError("no accelerator of the catalogue is named")
    accelerator_id, accelerator = found
    model = model_of(row)
    plan = _plan(row, model, accelerator)
    batch = _global_batch_sequences(row, model)
    parts = (
        speed_of(accelerator_id, accelerator, precision_of(row)),
        links_of(accelerator),
        _spread(plan),
        _size(model),
        _micro_batches(row, model, plan, batch),
        manner_of(row, model, accelerator_id),
    )
    return TrainingInputs(
        step=TrainingStep(**{name: value for part in parts for name, value in part.items()}),
        model=model,
        accelerator_id=accelerator_id,
        software=software_of(row),
        year=year_of(row),
        global_batch_sequences=batch,
        flags=_flags(row, model),
    )


def _flags(row: Row, model: Model) -> tuple[str, ...]:
    found = () if model.is_known else ("shape-assumed",)
    return found if number(row.get("n_devices")) else (*found, "device-count-assumed")


def _plan(row: Row, model: Model, accelerator: Accelerator) -> Plan:
    devices = max(number(row.get("n_devices")) or USUAL_DEVICE_COUNT, 1.0)
    said = {name: number(row.get(name)) for name in ("tp", "pp", "vp", "cp", "ep")}
    tensor, pipeline = said["tp"] or 1.0, said["pp"] or 1.0
    assumed = said["tp"] is None and said["pp"] is None
    if assumed:
        tensor, pipeline = _needed_to_fit(row, model, accelerator, devices)
    interleave = said["vp"] or 1.0
    usual = assumed or software_of(row) in INTERLEAVING
    if pipeline > 1 and interleave <= 1 and usual:
        interleave = USUAL_INTERLEAVE_COUNT
    context, expert = said["cp"] or 1.0, said["ep"] or 1.0
    return Plan(devices, tensor, pipeline, interleave, context, expert)


def _needed_to_fit(
    row: Row, model: Model, accelerator: Accelerator, devices: float
) -> tuple[float, float]:
    """Tensor and pipeline width that weights and optimiser need, where the software splits so.

    Software that is not named is taken to do so where one node of devices cannot hold them.
    """
    memory = accelerator.memory_bytes or 32 * BYTES_PER_GB
    state = STATE_BYTES_PER_PARAMETER * model.parameter_count
    unnamed = not row.get("framework", "") and state > USUAL_DEVICE_COUNT * memory
    splits = unnamed or software_of(row) in MODEL_PARALLEL
    if not splits or "lora" in row.get("workload", "").lower():
        return 1.0, 1.0
    room = memory * USABLE_MEMORY_SHARE
    parts = min(2.0 ** math.ceil(math.log2(max(state / room, 1.0))), devices)
    return min(parts, 8.0), max(parts / 8.0, 1.0)


def _spread(plan: Plan) -> dict[str, float]:
    return {
        "device_count": plan.device_count,
        "tensor_count": plan.tensor_count,
        "pipeline_count": plan.pipeline_count,
        "interleave_count": plan.interleave_count,
        "context_count": plan.context_count,
        "expert_parallel_count": plan.expert_parallel_count,
    }


def _size(model: Model) -> dict[str, float]:
    scores = model.layer_count * model.attention_size / HEAD_SIZE * model.sequence_tokens
    return {
        "parameter_count": model.parameter_count,
        "multiplied_parameter_count": model.multiplied_parameter_count,
        "layer_count": model.layer_count,
        "hidden_size": model.hidden_size,
        "vocabulary_size": model.vocabulary_size,
        "attention_flop_per_token": model.attention_flop_per_token,
        "score_values_per_token": scores,
        "expert_count": model.expert_count,
        "experts_per_token_count": model.experts_per_token_count,
        "sequence_tokens": model.sequence_tokens,
    }


def _global_batch_sequences(row: Row, model: Model) -> float | None:
    batch = number(row.get("global_batch"))
    if batch and row.get("global_batch_unit") == "tokens":
        return batch / model.sequence_tokens
    return batch or None


def _micro_batches(row: Row, model: Model, plan: Plan, batch: float | None) -> dict[str, float]:
    per_replica = batch / plan.replica_count if batch else None
    size = _stated_micro_batch(row)
    if size is None:
        pipelined = plan.pipeline_count > 1
        most = TOKENS_PER_PIPELINED_MICRO_BATCH if pipelined else TOKENS_PER_MICRO_BATCH
        size = max(1.0, most / model.sequence_tokens)
        if per_replica:
            size = per_replica if is_sharded(row, software_of(row)) else min(size, per_replica)
            # More replicas than sequences: each still works on a whole one.
            size = max(size, 1.0)
    if size * model.sequence_tokens > MOST_TOKENS_PER_MICRO_BATCH:
        size = max(MOST_TOKENS_PER_MICRO_BATCH / 2 / model.sequence_tokens, 1.0)
    usual = MICRO_BATCHES_PER_STAGE * plan.pipeline_count
    return {
        "micro_batch_tokens": size * model.sequence_tokens,
        "micro_batch_count": max(per_replica / size, 1.0) if per_replica else usual,
    }


def _stated_micro_batch(row: Row) -> float | None:
    """Where two are printed, the smaller goes with 32 bits."""
    sizes = [float(found) for found in re.findall(r"\d+(?:\.\d+)?", row.get("micro_batch", ""))]
    sizes = [size for size in sizes if size > 0]
    if not sizes:
        return None
    return min(sizes) if precision_of(row) in ("tf32", "fp32") else max(sizes)
