"""Every model family. To add one: a file here, and a line in FAMILIES."""

from engine.measurement.families.base import Family

FAMILIES: dict[str, Family] = {}

__all__ = ["FAMILIES", "Family"]
