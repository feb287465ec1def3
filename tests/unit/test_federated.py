"""Federated averaging on a tiny made-up family."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from engine.measurement.bench import Bench, Plan
from engine.measurement.families.base import Recipe, Split
from engine.measurement.federated import Federate
from engine.measurement.federated.averaging import averaged
from engine.measurement.federated.shards import Sharing, shards
from engine.measurement.meters.estimate import CpuTimeEnergyMeter
from engine.measurement.runner import measure
from engine.measurement.training import trained
from engine.projection.lever_table import client_energy_j, lever_rows
from engine.records import BadInput, Machine
from tests.families import add_points

CPU = torch.device("cpu")
MACHINE = Machine("a CPU", 2, 4, 2**34, "Linux 6.1 x86_64", "3.11.7", "2.13.0", 2)
RECIPE = Recipe("points", 8)
SHARINGS: tuple[Sharing, ...] = ("iid", "dirichlet", "by-class")


@pytest.fixture(autouse=True)
def points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    add_points(monkeypatch)


@pytest.fixture
def bench() -> Bench:
    return Bench(MACHINE, CPU, CpuTimeEnergyMeter(10.0, "a test"), plan=Plan())


def classes(count: int) -> Split:
    targets = torch.arange(count) % 5
    return Split((torch.arange(count),), targets)


def class_shares(examples: Split, places: Tensor) -> Tensor:
    return torch.bincount(examples.targets[places], minlength=5) / len(places)


@given(
    st.sampled_from(SHARINGS),
    st.integers(2, 6),
    st.sampled_from([0.5, 1.0, 10.0]),
    st.integers(0, 50),
)
def test_each_example_is_one_clients(
    sharing: Sharing, client_count: int, concentration: float, seed: int
) -> None:
    found = shards(classes(400), client_count, sharing, concentration, seed)
    assert len(found) == client_count
    assert sorted(torch.cat(found).tolist()) == list(range(400))
    assert min(map(len, found)) >= 8


def test_uneven_sharing_is_uneven() -> None:
    examples = classes(1_000)
    furthest = {
        sharing: max(
            float((class_shares(examples, places) - 0.2).abs().max())
            for places in shards(examples, 5, sharing, 0.3, seed=0)
        )
        for sharing in SHARINGS
    }
    # All five classes are equally common; two pieces of ten hold two classes at most.
    assert furthest["iid"] < 0.1
    assert furthest["dirichlet"] > 0.2
    assert furthest["by-class"] >= 0.3


def test_what_cannot_be_shared_is_refused() -> None:
    with pytest.raises(BadInput, match="10 examples are too few for 2 clients"):
        shards(classes(10), 2, "iid", 1.0, 0)
    lists = Split((torch.zeros(100, 3),), torch.zeros(100, 3))
    with pytest.raises(BadInput, match=r"one class each\. Take iid"):
        shards(lists, 2, "dirichlet", 1.0, 0)
    with pytest.raises(BadInput, match="larger concentration"):
        shards(classes(90), 10, "dirichlet", 0.001, 0)


def test_the_mean_is_weighed_by_examples() -> None:
    states = [
        {"weight": torch.tensor([0.0, 4.0]), "seen": torch.tensor(3)},
        {"weight": torch.tensor([4.0, 8.0]), "seen": torch.tensor(5)},
    ]
    mean = averaged(states, [30, 10])
    assert mean["weight"].tolist() == [1.0, 5.0]
    assert mean["seen"].item() == 5


@pytest.mark.parametrize("sharing", SHARINGS)
def test_rounds_are_recorded_with_what_travels(sharing: Sharing, bench: Bench) -> None:
    recipe = replace(RECIPE, epoch_count=6)
    found = measure(Federate(recipe, 3, sharing, local_epoch_count=2), bench)
    metrics = found.metrics
    assert all(isfinite(value) for value in metrics.values())
    assert [epoch.number for epoch in found.epochs] == [1, 2, 3]
    # 300 examples in batches of 16, each seen six times, what is left over dropped.
    assert metrics["step_count"] <= 6 * 300 / 16
    assert metrics["step_count_per_client"] == metrics["step_count"] / 3
    state = trained(recipe, CPU).state_dict()
    model_bytes = sum(value.nbytes for value in state.values())
    assert metrics["up_bytes_per_round"] == 3 * model_bytes
    assert metrics["down_bytes"] == 3 * 3 * model_bytes
    energy_j = client_energy_j(found)
    assert energy_j is not None
    assert energy_j * 3 == pytest.approx((found.energy_j or 0) * metrics["step_count"])


def test_alike_clients_learn_nearly_as_well_as_all_together(bench: Bench) -> None:
    recipe = replace(RECIPE, epoch_count=8)
    (row,) = lever_rows([measure(Federate(recipe, 2, "iid"), bench)])
    assert row.lever == "federate"
    assert row.score.after == pytest.approx(row.score.before, abs=0.15)


def test_one_client_alone_or_too_long_a_round_is_refused() -> None:
    with pytest.raises(BadInput, match="2 clients or more"):
        Federate(RECIPE, client_count=1)
    with pytest.raises(BadInput, match="1 to 3 of the recipe's epochs"):
        Federate(RECIPE, local_epoch_count=4)
