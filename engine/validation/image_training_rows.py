"""Rows of image-network training as arrays: which network, which device, which batch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from engine.catalogue.schema import Accelerator
from engine.projection.image_speed import DEVICE, FORMAT, SOFTWARE, network, networks, step_of
from engine.projection.image_step import USUAL_BATCH_COUNT, ImageStep
from engine.validation.accelerator_names import accelerator_of
from engine.validation.rows import Row, is_nvidia_example, number
from engine.validation.training_devices import speed_of
from engine.validation.training_models import ImpossibleError
from engine.validation.training_plans import stated_device_count
from engine.validation.training_software import precision_of

DOMAINS = ("vision", "other")
SOFTWARE_NAMES = (
    ("timm", "timm"),
    ("ngc", "ngc"),
    ("mxnet", "mxnet"),
    ("tensorflow", "tensorflow"),
    ("paddle", "paddle"),
)
CHANNELS_LAST = ("mxnet", "tensorflow", "paddle")
"""Software whose benchmarks keep channels last at 16 bits, as matrix units want them."""
JOINING = ("mxnet", "paddle")
"""Of these, the ones whose benchmarks add and activate within the kernel that normalises.

Source: `fuse_bn_relu` and `fuse_bn_add_relu`, on at 16 bits, in
https://github.com/NVIDIA/DeepLearningExamples/tree/master/MxNet/Classification/RN50v1.5;
`fuse_bn_add_act_ops` in its Paddle twin.
"""
JOINED_OUTPUTS_PER_PRODUCT = 2.0
"""Numbers written for each that a convolution writes: by it, and by that kernel."""
SIZES = {"t": "tiny", "ti": "tiny", "s": "small", "b": "base", "l": "large"}
SIZE = r"(tiny|small|base|large|xlarge|ti|t|s|b|l)(?![a-z])"
ALIASES = (
    (r"ssd300|^detectionssd$", "ssd300_resnet50"),
    (r"ssd|rcnn|retinanet|yolo|detr|fpn|deeplab|unet", ""),
    (r"wideresnet(50|101)", r"wide_resnet\1_2"),
    (r"se-?resnext(50|101)", r"seresnext\1_32x4d"),
    (r"resnext(50|101)(32x[48]d|32x16d|64x4d)", r"resnext\1_\2"),
    (r"resnext(50|101)", r"resnext\1_32x4d"),
    (r"inceptionresnetv2", "inception_resnet_v2"),
    (r"seresnet(18|34|50|101|152)", r"seresnet\1"),
    (r"ecaresnet|skresnet|resnetv2|nfresnet|resnest", ""),
    (r"resnet(18|34|50|101|152)(?:vd|d)(?![a-z])", r"resnet\1d"),
    (r"(?:resnet|rn)(18|34|50|101|152|200)", r"resnet\1"),
    (r"mobilenetv2", "mobilenetv2_100"),
    (r"mobilenetv3(large|small)", r"mobilenetv3_\1_100"),
    (r"efficientnetv2(s|m|l|xl)(?![a-z])", r"efficientnetv2_\1"),
    (r"efficientnet(b\d)", r"efficientnet_\1"),
    (r"densenet(121|161|169|201)", r"densenet\1"),
    (r"vgg(11|13|16|19)bn", r"vgg\1_bn"),
    (r"vgg(11|13|16|19)", r"vgg\1"),
    (r"inceptionv([34])", r"inception_v\1"),
    (rf"^(?:vit|visiontransformer){SIZE}(?:patch)?(16|32)(?:224)?$", r"vit_{}_patch\2_224"),
    (rf"^(?:vit|visiontransformer){SIZE}$", "vit_{}_patch16_224"),
    (r"^vitpytorch$", "vit_base_patch16_224"),
    (rf"^deit{SIZE}", "deit_{}_patch16_224"),
    (rf"^swinv2{SIZE}", "swinv2_{}_window8_256"),
    (rf"^swin(?:transformer)?{SIZE}", "swin_{}_patch4_window7_224"),
    (r"^swintransformer", "swin_base_patch4_window7_224"),
    (rf"^convnext{SIZE}", "convnext_{}"),
    (rf"^convnextv2{SIZE}", "convnextv2_{}"),
    (r"^regnet([xy])(\d+(?:\.\d+)?)(gf|mf)", "regnet"),
)
"""What other publishers call a network, its marks left out, and the name it is counted under.

Empty where only the backbone would be meant; `{}` is the size, and `regnet` a number of FLOP.
"""
MARKS = re.compile(r"[\s_/-]")
OTHER_NETWORKS = frozenset({("ssd300_resnet50", "tensorflow")})
"""What software means another network by: here SSD320 with a feature pyramid, not counted.

Source: https://github.com/NVIDIA/DeepLearningExamples/tree/master/TensorFlow/Detection/SSD
"""
PREFIX = re.compile(r"^(tf_|gluon_|legacy_|ig_|ssl_|swsl_|dm_|adv_|jx_|test_)")
RELATIVES = {"ecaresnet": "resnet", "seresnet": "resnet", "skresnet": "resnet", "wide": "resnet"}
RELATIVES |= {"seresnext": "resnext", "skresnext": "resnext", "ecaresnext": "resnext"}
RELATIVES |= {"eca": "nfnet", "nf": "nfnet", "mobilenetv": "mobilenet", "resnetv": "resnet"}


@dataclass(frozen=True, slots=True)
class ImageReading:
    """One row understood."""

    values: Mapping[str, float]
    traits: Mapping[str, str]
    global_batch_count: float


def network_family(model: str) -> str:
    """The family that a network's name begins with."""
    plain = PREFIX.sub("", counted_name(model))
    found = re.match(r"[a-z]+", plain)
    name = found[0] if found else "other"
    return RELATIVES.get(name, name)


def counted_name(model: str) -> str:
    """The name a network is counted under, whatever its publisher calls it."""
    if model in networks():
        return model
    plain = MARKS.sub("", model.lower())
    for pattern, name in ALIASES:
        found = re.search(pattern, plain)
        if found:
            return _filled(name, found) or model.lower()
    return model.lower()


def _filled(name: str, found: re.Match[str]) -> str:
    if name == "regnet":
        tenths_of_gflop = float(found[2]) * (10 if found[3] == "gf" else 0.01)
        return f"regnet{found[1]}_{round(tenths_of_gflop):03d}"
    filled = found.expand(name)
    return filled.format(SIZES.get(found[1], found[1])) if "{}" in filled else filled


def read(row: Row) -> ImageReading | str:
    """The row understood, or why it cannot be."""
    name = counted_name(row.get("model", ""))
    if name not in networks() or (name, _software(row)) in OTHER_NETWORKS:
        return f"the layers of the network '{row.get('model', '')}' are not counted"
    found = accelerator_of(row)
    if found is None:
        return "no accelerator of the catalogue is named"
    accelerator_id, accelerator = found
    precision = precision_of(row)
    try:
        speed = speed_of(accelerator_id, accelerator, precision)
    except ImpossibleError as reason:
        return str(reason)
    devices = max(stated_device_count(row) or 1.0, 1.0)
    batch = _batch_count(row, devices)
    step = step_of(
        network(name),
        peak_flop_per_s=speed["peak_flop_per_s"],
        bandwidth_bytes_per_s=speed["bandwidth_bytes_per_s"],
        is_wide=precision in ("tf32", "fp32"),
        is_channels_last=_is_channels_last(row, precision),
        batch_count=batch,
        device_count=devices,
    )
    values = {f.name: float(getattr(step, f.name)) for f in fields(step)}
    if values["is_channels_last"] and _software(row) in JOINING:
        written = JOINED_OUTPUTS_PER_PRODUCT * values["product_output_count"]
        values["output_count"] = min(values["output_count"], written)
    traits = {
        DEVICE: accelerator_id,
        FORMAT: _format(precision, accelerator),
        SOFTWARE: _software(row),
    }
    return ImageReading(values, traits, batch * devices)


def _format(precision: str, accelerator: Accelerator) -> str:
    """Of what rows call FP32, and some call TF32, whichever the device multiplies."""
    if precision not in ("tf32", "fp32"):
        return precision
    return "fp32" if accelerator.tf32_dense_tflops is None else "tf32"


def _software(row: Row) -> str:
    text = row.get("framework", "").lower()
    return next((name for word, name in SOFTWARE_NAMES if word in text), "other")


def _batch_count(row: Row, devices: float) -> float:
    each = number(row.get("micro_batch"))
    together = number(row.get("global_batch"))
    return each or (together / devices if together else USUAL_BATCH_COUNT)


def _is_channels_last(row: Row, precision: str) -> bool:
    text = row.get("precision", "").lower()
    said = "nhwc" in text or "channels_last" in text
    kept = _software(row) in CHANNELS_LAST or is_nvidia_example(row)
    return said or (kept and precision == "16bit")


def arrays(readings: Sequence[ImageReading]) -> tuple[ImageStep, dict[str, list[str]]]:
    """Many rows as one step of arrays, and the trait of each."""
    columns = {f.name: np.array([r.values[f.name] for r in readings]) for f in fields(ImageStep)}
    kinds = readings[0].traits if readings else {}
    return ImageStep(**columns), {kind: [r.traits[kind] for r in readings] for kind in kinds}


def is_device_count_known(row: Row) -> bool:
    """Whether what all devices do together can be told."""
    return stated_device_count(row) is not None
