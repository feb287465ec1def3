"""Every model family. To add one: a file here, and a line in FAMILIES."""

from engine.measurement.families.base import Family
from engine.measurement.families.decoder_lm import TextDecoder
from engine.measurement.families.detector import ImageDetector
from engine.measurement.families.encoder import TextEncoder
from engine.measurement.families.factorisation import Factorisation
from engine.measurement.families.resnet import ImageResNet
from engine.measurement.families.text_bag import TextBag
from engine.measurement.families.translation import TextTranslation
from engine.measurement.families.wide_and_deep import WideAndDeep

_ALL: tuple[Family, ...] = (
    TextBag(),
    TextEncoder(),
    TextDecoder(),
    TextTranslation(),
    ImageResNet(),
    ImageDetector(),
    WideAndDeep(),
    Factorisation(),
)
FAMILIES: dict[str, Family] = {family.name: family for family in _ALL}

__all__ = ["FAMILIES", "Family"]
