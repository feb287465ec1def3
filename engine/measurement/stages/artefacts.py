"""A trained model as a file other programs can run: written, found again, opened."""

from __future__ import annotations

import functools
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from engine.measurement.execution import one_thread
from engine.measurement.families.base import Recipe
from engine.measurement.recipes import data_of, untrained
from engine.measurement.stages.base import first, lab_library
from engine.measurement.training import kept_path, trained, write_whole

Format = Literal["weights", "torch_export", "onnx"]

EXAMPLE_COUNT = 2
"""Examples an export is traced with: with one alone, the batch size would be taken as fixed."""
CPU = torch.device("cpu")

Predict = Callable[[tuple[Tensor, ...]], Any]


def export_path(recipe: Recipe, form: Format) -> Path:
    """Where the exported model lies, or would."""
    suffixes = {"weights": "pt", "torch_export": "pt2", "onnx": "onnx"}
    return kept_path(recipe, suffixes[form])


def exported(recipe: Recipe, form: Format) -> Path:
    """The file, from before or written now."""
    path = export_path(recipe, form)
    if not path.is_file():
        export(trained(recipe, CPU), sample(recipe), form, path)
    return path


def sample(recipe: Recipe) -> tuple[Tensor, ...]:
    """Inputs to trace with."""
    return first(data_of(recipe.family).held_out, EXAMPLE_COUNT).inputs


def export(model: nn.Module, inputs: tuple[Tensor, ...], form: Format, path: Path) -> None:
    """Write the model as a file, for any number of examples at once.

    Raises:
        CannotContinue: a library is missing, or the file cannot be kept.
    """
    with quiet():
        write_whole(path, functools.partial(WRITERS[form], model.eval(), inputs))


def _write_weights(model: nn.Module, inputs: tuple[Tensor, ...], path: Path) -> None:  # noqa: ARG001
    torch.save(model.state_dict(), path)


def _write_torch_export(model: nn.Module, inputs: tuple[Tensor, ...], path: Path) -> None:
    torch.export.save(torch.export.export(model, inputs, dynamic_shapes=_any_count(inputs)), path)


def _write_onnx(model: nn.Module, inputs: tuple[Tensor, ...], path: Path) -> None:
    for name in ("onnx", "onnxscript"):
        lab_library(name)
    torch.onnx.export(
        model,
        inputs,
        path,
        input_names=_names(inputs),
        dynamic_shapes=_any_count(inputs),
        dynamo=True,
        external_data=False,
        verbose=False,
    )


WRITERS: Mapping[Format, Callable[[nn.Module, tuple[Tensor, ...], Path], None]] = {
    "weights": _write_weights,
    "torch_export": _write_torch_export,
    "onnx": _write_onnx,
}


def opened(recipe: Recipe, form: Format, path: Path) -> Predict:
    """A model read from its file, ready to answer on the CPU."""
    return OPENERS[form](recipe, path)


def _open_weights(recipe: Recipe, path: Path) -> Predict:
    model = untrained(recipe)
    model.load_state_dict(torch.load(path, weights_only=True))
    return answering(model.eval())


def _open_torch_export(recipe: Recipe, path: Path) -> Predict:  # noqa: ARG001
    with quiet():
        return answering(torch.export.load(path).module())


def _open_onnx(recipe: Recipe, path: Path) -> Predict:  # noqa: ARG001
    library = lab_library("onnxruntime")
    options = library.SessionOptions()
    # As torch works here: on one thread.
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = library.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    used = [given.name for given in session.get_inputs()]

    def predict(inputs: tuple[Tensor, ...]) -> Any:
        arrays = zip(_names(inputs), inputs, strict=True)
        return session.run(None, {name: side.numpy() for name, side in arrays if name in used})[0]

    return predict


OPENERS: Mapping[Format, Callable[[Recipe, Path], Predict]] = {
    "weights": _open_weights,
    "torch_export": _open_torch_export,
    "onnx": _open_onnx,
}


def answering(model: nn.Module) -> Predict:
    """The model as something to ask."""

    @torch.inference_mode()
    def predict(inputs: tuple[Tensor, ...]) -> Any:
        return model(*inputs)

    return predict


@functools.cache
def warm_up_writer(form: Format) -> None:
    """Load what exporting needs: it takes seconds once, and is no part of a model's export."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder, one_thread(CPU):
        model, inputs = nn.Linear(1, 1), (torch.zeros(EXAMPLE_COUNT, 1),)
        export(model, inputs, form, Path(folder) / "model")


@contextmanager
def quiet() -> Iterator[None]:
    """Exporters talk of libraries we do not use and of their own deprecated calls."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _names(inputs: tuple[Tensor, ...]) -> list[str]:
    return [f"input_{place}" for place in range(len(inputs))]


def _any_count(inputs: tuple[Tensor, ...]) -> Any:
    return tuple({0: torch.export.Dim.DYNAMIC} for _ in inputs)
