"""How a row of a training table spreads its model, and feeds it: said, else as is usual."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from engine.catalogue.schema import Accelerator
from engine.projection.throughput_parts import (
    DISTRIBUTED_OPTIMISER_SINCE_YEAR,
    STATE_BYTES_PER_PARAMETER,
)
from engine.units import BYTES_PER_GB
from engine.validation.accelerator_names import device_count
from engine.validation.rows import Row, number
from engine.validation.training_models import Model
from engine.validation.training_software import (
    INTERLEAVING,
    MODEL_PARALLEL,
    is_sharded,
    precision_of,
    software_of,
    year_of,
)

FEWEST_BATCH_TOKENS = 100_000.0
"""A batch of this much and no unit is counted in tokens."""
USUAL_INTERLEAVE_COUNT = 4.0
TOKENS_PER_MICRO_BATCH = 8192.0
TOKENS_PER_PIPELINED_MICRO_BATCH = 2048.0
MOST_TOKENS_PER_MICRO_BATCH = 131_072.0
MICRO_BATCHES_PER_STAGE = 4.0
USABLE_MEMORY_SHARE = 0.8
USUAL_DEVICE_COUNT = 8.0
OPTIMISER_BYTES_PER_PARAMETER = 12.0
"""Master weights and two moments in 32 bits."""


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


def stated_device_count(row: Row) -> float | None:
    """As the row says it, `4 x 8` too, else as its hardware's name does, as in `8x A100`."""
    text = row.get("n_devices", "")
    nodes = re.match(r"(\d+)\s*(?:nodes?)?\s*[x×*]\s*(\d+)", text)
    if nodes:
        return float(nodes[1]) * float(nodes[2])
    return number(text) or device_count(row.get("hardware", ""))


def plan_of_row(row: Row, model: Model, accelerator: Accelerator) -> Plan:
    """How a row spreads its model: as it says, else as its software usually does."""
    devices = max(stated_device_count(row) or USUAL_DEVICE_COUNT, 1.0)
    said = {name: number(row.get(name)) for name in ("tp", "pp", "vp", "cp", "ep")}
    tensor, pipeline = said["tp"] or 1.0, said["pp"] or 1.0
    assumed = said["tp"] is None and said["pp"] is None
    if assumed:
        tensor, pipeline = _needed_to_fit(row, model, accelerator, devices)
    interleave = said["vp"] or 1.0
    usual = assumed or software_of(row) in INTERLEAVING
    if pipeline > 1 and interleave <= 1 and usual:
        interleave = USUAL_INTERLEAVE_COUNT
    spread = assumed and software_of(row) in MODEL_PARALLEL
    of_node = min(model.expert_count, devices, USUAL_DEVICE_COUNT) if spread else 1.0
    context, expert = said["cp"] or 1.0, said["ep"] or of_node
    return Plan(devices, tensor, pipeline, interleave, context, expert)


def _needed_to_fit(
    row: Row, model: Model, accelerator: Accelerator, devices: float
) -> tuple[float, float]:
    """Tensor and pipeline width that a model's state needs, where the software splits so.

    Each part keeps weights and gradients whole; what the optimiser keeps is spread over replicas,
    and experts over the devices of one node.
    """
    if software_of(row) not in MODEL_PARALLEL or "lora" in row.get("workload", "").lower():
        return 1.0, 1.0
    room = (accelerator.memory_bytes or 32 * BYTES_PER_GB) * USABLE_MEMORY_SHARE
    size = model.parameter_count
    if model.expert_count > 1:
        size = model.multiplied_parameter_count
        size += (model.parameter_count - size) / min(USUAL_DEVICE_COUNT, devices)
    shared = year_of(row, accelerator) >= DISTRIBUTED_OPTIMISER_SINCE_YEAR
    spread = OPTIMISER_BYTES_PER_PARAMETER * model.parameter_count / devices if shared else 0.0
    each = STATE_BYTES_PER_PARAMETER - (OPTIMISER_BYTES_PER_PARAMETER if shared else 0.0)
    needed = each * size / max(room - spread, room / USUAL_DEVICE_COUNT)
    parts = min(2.0 ** math.ceil(math.log2(max(needed, 1.0))), devices)
    return min(parts, 8.0), max(parts / 8.0, 1.0)


def global_batch_sequences(row: Row, model: Model) -> float | None:
    """Sequences of one step over all devices; None where the row does not say."""
    batch = number(row.get("global_batch"))
    unit = row.get("global_batch_unit", "").lower()
    if batch and ("tok" in unit or (not unit and batch >= FEWEST_BATCH_TOKENS)):
        return batch / model.sequence_tokens
    return batch or None


def micro_batches(
    row: Row, model: Model, plan: Plan, batch: float | None, software: str
) -> dict[str, float]:
    """Fields of a training step that tell how each replica is fed."""
    per_replica = batch / plan.replica_count if batch else None
    size = _stated_micro_batch(row)
    if size is None:
        pipelined = plan.pipeline_count > 1
        most = TOKENS_PER_PIPELINED_MICRO_BATCH if pipelined else TOKENS_PER_MICRO_BATCH
        size = max(1.0, most / model.sequence_tokens)
        if per_replica:
            size = per_replica if is_sharded(row, software) else min(size, per_replica)
            # More replicas than sequences: each still works on a whole one.
            size = max(size, 1.0)
    if size * model.sequence_tokens > MOST_TOKENS_PER_MICRO_BATCH:
        size = max(MOST_TOKENS_PER_MICRO_BATCH / 2 / model.sequence_tokens, 1.0)
    usual = number(row.get("grad_accum")) or MICRO_BATCHES_PER_STAGE * plan.pipeline_count
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
