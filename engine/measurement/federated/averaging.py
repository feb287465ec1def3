"""FedAvg over plain torch, its clients one after another in one process.

H. B. McMahan et al., "Communication-Efficient Learning of Deep Networks from
Decentralized Data" (AISTATS 2017), arXiv:1602.05629: each round every client starts from
the server's weights, learns on its own examples, and sends its weights back; the server
takes their mean, weighed by examples. The common library for it (Flower) pins older
versions of what this project needs, and a single process needs none of its network.
What would travel is counted, not sent; nothing is compressed or encrypted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from engine.measurement.execution import one_thread, wait
from engine.measurement.families.base import Data, Split
from engine.measurement.federated.shards import Sharing, shards
from engine.measurement.judging import judge, on_device
from engine.measurement.levers.base import TrainingLever, seen
from engine.measurement.recipes import epoch_count_of, examples_of, untrained
from engine.measurement.training import Run, Trained
from engine.measurement.workloads.base import Learned
from engine.records import BadInput, Epoch

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class Federate(TrainingLever):
    """As many rounds as the recipe's epochs hold; before is central training of equal length."""

    name: ClassVar[str] = "federate"

    client_count: int = 10
    sharing: Sharing = "iid"
    concentration: float = 0.3
    """Of `dirichlet`; without meaning otherwise."""
    local_epoch_count: int = 1
    """Passes over its examples that a client makes each round."""

    def __post_init__(self) -> None:
        if self.client_count < 2:
            raise BadInput(f"Federated averaging needs 2 clients or more, not {self.client_count}.")
        if not 1 <= self.local_epoch_count <= epoch_count_of(self.recipe):
            raise BadInput(
                f"A round has 1 to {epoch_count_of(self.recipe)} of the recipe's epochs, not "
                f"{self.local_epoch_count}."
            )

    @property
    def round_count(self) -> int:
        """Rounds, so that every example is seen as often as in central training."""
        return epoch_count_of(self.recipe) // self.local_epoch_count

    def learn(self, device: torch.device, on_epoch: Callable[[Epoch], None]) -> Learned:
        """All rounds; each is an epoch of the record."""
        with one_thread(device), torch.random.fork_rng():
            torch.manual_seed(self.recipe.seed)
            data = examples_of(self.recipe)
            clients = [
                on_device(data.train.at(places), device)
                for places in shards(
                    data.train,
                    self.client_count,
                    self.sharing,
                    self.concentration,
                    self.recipe.seed,
                )
            ]
            held_out = on_device(data.held_out, device)
            result = self._rounds(clients, Data(data.train, held_out), device, on_epoch)
        found = self.compared(result, device)
        found.metrics.update(self._traffic(result, clients))
        return found

    def _rounds(
        self,
        clients: list[Split],
        data: Data,
        device: torch.device,
        on_epoch: Callable[[Epoch], None],
    ) -> Trained:
        model = untrained(self.recipe).to(device)
        epochs: list[Epoch] = []
        step_times_s: list[float] = []
        step_count = 0
        for number in range(1, self.round_count + 1):
            wait(device)
            start_s = time.perf_counter()
            steps = self._round(number, model, clients, data.held_out, device)
            wait(device)
            time_s = time.perf_counter() - start_s
            step_times_s.append(time_s / steps)
            step_count += steps
            epochs.append(seen(model, data, self.recipe, device, number, time_s))
            on_epoch(epochs[-1])
        return Trained(
            recipe=self.recipe,
            model=model,
            epochs=epochs,
            step_times_s=step_times_s,
            step_count=step_count,
            shares={},
            metrics=judge(model, data.held_out, self.recipe, device),
            compile_s=None,
            best_epoch_number=len(epochs),
        )

    def _round(
        self,
        number: int,
        model: nn.Module,
        clients: list[Split],
        held_out: Split,
        device: torch.device,
    ) -> int:
        """One round; returns the optimiser steps all clients took together."""
        states: list[State] = []
        step_count = 0
        for examples in clients:
            local = deepcopy(model)
            run = Run(self.recipe, device, local, Data(examples, held_out))
            run.pace((number - 0.5) / self.round_count)
            step_count += _learn_locally(run, local, len(examples), self.local_epoch_count)
            states.append(local.state_dict())
        model.load_state_dict(averaged(states, [len(examples) for examples in clients]))
        return step_count

    def _traffic(self, result: Trained, clients: list[Split]) -> dict[str, float]:
        model_bytes = sum(value.nbytes for value in result.model.state_dict().values())
        round_bytes = float(model_bytes * len(clients))
        counts = [len(examples) for examples in clients]
        return {
            "round_count": float(self.round_count),
            "down_bytes_per_round": round_bytes,
            "up_bytes_per_round": round_bytes,
            "down_bytes": round_bytes * self.round_count,
            "up_bytes": round_bytes * self.round_count,
            "step_count_per_client": result.step_count / len(clients),
            "least_shard_count": float(min(counts)),
            "largest_shard_count": float(max(counts)),
        }


def averaged(states: Sequence[State], weights: list[int]) -> dict[str, Tensor]:
    """The mean of the states, weighed; whole numbers, as counts of batches, are the largest."""
    whole = float(sum(weights))
    mean: dict[str, Tensor] = {}
    for name, value in states[0].items():
        values = torch.stack([state[name] for state in states])
        if value.is_floating_point():
            shares = torch.tensor([w / whole for w in weights], device=value.device).to(value.dtype)
            mean[name] = torch.tensordot(shares, values, dims=1)
        else:
            mean[name] = values.amax(0)
    return mean


def _learn_locally(run: Run, model: nn.Module, example_count: int, epoch_count: int) -> int:
    model.train()
    step_count = 0
    for _ in range(epoch_count):
        for index in torch.split(torch.randperm(example_count), run.batch_size):
            if len(index) == run.batch_size:
                run.step(index)
                step_count += 1
    return step_count
