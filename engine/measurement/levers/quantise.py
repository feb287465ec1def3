"""Quantisation: weights, and sometimes what flows between layers, in 8 or 4 bits.

On a CPU torchao has kernels for int8; its int4 needs a GPU, so that 4 bits are ONNX
Runtime's here. torchao runs without torch.compile, which shows its cost at small sizes.
"""

from __future__ import annotations

import functools
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import nn

from engine.measurement.families.base import Recipe
from engine.measurement.levers.base import AnsweringLever, Artefact, changed_path
from engine.measurement.levers.files import integer_bytes_share, weights_in, with_weights
from engine.measurement.levers.onnx_models import bare, dynamic, four_bit, static
from engine.measurement.recipes import untrained
from engine.measurement.stages.artefacts import answering, exported, opened
from engine.measurement.stages.base import lab_library
from engine.measurement.training import trained, write_whole
from engine.records import BadInput

TorchMethod = Literal["int8-weights", "int8-dynamic"]
OnnxMethod = Literal["int8-dynamic", "int8-static", "int4-weights"]

TORCH_CONFIGS: Mapping[TorchMethod, str] = {
    "int8-weights": "Int8WeightOnlyConfig",
    "int8-dynamic": "Int8DynamicActivationInt8WeightConfig",
}
ONNX_WRITERS: Mapping[OnnxMethod, Callable[[Recipe, Path, Path], None]] = {
    "int8-dynamic": dynamic,
    "int8-static": static,
    "int4-weights": four_bit,
}


@dataclass(frozen=True)
class QuantiseTorch(AnsweringLever):
    """Dense layers quantised by torchao; embeddings and convolutions stay as they are."""

    name: ClassVar[str] = "quantise_torch"

    method: TorchMethod = "int8-dynamic"

    def __post_init__(self) -> None:
        if self.method not in TORCH_CONFIGS:
            raise BadInput(f"No method {self.method!r}. Known: {', '.join(TORCH_CONFIGS)}.")

    def before(self, device: torch.device) -> Artefact:
        """The weights as trained."""
        path = exported(self.recipe, "weights")
        return Artefact(path, answering(trained(self.recipe, device)))

    def after(self, device: torch.device) -> Artefact:
        """The quantised weights."""
        path = changed_path(self.recipe, f"torchao {self.method}", "pt")
        with quietly():
            library = lab_library("torchao.quantization")
            if not path.is_file():
                model = self._dense()
                library.quantize_(model, getattr(library, TORCH_CONFIGS[self.method])())
                weights = model.state_dict()
                write_whole(path, lambda part: torch.save(weights, part))
            model = with_weights(untrained(self.recipe), weights_in(path))
        return Artefact(path, _asked(model.to(device)))

    def more_metrics(self, before: Path, after: Path) -> Mapping[str, float]:
        """How far quantisation reached."""
        return _reach(before, after)

    def _dense(self) -> nn.Module:
        model = trained(self.recipe, torch.device("cpu"))
        if not any(isinstance(module, nn.Linear) for module in model.modules()):
            raise BadInput(
                f"{self.recipe.family} has no dense layer, and torchao quantises no other. "
                f"Take {QuantiseOnnx.name}."
            )
        return model


@dataclass(frozen=True)
class QuantiseOnnx(AnsweringLever):
    """The ONNX file quantised for ONNX Runtime on the CPU."""

    name: ClassVar[str] = "quantise_onnx"
    runtime: ClassVar[Literal["onnxruntime"]] = "onnxruntime"

    method: OnnxMethod = "int8-dynamic"

    def __post_init__(self) -> None:
        if self.method not in ONNX_WRITERS:
            raise BadInput(f"No method {self.method!r}. Known: {', '.join(ONNX_WRITERS)}.")

    def before(self, device: torch.device) -> Artefact:  # noqa: ARG002
        """The ONNX file as exported, without the exporter's notes."""
        path = changed_path(self.recipe, "onnxruntime bare", "onnx")
        if not path.is_file():
            write_whole(path, functools.partial(bare, exported(self.recipe, "onnx")))
        return Artefact(path, opened(self.recipe, "onnx", path))

    def after(self, device: torch.device) -> Artefact:
        """The quantised ONNX file."""
        path = changed_path(self.recipe, f"onnxruntime {self.method}", "onnx")
        if not path.is_file():
            with quietly():
                given = self.before(device).path
                write = functools.partial(ONNX_WRITERS[self.method], self.recipe, given)
                write_whole(path, write)
        return Artefact(path, opened(self.recipe, "onnx", path))

    def more_metrics(self, before: Path, after: Path) -> Mapping[str, float]:
        """How far quantisation reached."""
        return _reach(before, after)


def _reach(before: Path, after: Path) -> dict[str, float]:
    return {
        "before_integer_bytes_share": integer_bytes_share(before),
        "integer_bytes_share": integer_bytes_share(after),
    }


def _asked(model: nn.Module) -> Any:
    """As `answering`, but torchao's tensors do not know inference mode."""

    @torch.no_grad()
    def predict(inputs: tuple[torch.Tensor, ...]) -> Any:
        return model(*inputs)

    return predict


@contextmanager
def quietly() -> Iterator[None]:
    """Both libraries log every layer, and importing one turns logging on for all programs."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    disabled = root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        root.handlers[:] = handlers
        root.setLevel(level)
