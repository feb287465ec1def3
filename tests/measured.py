"""A machine with measurements of every kind, for tests of pages and journeys."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from db.session import open_database
from db.store import save_measurement
from engine.records import Epoch, Machine, Measurement, Setting

MACHINE = Machine(
    cpu_name="Test Processor 9000",
    physical_core_count=4,
    logical_core_count=8,
    memory_bytes=16_000_000_000,
    operating_system="Linux 6.1",
    python_version="3.11.2",
    torch_version="2.13.0",
    thread_count=4,
)
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
VOCABULARY_SIZE = 5_000
CLASSIFIER_SIZES = {"news": (1, 2, 4, 8, 16), "wordnet-categories": (1, 4, 16, 64, 256)}
REACHABLE_SHARE = {"news": 0.97, "wordnet-categories": 0.74}
SEEDS = (0, 1, 2)


def fill(url: str) -> int:
    """How many measurements were put into the database."""
    database = open_database(url)
    try:
        return sum(save_measurement(database, m) for m in measurements())
    finally:
        database.dispose()


def measurements() -> list[Measurement]:
    """Matrix products, a memory copy, storage, classifiers and language-model steps."""
    return [*_limits(), *_classifiers(), *_language_model_steps()]


def _limits() -> Iterator[Measurement]:
    for precision, peak in (("fp32", 2.0e11), ("bf16", 3.5e11)):
        for size in (256, 512, 1024, 2048):
            flop = 2.0 * size**3
            rate = peak * size / (size + 200)
            settings = {"size": size, "precision": precision}
            yield _one("matmul", settings, flop / rate, flop=flop, moved_bytes=12.0 * size**2)
    copied = 256_000_000
    yield _one("memory_copy", {"size_bytes": copied}, 0.03, moved_bytes=2.0 * copied)
    yield _one("storage_read", {"size_bytes": copied}, 0.12, moved_bytes=float(copied))
    yield _one("storage_write", {"size_bytes": copied}, 0.31, moved_bytes=float(copied))


def _classifiers() -> Iterator[Measurement]:
    for task, sizes in CLASSIFIER_SIZES.items():
        for size in sizes:
            for seed in SEEDS:
                yield _classifier(task, size, seed)


def _classifier(task: str, size: int, seed: int) -> Measurement:
    accuracy = REACHABLE_SHARE[task] - 0.2 * size**-0.6 + 0.002 * (seed - 1)
    settings: dict[str, Setting] = {
        "task": task,
        "embedding_size": size,
        "vocabulary_size": VOCABULARY_SIZE,
        "seed": seed,
        "epoch_count": 10,
        "batch_size": 32,
        "optimiser": "adam",
    }
    metrics = {
        "accuracy_share": accuracy,
        "precision_share": accuracy - 0.01,
        "recall_share": accuracy + 0.01,
        "f1_share": accuracy,
        "held_out_loss_nats": 1.1 - accuracy,
        "parameter_count": float((VOCABULARY_SIZE + 1) * size + 1),
        "train_example_count": 8_000.0,
        "test_example_count": 2_000.0,
    }
    epochs = tuple(_epoch(number, accuracy) for number in range(1, 11))
    return _one(
        "text_classifier", settings, 4e-4 + 1e-6 * size, flop=6.0 * 32 * size,
        metrics=metrics, epochs=epochs,
    )  # fmt: skip


def _epoch(number: int, accuracy: float) -> Epoch:
    learned = 1.0 - math.exp(-0.6 * number)
    return Epoch(
        number=number,
        train_loss_nats=0.7 - 0.6 * learned,
        train_accuracy_share=0.5 + (accuracy + 0.02 - 0.5) * learned,
        held_out_loss_nats=0.7 - 0.5 * learned,
        held_out_accuracy_share=0.5 + (accuracy - 0.5) * learned,
        time_s=1.5,
    )


def _language_model_steps() -> Iterator[Measurement]:
    for layers, hidden in ((2, 64), (2, 96), (3, 128), (4, 160), (4, 192), (6, 224)):
        parameters = 12.0 * layers * hidden**2 + 1_024 * hidden
        tokens = 8 * 128
        shape: dict[str, Setting] = {
            "layer_count": layers,
            "hidden_size": hidden,
            "head_count": 4,
            "vocabulary_size": 1_024,
        }
        flop = 6.0 * parameters * tokens
        training: dict[str, Setting] = {
            **shape, "sequence_tokens": 128, "batch_size": 8,
            "precision": "fp32", "optimiser": "adamw",
        }  # fmt: skip
        yield _one(
            "lm_train_step", training, 2e-3 + flop / 1.1e11, flop=flop,
            moved_bytes=30.0 * parameters, metrics={"parameter_count": parameters},
        )  # fmt: skip
        if hidden % 64 == 0:
            yield from _language_model_inference(shape, parameters)


def _language_model_inference(
    shape: dict[str, Setting], parameters: float
) -> Iterator[Measurement]:
    known = {"parameter_count": parameters}
    read = 2.0 * parameters * 128
    prefill: dict[str, Setting] = {**shape, "batch_size": 1, "sequence_tokens": 128}
    yield _one(
        "lm_prefill", prefill, 1e-3 + read / 1.2e11, flop=read,
        moved_bytes=4.0 * parameters, metrics=known,
    )  # fmt: skip
    decode: dict[str, Setting] = {**shape, "batch_size": 1, "context_tokens": 128}
    yield _one(
        "lm_decode", decode, 8e-4 + parameters / 4e9, flop=2.0 * parameters,
        moved_bytes=4.0 * parameters, metrics=known,
    )  # fmt: skip


def _one(
    workload: str,
    settings: dict[str, Setting],
    time_s: float,
    *,
    flop: float | None = None,
    moved_bytes: float | None = None,
    metrics: dict[str, float] | None = None,
    epochs: tuple[Epoch, ...] = (),
) -> Measurement:
    return Measurement(
        machine=MACHINE,
        workload=workload,
        settings=settings,
        method_version="1",
        code_version="test",
        taken_at=START + timedelta(seconds=len(str(settings))),
        time_s=time_s,
        time_low_s=0.97 * time_s,
        time_high_s=1.05 * time_s,
        repeat_times_s=(0.97 * time_s, time_s, 1.05 * time_s),
        cpu_time_s=3.6 * time_s,
        flop=flop,
        moved_bytes=moved_bytes,
        peak_memory_bytes=3.0e8,
        energy_j=45.0 * time_s,
        energy_kind="estimated",
        energy_meter="estimate: 4 cores at 11 W",
        metrics=metrics or {},
        epochs=epochs,
    )
