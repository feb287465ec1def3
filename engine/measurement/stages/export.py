"""Writing a trained model as a file that other programs run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch

from engine.measurement.bench import Effort
from engine.measurement.recipes import parameter_count
from engine.measurement.stages.artefacts import (
    Format,
    export,
    export_path,
    sample,
    warm_up_writer,
)
from engine.measurement.stages.base import RecipeStage, Step
from engine.measurement.training import trained


@dataclass(frozen=True)
class Export(RecipeStage):
    """The whole export, the file written included; the file is kept for `load` and `infer`."""

    name: ClassVar[str] = "export"
    effort: ClassVar[Effort] = "once"

    format: Format = "torch_export"

    def make_ready(self, device: torch.device) -> None:  # noqa: ARG002
        """Also the exporter itself, whose first use takes seconds."""
        super().make_ready(torch.device("cpu"))
        warm_up_writer(self.format)

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """The model and what it is traced with, on the CPU: the file serves any device."""
        model, inputs = trained(self.recipe, torch.device("cpu")), sample(self.recipe)
        path = export_path(self.recipe, self.format)

        def metrics() -> dict[str, float]:
            return {
                "artefact_bytes": float(path.stat().st_size),
                "parameter_count": float(parameter_count(model)),
            }

        return Step(lambda: export(model, inputs, self.format, path), device, metrics)
