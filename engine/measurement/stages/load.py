"""Opening a model's file until it can answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch

from engine.measurement.recipes import data_of
from engine.measurement.stages.artefacts import Format, exported, opened
from engine.measurement.stages.base import RecipeStage, Step
from engine.measurement.workloads.storage_io import forget


@dataclass(frozen=True)
class Load(RecipeStage):
    """Read one file and make a model of it; the libraries are loaded already."""

    name: ClassVar[str] = "load"

    format: Format = "torch_export"
    cold: bool = False
    """Whether the system forgets the file before each time; otherwise it comes from memory."""

    def make_ready(self, device: torch.device) -> None:  # noqa: ARG002
        """The file, and the library that opens it."""
        data_of(self.recipe.family)
        opened(self.recipe, self.format, exported(self.recipe, self.format))

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """The file's place."""
        path = exported(self.recipe, self.format)

        def load() -> None:
            if self.cold:
                forget(path)
            opened(self.recipe, self.format, path)

        return Step(load, device, lambda: {"artefact_bytes": float(path.stat().st_size)})
