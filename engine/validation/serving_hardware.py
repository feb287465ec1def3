"""The device a row of serving measurements names, in its publisher's words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from engine import catalogue
from engine.catalogue import loading
from engine.catalogue.schema import Accelerator
from engine.units import BYTES_PER_GB, TERA
from engine.validation.accelerator_names import instance_accelerator_id

CATALOGUED = (
    (r"gb300", "gb300", "blackwell"),
    (r"gb200", "gb200", "blackwell"),
    (r"b300", "b300-sxm", "blackwell"),
    (r"b200", "b200-sxm", "blackwell"),
    (r"b100\b", "b100-sxm", "blackwell"),
    (r"gh200.*(144|141)", "gh200-141gb", "hopper"),
    (r"gh200", "gh200-96gb", "hopper"),
    (r"h200", "h200-sxm", "hopper"),
    (r"h100.*pcie", "h100-pcie", "hopper"),
    (r"h100.*nvl\b", "h100-nvl", "hopper"),
    (r"h100", "h100-sxm", "hopper"),
    (r"h20\b", "h20", "hopper"),
    (r"h800", "h800-sxm", "hopper"),
    (r"a800.*pcie", "a100-pcie-80gb", "ampere"),
    (r"a800", "a100-sxm-80gb", "ampere"),
    (r"a100.*pcie.*40", "a100-pcie-40gb", "ampere"),
    (r"a100.*pcie", "a100-pcie-80gb", "ampere"),
    (r"a100.*40", "a100-sxm-40gb", "ampere"),
    (r"a100", "a100-sxm-80gb", "ampere"),
    (r"l40s", "l40s", "ada"),
    (r"\bl40\b", "l40", "ada"),
    (r"\bl4\b|l4-pcie", "l4", "ada"),
    (r"a10g", "a10g", "ampere"),
    (r"\ba10\b", "a10", "ampere"),
    (r"\ba30\b", "a30", "ampere"),
    (r"\ba40\b", "a40", "ampere"),
    (r"6000 ada", "rtx-6000-ada", "ada"),
    (r"(pro[ -]?6000|6000[ -]pro).*max-?q", "rtx-pro-6000-max-q", "blackwell"),
    (r"pro[ -]?6000|6000[ -]pro", "rtx-pro-6000-server", "blackwell"),
    (r"a6000", "rtx-a6000", "ampere"),
    (r"5090", "rtx-5090", "blackwell"),
    (r"4090", "rtx-4090", "ada"),
    (r"3090", "rtx-3090", "ampere"),
    (r"\bt4\b", "t4", "volta"),
    (r"v100.*16", "v100-sxm2-16gb", "volta"),
    (r"v100", "v100-sxm2-32gb", "volta"),
    (r"p100.*pcie", "p100-pcie-16gb", "pascal"),
    (r"p100", "p100-sxm2-16gb", "pascal"),
    (r"gb10|spark", "dgx-spark-gb10", "blackwell"),
    (r"orin", "jetson-agx-orin-64gb", "ampere"),
    (r"mi355", "mi355x", "cdna"),
    (r"mi350", "mi350x", "cdna"),
    (r"mi325", "mi325x", "cdna"),
    (r"mi300", "mi300x", "cdna"),
    (r"mi250", "mi250x", "cdna"),
    (r"max 1550|pvc", "max-1550", "intel"),
    (r"gaudi ?3", "gaudi3", "intel"),
    (r"gaudi ?2", "gaudi2", "intel"),
    (r"tpu.*v7|ironwood", "tpu-v7", "tpu"),
    (r"v6e|trillium", "tpu-v6e", "tpu"),
    (r"v5e|v5 ?lite", "tpu-v5e", "tpu"),
    (r"v5p", "tpu-v5p", "tpu"),
    (r"tpu.*v4", "tpu-v4", "tpu"),
    (r"tpu.*v3", "tpu-v3", "tpu"),
    (r"tpu.*v2", "tpu-v2", "tpu"),
    (r"ascend.*910c", "ascend-910c", "ascend"),
    (r"ascend|910b", "ascend-910b2", "ascend"),
    (r"mlu370", "mlu370-x8", "mlu"),
    (r"m3.*max", "m3-max", "apple"),
    (r"m2.*ultra", "m2-ultra", "apple"),
    (r"m2.*max", "m2-max", "apple"),
    (r"m1.*max", "m1-max", "apple"),
    (r"inf2", "inferentia2", "neuron"),
    (r"inf1", "inferentia1", "neuron"),
    (r"trn2", "trainium2", "neuron"),
    (r"trn1", "trainium1", "neuron"),
    (r"6980p|6787p", "xeon-6980p", "cpu"),
    (r"8480", "xeon-8480plus", "cpu"),
    (r"8592", "xeon-8592plus", "cpu"),
    (r"9654", "epyc-9654", "cpu"),
)
"""What a name must match, the accelerator it is, and its generation."""
GENERATIONS = {accelerator_id: generation for _, accelerator_id, generation in CATALOGUED}

AWS_CHIP_COUNT = {
    ("inf2", "xlarge"): 1,
    ("inf2", "8xlarge"): 1,
    ("inf2", "24xlarge"): 6,
    ("inf2", "48xlarge"): 12,
    ("trn1", "2xlarge"): 1,
    ("trn1", "32xlarge"): 16,
}
BINARY_MEMORY_RATIO = 1.068
"""Memory sold as 80 GB is 80 GiB less what the device keeps; checking cards keep a sixteenth."""
CHECKED_MEMORY_RATIO = 1.005
CHECKED = frozenset(["l40s", "l40", "a40", "l4", "a10", "a10g", "rtx-a6000", "rtx-6000-ada"])
HOST_LINK_BYTES_PER_S = 64e9
HOST_MEMORY_BYTES = 5e11
EIGHT_BIT = frozenset({"ada", "hopper", "blackwell"})
APPLE_CHIPS = frozenset({"m1", "m2", "m3", "m4", "m5"})
"""Names that larger chips of the same year begin with."""


@dataclass(frozen=True, slots=True)
class ServingDevice:
    """One accelerator or processor as serving software finds it."""

    id: str
    generation: str
    memory_bytes: float
    bandwidth_bytes_per_s: float
    link_bytes_per_s: float
    fp16_flop_per_s: float
    fp32_flop_per_s: float
    """Without matrix units."""
    fp8_flop_per_s: float | None
    fp4_flop_per_s: float | None
    int8_op_per_s: float
    tdp_w: float | None


@cache
def serving_device(name: str) -> ServingDevice | None:
    """The device a name means; None where it is not known."""
    text = name.lower()
    for row in sorted(_small_devices(), key=lambda r: -len(r["name_pattern"])):
        if re.search(rf"(?<![a-z\d])(?:{row['name_pattern']})", text) and not _is_other(row, text):
            return _small(row)
    for pattern, accelerator_id, generation in CATALOGUED:
        if re.search(pattern, text):
            return _catalogued(accelerator_id, generation)
    found = instance_accelerator_id(text)
    return _catalogued(found, GENERATIONS[found]) if found else None


def aws_chip_count(name: str) -> int | None:
    """Chips of an AWS instance of Inferentia or Trainium; None for other names."""
    found = re.search(r"\b(inf2|trn1)\.(\d*xlarge)", name.lower())
    return AWS_CHIP_COUNT.get((found[1], found[2])) if found else None


def _small_devices() -> tuple[dict[str, str], ...]:
    return loading.csv_rows("serving_devices.csv")


def _is_other(row: dict[str, str], text: str) -> bool:
    return row["id"] in APPLE_CHIPS and re.search("max|pro|ultra", text) is not None


def _small(row: dict[str, str]) -> ServingDevice:
    fp16 = float(row["fp16_dense_tflops"]) * TERA
    generation = row["generation"]
    # The printed rate of a processor is at 32 bits: four 8-bit numbers fit where one of these does.
    is_processor = generation == "cpu"
    return ServingDevice(
        id=row["id"],
        generation=generation,
        memory_bytes=float(row["memory_gb"]) * BYTES_PER_GB * BINARY_MEMORY_RATIO,
        bandwidth_bytes_per_s=float(row["bandwidth_gb_per_s"]) * BYTES_PER_GB,
        link_bytes_per_s=HOST_LINK_BYTES_PER_S,
        fp16_flop_per_s=fp16,
        fp32_flop_per_s=fp16 if is_processor else fp16 / 2,
        fp8_flop_per_s=2 * fp16 if generation in EIGHT_BIT else None,
        fp4_flop_per_s=None,
        int8_op_per_s=(4 if is_processor else 2) * fp16,
        tdp_w=float(row["tdp_w"]) if row.get("tdp_w") else None,
    )


def _catalogued(accelerator_id: str, generation: str) -> ServingDevice | None:
    a = catalogue.accelerator(accelerator_id)
    fp16 = a.peak_flop_per_s("fp16") or a.peak_flop_per_s("bf16") or a.peak_flop_per_s("fp32")
    if fp16 is None or a.bandwidth_bytes_per_s is None:
        return None
    ratio = CHECKED_MEMORY_RATIO if accelerator_id in CHECKED else BINARY_MEMORY_RATIO
    return ServingDevice(
        id=accelerator_id,
        generation=generation,
        memory_bytes=(a.memory_bytes or HOST_MEMORY_BYTES) * ratio,
        bandwidth_bytes_per_s=a.bandwidth_bytes_per_s,
        link_bytes_per_s=_link(a),
        fp16_flop_per_s=fp16,
        fp32_flop_per_s=a.peak_flop_per_s("fp32") or fp16 / 2,
        fp8_flop_per_s=a.peak_flop_per_s("fp8"),
        fp4_flop_per_s=a.peak_flop_per_s("fp4"),
        int8_op_per_s=a.peak_flop_per_s("int8") or 2 * fp16,
        tdp_w=a.tdp_w.value if a.tdp_w else None,
    )


def _link(a: Accelerator) -> float:
    if a.interconnect_gb_per_s is None:
        return HOST_LINK_BYTES_PER_S
    return a.interconnect_gb_per_s.value * BYTES_PER_GB
