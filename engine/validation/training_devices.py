"""The devices of a training row: peaks and bandwidth as a training step needs them."""

from __future__ import annotations

from collections.abc import Sequence

from engine.catalogue.schema import Accelerator
from engine.projection.throughput_devices import achievable_share
from engine.units import TERA
from engine.validation.training_models import ImpossibleError

PEAK_TFLOPS = {"ascend-910b2": 320.0}
"""Where rows name only the family, and the part sold most is slower than the catalogue's."""


def speed_of(accelerator_id: str, accelerator: Accelerator, precision: str) -> dict[str, float]:
    """Fields of a training step that peaks and memory bandwidth decide.

    Raises:
        ImpossibleError: no peak, or no memory bandwidth, is known.
    """
    base = PEAK_TFLOPS.get(accelerator_id) or _first(accelerator, ("bf16", "fp16"))
    # Where there is TF32, training software of these tables uses it for what it calls FP32.
    single = _first(accelerator, ("tf32", "fp32"))
    wide = precision in ("tf32", "fp32")
    peak = (single or (base or 0.0) / 8) if wide else base
    if not peak or accelerator.bandwidth_bytes_per_s is None:
        raise ImpossibleError(f"no peak or no memory bandwidth is known for {accelerator.name}")
    low = _first(accelerator, {"fp8": ("fp8",), "fp4": ("fp4", "fp8")}.get(precision, ()))
    return {
        "peak_flop_per_s": peak * TERA,
        "low_bit_ratio": (low or peak) / peak,
        "eight_bit": float(precision == "fp8"),
        "four_bit": float(precision == "fp4"),
        "wide": float(wide),
        "modern_low_bit": float(accelerator.fp4_dense_tflops is not None),
        "achievable_share": achievable_share(accelerator_id),
        "bandwidth_bytes_per_s": accelerator.bandwidth_bytes_per_s,
    }


def _first(accelerator: Accelerator, formats: Sequence[str]) -> float | None:
    facts = (getattr(accelerator, f"{name}_dense_tflops") for name in formats)
    return next((fact.value for fact in facts if fact is not None), None)
