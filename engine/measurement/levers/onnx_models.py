"""ONNX files rewritten with fewer bits, by ONNX Runtime's own tools."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.measurement.families.base import Recipe
from engine.measurement.recipes import examples_of
from engine.measurement.stages.base import lab_library
from engine.records import BadInput

WEIGHTED = ("MatMul", "Gemm", "Conv", "Gather")
"""Operators that hold a model's weights; others stay in fp32."""
FOUR_BIT = ("MatMul", "Gather")
"""Those ONNX Runtime has with 4-bit weights."""
GROUP_SIZE = 32
"""Weights that share one scale in 4 bits."""
CALIBRATION_BATCH_COUNT, CALIBRATION_BATCH_SIZE = 8, 32
"""Training examples that show static quantisation the range of activations."""


def bare(given: Path, path: Path) -> None:
    """The model without the exporter's notes on each node: they are no part of a model.

    In small files they weigh as much as the weights, and some tools drop them.
    """
    onnx = lab_library("onnx")
    model = onnx.load(given)
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.initializer, *graph.value_info):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    onnx.save(model, path)


def dynamic(recipe: Recipe, given: Path, path: Path) -> None:  # noqa: ARG001
    """Weights in int8 once; activations at each request."""
    library = lab_library("onnxruntime.quantization")
    library.quantize_dynamic(given, path, weight_type=library.QuantType.QInt8)


def static(recipe: Recipe, given: Path, path: Path) -> None:
    """Weights and activations in int8, with ranges seen on training examples."""
    library = lab_library("onnxruntime.quantization")
    with tempfile.TemporaryDirectory() as folder:
        cleared = Path(folder) / given.name
        library.shape_inference.quant_pre_process(
            str(given), str(cleared), skip_symbolic_shape=True
        )
        library.quantize_static(
            cleared,
            path,
            _Examples(recipe, cleared),
            quant_format=library.QuantFormat.QDQ,
            op_types_to_quantize=list(WEIGHTED),
            per_channel=True,
            extra_options={"MatMulConstBOnly": True},
        )


def four_bit(recipe: Recipe, given: Path, path: Path) -> None:
    """Weights in 4 bits, symmetric in groups; activations stay in fp32.

    Raises:
        BadInput: the model has no weights that ONNX Runtime knows in 4 bits.
    """
    onnx = lab_library("onnx")
    library = lab_library("onnxruntime.quantization.matmul_nbits_quantizer")
    quantiser = library.MatMulNBitsQuantizer(
        onnx.load(given),
        block_size=GROUP_SIZE,
        is_symmetric=True,
        op_types_to_quantize=FOUR_BIT,
    )
    quantiser.process()
    operators = {node.op_type for node in quantiser.model.model.graph.node}
    if not operators & {"MatMulNBits", "GatherBlockQuantized"}:
        raise BadInput(
            f"{recipe.family} has no layer that ONNX Runtime knows in 4 bits "
            f"({', '.join(FOUR_BIT)}). Take int8-static."
        )
    quantiser.model.save_model_to_file(str(path))


class _Examples:
    """Training examples one batch at a time, as ONNX Runtime's calibration reads them."""

    def __init__(self, recipe: Recipe, path: Path) -> None:
        onnx = lab_library("onnx")
        self._names = [given.name for given in onnx.load(path).graph.input]
        self._batches = self._drawn(recipe)

    def get_next(self) -> dict[str, Any] | None:
        """Inputs by name; None after the last."""
        inputs = next(self._batches, None)
        if inputs is None:
            return None
        return {
            f"input_{place}": side.numpy()
            for place, side in enumerate(inputs)
            if f"input_{place}" in self._names
        }

    def _drawn(self, recipe: Recipe) -> Iterator[tuple[Tensor, ...]]:
        examples = examples_of(recipe).train
        order = torch.randperm(len(examples), generator=torch.Generator().manual_seed(recipe.seed))
        order = order[: CALIBRATION_BATCH_COUNT * CALIBRATION_BATCH_SIZE]
        for index in torch.split(order, CALIBRATION_BATCH_SIZE):
            yield examples.at(index).inputs
