"""What compression does to a score: pooled over published models, or measured on one's own."""

from dataclasses import replace
from statistics import fmean, stdev

import numpy as np
import pytest

from engine import catalogue
from engine.catalogue.listing import lines
from engine.cli.savings import effect_as_document
from engine.projection import Evidence, explain, project
from engine.projection.compression import CHOSEN_AMONG_ANSWERS, effect, effects
from engine.projection.own_changes import OwnChange, pooled
from engine.projection.savings import savings
from engine.projection.served_score import effects_on
from engine.projection.sized import sized
from engine.projection.student import next_half_width_share
from engine.records import BadInput, Source
from engine.scenario import Scenario

TAKEN = Scenario(training_run_count=0.0)
"""A known model as it is: its score is published."""


def score(scenario: Scenario, evidence: Evidence | None = None) -> float:
    found = project(scenario, evidence or Evidence()).quality.score_share.value
    assert found is not None
    return float(np.asarray(found))


def by_model(task: str, setting: str) -> dict[str, list[float]]:
    """Changes of every published model by its rows, read from the facts once more."""
    found: dict[str, list[float]] = {}
    for row in catalogue.compressed(task):
        general = task != "language" or row.metric in CHOSEN_AMONG_ANSWERS
        same = row.technique == "quantisation" and row.setting == setting
        if same and general and row.unit == "points":
            found.setdefault(row.model, []).append((row.after - row.before) / 100)
    return found


@pytest.mark.parametrize("setting", ["int8", "fp8", "int4"])
def test_the_change_is_the_mean_over_models_with_the_range_of_the_next(setting: str) -> None:
    means = [fmean(changes) for changes in by_model("language", setting).values()]
    found = effect("language", "quantisation", setting)
    assert found.model_count == len(means) >= 5
    assert found.change_share.value == pytest.approx(fmean(means))
    half = next_half_width_share(stdev(means), len(means))
    assert found.change_share.high - found.change_share.value == pytest.approx(half)
    assert found.change_share.kind == "fitted"


def test_the_next_of_five_numbers_lies_within_students_t() -> None:
    # 2.132 x 1 x sqrt(1.2), Student's t with four degrees of freedom.
    assert next_half_width_share(1.0, 5) == pytest.approx(2.3355, abs=1e-4)


def test_nine_of_ten_models_lie_in_the_range_of_the_others() -> None:
    held = []
    for task, setting in (
        ("language", "int8"), ("language", "int4"), ("text", "int8"), ("image", "int8"),
        ("detection", "int8"),
    ):  # fmt: skip
        means = [fmean(changes) for changes in by_model(task, setting).values()]
        for i, own in enumerate(means):
            others = means[:i] + means[i + 1 :]
            half = next_half_width_share(stdev(others), len(others))
            held.append(abs(own - fmean(others)) <= half)
    assert len(held) > 60
    assert 0.85 <= fmean(held) <= 0.95


def test_lower_precision_lowers_the_score_as_served_and_widens_its_range() -> None:
    bf16 = project(TAKEN).quality.score_share
    for precision in ("fp8", "int8", "int4"):
        served = project(TAKEN.replace(serving_precision=precision)).quality.score_share
        change = effect("language", "quantisation", precision).change_share
        assert served.value == pytest.approx(bf16.value + change.value)
        assert served.high - served.value == pytest.approx(change.high - change.value)
    assert project(TAKEN.replace(serving_precision="fp16")).quality.score_share == bf16


def test_the_doubts_of_score_and_change_add_as_squares() -> None:
    trained = Scenario(requests_per_day=0.0)
    before = project(trained).quality.score_share
    after = project(Scenario(serving_precision="int4")).quality.score_share
    change = effect("language", "quantisation", "int4").change_share
    up = np.hypot(before.high - before.value, change.high - change.value)
    assert after.high - after.value == pytest.approx(float(up))


def test_what_is_not_served_keeps_its_score() -> None:
    quiet = TAKEN.replace(requests_per_day=0.0)
    assert score(quiet.replace(serving_precision="int4")) == score(quiet)


def test_an_attention_cache_of_eight_bits_counts_where_there_is_one() -> None:
    change = effect("language", "cache-quantisation", "int8").change_share.value
    assert score(TAKEN.replace(cache_precision="fp8")) == pytest.approx(score(TAKEN) + change)
    weights = effect("language", "quantisation", "int8").change_share.value
    both = TAKEN.replace(cache_precision="fp8", serving_precision="int8")
    assert score(both) == pytest.approx(score(TAKEN) + change + weights)
    images = Scenario(model="resnet-50", training_run_count=0.0)
    assert score(images.replace(cache_precision="fp8")) == score(images)


def test_what_was_never_published_is_refused_and_said() -> None:
    images = Scenario(model="resnet-50", training_run_count=0.0, serving_precision="int4")
    found = project(images)
    assert found.quality.score_share.value is None
    assert "published models changed so" in found.quality.score_share.note
    note = next(n for n in found.notes if n.code == "served-score-unknown")
    assert note.values == {"served": "int4", "family": "cnn"}


def test_every_published_model_and_its_source_can_be_reached() -> None:
    told = explain(project(TAKEN.replace(serving_precision="fp8")), "quality.score_share")
    change = next(part for part in told["inputs"] if part["name"] == "score_change_share")
    models = {part["name"]: part for part in change["inputs"]}
    falcon = models["Falcon-180B, change_share"]
    assert falcon["value"] == pytest.approx(-0.001)
    assert falcon["note"] == "MMLU 70.4 → 70.3, FP8"
    assert falcon["source"]["url"].startswith("https://github.com/NVIDIA/TensorRT-LLM")


def test_few_models_give_no_range_and_so_no_number() -> None:
    found = effect("recommendation", "quantisation", "int8")
    assert (found.model_count, found.change_share.value) == (1, None)
    assert found.change_share.note.startswith("one published model")


def test_beyond_nineteen_of_twenty_weights_nothing_is_said() -> None:
    settings = {each.setting for each in effects("image") if each.technique == "pruning"}
    assert settings == {"0.8", "0.9", "0.95"}


def own(change_share: float, seed_count: int = 3, parameter_count: float = 8e9) -> OwnChange:
    source = Source("quantise_onnx of text-decoder measured on X")
    return OwnChange(
        "language", "quantisation", "int8", parameter_count, change_share, 0.001, seed_count, source
    )


def test_own_measurements_win_for_models_of_about_their_size() -> None:
    measured = replace(Evidence(), own_changes=(own(-0.05),))
    at = TAKEN.replace(serving_precision="int8")
    found = project(at, measured).quality.score_share
    assert found.value == pytest.approx(score(TAKEN) - 0.05)
    change = dict(found.inputs)["score_change_share"]
    assert change.kind == "measured"
    tiny = replace(Evidence(), own_changes=(own(-0.05, parameter_count=2e5),))
    assert score(at, tiny) == score(at)


def test_own_seeds_are_pooled_with_the_spread_between_models() -> None:
    found = pooled([own(-0.01), own(-0.03)])
    assert found is not None
    assert found.value == pytest.approx(-0.02)
    # Six seeds: 4 x 0.001^2 within and 6 x 0.01^2 between, over 5; t of 2.015.
    half = 2.015 * np.sqrt((4e-6 + 6e-4) / 5) * np.sqrt(1 + 1 / 6)
    assert found.high - found.value == pytest.approx(half)
    assert pooled([own(-0.01, seed_count=2)]) is None


def test_the_saving_by_lower_precision_says_what_it_does_to_the_score() -> None:
    found = next(s for s in savings(Scenario()) if s.lever == "serving_precision")
    change = effect("language", "quantisation", str(found.changes["serving_precision"]))
    assert found.score_change_share == pytest.approx(change.change_share.value)
    assert found.score_change_range_share == (
        pytest.approx(change.change_share.low),
        pytest.approx(change.change_share.high),
    )


def test_the_command_tells_every_way_of_compression() -> None:
    images = Scenario(model="resnet-50")
    found = effects_on(sized(images, catalogue.model("resnet-50")), Evidence())
    documents = {(d["technique"], d["setting"]): d for d in map(effect_as_document, found)}
    int8 = documents["quantisation", "int8"]
    assert (int8["model_count"], int8["row_count"]) == (17, 19)
    zeroed = documents["pruning", "0.8"]
    assert zeroed["score_change_share"] is None
    assert zeroed["seen_share"] == (pytest.approx(-0.022), pytest.approx(0.0037))


def test_a_cache_of_eight_bits_saves_where_much_is_read() -> None:
    reads = TAKEN.replace(requests_per_day=2e6, input_items_per_request=16_000.0)
    found = next(s for s in savings(reads) if s.lever == "cache_precision")
    change = effect("language", "cache-quantisation", "int8").change_share
    assert found.changes == {"cache_precision": "fp8"}
    assert found.score_change_share == pytest.approx(change.value)


def test_facts_are_listed_with_the_change_they_print() -> None:
    found = lines("compression", "detection")
    assert {line.thing for line in found} >= {"YOLOv6-N", "YOLOv4"}
    assert next(line.value for line in found if line.thing == "YOLOv4") == pytest.approx(-1.41)
    with pytest.raises(BadInput, match="Known: language"):
        lines("compression", "poetry")
    assert len(lines("federated", "CIFAR-10")) == 5
    with pytest.raises(BadInput, match="Known: MNIST"):
        lines("federated", "poetry")
