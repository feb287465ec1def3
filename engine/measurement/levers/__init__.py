"""The levers: ways to make a model cheaper. To add one: a file here, and a line in LEVERS."""

from engine.measurement.levers.distil import Distil
from engine.measurement.levers.prune import Prune
from engine.measurement.levers.quantise import QuantiseOnnx, QuantiseTorch
from engine.measurement.levers.retrain import ChangeBatch, StopEarly
from engine.measurement.workloads.base import AnyWorkload

LEVERS: dict[str, type[AnyWorkload]] = {
    QuantiseTorch.name: QuantiseTorch,
    QuantiseOnnx.name: QuantiseOnnx,
    Prune.name: Prune,
    Distil.name: Distil,
    StopEarly.name: StopEarly,
    ChangeBatch.name: ChangeBatch,
}

__all__ = [
    "LEVERS",
    "ChangeBatch",
    "Distil",
    "Prune",
    "QuantiseOnnx",
    "QuantiseTorch",
    "StopEarly",
]
