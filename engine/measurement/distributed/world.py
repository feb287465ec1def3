"""The processes that measure together: how they agree, and how their readings become one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from engine.measurement.bench import Bench
from engine.measurement.distributed.jobs import Collective, ParallelTrainStep, World
from engine.measurement.machine import this_machine
from engine.measurement.meters import energy_meter, memory
from engine.measurement.meters.process import ProcessObserver
from engine.measurement.runner import measure
from engine.records import CannotContinue, Measurement

PATIENCE_S = 40.0
"""How long a process waits for the others before it says that one is gone."""

WorldWorkload = Collective | ParallelTrainStep


@dataclass(frozen=True)
class Rank:
    """This process among the others."""

    number: int
    local_number: int
    """Among those of this computer."""
    world: World
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether it keeps the record."""
        return self.number == 0

    def slowest(self, value: float) -> float:
        """The largest of every process's values, known to all."""
        shared = torch.tensor([value], dtype=torch.float64)
        dist.all_reduce(shared, op=dist.ReduceOp.MAX)
        return float(shared.item())

    def everyones(self, value: Any) -> list[Any]:
        """Every process's value, in the order of their numbers, known to all."""
        values: list[Any] = [None] * self.world.world_size
        dist.all_gather_object(values, value)
        return values


@dataclass(frozen=True)
class Share:
    """What one process saw of a job."""

    record: Measurement
    is_metered: bool
    """Whether its energy is expected in the sum."""
    computer: int
    """The same for processes of one computer."""


@contextmanager
def joined(thread_count: int) -> Iterator[Rank]:
    """This process in its world, as `torchrun` describes it in the environment.

    GPUs exchange over NCCL where each process has one of its own; else CPUs over gloo.

    Raises:
        CannotContinue: this build of torch has no collectives.
    """
    if not dist.is_available():
        raise CannotContinue("This build of torch has no torch.distributed. Install another.")
    local = int(os.environ["LOCAL_RANK"])
    has_gpus = torch.cuda.device_count() >= int(os.environ["LOCAL_WORLD_SIZE"])
    with_gpus = has_gpus and dist.is_nccl_available()
    device = torch.device("cuda", local) if with_gpus else torch.device("cpu")
    if with_gpus:
        torch.cuda.set_device(device)
    # What they agree on goes between CPUs either way, so that no GPU waits for it.
    backend = "cpu:gloo,cuda:nccl" if with_gpus else "gloo"
    dist.init_process_group(backend, timeout=timedelta(seconds=PATIENCE_S))
    try:
        size = dist.get_world_size()
        node_count = size // int(os.environ["LOCAL_WORLD_SIZE"])
        world = World(size, node_count, thread_count, "nccl" if with_gpus else "gloo")
        yield Rank(dist.get_rank(), local, world, device)
    finally:
        dist.destroy_process_group()


def bench_of(rank: Rank, machine_thread_count: int) -> Bench:
    """This process's bench; the machine is named as it is outside the world.

    Where the counters see the whole computer, one process of each reads them.
    """
    meter = energy_meter(rank.device)
    if meter is not None and meter.sees_all_programs and rank.local_number > 0:
        meter = None
    return Bench(
        machine=replace(this_machine(rank.device), thread_count=machine_thread_count),
        device=rank.device,
        energy_meter=meter,
        memory_meter=memory.open_meter(rank.device),
        observer=ProcessObserver(),
        slowest=rank.slowest,
    )


def trouble(job: WorldWorkload, rank: Rank) -> str | None:
    """Why a job cannot be done in this world, found by doing it once; None where it can."""
    reason = None
    try:
        job.prepare(rank.device)()
    except (RuntimeError, MemoryError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0] or "There is not enough memory for it."
    return next((said for said in rank.everyones(reason) if said is not None), None)


def measured(job: WorldWorkload, rank: Rank, bench: Bench) -> Measurement:
    """The world's one record, the same on every process.

    Times are the slowest process's; CPU time and energy are sums; memory is the largest of
    one process. Energy is unknown where one meter failed.
    """
    own = measure(job, bench)
    share = Share(own, bench.energy_meter is not None, rank.number - rank.local_number)
    return together(rank.everyones(share))


def together(shares: list[Share]) -> Measurement:
    """One record of what every process saw of the same job, in the order of their numbers."""
    records = [share.record for share in shares]
    energies = [share.record.energy_j for share in shares if share.is_metered]
    known = [energy for energy in energies if energy is not None]
    is_known = bool(known) and len(known) == len(energies)
    peaks = [r.peak_memory_bytes for r in records if r.peak_memory_bytes is not None]
    first = records[0]
    kinds = {record.machine.fingerprint for record in records}
    return replace(
        first,
        cpu_time_s=sum(record.cpu_time_s for record in records),
        energy_j=sum(known) if is_known else None,
        energy_kind=first.energy_kind if is_known else None,
        energy_meter=first.energy_meter if is_known else None,
        peak_memory_bytes=max(peaks, default=None),
        metrics={
            **first.metrics,
            **_cpu_use(shares),
            "machine_kind_count": float(len(kinds)),
        },
    )


def _cpu_use(shares: list[Share]) -> dict[str, float]:
    """What the first process sees of others is partly its fellows on the same computer."""
    seen = shares[0].record.metrics
    if not {"cpu_use_share", "other_cpu_use_share"} <= seen.keys():
        return {}
    fellows = sum(
        share.record.metrics.get("cpu_use_share", 0.0)
        for share in shares[1:]
        if share.computer == shares[0].computer
    )
    return {
        "cpu_use_share": seen["cpu_use_share"] + fellows,
        "other_cpu_use_share": max(0.0, seen["other_cpu_use_share"] - fellows),
    }
