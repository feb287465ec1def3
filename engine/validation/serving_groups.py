"""What is left out together when a serving predictor is tested: a family, a device, a publisher."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from engine.validation.rows import Row
from engine.validation.serving_hardware import serving_device
from engine.validation.serving_shapes import plain_name

FAMILIES = (
    ("kimi", "kimi"),
    ("glm-?[45]", "glm"),
    (r"deepseek-?(v|r1(?!-distill))", "deepseek"),
    (r"qwen3\.?[56]|qwopus", "qwen3.5"),
    ("qwen", "qwen"),
    ("gpt-oss", "gpt-oss"),
    ("mixtral", "mixtral"),
    ("mistral|ministral", "mistral"),
    ("llama-?4", "llama-4"),
    ("gemma", "gemma"),
    ("nemotron", "nemotron"),
    ("gpt-?j", "gpt-j"),
    (r"llama.*3.*70b", "llama-3-70b"),
    (r"llama.*3", "llama-3"),
    (r"llama.*70b", "llama-2-70b"),
    ("llama", "llama"),
    (r"resnext|resnet", "resnet"),
    ("mobilenet", "mobilenet"),
    ("efficientnet", "efficientnet"),
    ("convnext", "convnext"),
    (r"vit[-_]|clip", "vit"),
    ("beit", "beit"),
    ("eva", "eva"),
    ("swin", "swin"),
    ("yolo", "yolo"),
    ("bert|electra", "bert"),
    ("vgg", "vgg"),
    ("densenet", "densenet"),
    ("pixart", "pixart"),
    ("sana", "sana"),
    ("cogvideo", "cogvideo"),
    ("stable-diffusion", "stable-diffusion"),
    ("hunyuan", "hunyuan"),
    ("wan2", "wan"),
    ("coatnet", "coatnet"),
    ("edgenext", "edgenext"),
    ("mixer", "mixer"),
    ("nfnet", "nfnet"),
    ("retinanet", "retinanet"),
)
PUBLISHERS = (
    ("trtllm", "nvidia-trtllm"),
    ("argonne", "argonne"),
    ("mlenergy", "mlenergy"),
    ("mlperf", "mlperf"),
    ("aws", "aws"),
)


def group(row: Row, left_out: str) -> str:
    """The group a row belongs to: by `model` family, `hardware` or `publisher`."""
    if left_out == "model":
        return family(row.get("model", ""))
    if left_out == "hardware":
        device = serving_device(row.get("hardware", ""))
        return device.id if device else row.get("hardware", "")
    source = row.get("source_key", "")
    return next((name for start, name in PUBLISHERS if source.startswith(start)), source)


def merged(groups: Sequence[str], most: int) -> list[str]:
    """The same groups joined until there are few of about equal size, so that fits are few.

    What is left out together only grows: no group is ever divided.
    """
    counts = Counter(groups)
    joined: dict[str, int] = {}
    sizes = [0] * min(most, len(counts))
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        smallest = sizes.index(min(sizes))
        sizes[smallest] += count
        joined[name] = smallest
    return [f"fold {joined[name]}" for name in groups]


def evenly(rows: Sequence[Row], most: int) -> list[Row]:
    """The rows with each source thinned to so many, evenly spread over its rows."""
    by_source: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_source[row.get("source_key", "")].append(row)
    kept = []
    for of_source in by_source.values():
        step = max(len(of_source) / most, 1.0)
        kept += [of_source[int(i * step)] for i in range(min(len(of_source), most))]
    return kept


def family(model: str) -> str:
    """The family a model's name says it is of; one group for all that are of none."""
    plain = plain_name(model)
    return next((name for pattern, name in FAMILIES if re.search(pattern, plain)), "other")
