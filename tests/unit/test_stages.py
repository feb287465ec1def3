"""Every stage of a model's life, on a tiny made-up family."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from math import isfinite
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.measurement.bench import Bench, Plan
from engine.measurement.families.base import Data, Recipe, Split
from engine.measurement.meters import memory
from engine.measurement.meters.estimate import CpuTimeEnergyMeter
from engine.measurement.recipes import data_of
from engine.measurement.runner import measure
from engine.measurement.stages import (
    STAGES,
    CrossValidate,
    Evaluate,
    Export,
    Infer,
    Load,
    Prepare,
    Train,
    TrainFamilyStep,
    artefacts,
    base,
)
from engine.measurement.stages.base import bytes_of, first
from engine.measurement.stages.cross_validate import folds
from engine.measurement.training import kept_path, trained
from engine.measurement.workloads.base import AnyWorkload
from engine.records import BadInput, CannotContinue, Machine, Measurement
from tests.families import Points, add_points

CPU = torch.device("cpu")
MACHINE = Machine("a CPU", 2, 4, 2**34, "Linux 6.1 x86_64", "3.11.7", "2.13.0", 2)
SHORT = Plan(window_s=1e-4, warm_up_s=0.0, repeat_s=1e-3, fewest_slow_repeats=2, fewest_warm_ups=1)
RECIPE = Recipe("points", 4)


@pytest.fixture(autouse=True)
def points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Points:
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    monkeypatch.setattr("engine.measurement.stages.infer.TIMED_S", 0.01)
    return add_points(monkeypatch)


@pytest.fixture
def bench() -> Iterator[Bench]:
    threads = torch.get_num_threads()
    meter = CpuTimeEnergyMeter(10.0, "a test")
    yield Bench(MACHINE, CPU, meter, memory.open_meter(CPU), plan=SHORT, brief_plan=SHORT)
    assert torch.get_num_threads() == threads


def healthy(measurement: Measurement) -> Measurement:
    numbers = [measurement.time_s, measurement.cpu_time_s, *measurement.metrics.values()]
    assert all(isfinite(number) for number in numbers)
    assert measurement.time_s > 0
    assert measurement.energy_j is None or measurement.energy_j > 0
    assert (measurement.energy_kind == "estimated") == (measurement.energy_j is not None)
    return measurement


def test_stages_are_listed_under_their_names() -> None:
    assert [kind.name for kind in STAGES.values()] == list(STAGES)


def test_settings_name_the_family_its_data_and_the_whole_recipe() -> None:
    assert Load(RECIPE, format="onnx", cold=True).settings == {
        "family": "points",
        "domain": "text",
        "data": "points",
        "data_kind": "synthetic",
        "metric": "accuracy_share",
        "size": 4,
        "seed": 0,
        "optimiser": "adamw",
        "activation": "relu",
        "precision": "fp32",
        "compiled": False,
        "batch_size": 16,
        "epoch_count": 3,
        "format": "onnx",
        "cold": True,
    }
    assert Train(replace(RECIPE, train_example_count=50)).settings["train_example_count"] == 50


def test_preparation_says_bytes_and_examples(bench: Bench) -> None:
    clean, convert = (
        healthy(measure(Prepare("points", step), bench)) for step in ("clean", "convert")
    )
    kept = len(clean_points())
    # Two fp32 numbers a point; then also its class, an int64.
    assert clean.metrics == {
        "input_bytes": 400 * 8.0,
        "output_bytes": kept * 8.0,
        "example_count": float(kept),
    }
    assert convert.metrics == {
        "input_bytes": kept * 8.0,
        "output_bytes": kept * 16.0,
        "example_count": float(kept),
    }


def clean_points() -> torch.Tensor:
    family = Points()
    cleaned = family.preparation()[0].run(family.raw())
    assert isinstance(cleaned, torch.Tensor)
    return cleaned


def test_a_preparation_step_the_family_lacks_is_refused() -> None:
    with pytest.raises(BadInput, match=r"no step 'augment'\. Known: clean, convert"):
        Prepare("points", "augment")


def test_training_is_recorded_whole_and_its_model_kept(bench: Bench) -> None:
    measurement = healthy(measure(Train(RECIPE), bench))
    assert [epoch.number for epoch in measurement.epochs] == [1, 2, 3]
    assert measurement.metrics["step_count"] == 3 * 18
    assert measurement.metrics["train_example_count"] == 300
    assert measurement.metrics["test_example_count"] == len(clean_points()) - 300
    # Forward 8 FLOP for each of 4 units, times three, times a batch of 16.
    assert measurement.flop == 3 * 16 * 32
    assert kept_path(RECIPE).is_file()


def test_a_training_step_says_what_the_optimiser_keeps(bench: Bench) -> None:
    kept_bytes = {
        optimiser: healthy(
            measure(TrainFamilyStep(replace(RECIPE, optimiser=optimiser)), bench)  # type: ignore[arg-type]
        ).metrics["optimiser_state_bytes"]
        for optimiser in ("sgd", "momentum", "adamw")
    }
    # 2 x 4 + 4, norm 4 + 4, 4 x 2 + 2 parameters in six tensors; AdamW counts its steps, too.
    assert kept_bytes == {"sgd": 0.0, "momentum": 30 * 4.0, "adamw": 2 * 30 * 4.0 + 6 * 4.0}
    assert not kept_path(RECIPE).exists()


def test_evaluation_gives_the_scores_of_the_trained_model(bench: Bench) -> None:
    training = measure(Train(RECIPE), bench)
    evaluation = healthy(measure(Evaluate(RECIPE), bench))
    held_out_count = evaluation.metrics["test_example_count"]
    assert evaluation.metrics["accuracy_share"] == training.metrics["accuracy_share"]
    assert evaluation.flop == held_out_count * 32


def test_folds_hold_each_example_out_once() -> None:
    examples = Split((torch.arange(10.0),), torch.arange(10))
    nothing = Split((torch.zeros(0),), torch.zeros(0))
    parts = list(folds(Data(examples, nothing), 3))
    assert [len(part.held_out) for part in parts] == [4, 3, 3]
    held_out = torch.cat([part.held_out.targets for part in parts])
    assert sorted(held_out.tolist()) == list(range(10))
    for part in parts:
        assert not set(part.train.targets.tolist()) & set(part.held_out.targets.tolist())
        assert len(part.train) + len(part.held_out) == 10


def test_cross_validation_gives_mean_and_spread(bench: Bench) -> None:
    measurement = healthy(measure(CrossValidate(RECIPE, fold_count=3), bench))
    metrics = measurement.metrics
    assert metrics["lowest_share"] <= metrics["accuracy_share"] <= metrics["highest_share"]
    assert 0 <= metrics["spread_share"] < 0.5
    # 200 of 300 examples make 12 batches of 16.
    assert metrics["step_count"] == 3 * 3 * 12


def test_one_fold_is_refused() -> None:
    with pytest.raises(BadInput, match="take 2 or more"):
        CrossValidate(RECIPE, fold_count=1)


@pytest.mark.parametrize("form", ["torch_export", "onnx"])
def test_what_is_exported_answers_as_the_model_does(bench: Bench, form: artefacts.Format) -> None:
    measurement = healthy(measure(Export(RECIPE, form), bench))
    path = artefacts.export_path(RECIPE, form)
    assert measurement.metrics["artefact_bytes"] == path.stat().st_size
    inputs = first(data_of("points").held_out, 5).inputs
    with torch.no_grad():
        expected = trained(RECIPE, CPU)(*inputs)
    answer = torch.as_tensor(artefacts.opened(RECIPE, form, path)(inputs))
    torch.testing.assert_close(answer, expected, rtol=1e-4, atol=1e-5)
    warm = healthy(measure(Load(RECIPE, form), bench))
    assert warm.metrics == {"artefact_bytes": measurement.metrics["artefact_bytes"]}


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="files cannot be forgotten here")
def test_a_cold_load_has_the_file_forgotten(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten: list[Path] = []
    monkeypatch.setattr("engine.measurement.stages.load.forget", forgotten.append)
    healthy(measure(Load(RECIPE, "weights", cold=True), bench))
    assert set(forgotten) == {artefacts.export_path(RECIPE, "weights")}
    forgotten.clear()
    healthy(measure(Load(RECIPE, "weights"), bench))
    assert forgotten == []


@pytest.mark.parametrize("runtime", ["torch", "onnxruntime"])
def test_inference_says_percentiles_and_bytes(bench: Bench, runtime: str) -> None:
    workload = Infer(RECIPE, runtime, request_size=150)  # type: ignore[arg-type]
    metrics = healthy(measure(workload, bench)).metrics
    assert 0 < metrics["p50_s"] <= metrics["p95_s"] <= metrics["p99_s"]
    assert metrics["timed_count"] >= 20
    # Two fp32 numbers in and two out for each of 150 points, more than are held out.
    assert (metrics["request_bytes"], metrics["answer_bytes"]) == (1200.0, 1200.0)
    assert workload.flop_per_step == 150 * 32


def test_an_empty_request_is_refused() -> None:
    with pytest.raises(BadInput, match="1 example or more"):
        Infer(RECIPE, request_size=0)


@pytest.mark.parametrize("stage", [Evaluate(RECIPE), Export(RECIPE), Load(RECIPE), Infer(RECIPE)])
def test_a_stage_finds_what_it_needs_after_all_was_lost(bench: Bench, stage: AnyWorkload) -> None:
    assert not kept_path(RECIPE).exists()
    healthy(measure(stage, bench))
    assert kept_path(RECIPE).is_file()


def test_a_missing_library_is_one_sentence(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(base, "import_module", missing)
    artefacts.warm_up_writer.cache_clear()
    with pytest.raises(CannotContinue, match=r"^onnx is not installed\..*modelworth\[lab\]'$"):
        measure(Export(RECIPE, "onnx"), bench)


def test_bytes_are_those_of_numbers_and_texts_however_deep() -> None:
    assert bytes_of([("é", np.zeros(3, np.int16)), {"a": torch.zeros(2)}, b"xy"]) == 2 + 6 + 8 + 2
    assert bytes_of([1, 2.0]) == 16.0
    assert bytes_of(Split((torch.zeros(4),), torch.zeros(1, dtype=torch.int64))) == 24.0
