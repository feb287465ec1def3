"""What a world measures: sweeps of collectives over size, and data-parallel training steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from engine.measurement.distributed.fit import COLLECTIVE
from engine.measurement.workloads.base import settings_of
from engine.measurement.workloads.decoder import Decoder, Shape, parameter_count
from engine.measurement.workloads.language_model import LEARNING_RATE, TrainStep, random_tokens
from engine.records import BadInput, Setting

BYTES_PER_NUMBER = 4
"""Messages and models are fp32."""

Operation = Literal["all_reduce", "all_gather", "all_to_all"]
Strategy = Literal["alone", "ddp", "fsdp"]


class World(NamedTuple):
    """How many processes work together, and over what."""

    world_size: int
    node_count: int
    thread_count: int
    """CPU threads of each process."""
    backend: str
    """`gloo` between CPUs, `nccl` between GPUs."""


@dataclass(frozen=True)
class WorldJob:
    """What every job of a world is told apart by."""

    world_size: int
    node_count: int
    thread_count: int
    backend: str

    @property
    def settings(self) -> dict[str, Setting]:
        """Every field."""
        return settings_of(self)


@dataclass(frozen=True)
class Collective(WorldJob):
    """One collective over `size_bytes`: the buffer of all_reduce and all_to_all on each process,
    what every process holds after all_gather.

    What each process must send of it: `2 (n - 1) / n` of the bytes for all_reduce, `(n - 1) / n`
    for the other two.

    Source: https://github.com/NVIDIA/nccl-tests/blob/master/doc/PERFORMANCE.md
    """

    name: ClassVar[str] = COLLECTIVE
    flop_per_step: ClassVar[None] = None

    collective: Operation
    size_bytes: int

    def __post_init__(self) -> None:
        part_bytes = BYTES_PER_NUMBER * self.world_size
        if self.size_bytes < part_bytes or self.size_bytes % part_bytes:
            raise BadInput(
                f"A message of {self.size_bytes} bytes cannot be shared by {self.world_size} "
                f"processes; take a multiple of {part_bytes}."
            )

    @property
    def moved_bytes_per_step(self) -> float:
        """What each process sends."""
        share = (self.world_size - 1) / self.world_size
        return (2.0 if self.collective == "all_reduce" else 1.0) * share * self.size_bytes

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """Buffers on every process, and one exchange."""
        import torch.distributed as dist

        whole = torch.zeros(self.size_bytes // BYTES_PER_NUMBER, device=device)
        if self.collective == "all_reduce":
            return lambda: dist.all_reduce(whole)
        if self.collective == "all_gather":
            part = torch.zeros(len(whole) // self.world_size, device=device)
            return lambda: dist.all_gather_single(whole, part)
        received = torch.empty_like(whole)
        return lambda: dist.all_to_all_single(received, whole)


@dataclass(frozen=True)
class ParallelTrainStep(WorldJob):
    """Forward, backward and AdamW of a small decoder on every process at once.

    `alone` exchanges nothing: beside it stands what DDP and FSDP (`fully_shard`) cost.
    """

    name: ClassVar[str] = "parallel_train_step"
    moved_bytes_per_step: ClassVar[None] = None

    strategy: Strategy
    layer_count: int
    hidden_size: int
    head_count: int
    vocabulary_size: int
    sequence_tokens: int
    batch_size: int
    """Rows on each process."""

    @property
    def alike(self) -> TrainStep:
        """The same step in one process."""
        return TrainStep(
            self.layer_count,
            self.hidden_size,
            self.head_count,
            self.vocabulary_size,
            sequence_tokens=self.sequence_tokens,
            batch_size=self.batch_size,
        )

    @property
    def flop_per_step(self) -> float:
        """All processes together."""
        return self.world_size * self.alike.flop_per_step

    @property
    def metrics(self) -> dict[str, float]:
        """What is known before it runs.

        Each process sends `2 (n - 1) / n` of the gradients in DDP (one all-reduce), and
        `3 (n - 1) / n` of the parameters in FSDP (gathered twice, gradients scattered once).
        """
        count = float(parameter_count(self.alike, self.sequence_tokens))
        share = (self.world_size - 1) / self.world_size
        rounds = {"alone": 0.0, "ddp": 2.0, "fsdp": 3.0}[self.strategy]
        return {
            "parameter_count": count,
            "sent_bytes_per_process": rounds * share * BYTES_PER_NUMBER * count,
        }

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """A model of this strategy, its optimiser, and a batch of this process's own."""
        torch.manual_seed(0)
        model = _parallel(_Loss(self.alike, self.sequence_tokens).to(device), self.strategy)
        optimiser = torch.optim.AdamW(model.parameters(), LEARNING_RATE, fused=True)
        tokens = random_tokens(self.alike, self.batch_size, self.sequence_tokens + 1, device)
        inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].flatten()

        def step() -> None:
            model(inputs, targets).backward()
            optimiser.step()
            optimiser.zero_grad()

        return step


class _Loss(nn.Module):
    """A decoder whose output is its loss: DDP and FSDP must see all of the forward pass."""

    def __init__(self, shape: Shape, longest_tokens: int) -> None:
        super().__init__()
        self.decoder = Decoder(shape, longest_tokens)

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Mean loss, nats."""
        logits = self.decoder.logits(self.decoder(inputs))
        return F.cross_entropy(logits.flatten(0, 1), targets)


def _parallel(model: _Loss, strategy: Strategy) -> Any:
    if strategy == "ddp":
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(model)
    if strategy == "fsdp":
        from torch.distributed.fsdp import fully_shard

        for block in model.decoder.blocks:
            fully_shard(block)
        fully_shard(model)
    return model


OPERATIONS: tuple[Operation, ...] = ("all_reduce", "all_gather", "all_to_all")
STRATEGIES: tuple[Strategy, ...] = ("alone", "ddp", "fsdp")

POWERS: Mapping[str, range] = {
    "toy": range(10, 17, 3),
    "quick": range(8, 25, 2),
    "standard": range(8, 27),
    "full": range(6, 29),
}
"""Message sizes of each suite, as powers of two bytes."""
SHAPES: Mapping[str, tuple[tuple[int, int, int, int, int, int], ...]] = {
    # layers, hidden, heads, vocabulary, tokens a row, rows a process
    "toy": ((1, 32, 2, 256, 16, 2),),
    "quick": ((2, 128, 4, 512, 64, 8), (4, 256, 4, 1_024, 64, 8)),
    "standard": (
        (2, 128, 4, 512, 64, 8),
        (4, 256, 4, 1_024, 64, 8),
        (6, 384, 6, 2_048, 128, 8),
    ),
    "full": (
        (2, 128, 4, 512, 64, 8),
        (4, 256, 4, 1_024, 64, 8),
        (6, 384, 6, 2_048, 128, 8),
        (12, 768, 12, 8_192, 256, 8),
    ),
}


def jobs(suite: str, world: World) -> list[Collective | ParallelTrainStep]:
    """What a suite measures in a world: every collective at every size, then training steps.

    Raises:
        BadInput: no such suite, with the known ones.
    """
    if suite not in POWERS:
        raise BadInput(f"No suite {suite!r} for several processes. Known: {', '.join(POWERS)}.")
    sizes = dict.fromkeys(_shareable(2**power, world.world_size) for power in POWERS[suite])
    sweeps = [
        Collective(*world, collective=operation, size_bytes=size)
        for operation in OPERATIONS
        for size in sizes
    ]
    steps = [
        ParallelTrainStep(*world, strategy, *shape)
        for shape in SHAPES[suite]
        for strategy in STRATEGIES
    ]
    return [*sweeps, *steps]


def _shareable(size_bytes: int, world_size: int) -> int:
    """The nearest size below that every process can have an equal part of."""
    part_bytes = BYTES_PER_NUMBER * world_size
    return max(1, size_bytes // part_bytes) * part_bytes
