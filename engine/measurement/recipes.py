"""What a recipe stands for: its family, its examples, its model before training."""

from __future__ import annotations

import functools

import torch
from torch import nn

from engine.measurement.families import FAMILIES, Family
from engine.measurement.families.base import Data, Recipe
from engine.records import BadInput


def family_of(name: str) -> Family:
    """The family of that name.

    Raises:
        BadInput: there is none.
    """
    if name not in FAMILIES:
        raise BadInput(f"No model family {name!r}. Known: {', '.join(FAMILIES)}.")
    return FAMILIES[name]


def middle(family: Family) -> Recipe:
    """The middle size, as the family would have it trained."""
    return Recipe(family.name, family.sizes[len(family.sizes) // 2])


def parameter_count(model: nn.Module) -> int:
    """Numbers that training changes."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def batch_size_of(recipe: Recipe) -> int:
    """Examples a step, the family's own unless the recipe says."""
    return recipe.batch_size or family_of(recipe.family).batch_size


def epoch_count_of(recipe: Recipe) -> int:
    """Passes over the data, the family's own unless the recipe says."""
    return recipe.epoch_count or family_of(recipe.family).epoch_count


@functools.lru_cache(maxsize=1)
def data_of(name: str) -> Data:
    """All of a family's examples; the last family's are kept in memory."""
    return family_of(name).data()


def examples_of(recipe: Recipe) -> Data:
    """The recipe's share of its family's data: the same examples whatever the seed."""
    data = data_of(recipe.family)
    if recipe.train_example_count is None:
        return data
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(0))
    return Data(data.train.at(order[: recipe.train_example_count]), data.held_out)


def untrained(recipe: Recipe) -> nn.Module:
    """A model as it starts; its weights follow from the seed alone."""
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        return family_of(recipe.family).build(recipe.size, recipe.activation)
