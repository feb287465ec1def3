"""What holds for any model family, on examples a test makes up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engine.measurement.execution import one_thread
from engine.measurement.families import Family
from engine.measurement.families.base import Data, Optimiser, Recipe, Split
from engine.measurement.optimisers import optimiser_of
from engine.measurement.stages.artefacts import Format, export, opened

TRACED_COUNT = 2


def weights_from_seed(family: Family, size: int, seed: int) -> Tensor:
    torch.manual_seed(seed)
    return torch.cat([p.flatten() for p in family.build(size, "relu").parameters()])


def trained_a_little(
    family: Family, data: Data, size: int, step_count: int, optimiser: Optimiser = "adamw"
) -> dict[str, float]:
    """The family's scores of what was held out, after so many steps."""
    with one_thread(torch.device("cpu")):
        torch.manual_seed(0)
        model = family.build(size, "relu").train()
        rule = optimiser_of(optimiser, model, family.learning_rates[optimiser])
        for _ in range(step_count):
            batch = data.train.at(torch.randint(len(data.train), (family.batch_size,)))
            family.loss(model(*batch.inputs), batch.targets).backward()
            rule.step()
            rule.zero_grad()
        with torch.no_grad():
            return family.evaluate(model.eval()(*data.held_out.inputs), data.held_out)


def assert_exports_alike(family: Family, examples: Split, folder: Path) -> None:
    """ONNX Runtime and torch.export answer as the model does, one example or seven."""
    torch.manual_seed(0)
    model = family.build(family.sizes[1], "gelu").eval()
    forms: tuple[Format, ...] = ("torch_export", "onnx")
    for form in forms:
        path = folder / form
        export(model, examples.at(slice(0, TRACED_COUNT)).inputs, form, path)
        predict = opened(Recipe(family.name, family.sizes[1]), form, path)
        for count in (1, 7):
            inputs = examples.at(slice(0, count)).inputs
            with torch.no_grad():
                expected = model(*inputs).numpy()
            np.testing.assert_allclose(np.asarray(predict(inputs)), expected, atol=1e-4)
