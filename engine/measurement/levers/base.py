"""What levers share: a record that holds the model before and after side by side.

In the metrics a name alone is after the lever, with `before_` the same before it. Both
models answer from their files, and are timed in turn, so that a disturbance hits both.
"""

from __future__ import annotations

import gzip
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from engine.measurement.execution import one_thread, wait
from engine.measurement.families.base import Data, Recipe, Split
from engine.measurement.judging import JUDGED_AT_ONCE, judge, on_device
from engine.measurement.recipes import data_of, family_of
from engine.measurement.stages.artefacts import CPU, Predict
from engine.measurement.stages.base import RecipeStage, Step, first
from engine.measurement.stages.infer import Runtime
from engine.measurement.stages.train import learned
from engine.measurement.training import Trained, kept_path, trained
from engine.measurement.training_run import JUDGED_COUNT
from engine.measurement.workloads.base import Learned
from engine.records import Epoch, Setting

TIMED_S = 0.2
"""How long before and after are timed in turn, once one example at a time and once many."""
FEWEST_TURNS, MOST_TURNS = 10, 300


_EARLIER: dict[tuple[Path, int], Mapping[str, float]] = {}
"""Scores by file and when it was written: one model is where several levers start."""


@dataclass(frozen=True)
class Artefact:
    """A model's file, and that file opened."""

    path: Path
    predict: Predict


@dataclass(frozen=True)
class AnsweringLever(RecipeStage):
    """A trained model changed: a step is one request answered by the changed model."""

    runtime: ClassVar[Runtime] = "torch"

    request_size: int = 64
    """Examples answered at once; `batch_size` is that of the training."""

    @property
    def settings(self) -> dict[str, Setting]:
        """With the score that counts, and what answers."""
        return super().settings | {
            "metric": family_of(self.recipe.family).metric,
            "runtime": self.runtime,
        }

    def before(self, device: torch.device) -> Artefact:
        """The model as it was trained."""
        raise NotImplementedError

    def after(self, device: torch.device) -> Artefact:
        """The changed model, its file made now or before."""
        raise NotImplementedError

    def more_metrics(self, before: Path, after: Path) -> Mapping[str, float]:  # noqa: ARG002
        """What else the two files show."""
        return {}

    def make_ready(self, device: torch.device) -> None:
        """Both files."""
        super().make_ready(device)
        with one_thread(device):
            self.before(device)
            self.after(device)

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """Both models opened, and one request."""
        place = device if self.runtime == "torch" else CPU
        before, after = self.before(device), self.after(device)
        held_out = on_device(data_of(self.recipe.family).held_out, place)
        request = first(held_out, self.request_size).inputs

        def metrics() -> Mapping[str, float]:
            return {
                **self._scores(before, after, held_out),
                **sizes(before.path, after.path),
                **_speeds(before.predict, after.predict, held_out, self.request_size, place),
                **self.more_metrics(before.path, after.path),
            }

        return Step(lambda: after.predict(request), device, metrics)

    def _scores(self, before: Artefact, after: Artefact, held_out: Split) -> dict[str, float]:
        metric = family_of(self.recipe.family).metric
        scores = scores_of(after.predict, held_out, self.recipe)
        counted = {"test_example_count": float(len(held_out))}
        return scores | {f"before_{metric}": self._earlier(before, held_out)[metric]} | counted

    def _earlier(self, before: Artefact, held_out: Split) -> Mapping[str, float]:
        key = (before.path, before.path.stat().st_mtime_ns)
        if key not in _EARLIER:
            _EARLIER[key] = scores_of(before.predict, held_out, self.recipe)
        return _EARLIER[key]


def changed_path(recipe: Recipe, change: str, suffix: str) -> Path:
    """Where the recipe's model lies, changed in that way, or would.

    Its name is as long as that of the model before: torch writes it into the file, once
    a tensor, and the bytes of both are compared.
    """
    kept = kept_path(recipe, suffix)
    digest = hashlib.sha256(f"{kept.stem} {change}".encode()).hexdigest()
    return kept.with_stem(digest[: len(kept.stem)])


def scores_of(predict: Predict, examples: Split, recipe: Recipe) -> dict[str, float]:
    """The family's scores of what answers, whoever runs it."""
    parts = [
        torch.as_tensor(np.asarray(part) if not torch.is_tensor(part) else part).float()
        for start in range(0, len(examples), JUDGED_AT_ONCE)
        for part in [predict(examples.at(slice(start, start + JUDGED_AT_ONCE)).inputs)]
    ]
    return family_of(recipe.family).evaluate(torch.cat(parts), examples)


def sizes(before: Path, after: Path) -> dict[str, float]:
    """Bytes of the files as they lie on disk, and gzipped as they would be sent."""
    return {
        "before_artefact_bytes": float(before.stat().st_size),
        "artefact_bytes": float(after.stat().st_size),
        "before_packed_bytes": packed_bytes(before),
        "packed_bytes": packed_bytes(after),
    }


def packed_bytes(path: Path) -> float:
    """What gzip makes of the file."""
    return float(len(gzip.compress(path.read_bytes(), compresslevel=6)))


def in_turn(
    calls: tuple[Callable[[], object], ...], device: torch.device, timed_s: float
) -> list[float]:
    """Median time of each call, called in turn for so long; s."""
    times_s: list[list[float]] = [[] for _ in calls]
    end_s = time.perf_counter() + timed_s
    turn_count = 0
    while turn_count < FEWEST_TURNS or (turn_count < MOST_TURNS and time.perf_counter() < end_s):
        for call, seen_s in zip(calls, times_s, strict=True):
            wait(device)
            start_s = time.perf_counter()
            call()
            wait(device)
            seen_s.append(time.perf_counter() - start_s)
        turn_count += 1
    # The first turns warm up.
    return [median(seen_s[turn_count // 5 :]) for seen_s in times_s]


def _speeds(
    before: Predict, after: Predict, examples: Split, request_size: int, device: torch.device
) -> dict[str, float]:
    found: dict[str, float] = {}
    for key, count in (("p50_s", 1), ("examples_per_s", request_size)):
        inputs = first(examples, count).inputs

        def asked(predict: Predict, inputs: Any = inputs) -> Callable[[], object]:
            return lambda: predict(inputs)

        times_s = in_turn((asked(before), asked(after)), device, TIMED_S)
        for name, time_s in zip((f"before_{key}", key), times_s, strict=True):
            found[name] = time_s if key == "p50_s" else count / time_s
    return found


@dataclass(frozen=True)
class TrainingLever(RecipeStage):
    """Another way of training: all of it is measured, and judged against the plain one."""

    @property
    def settings(self) -> dict[str, Setting]:
        """With the score that counts."""
        return super().settings | {"metric": family_of(self.recipe.family).metric}

    def fetch(self) -> None:
        """The data, and the plainly trained model to compare with."""
        data_of(self.recipe.family)
        trained(self.recipe, first_device())

    def compared(self, result: Trained, device: torch.device) -> Learned:
        """What training brought, beside the plain model's score."""
        metric = family_of(self.recipe.family).metric
        with one_thread(device):
            held_out = on_device(data_of(self.recipe.family).held_out, device)
            plain = judge(trained(self.recipe, device), held_out, self.recipe, device)
        found = learned(self.recipe, result)
        found.metrics[f"before_{metric}"] = plain[metric]
        return found


def seen(
    model: nn.Module,
    data: Data,
    recipe: Recipe,
    device: torch.device,
    number: int,
    time_s: float,
) -> Epoch:
    """What the model shows after so many rounds, on some of the examples."""
    metric = family_of(recipe.family).metric
    train, held_out = (
        judge(
            model,
            on_device(side.at(slice(None, None, -(-len(side) // JUDGED_COUNT))), device),
            recipe,
            device,
        )
        for side in (data.train, data.held_out)
    )
    return Epoch(
        number=number,
        train_loss_nats=train["loss_nats"],
        train_accuracy_share=train.get("accuracy_share", train[metric]),
        held_out_loss_nats=held_out["loss_nats"],
        held_out_accuracy_share=held_out.get("accuracy_share", held_out[metric]),
        time_s=time_s,
    )


def first_device() -> torch.device:
    """Where benches run: the first GPU, else the CPU."""
    return torch.device("cuda", 0) if torch.cuda.is_available() else CPU
