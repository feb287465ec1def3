"""How a model runs on this device: threads, precision, compiled or not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from engine.measurement.families.base import Precision
from engine.records import BadInput, CannotContinue

REDUCED = {"bf16": torch.bfloat16, "fp16": torch.float16}
"""Numbers of half the bytes, by name."""
COMPILERS = ("g++", "clang++", "c++")


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """Work on one CPU thread: waking a second for a small step costs more than it saves."""
    before = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def wait(device: torch.device) -> None:
    """Until what was asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def is_native(device: torch.device, precision: str) -> bool:
    """Whether the device has instructions for arithmetic in that precision."""
    if precision == "fp32":
        return True
    if device.type == "cuda":
        return precision == "fp16" or torch.cuda.is_bf16_supported(including_emulation=False)
    supported = getattr(torch.ops.mkldnn, f"_is_mkldnn_{precision}_supported", None)
    return supported is not None and bool(supported())


def arithmetic(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """The context a model runs in: autocast below fp32.

    Raises:
        BadInput: the device has no instructions for that precision.
    """
    if precision == "fp32":
        return nullcontext()
    if not is_native(device, precision):
        raise BadInput(
            f"This {'GPU' if device.type == 'cuda' else 'CPU'} has no instructions for "
            f"{precision}; it would be many times slower than fp32. Take fp32."
        )
    return torch.autocast(device.type, REDUCED[precision])


def can_compile() -> bool:
    """Whether there is the C++ compiler that torch.compile needs."""
    asked = os.environ.get("CXX")
    return any(shutil.which(name) for name in ((asked,) if asked else COMPILERS))


def compiled(model: nn.Module) -> Any:
    """The model through torch.compile, sharing its weights; compiled when first called.

    Raises:
        CannotContinue: no C++ compiler.
    """
    if not can_compile():
        raise CannotContinue(
            f"torch.compile needs a C++ compiler, and none of {', '.join(COMPILERS)} is here. "
            "On Debian and Ubuntu: apt install g++. Or leave `compiled` off."
        )
    on_cpu = all(parameter.device.type == "cpu" for parameter in model.parameters())
    # Inductor lays channels last, and there torch 2.13 on AVX2 ends the whole process in the
    # backward pass of a 1 x 1 convolution with stride whose channels are no multiple of 8.
    options: Any = {"layout_optimization": False} if on_cpu else None
    return torch.compile(model, dynamic=False, options=options)
