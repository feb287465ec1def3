"""Answering: one example or many at once, by torch or by ONNX Runtime."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from engine.measurement.execution import wait
from engine.measurement.judging import on_device
from engine.measurement.recipes import data_of
from engine.measurement.stages.artefacts import Predict, answering, exported, opened
from engine.measurement.stages.base import RecipeStage, Step, bytes_of, first
from engine.measurement.training import trained
from engine.records import BadInput

Runtime = Literal["torch", "onnxruntime"]

PERCENTILES = (50, 95, 99)
TIMED_S = 0.1
"""How long requests are timed one by one, after the steps that energy is metered over."""
FEWEST_TIMED, MOST_TIMED = 20, 1_000


@dataclass(frozen=True)
class Infer(RecipeStage):
    """One batch in, its answers out; ONNX Runtime on the CPU, torch on the device."""

    name: ClassVar[str] = "infer"

    runtime: Runtime = "torch"
    request_size: int = 1
    """Examples answered at once; `batch_size` is that of the training."""

    def __post_init__(self) -> None:
        if self.request_size < 1:
            raise BadInput(f"A request holds 1 example or more, not {self.request_size}.")

    @property
    def flop_per_step(self) -> float:
        """Forward arithmetic of the batch."""
        return self.request_size * self.flop_per_example

    def make_ready(self, device: torch.device) -> None:
        """A trained model, exported where ONNX Runtime runs it."""
        super().make_ready(device)
        if self.runtime == "onnxruntime":
            opened(self.recipe, "onnx", exported(self.recipe, "onnx"))

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """The model ready, and one request."""
        request = first(data_of(self.recipe.family).held_out, self.request_size)
        predict = self._predict(device)
        if self.runtime == "torch":
            request = on_device(request, device)
        inputs = request.inputs

        def metrics() -> Mapping[str, float]:
            return _latencies(predict, inputs, device) | {
                "request_bytes": bytes_of(inputs),
                "answer_bytes": bytes_of(predict(inputs)),
            }

        return Step(lambda: predict(inputs), device, metrics)

    def _predict(self, device: torch.device) -> Predict:
        if self.runtime == "onnxruntime":
            return opened(self.recipe, "onnx", exported(self.recipe, "onnx"))
        return answering(trained(self.recipe, device))


def _latencies(
    predict: Predict, inputs: tuple[Tensor, ...], device: torch.device
) -> dict[str, float]:
    """Percentiles over single requests, one after the other; s."""
    times_s: list[float] = []
    end_s = time.perf_counter() + TIMED_S
    while len(times_s) < FEWEST_TIMED or (
        len(times_s) < MOST_TIMED and time.perf_counter() < end_s
    ):
        wait(device)
        start_s = time.perf_counter()
        _answer(predict, inputs, device)
        times_s.append(time.perf_counter() - start_s)
    values: Any = np.percentile(times_s, PERCENTILES)
    named = {f"p{rank}_s": float(value) for rank, value in zip(PERCENTILES, values, strict=True)}
    return named | {"timed_count": float(len(times_s))}


def _answer(predict: Predict, inputs: tuple[Tensor, ...], device: torch.device) -> None:
    predict(inputs)
    wait(device)
