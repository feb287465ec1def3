"""Pruning: the smallest weights set to zero, or whole neurons and channels taken out.

Unstructured pruning leaves every matrix its shape: the file is as long and the answer as
slow as before, and only packing the file saves bytes. Structured pruning really takes
units out, so that both shrink. Either way the model then learns on for a little, which
may itself help a model that was trained briefly; the score before that is kept too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from engine.measurement.families.base import Recipe
from engine.measurement.judging import judge, on_device
from engine.measurement.levers.base import AnsweringLever, Artefact, changed_path
from engine.measurement.levers.files import number_count, weights_in, with_weights, zero_share
from engine.measurement.recipes import data_of, family_of, untrained
from engine.measurement.stages.artefacts import answering, exported
from engine.measurement.training import train, trained, write_whole
from engine.records import BadInput

Kind = Literal["unstructured", "structured"]
Norm = nn.BatchNorm1d | nn.BatchNorm2d

BETWEEN = (nn.Sigmoid, nn.Tanh, nn.ReLU, nn.GELU, nn.Dropout)
"""What works on each unit by itself."""


@dataclass(frozen=True)
class Prune(AnsweringLever):
    """That share of weights, or of removable units, pruned by magnitude; then fine-tuned."""

    name: ClassVar[str] = "prune"

    kind: Kind = "unstructured"
    share: float = 0.5
    fine_tune_example_count: int = 5_000
    """Seen once after pruning; pruned weights stay zero."""

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise BadInput(f"A share between 0 and 1 can be pruned, not {self.share}.")

    def before(self, device: torch.device) -> Artefact:
        """The weights as trained."""
        return _opened(self.recipe, exported(self.recipe, "weights"), device)

    def after(self, device: torch.device) -> Artefact:
        """The weights after pruning and fine-tuning."""
        parts = f"{self.kind}-{self.share}-{self.fine_tune_example_count}"
        path = changed_path(self.recipe, f"pruned {parts}", "pt")
        if not path.is_file():
            model = self._pruned(device)
            recipe = replace(
                self.recipe, epoch_count=1, train_example_count=self.fine_tune_example_count
            )
            finished(train(recipe, device, start=model).model)
            weights = {name: value.cpu() for name, value in model.state_dict().items()}
            write_whole(path, lambda part: torch.save(weights, part))
        return _opened(self.recipe, path, device)

    def more_metrics(self, before: Path, after: Path) -> Mapping[str, float]:
        """Zeros and numbers counted in the files, and the score before fine-tuning."""
        return {
            "before_zero_share": zero_share(before),
            "zero_share": zero_share(after),
            "before_number_count": number_count(before),
            "number_count": number_count(after),
            f"untuned_{family_of(self.recipe.family).metric}": self._untuned_share(),
        }

    def _pruned(self, device: torch.device) -> nn.Module:
        model = trained(self.recipe, device)
        if self.kind == "unstructured":
            zero_smallest(model, self.share)
        else:
            remove_units(model, self.share)
        return model

    def _untuned_share(self) -> float:
        device = torch.device("cpu")
        held_out = on_device(data_of(self.recipe.family).held_out, device)
        scores = judge(self._pruned(device), held_out, self.recipe, device)
        return scores[family_of(self.recipe.family).metric]


def zero_smallest(model: nn.Module, share: float) -> None:
    """Mask that share of all weights, the smallest of the whole model; biases stay."""
    prune.global_unstructured(_matrices(model), pruning_method=prune.L1Unstructured, amount=share)


def finished(model: nn.Module) -> None:
    """Masks become zeros."""
    for module in model.modules():
        if prune.is_pruned(module):
            for name in [
                n.removesuffix("_orig") for n, _ in module.named_parameters(recurse=False)
            ]:
                if hasattr(module, f"{name}_mask"):
                    prune.remove(module, name)  # type: ignore[no-untyped-call]


def _matrices(model: nn.Module) -> list[tuple[nn.Module, str]]:
    return [
        (module, name)
        for module in model.modules()
        for name, weight in module.named_parameters(recurse=False)
        if weight.dim() >= 2
    ]


class Removable(NamedTuple):
    """Units that only the next layer reads."""

    layer: Any
    norm: Norm | None
    reader: Any


def removable(model: nn.Module) -> Iterator[Removable]:
    """Neighbours in a sequence: a dense layer or convolution, and the next of its kind.

    Between them only what works on each unit by itself; so no sum and no shortcut sees
    the units that go.
    """
    for sequence in model.modules():
        if isinstance(sequence, nn.Sequential):
            parts = list(sequence)
            for place, layer in enumerate(parts):
                found = _readers(layer, parts[place + 1 :])
                if found is not None:
                    yield found


def _readers(layer: nn.Module, rest: list[nn.Module]) -> Removable | None:
    if not isinstance(layer, nn.Linear | nn.Conv2d):
        return None
    norm: Norm | None = None
    for part in rest:
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            norm = part
        elif type(part) is type(layer):
            return Removable(layer, norm, part)
        elif not isinstance(part, BETWEEN):
            return None
    return None


def remove_units(model: nn.Module, share: float) -> None:
    """Take out that share of each layer's units, those of least L2 norm; one at least stays.

    Raises:
        BadInput: the model has no layer whose units only the next layer reads.
    """
    found = list(removable(model))
    if not found:
        raise BadInput("No layer of this model has units that only the next layer reads.")
    for layer, norm, reader in found:
        count = len(layer.weight)
        gone_count = min(round(share * count), count - 1)
        if gone_count:
            _remove(layer, norm, reader, _kept(layer, gone_count))


def _kept(layer: nn.Module, gone_count: int) -> Tensor:
    prune.ln_structured(layer, "weight", amount=gone_count, n=2, dim=0)  # type: ignore[no-untyped-call]
    mask: Tensor = layer.get_buffer("weight_mask")
    kept = mask.flatten(1).any(1)
    prune.remove(layer, "weight")  # type: ignore[no-untyped-call]
    return kept


def _remove(layer: Any, norm: Any, reader: Any, kept: Tensor) -> None:
    for module, names in (
        (layer, ("weight", "bias")),
        (norm, ("weight", "bias", "running_mean", "running_var")),
    ):
        for name in names:
            _keep(module, name, lambda value: value[kept])
    _keep(reader, "weight", lambda value: value[:, kept])
    count = int(kept.sum())
    width = "features" if isinstance(layer, nn.Linear) else "channels"
    setattr(layer, f"out_{width}", count)
    setattr(reader, f"in_{width}", count)
    if norm is not None:
        norm.num_features = count


def _keep(module: Any, name: str, kept_of: Any) -> None:
    value = getattr(module, name, None)
    if isinstance(value, nn.Parameter):
        setattr(module, name, nn.Parameter(kept_of(value.data)))
    elif isinstance(value, Tensor):
        setattr(module, name, kept_of(value))


def _opened(recipe: Recipe, path: Path, device: torch.device) -> Artefact:
    model = with_weights(untrained(recipe), weights_in(path))
    return Artefact(path, answering(model.to(device)))
