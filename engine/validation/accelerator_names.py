"""Which accelerator of the catalogue a row means by its hardware's name."""

from __future__ import annotations

import re
from functools import cache

from engine import catalogue
from engine.catalogue.schema import Accelerator
from engine.validation.rows import Row

BY_NAME = {
    "a100": "a100-sxm-80gb",
    "a10080gb": "a100-sxm-80gb",
    "a10040gb": "a100-sxm-40gb",
    "a100pcie": "a100-pcie-80gb",
    "a10080gbpcie": "a100-pcie-80gb",
    "a800": "a100-sxm-80gb",
    "ascend": "ascend-910b2",
    "ascend910b": "ascend-910b2",
    "b100": "b100-sxm",
    "b200": "b200-sxm",
    "b300": "b300-sxm",
    "gaudi2d": "gaudi2",
    "gh200": "gh200-96gb",
    "h100": "h100-sxm",
    "h100nvl": "h100-nvl",
    "h10080gbpcie": "h100-pcie",
    "h200": "h200-sxm",
    "h800": "h800-sxm",
    "mi250": "mi250x",
    "p100": "p100-sxm2-16gb",
    "rtx6000ada": "rtx-6000-ada",
    "trainium": "trainium1",
    "trn1": "trainium1",
    "trn2": "trainium2",
    "ironwood": "tpu-v7",
    "trillium": "tpu-v6e",
    "v100": "v100-sxm2-16gb",
    "v10016gb": "v100-sxm2-16gb",
    "v10032gb": "v100-sxm2-32gb",
}
"""Names that are not an id of the catalogue; a name without a form factor means the SXM part."""
MAKERS = re.compile(r"nvidia|amd|intel|google|huawei|aws|tesla|geforce|instinct|habana|dgx|hgx")
UNCATALOGUED = re.compile(r"\biluvatar\b|\bbi-v\d")
"""Makers whose parts share a number with another's: a BI-V100 is no V100."""
COUNT = re.compile(r"^\s*\d+\s*x\s+")
MEMORY = re.compile(r"[\s_-]\d+\s*gb")
NOISE = re.compile(r"[^a-z0-9]")


def accelerator_of(row: Row) -> tuple[str, Accelerator] | None:
    """Id and facts of what a row names in `hw_norm`, else in `hardware`; None where nothing."""
    if UNCATALOGUED.search(row.get("hardware", "").lower()):
        return None
    for column in ("hw_norm", "hardware"):
        found = accelerator_id(row.get(column, ""))
        if found:
            return found, catalogue.accelerator(found)
    return None


@cache
def accelerator_id(name: str) -> str | None:
    """The catalogue's id for a hardware name, however it is spelt; the longest match wins."""
    lower = COUNT.sub("", MAKERS.sub("", name.lower()))
    known = _known_names()
    for text in (NOISE.sub("", lower), NOISE.sub("", MEMORY.sub("", lower))):
        if text in known:
            return known[text]
        inside = [key for key in known if len(key) > 1 and _is_inside(key, text)]
        if inside:
            return known[max(inside, key=len)]
    return None


def _is_inside(key: str, text: str) -> bool:
    start = text.find(key)
    after = text[start + len(key) : start + len(key) + 1]
    before = text[start - 1 : start] if start > 0 else ""
    return start >= 0 and not before.isalnum() and not (key[-1].isdigit() and after.isdigit())


@cache
def _known_names() -> dict[str, str]:
    return {NOISE.sub("", known): known for known in catalogue.accelerators()} | BY_NAME
