"""The stages of a model's life. To add one: a file here, and a line in STAGES."""

from engine.measurement.stages.cross_validate import CrossValidate
from engine.measurement.stages.evaluate import Evaluate
from engine.measurement.stages.export import Export
from engine.measurement.stages.infer import Infer
from engine.measurement.stages.load import Load
from engine.measurement.stages.prepare import Prepare
from engine.measurement.stages.train import Train
from engine.measurement.stages.train_step import TrainFamilyStep
from engine.measurement.workloads.base import AnyWorkload

STAGES: dict[str, type[AnyWorkload]] = {
    Prepare.name: Prepare,
    Train.name: Train,
    TrainFamilyStep.name: TrainFamilyStep,
    Evaluate.name: Evaluate,
    CrossValidate.name: CrossValidate,
    Export.name: Export,
    Load.name: Load,
    Infer.name: Infer,
}

__all__ = [
    "STAGES",
    "CrossValidate",
    "Evaluate",
    "Export",
    "Infer",
    "Load",
    "Prepare",
    "Train",
    "TrainFamilyStep",
]
