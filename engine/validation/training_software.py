"""What the software of a training row does, as far as speed depends on it."""

from __future__ import annotations

import math
import re

from engine.validation.rows import Row
from engine.validation.training_models import Model

SOFTWARE = {
    "jax": ("maxtext", "paxml", "jax"),
    "deepspeed": ("deepspeed", "neox"),
    "megatron-bridge": ("bridge",),
    "nemo": ("nemo", "dgxc"),
    "modellink": ("modellink", "mindspeed"),
    "megatron": ("megatron", "primus", "mcore"),
    "composer": ("composer", "foundry", "torchtitan"),
    "c": ("llm.c",),
    "tensorflow": ("tensorflow",),
    "torch": ("pytorch", "torchtune", "openlm", "litgpt", "hugging"),
}
"""Families of training software by words in a framework's name; the first that fits counts."""
COMPILED = ("jax", "c", "tensorflow")
TUNED = ("megatron-bridge", "nemo", "megatron", "c")
TUNED_BY_MAKER = {"jax": "tpu"}
"""Software of who makes an accelerator, by how ids of these begin."""
INTERLEAVING = ("nemo", "megatron-bridge")
"""Tables of these print 1 where they do not say."""
SETTLED_YEAR = 2022.0
"""Software for encoders and recurrent models has hardly changed since, whatever the date."""
SHARDING = ("jax", "composer", "torch")
MODEL_PARALLEL = ("megatron-bridge", "nemo", "megatron", "deepspeed")
UNFUSED_BEFORE_YEAR = 2023
USUAL_YEAR = 2024.5
RECURRENT = "transformer-xl"


def software_of(row: Row) -> str:
    """Family of training software, or `other`."""
    text = row.get("framework", "").lower()
    names = (name for name, words in SOFTWARE.items() if any(word in text for word in words))
    return next(names, "other")


def year_of(row: Row) -> float:
    """When it was published, in years."""
    found = re.match(r"(20\d\d)(?:-(\d\d))?", row.get("source_date", ""))
    if found is None:
        return USUAL_YEAR
    return float(found[1]) + (float(found[2]) - 0.5 if found[2] else 6.0) / 12


def precision_of(row: Row) -> str:
    """Format of the matrix products: 16bit, fp8, fp4, tf32 or fp32."""
    text = row.get("precision", "").lower()
    if text.startswith("fp32"):
        return "tf32" if "tf32" in text else "fp32"
    return next((name for name in ("fp4", "fp8", "tf32") if name in text), "16bit")


def is_sharded(row: Row, software: str) -> bool:
    """Whether weights are spread over replicas: said, or the software's usual way."""
    stated = row.get("zero_sharding", "").lower()
    if stated in ("fsdp=0", "fsdp=/", "fsdp=1", "no", "none"):
        return False
    named = f"{stated} {row.get('framework', '').lower()}"
    return any(word in named for word in ("shard", "fsdp")) or software in SHARDING


def is_tuned(software: str, accelerator_id: str) -> bool:
    """Whether kernels are written for this very accelerator, as its maker does."""
    makers = TUNED_BY_MAKER.get(software)
    return software in TUNED or (makers is not None and accelerator_id.startswith(makers))


def recompute_share(row: Row) -> float:
    """1 where all activations are computed again, 0 where none is, NaN where it is not said.

    Source: MaxText's configs/base.yml sets `remat_policy: 'full'`,
    https://github.com/AI-Hypercomputer/maxtext
    """
    stated = row.get("activation_checkpointing", "").lower()
    if stated in ("false", "none", "no"):
        return 0.0
    usual = not stated and "maxtext" in row.get("framework", "").lower()
    return 1.0 if usual or stated in ("full", "true", "remat_policy=full") else math.nan


def manner_of(row: Row, model: Model, accelerator_id: str) -> dict[str, float]:
    """Fields of a training step that the software decides."""
    software, year = software_of(row), year_of(row)
    decoder = model.is_causal and not model.shape_id.startswith(RECURRENT)
    if not decoder:
        year = min(year, SETTLED_YEAR)
    adapter = "lora" in f"{row.get('workload', '')} {row.get('model', '')}".lower()
    unfused = software == "deepspeed" or (year < UNFUSED_BEFORE_YEAR and software != "jax")
    return {
        "recompute_share": recompute_share(row),
        "sharded": float(is_sharded(row, software)),
        "adapter": float(adapter),
        "compiled": float(software in COMPILED),
        "tuned": float(is_tuned(software, accelerator_id)),
        "unfused": float(unfused),
        "year": year,
    }
