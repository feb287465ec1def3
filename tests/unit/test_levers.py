"""Levers on a tiny made-up family: files read back, shapes that shrink, rows that add up."""

from __future__ import annotations

import gzip
import logging
from dataclasses import replace
from datetime import UTC, datetime
from math import isfinite, log
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from engine.measurement.bench import Bench, Plan
from engine.measurement.families.base import Recipe
from engine.measurement.levers import (
    LEVERS,
    ChangeBatch,
    Distil,
    Prune,
    QuantiseOnnx,
    QuantiseTorch,
    StopEarly,
    topics,
)
from engine.measurement.levers.base import AnsweringLever, in_turn
from engine.measurement.levers.distil import soft_loss
from engine.measurement.levers.files import integer_bytes_share, matrices_in, zero_share
from engine.measurement.levers.prune import finished, removable, remove_units, zero_smallest
from engine.measurement.levers.quantise import quietly
from engine.measurement.meters.estimate import CpuTimeEnergyMeter
from engine.measurement.runner import measure
from engine.measurement.stages import Infer, Train, base
from engine.measurement.stages.artefacts import exported, opened
from engine.measurement.training import trained
from engine.measurement.workloads.base import AnyWorkload
from engine.projection.lever_table import Change, lever_rows
from engine.records import BadInput, CannotContinue, Machine, Measurement, Setting
from tests.families import Points, add_points

CPU = torch.device("cpu")
MACHINE = Machine("a CPU", 2, 4, 2**34, "Linux 6.1 x86_64", "3.11.7", "2.13.0", 2)
SHORT = Plan(window_s=1e-4, warm_up_s=0.0, repeat_s=1e-3, fewest_slow_repeats=2, fewest_warm_ups=1)
RECIPE = Recipe("points", 8)


@pytest.fixture(autouse=True)
def points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Points:
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    monkeypatch.setattr("engine.measurement.levers.base.TIMED_S", 0.0)
    monkeypatch.setattr("engine.measurement.stages.infer.TIMED_S", 0.0)
    return add_points(monkeypatch)


@pytest.fixture
def bench() -> Bench:
    meter = CpuTimeEnergyMeter(10.0, "a test")
    return Bench(MACHINE, CPU, meter, plan=SHORT, brief_plan=SHORT)


def files_of(job: AnsweringLever) -> tuple[Path, Path]:
    return job.before(CPU).path, job.after(CPU).path


def test_levers_are_listed_under_their_names() -> None:
    assert [kind.name for kind in LEVERS.values()] == list(LEVERS)


@pytest.mark.parametrize(
    "job",
    [
        QuantiseTorch(RECIPE, 4, "int8-dynamic"),
        QuantiseTorch(RECIPE, 4, "int8-weights"),
        QuantiseOnnx(RECIPE, 4, "int8-dynamic"),
        QuantiseOnnx(RECIPE, 4, "int8-static"),
        Prune(RECIPE, 4, "unstructured", 0.5),
        Prune(RECIPE, 4, "structured", 0.5),
    ],
    ids=lambda job: f"{job.name}-{getattr(job, 'method', getattr(job, 'kind', ''))}",
)
def test_a_changed_model_is_held_against_the_one_before(job: AnsweringLever, bench: Bench) -> None:
    found = measure(job, bench)
    before, after = files_of(job)
    metrics = found.metrics
    assert all(isfinite(value) for value in metrics.values())
    assert found.energy_j is not None
    assert found.energy_j > 0
    assert metrics["before_artefact_bytes"] == len(before.read_bytes())
    assert metrics["artefact_bytes"] == len(after.read_bytes())
    assert metrics["packed_bytes"] == len(gzip.compress(after.read_bytes(), 6))
    assert metrics["before_accuracy_share"] > 0.8
    assert abs(metrics["accuracy_share"] - metrics["before_accuracy_share"]) < 0.2
    for name in ("p50_s", "examples_per_s"):
        assert metrics[name] > 0
        assert metrics[f"before_{name}"] > 0
    assert found.settings["metric"] == "accuracy_share"


def test_quantised_files_hold_small_integers() -> None:
    for job in (QuantiseTorch(RECIPE), QuantiseOnnx(RECIPE)):
        before, after = files_of(job)
        assert integer_bytes_share(before) == 0.0
        assert integer_bytes_share(after) > 0.1


def test_the_exporters_notes_are_no_part_of_what_is_compared() -> None:
    job = QuantiseOnnx(RECIPE)
    noted, bare = exported(RECIPE, "onnx"), job.before(CPU).path
    assert bare.stat().st_size < noted.stat().st_size
    for one, other in zip(matrices_in(noted), matrices_in(bare), strict=True):
        np.testing.assert_array_equal(one, other)
    inputs = (torch.randn(5, 2),)
    answers = [opened(RECIPE, "onnx", path)(inputs) for path in (noted, bare)]
    np.testing.assert_array_equal(*answers)


def test_torchao_keeps_each_dense_weight_in_one_byte() -> None:
    _, after = files_of(QuantiseTorch(RECIPE, method="int8-weights"))
    weights = torch.load(after, weights_only=True)
    stored = [value.qdata for value in weights.values() if hasattr(value, "qdata")]
    # 2 x 8 and 8 x 2 weights.
    assert [part.numel() for part in stored] == [16, 16]
    assert {part.dtype for part in stored} == {torch.int8}


def test_four_bits_need_a_layer_that_has_them() -> None:
    with pytest.raises(BadInput, match=r"points has no layer .* in 4 bits .* Take int8-static"):
        QuantiseOnnx(RECIPE, method="int4-weights").after(CPU)


def test_torchao_needs_a_dense_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.measurement.levers.quantise.trained", lambda *of: nn.Identity())
    with pytest.raises(BadInput, match=r"points has no dense layer.* Take quantise_onnx"):
        QuantiseTorch(RECIPE).after(CPU)


def test_the_quantiser_leaves_logging_as_it_was() -> None:
    root = logging.getLogger()
    before = list(root.handlers), root.level, root.manager.disable
    with quietly():
        logging.basicConfig(level=logging.INFO, force=True)
    assert (list(root.handlers), root.level, root.manager.disable) == before


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_unstructured_pruning_zeroes_that_share_and_no_more(share: float) -> None:
    job = Prune(RECIPE, kind="unstructured", share=share)
    before, after = files_of(job)
    # Of 2 x 8 and 8 x 2 weights, counted in the file; fine-tuning has not brought any back.
    numbers = torch.load(after, weights_only=True)
    weights = [value for value in numbers.values() if value.dim() == 2]
    assert sum(int((value == 0).sum()) for value in weights) == round(share * 32)
    assert zero_share(after) == share
    assert zero_share(before) == 0.0
    assert [array.shape for array in matrices_in(after)] == [(8, 2), (2, 8)]


def test_the_smallest_weights_of_the_whole_model_go() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    model[0].weight.data = torch.tensor([[0.1, -5.0], [4.0, 3.0]])
    model[1].weight.data = torch.tensor([[0.2, -0.3]])
    zero_smallest(model, 0.5)
    finished(model)
    assert model[0].weight.tolist() == [[0.0, -5.0], [4.0, 3.0]]
    assert model[1].weight.tolist() == [[0.0, 0.0]]


def test_structured_pruning_takes_units_out_and_the_file_shrinks() -> None:
    before, after = files_of(Prune(RECIPE, kind="structured", share=0.75))
    assert [array.shape for array in matrices_in(before)] == [(8, 2), (2, 8)]
    assert [array.shape for array in matrices_in(after)] == [(2, 2), (2, 2)]
    weights = torch.load(after, weights_only=True)
    assert len(weights["1.running_mean"]) == 2
    assert zero_share(after) == 0.0


def test_units_that_do_nothing_can_go_without_a_change() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 3)
    ).eval()
    with torch.no_grad():
        model[0].weight[[1, 3]] = 0
    pictures = torch.randn(2, 1, 8, 8)
    expected = model(pictures)
    remove_units(model, 0.5)
    assert model[0].weight.shape == (2, 1, 3, 3)
    torch.testing.assert_close(model(pictures), expected)


def test_what_a_sum_or_another_layer_also_reads_stays() -> None:
    between = nn.Sequential(nn.Linear(2, 4), nn.Flatten(), nn.Linear(4, 2))
    assert list(removable(between)) == []
    with pytest.raises(BadInput, match="only the next layer reads"):
        remove_units(between, 0.5)


def test_a_share_that_leaves_nothing_or_all_is_refused() -> None:
    for share in (0.0, 1.0, 1.5):
        with pytest.raises(BadInput, match="between 0 and 1"):
            Prune(RECIPE, share=share)


def test_soft_targets_cost_what_theory_says() -> None:
    # A teacher that is sure of neither class, and a pupil that agrees: entropy ln 2, times 2².
    even = torch.zeros(3, 2)
    classes = torch.zeros(3, dtype=torch.long)
    assert soft_loss(even, even, classes, 2.0).item() == pytest.approx(4 * log(2))
    yes_or_no = soft_loss(even, even, torch.zeros(3, 2), 2.0)
    assert yes_or_no.item() == pytest.approx(4 * log(2))


def test_a_pupil_is_held_against_its_plain_self_and_its_teacher(bench: Bench) -> None:
    small = replace(RECIPE, size=2)
    found = measure(Distil(small, teacher_size=8), bench)
    plain = measure(Train(small), bench)
    assert found.metrics["before_accuracy_share"] == plain.metrics["accuracy_share"]
    assert found.metrics["teacher_parameter_count"] > found.metrics["parameter_count"]
    assert found.metrics["parameter_count"] == plain.metrics["parameter_count"]
    assert [epoch.number for epoch in found.epochs] == [1, 2, 3]
    with pytest.raises(BadInput, match="A teacher is larger"):
        Distil(RECIPE, teacher_size=8)


def test_stopping_early_takes_fewer_steps(bench: Bench) -> None:
    long = replace(RECIPE, epoch_count=60)
    found = measure(StopEarly(long, patience=1), bench)
    assert found.metrics["step_count"] < 60 * 18
    assert found.metrics["best_epoch_number"] == len(found.epochs) - 1
    with pytest.raises(BadInput, match="Patience is 1"):
        StopEarly(RECIPE, patience=0)


def test_another_batch_size_takes_as_many_passes(bench: Bench) -> None:
    found = measure(ChangeBatch(RECIPE, 64), bench)
    assert found.metrics["step_count"] == 3 * (300 // 64)
    assert found.settings["batch_size"] == 16
    assert found.settings["changed_batch_size"] == 64
    with pytest.raises(BadInput, match="take another size than 16"):
        ChangeBatch(RECIPE, 16)


def test_calls_take_turns() -> None:
    asked: list[str] = []
    times_s = in_turn((lambda: asked.append("a"), lambda: asked.append("b")), CPU, 0.0)
    assert asked == ["a", "b"] * 10
    assert len(times_s) == 2


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(base, "import_module", missing)
    with pytest.raises(CannotContinue, match=r"torchao.* pip install 'modelworth\[lab\]'"):
        QuantiseTorch(RECIPE).after(CPU)


def made(workload: str, seed: int, metrics: dict[str, float], **settings: Setting) -> Measurement:
    recipe = {"family": "points", "domain": "text", "size": 8, "seed": seed, "epoch_count": 3}
    return Measurement(
        machine=MACHINE,
        workload=workload,
        settings={**recipe, **settings},
        method_version="1",
        code_version="1",
        taken_at=datetime(2026, 1, 1, tzinfo=UTC),
        time_s=2.0,
        time_low_s=2.0,
        time_high_s=2.0,
        repeat_times_s=(1.0, 3.0),
        cpu_time_s=2.0,
        energy_j=6.0,
        energy_kind="estimated",
        metrics=metrics,
    )


def test_a_row_is_the_mean_and_spread_over_seeds() -> None:
    scores = [(0.8, 0.7), (0.9, 0.7), (0.7, 0.7)]
    taken = [
        made("prune", seed, {"before_f1_share": before, "f1_share": after, "zero_share": 0.5,
             "before_zero_share": 0.0}, metric="f1_share", runtime="torch", request_size=4,
             share=0.5)
        for seed, (before, after) in enumerate(scores)
    ]  # fmt: skip
    plain = [made("infer", seed, {}, runtime="torch", request_size=4) for seed in range(3)]
    (row,) = lever_rows([*taken, *plain])
    assert row.lever == "prune"
    assert row.settings == {"share": 0.5, "runtime": "torch"}
    assert row.seed_count == 3
    assert row.score.before == pytest.approx(0.8)
    assert row.score_change_share == pytest.approx(-0.1)
    # Changes -0.1, -0.2 and 0.
    assert row.score_spread_share == pytest.approx(0.1)
    assert row.zero_share == Change(0.0, 0.5)
    assert row.energy_j == Change(1.5, 1.5)
    assert row.training_time_s == Change(None, None)
    assert row.latency_s == Change(None, None)


def test_training_levers_are_held_against_the_plain_training() -> None:
    metrics = {"before_f1_share": 0.5, "f1_share": 0.6, "step_count": 10.0}
    lever = made("stop_early", 0, metrics, metric="f1_share", patience=1)
    plain = made("train", 0, {"step_count": 40.0})
    (row,) = lever_rows([lever, plain])
    assert row.training_time_s == Change(80.0, 20.0)
    assert row.training_time_s.ratio == 0.25
    assert row.energy_j == Change(240.0, 60.0)
    assert row.score_spread_share is None


def test_what_was_not_measured_without_the_lever_is_unknown() -> None:
    metrics = {"before_f1_share": 0.5, "f1_share": 0.6, "step_count": 10.0}
    lever = made("stop_early", 0, metrics, metric="f1_share")
    other_energy = replace(made("train", 0, {"step_count": 40.0}), energy_kind="measured")
    for plain in ([], [other_energy], [made("train", 1, {"step_count": 40.0})]):
        (row,) = lever_rows([lever, *plain])
        assert row.energy_j.before is None
        assert row.energy_j.ratio is None


def test_the_newest_repetition_counts() -> None:
    old = made("stop_early", 0, {"before_f1_share": 0.5, "f1_share": 0.6}, metric="f1_share")
    new = replace(old, repetition_number=2, metrics={"before_f1_share": 0.5, "f1_share": 0.9})
    for order in ([old, new], [new, old]):
        (row,) = lever_rows(order)
        assert row.score.after == 0.9
        assert row.seed_count == 1


def test_measured_levers_become_rows(bench: Bench) -> None:
    recipes = [replace(RECIPE, seed=seed) for seed in (0, 1)]
    jobs: list[AnyWorkload] = []
    for recipe in recipes:
        jobs += [Train(recipe), Infer(recipe, "torch", 4), Prune(recipe, 4), StopEarly(recipe)]
    pruned, stopped = lever_rows([measure(job, bench) for job in jobs])
    assert (pruned.seed_count, stopped.seed_count) == (2, 2)
    assert pruned.energy_j.ratio is not None
    assert pruned.artefact_bytes.ratio == pytest.approx(1.0, abs=0.1)
    assert stopped.training_time_s.ratio is not None


def test_every_lever_of_the_suites_has_three_seeds() -> None:
    every = (topics.answering_levers, topics.training_levers, topics.federation, topics.privacy)
    jobs = [job for topic in every for job in topic(CPU)]
    seeds: dict[object, set[object]] = {}
    for job in jobs:
        rest = tuple((k, v) for k, v in job.settings.items() if k != "seed")
        seeds.setdefault((job.name, rest), set()).add(job.settings["seed"])
    assert set(map(len, seeds.values())) == {3}
    assert set(LEVERS) <= {job.name for job in jobs}


def test_trained_models_stay_as_they_were() -> None:
    before = {name: value.clone() for name, value in trained(RECIPE, CPU).state_dict().items()}
    Prune(RECIPE, kind="structured").after(CPU)
    after = trained(RECIPE, CPU).state_dict()
    for name, value in before.items():
        np.testing.assert_array_equal(after[name].numpy(), value.numpy())
