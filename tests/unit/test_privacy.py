"""Differentially private training on a tiny made-up family."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.measurement.bench import Bench, Plan
from engine.measurement.families.base import Recipe
from engine.measurement.meters.estimate import CpuTimeEnergyMeter
from engine.measurement.privacy import TrainPrivately, private_ready
from engine.measurement.runner import measure
from engine.measurement.stages import Train, base
from engine.measurement.workloads.base import AnyWorkload
from engine.projection.lever_table import lever_rows
from engine.records import BadInput, CannotContinue, Machine
from tests.families import add_points

CPU = torch.device("cpu")
MACHINE = Machine("a CPU", 2, 4, 2**34, "Linux 6.1 x86_64", "3.11.7", "2.13.0", 2)
RECIPE = Recipe("points", 4, batch_size=64)


@pytest.fixture(autouse=True)
def points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    add_points(monkeypatch)


@pytest.fixture
def bench() -> Bench:
    return Bench(MACHINE, CPU, CpuTimeEnergyMeter(10.0, "a test"), plan=Plan())


def test_what_was_promised_is_kept_and_noise_grows_with_the_promise(bench: Bench) -> None:
    found = {
        epsilon: measure(TrainPrivately(RECIPE, epsilon), bench).metrics for epsilon in (1.0, 8.0)
    }
    for epsilon, metrics in found.items():
        assert all(isfinite(value) for value in metrics.values())
        assert 0.9 * epsilon < metrics["epsilon_spent"] <= epsilon
        # Three epochs of 300 examples, 64 a batch on average.
        assert metrics["step_count"] == 3 * 5
        assert metrics["sample_share"] == pytest.approx(1 / 5)
        # The made-up model has one batch normalisation.
        assert metrics["replaced_layer_count"] == 1.0
    assert found[1.0]["noise_multiplier"] > found[8.0]["noise_multiplier"]


def test_it_is_a_lever_with_its_cost_in_time(bench: Bench) -> None:
    jobs: list[AnyWorkload] = [TrainPrivately(RECIPE), Train(RECIPE)]
    (row,) = lever_rows([measure(job, bench) for job in jobs])
    assert row.settings["epsilon"] == 3.0
    assert row.training_time_s.ratio is not None
    assert row.training_time_s.ratio > 1


def test_normalisation_over_others_is_replaced() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    ready, count = private_ready(model)
    assert count == 1
    assert [type(part).__name__ for part in ready.children()] == ["Conv2d", "GroupNorm", "ReLU"]
    plain = nn.Sequential(nn.Linear(2, 2))
    assert private_ready(plain) == (plain, 0)


def test_promises_that_mean_nothing_are_refused() -> None:
    for wrong in ({"epsilon": 0.0}, {"delta": 0.0}, {"delta": 1.0}, {"clip_norm": 0.0}):
        with pytest.raises(BadInput, match="epsilon and clip_norm are above 0"):
            TrainPrivately(RECIPE, **wrong)
    with pytest.raises(BadInput, match="in fp32 and not compiled"):
        TrainPrivately(replace(RECIPE, precision="bf16"))


def test_a_missing_library_is_named_before_anything_is_trained(
    monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(base, "import_module", missing)
    with pytest.raises(CannotContinue, match=r"opacus is not installed.*'modelworth\[lab\]'"):
        measure(TrainPrivately(RECIPE), bench)
