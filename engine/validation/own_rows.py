"""Measurements of one's own as rows of a training table."""

from __future__ import annotations

from collections.abc import Sequence

from engine.projection.evidence import accelerator_named
from engine.records import Measurement
from engine.validation.rows import Row

TRAIN_STEP = "lm_train_step"
PRECISIONS = {"fp32": "fp32", "bf16": "bf16"}


def training_rows(measurements: Sequence[Measurement]) -> list[Row]:
    """Training steps measured on an accelerator of the catalogue, one row each, oldest first."""
    found = [_row(m) for m in measurements if m.workload == TRAIN_STEP]
    return [row for row in found if row is not None]


def _row(m: Measurement) -> Row | None:
    names = m.machine.gpu_names
    accelerator_id = accelerator_named(names[0]) if names else None
    if accelerator_id is None:
        return None
    settings = m.settings
    return {
        "id": f"{m.taken_at.isoformat()} {m.workload}",
        "source_id": "own",
        "source_date": m.taken_at.date().isoformat(),
        "domain": "llm",
        "model": "own decoder",
        "params": str(m.metrics["parameter_count"]),
        "layers": str(settings["layer_count"]),
        "hidden": str(settings["hidden_size"]),
        "vocab": str(settings["vocabulary_size"]),
        "seq_len": str(settings["sequence_tokens"]),
        "micro_batch": str(settings["batch_size"]),
        "global_batch": str(settings["batch_size"]),
        "global_batch_unit": "sequences",
        "hw_norm": accelerator_id,
        "n_devices": "1",
        "precision": PRECISIONS.get(str(settings.get("precision", "fp32")), ""),
        "activation_checkpointing": "none",
        "framework": f"PyTorch {m.machine.torch_version}",
        "workload": "pretrain",
        "step_time_s": str(m.time_s),
        "tokens_per_s_per_device": "",
    }
