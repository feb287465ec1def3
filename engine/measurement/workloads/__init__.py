"""Every workload. To add one: a file here, and a line in WORKLOADS."""

from engine.measurement.workloads.base import AnyWorkload
from engine.measurement.workloads.language_model import Decode, Prefill, TrainStep
from engine.measurement.workloads.matmul import Matmul
from engine.measurement.workloads.memory_copy import MemoryCopy
from engine.measurement.workloads.memory_update import MemoryUpdate
from engine.measurement.workloads.revisit import Revisit
from engine.measurement.workloads.storage_io import StorageRead, StorageWrite
from engine.measurement.workloads.text_classifier import TextClassifier

WORKLOADS: dict[str, type[AnyWorkload]] = {
    Matmul.name: Matmul,
    MemoryCopy.name: MemoryCopy,
    MemoryUpdate.name: MemoryUpdate,
    StorageWrite.name: StorageWrite,
    StorageRead.name: StorageRead,
    TrainStep.name: TrainStep,
    Prefill.name: Prefill,
    Decode.name: Decode,
    TextClassifier.name: TextClassifier,
    Revisit.name: Revisit,
}

__all__ = [
    "WORKLOADS",
    "Decode",
    "Matmul",
    "MemoryCopy",
    "MemoryUpdate",
    "Prefill",
    "Revisit",
    "StorageRead",
    "StorageWrite",
    "TextClassifier",
    "TrainStep",
]
