"""A row of a training table as a training step: what it says, else what is usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from engine.catalogue.schema import Accelerator
from engine.projection.throughput import TrainingStep, model_flop_per_token
from engine.projection.throughput_devices import links_of
from engine.validation.accelerator_names import accelerator_of
from engine.validation.rows import Row, number
from engine.validation.training_devices import speed_of
from engine.validation.training_models import ImpossibleError, Model, model_of
from engine.validation.training_plans import (
    global_batch_sequences,
    micro_batches,
    plan_of_row,
    stated_device_count,
)
from engine.validation.training_software import (
    MODEL_PARALLEL,
    RECURRENT,
    UNKNOWN,
    manner_of,
    precision_of,
    software_of,
    usual_software,
    year_of,
)

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
    plan = plan_of_row(row, model, accelerator)
    batch = global_batch_sequences(row, model)
    parts = (
        speed_of(accelerator_id, accelerator, precision_of(row)),
        links_of(accelerator),
        asdict(plan),
        _size(model),
        micro_batches(row, model, plan, batch, usual_software(row, accelerator_id)),
        manner_of(row, model, accelerator_id, accelerator),
    )
    return TrainingInputs(
        step=TrainingStep(**{name: value for part in parts for name, value in part.items()}),
        model=model,
        accelerator_id=accelerator_id,
        software=software_of(row),
        year=year_of(row, accelerator),
        global_batch_sequences=batch,
        flags=_flags(row, model, accelerator),
    )


def _flags(row: Row, model: Model, accelerator: Accelerator) -> tuple[str, ...]:
    """What the row does not say and is taken to be as usual."""
    missing = {
        "shape-assumed": not model.is_known,
        "device-count-assumed": not stated_device_count(row),
        "software-unknown": software_of(row) == UNKNOWN,
        "precision-assumed": not row.get("precision") and accelerator.fp8_dense_tflops is not None,
        "length-assumed": not number(row.get("seq_len")),
        "batch-assumed": not any(number(row.get(of)) for of in ("global_batch", "micro_batch")),
        "plan-assumed": software_of(row) in (*MODEL_PARALLEL, UNKNOWN)
        and not any(number(row.get(of)) for of in ("tp", "pp")),
    }
    return tuple(flag for flag, is_so in missing.items() if is_so)


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
