"""The devices of a training row: peaks, bandwidth and links as a training step needs them."""

from __future__ import annotations

from collections.abc import Sequence

from engine.catalogue.schema import Accelerator, Fact
from engine.units import BYTES_PER_GB, TERA
from engine.validation.training_models import ImpossibleError

PEAK_TFLOPS = {"ascend-910b2": 320.0}
"""Where rows name only the family, and the part sold most is slower than the catalogue's."""
ACHIEVABLE_SHARE = {
    "a100-sxm-80gb": 0.859,
    "a100-sxm-40gb": 0.859,
    "a100-pcie-80gb": 0.822,
    "gh200-96gb": 0.830,
    "h100-sxm": 0.801,
    "h200-sxm": 0.803,
    "b200-sxm": 0.776,
    "mi250x": 0.767,
    "mi300x": 0.601,
    "mi325x": 0.601,
    "mi350x": 0.601,
    "mi355x": 0.601,
}
"""Best 16-bit matrix product over dense peak; newer AMD parts as the MI300X.

Source: S. Bekman, ml-engineering, compute/accelerator, maximum achievable matmul FLOPS,
https://github.com/stas00/ml-engineering
"""
USUAL_ACHIEVABLE_SHARE = 0.80
LINK_BYTES_PER_S = 400e9
"""Where devices are joined and no interconnect is printed."""
UNJOINED_LINK_BYTES_PER_S = 64e9


def _value(fact: Fact | None) -> float | None:
    return None if fact is None else fact.value


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
        "achievable_share": ACHIEVABLE_SHARE.get(accelerator_id, USUAL_ACHIEVABLE_SHARE),
        "bandwidth_bytes_per_s": accelerator.bandwidth_bytes_per_s,
    }


def _first(accelerator: Accelerator, formats: Sequence[str]) -> float | None:
    facts = (getattr(accelerator, f"{name}_dense_tflops") for name in formats)
    return next((fact.value for fact in facts if fact is not None), None)


def links_of(accelerator: Accelerator) -> dict[str, float]:
    """Fields of a training step that memory size and the interconnect decide."""
    joined = _value(accelerator.scale_up_device_count) or 8.0
    printed = _value(accelerator.interconnect_gb_per_s)
    usual = LINK_BYTES_PER_S if joined > 1 else UNJOINED_LINK_BYTES_PER_S
    return {
        "memory_bytes": accelerator.memory_bytes or 32 * BYTES_PER_GB,
        "link_bytes_per_s": printed * BYTES_PER_GB if printed else usual,
        "scale_up_device_count": joined,
    }
