"""What the software of a training row does, as far as speed depends on it."""

from __future__ import annotations

import math
import re

from engine.catalogue.schema import Accelerator
from engine.validation.rows import Row
from engine.validation.training_models import Model

SOFTWARE = {
    "jax": ("maxtext", "paxml", "jax", "flax", "axlearn", "levanter", "t5x", "easylm", "alpa"),
    "composer": ("composer", "foundry", "torchtitan"),
    "deepspeed": ("deepspeed", "neox", "colossal", "bmtrain"),
    "megatron-bridge": ("bridge",),
    "nemo": ("nemo", "dgxc"),
    "modellink": ("modellink", "mindspeed", "mindformers", "mindspore"),
    "megatron": ("megatron", "primus", "mcore", "megascale", "flagscale"),
    "c": ("llm.c",),
    "tensorflow": ("tensorflow",),
    "torch": (
        "torch",
        "openlm",
        "open_lm",
        "litgpt",
        "lit-gpt",
        "lightning",
        "hugging",
        "transformers",
        "accelerate",
        "optimum",
        "axolotl",
        "factory",
        "unsloth",
        "nanotron",
        "olmo",
        "fsdp",
        "fairseq",
        "fairscale",
        "metaseq",
        "verl",
        "openrlhf",
    ),
}
"""Families of training software by words in a framework's name; the first that fits counts."""
UNKNOWN = "other"
UNKNOWN_TUNED_SHARE = 0.5
COMPILED = ("jax", "c", "tensorflow")
TUNED = ("megatron-bridge", "nemo", "megatron", "c")
ONLY_SOFTWARE = (("tpu", "jax"), ("ascend", "modellink"))
TUNED_BY_MAKER = {"jax": "tpu"}
"""Software of who makes an accelerator, by how ids of these begin."""
INTERLEAVING = ("nemo", "megatron-bridge")
"""Tables of these print 1 where they do not say."""
SETTLED_YEAR = 2022.0
"""Software for encoders and recurrent models has hardly changed since, whatever the date."""
SHARDING = ("jax", "composer", "torch")
MODEL_PARALLEL = ("megatron-bridge", "nemo", "megatron", "deepspeed")
FORMATS = (
    ("fp4", re.compile("fp4")),
    ("fp8", re.compile("fp8|float8|e4m3|e5m2")),
    ("tf32", re.compile("tf32")),
    ("16bit", re.compile("16|mixed|amp|half")),
    ("fp32", re.compile("^(?:fp|float)?[- ]?32|^single|^full")),
)
"""Number formats by what they are called; the first that fits counts."""
NOT_SHARDED = re.compile("no_shard|^fsdp=[01/]$|^(?:no|none|false|ddp)$")
SHARDED = re.compile("shard|fsdp|(?:zero|stage)[-_ =]?3|^3$")
RECOMPUTES_NOTHING = ("false", "none", "no", "off", "disabled", "0")
RECOMPUTES_ALL = ("full", "true", "yes", "on", "enabled", "all", "1")
UNFUSED_BEFORE_YEAR = 2023
USUAL_YEAR = 2024.5
YEARS_UNTIL_PUBLISHED = 2.0
"""Most tables of an accelerator come out this long after it does."""
RECURRENT = "transformer-xl"


def software_of(row: Row) -> str:
    """Family of training software, or `other`."""
    text = row.get("framework", "").lower()
    names = (name for name, words in SOFTWARE.items() if any(word in text for word in words))
    return next(names, UNKNOWN)


def usual_software(row: Row, accelerator_id: str) -> str:
    """The family a row names, else the one that nearly all use on this accelerator."""
    found = software_of(row)
    only = (software for maker, software in ONLY_SOFTWARE if accelerator_id.startswith(maker))
    return next(only, found) if found == UNKNOWN else found


def year_of(row: Row, accelerator: Accelerator | None = None) -> float:
    """When it was published, in years; where it is not said, when its accelerator was common."""
    found = re.match(r"(20\d\d)(?:-(\d\d))?", row.get("source_date", ""))
    if found is not None:
        return float(found[1]) + (float(found[2]) - 0.5 if found[2] else 6.0) / 12
    released = accelerator.released if accelerator else None
    if released is None:
        return USUAL_YEAR
    return released.year + released.month / 12 + YEARS_UNTIL_PUBLISHED


def precision_of(row: Row) -> str:
    """Format of the matrix products: 16bit, fp8, fp4, tf32 or fp32."""
    text = row.get("precision", "").lower()
    return next((name for name, words in FORMATS if words.search(text)), "16bit")


def is_sharded(row: Row, software: str) -> bool:
    """Whether weights are spread over replicas: said, or the software's usual way."""
    stated = row.get("zero_sharding", "").lower()
    if NOT_SHARDED.search(stated) or "ddp" in row.get("framework", "").lower():
        return False
    named = f"{stated} {row.get('framework', '').lower()}"
    return SHARDED.search(named) is not None or software in SHARDING


def tuned_share(software: str, accelerator_id: str, *, decoder: bool) -> float:
    """1 where kernels are written for this very accelerator, as its maker does, else 0.

    Between them where a decoder's software is not known: most are now trained by such kernels.
    """
    makers = TUNED_BY_MAKER.get(software)
    if software == UNKNOWN:
        return UNKNOWN_TUNED_SHARE if decoder else 0.0
    return float(software in TUNED or (makers is not None and accelerator_id.startswith(makers)))


def recompute_share(row: Row) -> float:
    """1 where all activations are computed again, 0 where none is, NaN where it is not said.

    Source: MaxText's configs/base.yml sets `remat_policy: 'full'`,
    https://github.com/AI-Hypercomputer/maxtext
    """
    stated = row.get("activation_checkpointing", "").lower().removeprefix("remat_policy=")
    if stated in RECOMPUTES_NOTHING:
        return 0.0
    usual = not stated and "maxtext" in row.get("framework", "").lower()
    return 1.0 if usual or stated in RECOMPUTES_ALL else math.nan


def manner_of(
    row: Row, model: Model, accelerator_id: str, accelerator: Accelerator
) -> dict[str, float]:
    """Fields of a training step that the software decides."""
    software, year = usual_software(row, accelerator_id), year_of(row, accelerator)
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
        "tuned": tuned_share(software, accelerator_id, decoder=decoder),
        "unfused": float(unfused),
        "year": year,
    }
