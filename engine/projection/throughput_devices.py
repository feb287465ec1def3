"""What a training step needs to know of an accelerator beside its peak."""

from __future__ import annotations

from functools import cache

from engine import catalogue
from engine.catalogue.schema import Accelerator, Fact
from engine.units import BYTES_PER_GB

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
USUAL_SCALE_UP_COUNT = 8.0
USUAL_MEMORY_GB = 32.0


def value_of(fact: Fact | None) -> float | None:
    """The number of a fact, where there is one."""
    return None if fact is None else fact.value


def achievable_share(accelerator_id: str) -> float:
    """Of the dense 16-bit peak, by the best large matrix product anyone measured."""
    return ACHIEVABLE_SHARE.get(accelerator_id, USUAL_ACHIEVABLE_SHARE)


def links_of(accelerator: Accelerator) -> dict[str, float]:
    """Fields of a training step that memory size and the interconnect decide."""
    joined = value_of(accelerator.scale_up_device_count) or USUAL_SCALE_UP_COUNT
    printed = value_of(accelerator.interconnect_gb_per_s)
    usual = LINK_BYTES_PER_S if joined > 1 else UNJOINED_LINK_BYTES_PER_S
    return {
        "memory_bytes": accelerator.memory_bytes or USUAL_MEMORY_GB * BYTES_PER_GB,
        "link_bytes_per_s": printed * BYTES_PER_GB if printed else usual,
        "scale_up_device_count": joined,
    }


@cache
def device_fields(accelerator_id: str, precision: str) -> dict[str, float] | None:
    """Fields of a training step that the accelerator and the precision decide.

    None where neither a 16-bit (or, for `fp32`, 32-bit) peak nor the bandwidth is printed.
    """
    accelerator = catalogue.accelerator(accelerator_id)
    wide = precision == "fp32"
    order = ("fp32", "tf32") if wide else ("bf16", "fp16", "fp32")
    peaks = (accelerator.peak_flop_per_s(name) for name in order)  # type: ignore[arg-type]
    peak = next((found for found in peaks if found), None)
    if peak is None or accelerator.bandwidth_bytes_per_s is None:
        return None
    low = accelerator.peak_flop_per_s("fp8") if precision == "fp8" else None
    return {
        "peak_flop_per_s": peak,
        "low_bit_ratio": (low or peak) / peak,
        "eight_bit": float(precision == "fp8" and low is not None),
        "four_bit": 0.0,
        "wide": float(wide),
        "modern_low_bit": float(accelerator.fp4_dense_tflops is not None),
        "achievable_share": achievable_share(accelerator_id),
        "bandwidth_bytes_per_s": accelerator.bandwidth_bytes_per_s,
        **links_of(accelerator),
    }
