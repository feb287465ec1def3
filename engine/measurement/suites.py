"""Suites: ordered lists of workloads. What a database already holds is not measured again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import count

import torch

from engine.measurement import version
from engine.measurement.archives import DataUnavailable
from engine.measurement.bench import Bench, bench_of
from engine.measurement.events import Advanced, Event, Failed, Finished, Started, Trained
from engine.measurement.execution import is_native
from engine.measurement.runner import Progress, measure
from engine.measurement.topics import FULL, STANDARD, collected
from engine.measurement.workloads import (
    Decode,
    Matmul,
    MemoryCopy,
    MemoryUpdate,
    Prefill,
    Revisit,
    StorageRead,
    StorageWrite,
    TextClassifier,
    TrainStep,
)
from engine.measurement.workloads.base import AnyWorkload, Workload
from engine.measurement.workloads.storage_io import can_read_cold
from engine.records import Machine, Measurement, Setting, measurement_key

MIB = 2**20

GPU_SIZES = (1024, 2048, 4096, 8192)
CPU_SIZES = (64, 256, 512, 1024, 2048)
SLOW_CPU_SIZES = (64, 128, 256, 512)
"""Where the CPU has no instructions for a precision: about a thousand times slower."""

UPDATE_SIZES_BYTES = tuple(2**power for power in range(16, 31, 2))
"""From what sits in the nearest cache to what sits in none."""

TRAIN_SHAPES = (
    # layers, hidden, heads, vocabulary, tokens a row, rows a batch
    (1, 32, 2, 256, 16, 2),
    (4, 32, 2, 256, 16, 2),
    (2, 64, 4, 512, 64, 8),
    (6, 64, 4, 256, 64, 4),
    (2, 64, 4, 256, 256, 8),
    (1, 64, 4, 8_192, 32, 8),
    (2, 128, 4, 512, 64, 8),
    (8, 128, 4, 256, 16, 1),
    (2, 128, 4, 4_096, 64, 8),
    (2, 256, 4, 256, 128, 8),
    (2, 256, 4, 256, 32, 16),
    (2, 256, 4, 256, 16, 2),
    (1, 384, 6, 256, 64, 8),
    (1, 384, 6, 256, 16, 1),
)
"""Each leans on another part of a step: launches, products, attention, logits, traffic."""
INFERENCE_SHAPES = (
    # the same; decoding looks back on as many tokens as prefill reads
    (2, 64, 2, 1_000, 128, 1),
    (4, 128, 4, 1_000, 128, 1),
    (2, 256, 4, 1_000, 128, 1),
    (2, 256, 4, 1_000, 256, 4),
)
LARGER_STEPS = (
    TrainStep(14, 768, 12, 2_048, sequence_tokens=128, batch_size=4),
    TrainStep(14, 768, 12, 2_048, sequence_tokens=64, batch_size=2),
    TrainStep(10, 1_024, 16, 512, sequence_tokens=128, batch_size=4),
    TrainStep(14, 768, 12, 8_192, sequence_tokens=256, batch_size=2),
)
"""At least fifty times the largest of `TRAIN_SHAPES`: what small steps are asked to foretell."""

NEWS_VOCABULARY_SIZES = (20, 50, 200, 1_000, 5_000, 10_000)
CATEGORY_EMBEDDING_SIZES = (1, 2, 4, 8, 16, 32)
"""Neither task gains from more: beyond, the classifier learns its texts by heart."""
SMALL_END = 2
"""So many of the smallest sizes are trained from several seeds: their results vary most."""
SEEDS = (0, 1, 2)


def quick(device: torch.device) -> list[AnyWorkload]:
    """About 3 minutes on two CPU cores: the roofline, storage, two text tasks, a language model.

    The steps of the language model come once more at the end, minutes after the first time.
    """
    steps = _language_model()
    again = [Revisit(step) for step in steps]
    return [*_roofline(device), *_storage(64 * MIB), *steps, *_text(), *again]


def toy(device: torch.device) -> list[AnyWorkload]:  # noqa: ARG001
    """A few seconds, without data: to see whether measuring works here."""
    sizes = (8, 16, 32, 64, 96, 128)
    products = [Matmul(size=size, precision="fp32") for size in sizes]
    return [*products, MemoryCopy(size_bytes=MIB), *_storage(MIB)]


def standard(device: torch.device) -> list[AnyWorkload]:
    """About 20 minutes on two CPU cores: `quick`, and the whole life of every model family."""
    return [*quick(device), *collected(STANDARD, device)]


def full(device: torch.device) -> list[AnyWorkload]:
    """`standard` with more seeds, settings and folds: some hours."""
    return [*quick(device), *collected(STANDARD + FULL, device)]


SUITES: dict[str, Callable[[torch.device], list[AnyWorkload]]] = {
    "quick": quick,
    "toy": toy,
    "standard": standard,
    "full": full,
}

EXPECTED_S = {
    "text_classifier": 2.5,
    "prepare": 1.8,
    "train": 5.9,
    "train_step": 0.4,
    "evaluate": 0.8,
    "cross_validate": 7.0,
    "export": 1.3,
    "load": 0.5,
    "infer": 0.6,
    "quantise_torch": 2.2,
    "quantise_onnx": 0.9,
    "prune": 1.1,
    "distil": 6.2,
    "stop_early": 0.8,
    "change_batch": 1.4,
    "federate": 3.4,
    "train_private": 4.5,
    "explain": 3.2,
}
"""For the time left, before anything is known: as two CPU cores took in the standard suite."""
EXPECTED_STEP_S = 1.3


def expected_s(job: AnyWorkload) -> float:
    """Roughly how long a job takes."""
    return EXPECTED_S.get(job.name, EXPECTED_STEP_S)


def _roofline(device: torch.device) -> list[AnyWorkload]:
    products: list[AnyWorkload] = [
        Matmul(size=size, precision=precision)
        for precision in ("fp32", "bf16", "fp16")
        for size in _sizes(device, precision)
    ]
    copies_mib = (256, 1024) if device.type == "cuda" else (1, 16, 256)
    copies = [MemoryCopy(size_bytes=mib * MIB) for mib in copies_mib]
    return [*products, *copies, *(MemoryUpdate(size_bytes=size) for size in UPDATE_SIZES_BYTES)]


def _sizes(device: torch.device, precision: str) -> tuple[int, ...]:
    if device.type == "cuda":
        return GPU_SIZES
    return CPU_SIZES if is_native(device, precision) else SLOW_CPU_SIZES


def _storage(size_bytes: int) -> list[AnyWorkload]:
    return [
        StorageWrite(size_bytes=size_bytes),
        StorageRead(size_bytes=size_bytes, cold=can_read_cold()),
    ]


def _language_model() -> list[Workload]:
    steps = [TrainStep(*shape) for shape in TRAIN_SHAPES]
    prefills = [Prefill(*shape) for shape in INFERENCE_SHAPES]
    decodes = [Decode(*shape) for shape in INFERENCE_SHAPES]
    return [*steps, *prefills, *decodes]


def _text() -> list[AnyWorkload]:
    news = [
        TextClassifier(task="news", embedding_size=16, vocabulary_size=size, seed=seed)
        for place, size in enumerate(NEWS_VOCABULARY_SIZES)
        for seed in _seeds(place)
    ]
    categories = [
        TextClassifier(
            task="wordnet-categories",
            embedding_size=size,
            vocabulary_size=20_000,
            seed=seed,
            batch_size=256,
        )
        for place, size in enumerate(CATEGORY_EMBEDDING_SIZES)
        for seed in _seeds(place)
    ]
    return [*news, *categories]


def _seeds(place: int) -> tuple[int, ...]:
    return SEEDS if place < SMALL_END else SEEDS[:1]


def job_key(job: AnyWorkload, machine: Machine, repetition_number: int = 1) -> str:
    """The key its measurement will have, known before it is taken."""
    return measurement_key(machine, job.name, job.settings, version.METHOD, repetition_number)


def missing(
    jobs: Sequence[AnyWorkload],
    already: Collection[str],
    machine: Machine,
    repetition_number: int = 1,
) -> list[AnyWorkload]:
    """The jobs whose measurement is not held yet, in order."""
    return [job for job in jobs if job_key(job, machine, repetition_number) not in already]


def next_repetition(jobs: Sequence[AnyWorkload], already: Collection[str], machine: Machine) -> int:
    """The repetition, after the first, that is not complete: one interrupted goes on."""
    return next(n for n in count(2) if missing(jobs, already, machine, n))


def run(
    jobs: Sequence[AnyWorkload],
    already: Collection[str],
    bench: Bench,
    on_event: Callable[[Event], None],
    repetition_number: int = 1,
) -> Iterator[Measurement]:
    """Each missing measurement as soon as it is taken, to be kept before the next begins."""
    unavailable: dict[Setting | None, str] = {}
    for job in missing(jobs, already, bench.machine, repetition_number):
        task = job.settings.get("task", job.settings.get("data"))
        if task in unavailable:
            on_event(Failed(job, unavailable[task]))
            continue
        on_event(Started(job))
        try:
            measurement = measure(job, bench, _progress(job, on_event))
        except DataUnavailable as error:
            unavailable[task] = _reason(error)
            on_event(Failed(job, _reason(error)))
        except (RuntimeError, ValueError, MemoryError) as error:
            on_event(Failed(job, _reason(error)))
        else:
            measurement = replace(measurement, repetition_number=repetition_number)
            yield measurement
            on_event(Finished(job, measurement))


def _progress(job: AnyWorkload, on_event: Callable[[Event], None]) -> Progress:
    return Progress(
        on_share=lambda share: on_event(Advanced(job, share)),
        on_epoch=lambda epoch: on_event(Trained(job, epoch)),
    )


def _reason(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else "There is not enough memory for it."


__all__ = ["LARGER_STEPS", "SUITES", "bench_of", "expected_s", "job_key", "missing", "run"]
