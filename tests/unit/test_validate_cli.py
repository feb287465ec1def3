"""`modelworth validate --self` compares what small steps foretell with what is measured."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from db.session import open_database
from db.store import save_measurement
from engine.cli import own_models, validate
from engine.projection import Evidence
from engine.projection.step_time import StepTimeFit, fit_step_times
from engine.records import BadInput, Machine, Measurement
from engine.validation import own_steps
from tests.unit.test_step_time import SMALL, UPDATES, step_of

LARGE = (14, 768, 2048, 128, 4)


def fitted() -> tuple[StepTimeFit, list[Measurement]]:
    small = [replace(step_of(shape), flop=1e9) for shape in SMALL]
    fit = fit_step_times(small, UPDATES)
    assert fit is not None
    return fit, small


def test_errors_are_predicted_over_measured_less_one() -> None:
    fit, small = fitted()
    truth = step_of(LARGE)
    slower = replace(truth, time_s=truth.time_s * 1.25, flop=1e12)
    found = own_steps.compare(fit, small, slower)
    assert found.error_share == pytest.approx(1 / 1.25 - 1, rel=1e-6)
    best_rate = max(1e9 / m.time_s for m in small)
    assert found.constant_mfu_predicted_s == pytest.approx(1e12 / best_rate)
    assert found.growth_ratio > own_steps.LEAST_GROWTH_RATIO


def test_the_fit_sees_no_step_near_the_size_it_foretells() -> None:
    large = step_of(LARGE)
    most = large.metrics["parameter_count"] / own_steps.LEAST_GROWTH_RATIO
    seen = own_steps.small_steps([*(step_of(s) for s in SMALL), large], most)
    assert len(seen) == len(SMALL)
    assert large not in seen


def test_the_document_says_each_error_and_their_median() -> None:
    fit, small = fitted()
    truth = replace(step_of(LARGE), flop=1e12)
    steps = [
        own_steps.compare(fit, small, replace(truth, time_s=truth.time_s * ratio))
        for ratio in (0.5, 1.0, 2.0)
    ]
    document = validate.as_document(steps)
    assert document["median_absolute_error_share"] == pytest.approx(0.5, rel=1e-6)
    assert len(document["steps"]) == 3  # type: ignore[arg-type]


def accuracy(size: int, score_share: float) -> Measurement:
    settings = {"task": "news", "embedding_size": size, "seed": 0}
    metrics = {"parameter_count": 1e3 * size, "accuracy_share": score_share}
    return replace(
        step_of(SMALL[0]), workload="text_classifier", settings=settings, metrics=metrics
    )


def test_the_largest_size_is_foretold_from_the_three_smallest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    scores = {1: 0.80, 4: 0.88, 16: 0.93, 64: 0.96}
    evidence = Evidence.of([accuracy(size, score) for size, score in scores.items()])
    own_models.show(evidence, as_json=True)
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["name"], found["parameter_count"]) == ("news", 64e3)
    assert found["measured_share"] == 0.96
    assert found["low_share"] < found["predicted_share"] < found["high_share"]
    assert found["held"] is True
    own_models.show(evidence, as_json=False)
    assert "yes" in capsys.readouterr().out


def test_three_sizes_foretell_nothing_that_was_measured() -> None:
    three = Evidence.of([accuracy(size, 0.7 + size / 100) for size in (1, 2, 4)])
    with pytest.raises(BadInput, match="at four sizes"):
        own_models.show(three, as_json=True)


def test_with_too_few_steps_it_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'few.db'}")
    machine = Machine("test cpu", 2, 2, 2**33, "linux", "3.11", "2.13", 2)
    save_measurement(open_database(), replace(step_of(SMALL[0]), machine=machine))
    monkeypatch.setattr("engine.measurement.machine.this_machine", lambda: machine)
    with pytest.raises(BadInput, match="modelworth measure --suite quick"):
        validate.compare_own_steps()
