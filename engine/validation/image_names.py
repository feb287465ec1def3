"""What publishers call networks on images, and the name each is counted under."""

from __future__ import annotations

import re
from functools import cache

from engine.projection.image_speed import networks

SEPARATORS = re.compile(r"[^a-z0-9]")
WRITTEN_IN = re.compile(r"[-_ ](pytorch|torch|tensorflow2?|tf2?|paddle|mxnet|jax|onnx)$")
LARGER = re.compile(r"ssd|rcnn|retinanet|yolo|detr|fpn|fcn|deeplab|unet|clip")
"""What a name says where a network is a part of something larger."""
SIZES = {"t": "tiny", "ti": "tiny", "s": "small", "b": "base", "l": "large", "h": "huge"}
SIZES |= {"xl": "xlarge"}
SIZE = "(tiny|small|base|large|xlarge|huge|ti|t|s|b|l|h|xl)"
ALIASES = (
    (r"detectionssd|ssd300(v1\d)?", "ssd300_resnet50"),
    (r"(?:resnet|rn)(18|34|50|101|152|200)(?:v1[05]?)?", r"resnet\1"),
    (r"resnet(18|34|50|101|152)(?:v1)?v?d", r"resnet\1d"),
    (r"resnet(50|101|152)v2", r"resnetv2_\1"),
    (r"wideresnet(50|101)", r"wide_resnet\1_2"),
    (r"(se)?resnext(50|101)", r"\1resnext\2_32x4d"),
    (r"mobilenet(?:v1)?", "mobilenetv1_100"),
    (r"mobilenetv2(?:10)?(?:224)?", "mobilenetv2_100"),
    (r"mobilenetv3(large|small)(?:10)?(?:224)?", r"mobilenetv3_\1_100"),
    (rf"(?:vit|visiontransformer){SIZE}(?:patch)?(14|16|32)(?:224)?", r"vit_{}_patch\2_224"),
    (r"(?:vit|visiontransformer)h(?:uge)?", "vit_huge_patch14_224"),
    (rf"(?:vit|visiontransformer){SIZE}", "vit_{}_patch16_224"),
    (r"vit|visiontransformer", "vit_base_patch16_224"),
    (rf"deit{SIZE}(?:patch16)?(?:224)?", "deit_{}_patch16_224"),
    (rf"swin(?:transformer)?v2{SIZE}(?:256)?", "swinv2_{}_window8_256"),
    (rf"swin(?:transformer)?{SIZE}(?:224)?", "swin_{}_patch4_window7_224"),
    (r"swin(?:transformer)?", "swin_base_patch4_window7_224"),
    (rf"(convnext(?:v2)?){SIZE}", r"\1_{}"),
)
"""Whole names without separators, and what they mean; `{}` is the size, spelt out."""
REGNET = re.compile(r"regnet[-_ ]?([xy])[-_ ]?(\d+(?:[._]\d+)?)[-_ ]?(gf|mf)\b")
PREFIX = re.compile(r"^(tf_|gluon_|legacy_|ig_|ssl_|swsl_|dm_|adv_|jx_|test_)")
RELATIVES = {"ecaresnet": "resnet", "seresnet": "resnet", "skresnet": "resnet", "wide": "resnet"}
RELATIVES |= {"seresnext": "resnext", "skresnext": "resnext", "ecaresnext": "resnext"}
RELATIVES |= {"eca": "nfnet", "nf": "nfnet", "mobilenetv": "mobilenet", "resnetv": "resnet"}


def network_family(model: str) -> str:
    """The family that a network's name begins with."""
    plain = PREFIX.sub("", counted_network(model) or model.lower())
    found = re.match(r"[a-z]+", plain)
    name = found[0] if found else "other"
    return RELATIVES.get(name, name)


@cache
def counted_network(model: str) -> str | None:
    """The name a network is counted under, whatever its publisher calls it; None if it is not.

    A name is read as it is written; without its separators; as one of others' spellings; and at
    last by the longest counted name it begins with.
    """
    text = WRITTEN_IN.sub("", model.lower().strip())
    last = text.rpartition("/")[2]
    for written in (last, last.partition(".")[0]):
        spelt = re.sub("[- ]", "_", written)
        if spelt in networks():
            return spelt
    return _regnet(last) or _spelt_otherwise(SEPARATORS.sub("", text), SEPARATORS.sub("", last))


def _spelt_otherwise(whole: str, last: str) -> str | None:
    if last in _squeezed():
        return _squeezed()[last]
    for pattern, name in ALIASES:
        found = re.fullmatch(pattern, last) or re.fullmatch(pattern, whole)
        if found:
            return _filled(name, found)
    return None if LARGER.search(last) else _begun(last)


def _regnet(text: str) -> str | None:
    found = REGNET.match(text)
    if found is None:
        return None
    tenths_of_gflop = float(found[2].replace("_", ".")) * (10 if found[3] == "gf" else 0.01)
    name = f"regnet{found[1]}_{round(tenths_of_gflop):03d}"
    return name if name in networks() else None


def _filled(name: str, found: re.Match[str]) -> str | None:
    size = next((SIZES.get(g, g) for g in found.groups() if g in (*SIZES, *SIZES.values())), "")
    filled = found.expand(name).format(size)
    return filled if filled in networks() else None


def _begun(text: str) -> str | None:
    """The longest counted name that a text begins with; ResNet-101 does not with ResNet-10."""
    begun = [key for key in _squeezed() if text.startswith(key) and not _goes_on(text, key)]
    return _squeezed()[max(begun, key=len)] if begun else None


def _goes_on(text: str, key: str) -> bool:
    return key[-1].isdigit() and text[len(key) : len(key) + 1].isdigit()


@cache
def _squeezed() -> dict[str, str]:
    return {SEPARATORS.sub("", name): name for name in networks()}
