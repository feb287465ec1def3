"""Which accelerator of the catalogue a row means by its hardware's name, and how many of it."""

from __future__ import annotations

import re
from functools import cache

from engine import catalogue
from engine.catalogue.schema import Accelerator
from engine.validation.rows import Row

FAMILIES = {
    "a100": "a100-sxm-80gb",
    "a100 pcie": "a100-pcie-80gb",
    "a800": "a100-sxm-80gb",
    "a6000": "rtx-a6000",
    "rtx6000 ada": "rtx-6000-ada",
    "6000 ada": "rtx-6000-ada",
    "rtx pro6000": "rtx-pro-6000-server",
    "rtx 6000 pro": "rtx-pro-6000-server",
    "6000 pro max q": "rtx-pro-6000-max-q",
    "6000 pro blackwell max q": "rtx-pro-6000-max-q",
    "pro 6000 max q": "rtx-pro-6000-max-q",
    "pro 6000 blackwell max q": "rtx-pro-6000-max-q",
    "3090": "rtx-3090",
    "4090": "rtx-4090",
    "5090": "rtx-5090",
    "ascend": "ascend-910b2",
    "ascend910": "ascend-910b2",
    "910b": "ascend-910b2",
    "910c": "ascend-910c",
    "b100": "b100-sxm",
    "b200": "b200-sxm",
    "b300": "b300-sxm",
    "gh200": "gh200-96gb",
    "h100": "h100-sxm",
    "h200": "h200-sxm",
    "h800": "h800-sxm",
    "hl225": "gaudi2",
    "hl325": "gaudi3",
    "max1550": "max-1550",
    "ponte vecchio": "max-1550",
    "pvc": "max-1550",
    "mi250": "mi250x",
    "mi300": "mi300x",
    "mi350": "mi350x",
    "mi355": "mi355x",
    "p100": "p100-sxm2-16gb",
    "trainium": "trainium1",
    "trn1": "trainium1",
    "trn2": "trainium2",
    "trn3": "trainium3",
    "inf1": "inferentia1",
    "inf2": "inferentia2",
    "ironwood": "tpu-v7",
    "tpu7x": "tpu-v7",
    "trillium": "tpu-v6e",
    "v5litepod": "tpu-v5e",
    "tpu v5lite": "tpu-v5e",
    "v5e": "tpu-v5e",
    "v5p": "tpu-v5p",
    "v6e": "tpu-v6e",
    "v100": "v100-sxm2-16gb",
    "dgx1": "v100-sxm2-16gb",
    "dgx2": "v100-sxm2-32gb",
}
"""Names that are not an id of the catalogue, with the part sold most where several bear them."""
INSTANCES = {
    "p3dn": "v100-sxm2-32gb",
    "p3": "v100-sxm2-16gb",
    "p4de": "a100-sxm-80gb",
    "p4d": "a100-sxm-40gb",
    "p5": "h100-sxm",
    "p5e": "h200-sxm",
    "p5en": "h200-sxm",
    "p6-b200": "b200-sxm",
    "g4dn": "t4",
    "g5": "a10g",
    "g6": "l4",
    "g6e": "l40s",
    "trn1n": "trainium1",
    "a2-highgpu": "a100-sxm-40gb",
    "a2-megagpu": "a100-sxm-40gb",
    "a2-ultragpu": "a100-sxm-80gb",
    "a3-highgpu": "h100-sxm",
    "a3-megagpu": "h100-sxm",
    "a3-ultragpu": "h200-sxm",
    "a4-highgpu": "b200-sxm",
    "a4x-highgpu": "gb200",
    "nd96asr": "a100-sxm-40gb",
    "nd96amsr": "a100-sxm-80gb",
}
"""What clouds call machines with these accelerators.

Source: https://aws.amazon.com/ec2/instance-types/, https://cloud.google.com/compute/docs/gpus,
https://learn.microsoft.com/azure/virtual-machines/sizes/gpu-accelerated/; from general
knowledge of these pages.
"""
INSTANCE = re.compile(rf"(?<![a-z0-9-])(?:{'|'.join(sorted(INSTANCES, reverse=True))})(?=[._-])")
FORMS = ("pcie", "sxm", "nvl")
UNCATALOGUED = re.compile(r"\biluvatar\b|\bbi-v\d|\bgcd\b|\b910a\b")
"""Parts that share a number with another's: a BI-V100 is no V100, a GCD is half an MI250X."""
COUNT = re.compile(r"(?<![a-z0-9.])(\d+)\s*(?:[x×*]\s*(?=[a-z0-9])|(?=\s[a-z]+\d))")
MEMORY = re.compile(r"(?<!\d)(\d+)\s*g(?:i?b)?(?![a-z])")
SLICE = re.compile(r"(?<![a-z0-9])v([23457])-\d+(?!\d)")
PART = re.compile(r"[a-z]+|\d+")


def accelerator_of(row: Row) -> tuple[str, Accelerator] | None:
    """Id and facts of what a row names in `hw_norm`, else in `hardware`; None where nothing.

    Of parts that share the name in `hw_norm` it is the one whose memory `hardware` tells.
    """
    short, full = row.get("hw_norm", ""), row.get("hardware", "")
    if UNCATALOGUED.search(full.lower()):
        return None
    found, in_full = accelerator_id(short), accelerator_id(full)
    if found and in_full and found.split("-")[0] == in_full.split("-")[0]:
        found = accelerator_id(f"{short} {full}")
    found = found or in_full
    return (found, catalogue.accelerator(found)) if found else None


@cache
def accelerator_id(name: str) -> str | None:
    """The catalogue's id for a hardware name, however it is spelt; the longest match wins."""
    lower = SLICE.sub(r"tpu v\1", COUNT.sub("", name.lower()))
    if UNCATALOGUED.search(lower):
        return None
    instance = instance_accelerator_id(lower)
    if instance:
        return instance
    for pattern, found in _patterns():
        if pattern.search(lower):
            return _variant(found, lower)
    return None


def instance_accelerator_id(name: str) -> str | None:
    """The accelerator in a cloud's machine of this name; None for other names."""
    found = INSTANCE.search(name.lower())
    return INSTANCES[found[0]] if found else None


def device_count(hardware: str) -> float | None:
    """How many a hardware's name says there are, as in `8x A100`; None where it does not.

    Nor where it counts those of one node, and there may be more.
    """
    return None if accelerator_id(hardware) is None else named_count(hardware)


def named_count(hardware: str) -> float | None:
    """The same of parts that need not be of the catalogue."""
    found = COUNT.search(hardware.lower())
    return None if found is None or "node" in hardware.lower() else float(found[1])


def _variant(found: str, text: str) -> str:
    """Of the parts that bear the same name, the one whose form and memory are also named."""
    family = found.split("-")[0]
    memory = MEMORY.search(text)
    words = [form for form in FORMS if form in text] + ([f"{memory[1]}gb"] if memory else [])
    parts = [known for known in catalogue.accelerators() if known.split("-")[0] == family]
    if family not in text or family in ("rtx", "tpu", "ascend") or not parts:
        return found

    def said(known: str) -> tuple[int, bool, bool]:
        alike = any(form in known and form in found for form in FORMS)
        return sum(word in known for word in words), known == found, alike

    return max(parts, key=said)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Names as patterns that allow anything between letters and digits, longest first."""
    named = {known.replace("-", " "): known for known in catalogue.accelerators()} | FAMILIES
    return tuple(
        (_pattern(name), named[name]) for name in sorted(named, key=lambda n: (-len(n), n))
    )


def _pattern(name: str) -> re.Pattern[str]:
    between = r"[\s_\-./]*".join(PART.findall(name))
    return re.compile(rf"(?<![a-z0-9]){between}(?!\d)")
