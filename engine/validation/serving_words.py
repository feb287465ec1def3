"""What publishers of serving measurements call engines, number formats and settings."""

from __future__ import annotations

import re

ENGINES = (
    ("trt|tensorrt|optimum nvidia", "tensorrt-llm"),
    ("sglang", "sglang"),
    ("neuron", "neuron"),
    ("vllm|llmboost", "vllm"),
    ("llama.?cpp|ollama|lmstudio|lm studio|ctransformers|koboldcpp|hipfire", "llama.cpp"),
    ("exllama", "exllama"),
    ("mlx", "mlx"),
    ("mlc|ctranslate", "compiled"),
    ("deepspeed", "deepspeed"),
    ("transformers|pytorch|onnx|autogptq|autoawq|openvino", "eager"),
)
LAYERS_SPREAD = frozenset({"llama.cpp", "exllama", "eager", "mlx"})
"""Engines that spread layers over devices, so that one works at a time."""
FILLS_MEMORY = frozenset({"vllm", "sglang", "tensorrt-llm", "deepspeed"})
"""Engines that take most of the memory for the cache at start."""

FP4, MXFP4, FP8, INT8, WEIGHT_ONLY, SIXTEEN, FULL = (
    "fp4",
    "mxfp4",
    "fp8",
    "int8",
    "weight-only",
    "16-bit",
    "32-bit",
)
QUANT_EXTRA_BITS = (
    ("k_xl", 0.9),
    ("k_l", 0.8),
    ("k_m", 0.85),
    ("k_s", 0.55),
    ("k_p", 0.7),
    ("0", 0.5),
    ("xs", 0.3),
    ("xxs", 0.1),
    ("nl", 0.5),
    ("k", 0.6),
    ("m", 0.3),
    ("s", 0.3),
)
"""Bits per weight that the scales of a block format add to those in its name."""

TASK_INPUT_TOKENS = {
    "gpqa": 250.0,
    "lm-arena-chat": 150.0,
    "sourcegraph-fim": 700.0,
    "image-chat": 1000.0,
    "video-chat": 3000.0,
}
"""Mean prompt by task, where a publisher names only the task: our estimates, not published."""
MLPERF_TOKENS = (
    ("llama-?2-70b", 294.0, 294.0),
    ("llama-?3.1-8b", 778.0, 73.0),
    ("mixtral", 400.0, 145.0),
    ("deepseek", 800.0, 3886.0),
    ("405b", 9428.0, 684.0),
)
"""Mean input and output of MLPerf's data sets, by model; from general knowledge, not opened."""


def engine_class(text: str) -> str:
    """The engine a publisher means; `other` where it is none we know."""
    lower = text.lower()
    return next((name for pattern, name in ENGINES if re.search(pattern, lower)), "other")


def weight_format(text: str, model: str) -> tuple[float, str]:
    """Bits per weight, scales included, and the kind of format."""
    lower = text.lower()
    if not lower:
        return _unstated(model.lower())
    exact = re.search(r"([\d.]+) ?bpw", lower)
    if exact:
        return float(exact[1]), WEIGHT_ONLY
    return _float_format(lower) or _block_format(lower) or (4.5, WEIGHT_ONLY)


def _unstated(model: str) -> tuple[float, str]:
    if "gpt-oss" in model:
        return 4.25, MXFP4
    if re.search(r"deepseek-(v3|r1(?!-distill))|fp8", model):
        return 8.0, FP8
    return (4.5, FP4) if "fp4" in model else (16.0, SIXTEEN)


def _float_format(lower: str) -> tuple[float, str] | None:
    if "fp4" in lower:
        return (4.25, MXFP4) if "mx" in lower else (4.5, FP4)
    if "fp8" in lower:
        return 8.0, FP8
    if re.search(r"bf16|f16|fp16|float16", lower):
        return 16.0, SIXTEEN
    return (32.0, FULL) if re.search(r"fp32|float32|f32", lower) else None


def _block_format(lower: str) -> tuple[float, str] | None:
    block = re.search(r"i?q(\d)_(\w+)", lower)
    if block:
        extra = next((v for end, v in QUANT_EXTRA_BITS if block[2].startswith(end)), 0.5)
        return float(block[1]) + extra, WEIGHT_ONLY
    if "8" in lower:
        return 8.3, INT8
    if "4" in lower or re.search("awq|gptq|autoround", lower):
        return 4.3, WEIGHT_ONLY
    return None


def cache_bits(text: str, weights: str, engine: str) -> float:
    """Bits of a cached value: stated, else as the engine keeps it beside such weights."""
    lower = text.lower()
    if "8" in lower:
        return 8.0
    if re.search("q4|turbo", lower):
        return 4.5
    quantised = engine == "tensorrt-llm" and weights in (FP8, FP4)
    return 8.0 if not lower and quantised else 16.0


REWRITTEN = {"vllm": 2025.1}
"""Engines whose scheduler was written anew, and when.

Source: https://blog.vllm.ai/2025/01/27/v1-alpha-release.html
"""
BEFORE = "-before"


def at_the_time(engine: str, year: float) -> str:
    """An engine as it was then: what it was before a new scheduler is another engine."""
    return engine + BEFORE if year < REWRITTEN.get(engine, 0.0) else engine


SETTINGS = (
    ("closed-loop", "closed"),
    ("benchmark_serving", "closed"),
    ("steady-state", "steady"),
    ("first-token|prompt eval", "prompt"),
    ("batch 1|single", "single"),
    ("^(real time|batch)$", "static"),
    ("server|interactive", "server"),
)


def setting(scenario: str) -> str:
    """How a row's server is asked; `offline` where nothing says otherwise."""
    lower = scenario.lower()
    return next((name for pattern, name in SETTINGS if re.search(pattern, lower)), "offline")
