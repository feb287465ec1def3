"""From tokens a second to every answer column of a training table, and back.

What a published FLOP count holds differs: attention as if nothing were masked until 2025, as
masked since; hardware FLOP with activations computed again; shares of the 8-bit or the 16-bit
peak. Tokens, samples and seconds leave no choice, so fits use those where they are printed.
"""

from __future__ import annotations

from engine.units import TERA
from engine.validation.rows import Row, published
from engine.validation.training_inputs import TrainingInputs
from engine.validation.training_software import RECURRENT

RECOMPUTED_RATIO = 4.0 / 3.0
MASKED_SINCE_YEAR = 2025.0
UNMASKED_COUNT = ("nemo", "composer", "jax", "c", "torch")
"""Software whose tables count attention as if nothing were masked, before the year above."""
LOW_BIT_PEAK = ("nemo", "composer")
"""Software whose tables divide 8-bit work by the 8-bit peak."""
PERCENT = 100.0


def sample_tokens(inputs: TrainingInputs) -> float:
    """Tokens in what the row calls a sample; Transformer-XL tables count tokens."""
    return 1.0 if inputs.model.shape_id.startswith(RECURRENT) else inputs.step_sequence


def counted_flop_per_token(inputs: TrainingInputs) -> float:
    """Model FLOP of one token as the publisher counts it."""
    masked = inputs.software not in UNMASKED_COUNT or (
        inputs.software == "jax" and inputs.year >= MASKED_SINCE_YEAR + 0.5
    )
    attention = inputs.model.attention_flop_per_token
    return inputs.flop_per_token + (0.0 if masked or not inputs.model.is_causal else attention)


def hardware_flop_per_token(inputs: TrainingInputs) -> float:
    """FLOP of one token with activations computed again where they are, attention unmasked."""
    attention = inputs.model.attention_flop_per_token * (1.0 if inputs.model.is_causal else 0.0)
    again = RECOMPUTED_RATIO if inputs.recomputes else 1.0
    return (inputs.flop_per_token + attention) * again


def answers(inputs: TrainingInputs, tokens_per_s: float) -> dict[str, float]:
    """Every answer column that follows from tokens a second on one device."""
    found = {
        "tokens_per_s_per_device": tokens_per_s,
        "model_tflops_per_device": tokens_per_s * counted_flop_per_token(inputs) / TERA,
        "hw_tflops_per_device": tokens_per_s * hardware_flop_per_token(inputs) / TERA,
    }
    peak_tflops = inputs.counted_peak_flop_per_s(LOW_BIT_PEAK) / TERA
    found["mfu"] = found["model_tflops_per_device"] / peak_tflops * PERCENT
    found["hfu"] = found["hw_tflops_per_device"] / peak_tflops * PERCENT
    if inputs.is_device_count_known:
        found["samples_per_s"] = tokens_per_s * inputs.device_count / sample_tokens(inputs)
    if inputs.global_batch_sequences and inputs.is_device_count_known:
        tokens = inputs.global_batch_sequences * inputs.step_sequence
        found["step_time_s"] = tokens / (tokens_per_s * inputs.device_count)
    return found


FIT_ORDER = (
    "tokens_per_s_per_device",
    "step_time_s",
    "samples_per_s",
    "model_tflops_per_device",
    "hw_tflops_per_device",
)
"""Which answer of a row to fit and to score on, surest first."""


def published_tokens_per_s(row: Row, inputs: TrainingInputs) -> float | None:
    """Tokens a second on one device, from the surest answer a row prints."""
    unit = answers(inputs, 1.0)
    for answer in FIT_ORDER:
        value = published(row, answer)
        if value is not None and answer in unit:
            inverse = answer == "step_time_s"
            return unit[answer] / value if inverse else value / unit[answer]
    return None
