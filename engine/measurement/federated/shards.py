"""Which examples each client holds: alike for all, or as uneven as in the world."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from engine.measurement.families.base import Split
from engine.records import BadInput

Sharing = Literal["iid", "dirichlet", "by-class"]

LEAST_SHARD_SIZE = 8
"""Examples a client has at least; uneven draws are repeated until all have."""
DRAW_COUNT = 100
CLASSES_PER_CLIENT = 2


def shards(
    examples: Split, client_count: int, sharing: Sharing, concentration: float, seed: int
) -> list[Tensor]:
    """Places of each client's examples; each example is one client's.

    Args:
        examples: what there is to share.
        client_count: how many share it.
        sharing: `iid` at random; `dirichlet`: of each class every client gets a share
            drawn from a Dirichlet distribution (T.-M. H. Hsu, H. Qi, M. Brown, 2019,
            arXiv:1909.06335); `by-class`: sorted by class and cut in two pieces a client
            (H. B. McMahan et al., 2017, arXiv:1602.05629).
        concentration: of the Dirichlet distribution; the smaller, the more uneven.
        seed: of the draw.

    Raises:
        BadInput: no classes to share by, or too few examples for so many clients.
    """
    if len(examples) < client_count * LEAST_SHARD_SIZE:
        raise BadInput(
            f"{len(examples)} examples are too few for {client_count} clients; each needs "
            f"{LEAST_SHARD_SIZE}."
        )
    random = np.random.default_rng(seed)
    if sharing == "iid":
        return _alike(len(examples), client_count, random)
    classes = _classes(examples)
    if sharing == "by-class":
        return _by_class(classes, client_count, random)
    return _dirichlet(classes, client_count, concentration, random)


def _classes(examples: Split) -> Tensor:
    targets = examples.targets
    if targets.dim() != 1 or targets.is_floating_point():
        raise BadInput("Uneven shards need examples with one class each. Take iid.")
    return targets


def _alike(example_count: int, client_count: int, random: np.random.Generator) -> list[Tensor]:
    order = torch.from_numpy(random.permutation(example_count))
    return list(torch.tensor_split(order, client_count))


def _by_class(classes: Tensor, client_count: int, random: np.random.Generator) -> list[Tensor]:
    order = torch.argsort(classes, stable=True)
    pieces = torch.tensor_split(order, client_count * CLASSES_PER_CLIENT)
    drawn = random.permutation(len(pieces)).reshape(client_count, CLASSES_PER_CLIENT)
    return [torch.cat([pieces[int(place)] for place in places]) for places in drawn]


def _dirichlet(
    classes: Tensor, client_count: int, concentration: float, random: np.random.Generator
) -> list[Tensor]:
    for _ in range(DRAW_COUNT):
        parts: list[list[Tensor]] = [[] for _ in range(client_count)]
        for number in torch.unique(classes):
            members = torch.nonzero(classes == number).flatten()
            cuts = np.cumsum(random.dirichlet([concentration] * client_count))[:-1]
            places = tuple(int(cut) for cut in np.round(cuts * len(members)))
            for client, part in enumerate(torch.tensor_split(members, places)):
                parts[client].append(part)
        found = [torch.cat(client) for client in parts]
        if min(map(len, found)) >= LEAST_SHARD_SIZE:
            return found
    raise BadInput(
        f"A concentration of {concentration} leaves some of {client_count} clients with fewer than "
        f"{LEAST_SHARD_SIZE} examples. Take fewer clients or a larger concentration."
    )
