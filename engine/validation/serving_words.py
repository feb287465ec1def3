"""What publishers of serving measurements call engines, number formats and settings."""

from __future__ import annotations

import re

ENGINES = (
    (r"trt|tensorrt|optimum.nvidia|\bnim\b", "tensorrt-llm"),
    ("sglang", "sglang"),
    ("neuron", "neuron"),
    ("mlx", "mlx"),
    ("vllm|llmboost", "vllm"),
    (
        "llama.?cpp|llama-(server|cli|bench)|llamafile|gguf|ggml|ollama|lmstudio|lm studio"
        "|ctransformers|koboldcpp|hipfire",
        "llama.cpp",
    ),
    ("exllama", "exllama"),
    ("mlc|ctranslate|gpt-?fast|torch.?compile", "compiled"),
    ("deepspeed", "deepspeed"),
    ("habana|gaudi|hpu", "other"),
    ("transformers|pytorch|onnx|autogptq|autoawq|openvino|hugging.?face", "eager"),
)
LAYERS_SPREAD = frozenset({"llama.cpp", "exllama", "eager", "mlx"})
"""Engines that spread layers over devices, so that one works at a time."""
FOUR_BIT_UNLESS_TOLD = re.compile("ollama|lm ?studio")
"""Programs whose models come at about four bits unless asked for otherwise."""
FILLS_MEMORY = frozenset({"vllm", "sglang", "tensorrt-llm", "deepspeed"})
"""Engines that take most of the memory for the cache at start."""

FP4, MXFP4, FP8, INT8, WEIGHT_ONLY, CONVERTED, SIXTEEN, FULL = (
    "fp4",
    "mxfp4",
    "fp8",
    "int8",
    "weight-only",
    "converted",
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
DATA_SET_TOKENS = (
    ("sharegpt", 220.0, 200.0),
    ("sonnet", 550.0, 150.0),
)
"""Mean input and output of data sets that benchmarks draw from, as their harnesses count them.

Source: https://github.com/vllm-project/vllm/tree/main/benchmarks, ShareGPT counted by Qwen3
"""
MLPERF_TOKENS = (
    ("llama-?2-70b", 294.0, 294.0),
    ("llama-?3.1-8b", 778.0, 73.0),
    ("mixtral", 400.0, 145.0),
    ("deepseek", 800.0, 3886.0),
    ("405b", 9428.0, 684.0),
)
"""Mean input and output of MLPerf's data sets, by model; from general knowledge, not opened."""


SAYS_NOTHING = "auto|default|none|n/?a|native|original|unquantized|unquantised|mixed|dense"


SHIPPED_AT_FOUR_BITS = "gpt-?oss"
"""Models whose weights only exist at MXFP4: a format named beside them is of the arithmetic."""


def engine_class(text: str) -> str:
    """The engine a publisher means; `other` where it is none we know."""
    lower = text.lower()
    return next((name for pattern, name in ENGINES if re.search(pattern, lower)), "other")


def weight_format(text: str, model: str, engine: str = "") -> tuple[float, str]:
    """Bits per weight, scales included, and the kind of format.

    Where nothing is stated, as the model's name says or as the engine's models come.
    """
    lower = text.lower()
    if not lower or re.fullmatch(SAYS_NOTHING, lower):
        return _unstated(model.lower(), engine.lower())
    exact = re.search(r"([\d.]+) ?bpw", lower)
    if exact:
        return float(exact[1]), WEIGHT_ONLY
    if re.search(SHIPPED_AT_FOUR_BITS, model.lower()) and re.search("fp[48]", lower):
        return 4.25, MXFP4
    return _float_format(lower) or _block_format(lower) or (4.5, WEIGHT_ONLY)


def _unstated(model: str, engine: str) -> tuple[float, str]:
    if re.search(SHIPPED_AT_FOUR_BITS, model):
        return 4.25, MXFP4
    if re.search(r"deepseek[ -](v3|r1(?!-distill|[ :-]\d+\.?\d?b))|r1[ :-]671b|fp8", model):
        return 8.0, FP8
    if "fp4" in model:
        return 4.5, FP4
    named = re.search(r"\bi?q\d_\w+|int-?[48]|\b[2-8]-?bit|w[48]a\d+|awq|gptq|nf4", model)
    if named:
        return _block_format(named[0]) or (4.3, WEIGHT_ONLY)
    four = FOUR_BIT_UNLESS_TOLD.search(engine)
    return (4.85, WEIGHT_ONLY) if four else (16.0, SIXTEEN)


def _float_format(lower: str) -> tuple[float, str] | None:
    if "fp4" in lower:
        return (4.25, MXFP4) if "mx" in lower else (4.5, FP4)
    if "fp8" in lower:
        return 8.0, FP8
    if re.search(r"bf16|f16|fp16|float16|16.?bit|half", lower):
        return 16.0, SIXTEEN
    return (32.0, FULL) if re.search(r"fp32|float32|f32|32.?bit", lower) else None


def _block_format(lower: str) -> tuple[float, str] | None:
    block = re.search(r"i?q(\d)_(\w+)", lower)
    if block:
        extra = next((v for end, v in QUANT_EXTRA_BITS if block[2].startswith(end)), 0.5)
        return float(block[1]) + extra, WEIGHT_ONLY
    counted = re.search(r"w([2-7])a\d|(?:int|fp)([2-7])(?!\d)|(?<!\d)([2-7])[- ]?bit", lower)
    if counted:
        return float(next(filter(None, counted.groups()))) + 0.3, WEIGHT_ONLY
    if "8" in lower:
        return 8.3, INT8
    if "4" in lower or re.search("awq|gptq|autoround", lower):
        return 4.3, WEIGHT_ONLY
    return None


def is_converted_each_time(engine: str, said: str) -> bool:
    """Whether few bits are made 16 before each product, as bitsandbytes does.

    Formats with kernels of their own multiply as they are.
    Source: https://huggingface.co/docs/transformers/quantization/bitsandbytes
    """
    own_kernels = re.search("awq|gptq|marlin|exl|hqq|autoround|onnx|openvino", said.lower())
    return engine == "eager" and own_kernels is None


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


SINGLE, CLOSED, OFFLINE = "single", "closed", "offline"
SETTINGS = (
    ("closed-loop", CLOSED),
    ("benchmark_serving", CLOSED),
    ("steady-state", "steady"),
    (r"first-token|prompt eval|prompt processing|^prefill|prefill only|\bpp ?\d", "prompt"),
    (r"batch 1\b|single(?!.?(node|gpu|device|card|host|machine))", SINGLE),
    ("^(real time|batch)$", "static"),
    ("mlperf.*(server|interactive)", "server"),
    (r"static|offline|fixed batch|latency test|throughput test", OFFLINE),
    (r"batch[ -_]?size (of )?1\b|\bbs ?=? ?1\b|one user|\bchat\b", SINGLE),
    (r"decod|generation|eval rate|\btg ?\d", SINGLE),
    (r"concurren|\bserv|online|open.?loop|load test|virtual user", CLOSED),
)
"""How a row's words say that its server is asked; the first that fits."""


def setting(scenario: str, concurrency: float | None = None, engine: str = "") -> str:
    """How a row's server is asked.

    Where its words do not say: alone when one sequence runs, or none is named for a program
    that one person runs; else all at once.
    """
    lower = scenario.lower()
    named = next((name for pattern, name in SETTINGS if re.search(pattern, lower)), None)
    if named is not None:
        return named
    alone = engine in LAYERS_SPREAD if concurrency is None else concurrency == 1.0
    return SINGLE if alone else OFFLINE


def is_decoding_alone(scenario: str) -> bool:
    """Whether a rate is of writing alone, whatever the batch."""
    return re.search(r"(?<!spec-)decod|generation|\btg ?\d", scenario.lower()) is not None


def asks_in_nominal_lengths(scenario: str) -> bool:
    """Whether true lengths average below the stated ones, as InferenceX draws them."""
    return "closed-loop fixed concurrency" in scenario.lower()
