"""What exported files hold, read from the files themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from engine.measurement.stages.base import lab_library

MATRIX_DIMENSIONS = 2
SMALL_ONNX_TYPES = ("INT8", "UINT8", "INT4", "UINT4")


def weights_in(path: Path) -> Mapping[str, Tensor]:
    """Names and tensors of a file of weights, on the CPU."""
    return torch.load(path, map_location="cpu", weights_only=True)  # type: ignore[no-any-return]


def matrices_in(path: Path) -> Iterator[npt.NDArray[Any]]:
    """The tensors of two or more dimensions in a file of weights (.pt) or an ONNX file."""
    if path.suffix == ".onnx":
        onnx = lab_library("onnx")
        found = (onnx.numpy_helper.to_array(kept) for kept in onnx.load(path).graph.initializer)
    else:
        found = (tensor.numpy() for tensor in weights_in(path).values())
    yield from (array for array in found if array.ndim >= MATRIX_DIMENSIONS)


def zero_share(path: Path) -> float:
    """Share of zeros among the numbers of the file's matrices."""
    zero_count = number_count = 0
    for array in matrices_in(path):
        zero_count += array.size - int(np.count_nonzero(array))
        number_count += array.size
    return zero_count / number_count if number_count else 0.0


def number_count(path: Path) -> float:
    """Numbers in the file's matrices."""
    return float(sum(array.size for array in matrices_in(path)))


def integer_bytes_share(path: Path) -> float:
    """Share of the stored tensors' bytes that hold integers of 8 bits or fewer.

    How far quantisation reached: the rest stayed as it was.
    """
    sizes = list(_onnx_sizes(path) if path.suffix == ".onnx" else _weight_sizes(path))
    total = sum(size for size, _ in sizes)
    return sum(size for size, is_small in sizes if is_small) / total if total else 0.0


def _onnx_sizes(path: Path) -> Iterator[tuple[int, bool]]:
    onnx = lab_library("onnx")
    small = {getattr(onnx.TensorProto, name) for name in SMALL_ONNX_TYPES}
    for kept in onnx.load(path).graph.initializer:
        yield kept.ByteSize(), kept.data_type in small


def _weight_sizes(path: Path) -> Iterator[tuple[int, bool]]:
    for value in weights_in(path).values():
        for part in _parts(value):
            yield part.nbytes, part.dtype in (torch.int8, torch.uint8)


def _parts(value: Tensor) -> Iterator[Tensor]:
    """The plain tensors a tensor is made of."""
    if not hasattr(value, "__tensor_flatten__"):
        yield value
        return
    names, _ = value.__tensor_flatten__()
    for name in names:
        yield from _parts(getattr(value, name))


def with_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> nn.Module:
    """The model with those weights in place of its own, whatever their shape or type."""
    for name, value in weights.items():
        place, _, leaf = name.rpartition(".")
        module = model.get_submodule(place)
        if leaf in module._parameters:
            module._parameters[leaf] = nn.Parameter(value, requires_grad=False)
        else:
            module._buffers[leaf] = value
    return model.eval()
