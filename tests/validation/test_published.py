"""Our projections beside what others published about whole runs and models."""

from statistics import median

import pytest

from engine import catalogue
from engine.projection import project
from engine.scenario import Scenario

RUNS = {
    # Touvron et al. 2023, LLaMA, table 15.
    "llama-7b": ("a100-sxm-80gb", 1_000, 2_048, 2_048, 82_432),
    # Touvron et al. 2023, Llama 2, table 2.
    "llama-2-7b": ("a100-sxm-80gb", 2_000, 4_096, 1_024, 184_320),
    "llama-2-13b": ("a100-sxm-80gb", 2_000, 4_096, 1_024, 368_640),
    "llama-2-70b": ("a100-sxm-80gb", 2_000, 4_096, 2_048, 1_720_320),
    # Llama 3.1 model card; 15 trillion tokens and more.
    "llama-3.1-8b": ("h100-sxm", 15_000, 8_192, 8_192, 1_460_000),
    "llama-3.1-70b": ("h100-sxm", 15_000, 8_192, 8_192, 7_000_000),
    "llama-3.1-405b": ("h100-sxm", 15_600, 8_192, 16_384, 30_840_000),
}
"""Hardware, billions of tokens, sequence, devices, published device-hours."""

WORST_RUN_RATIO = 2.9
"""Llama 3.1 8B: its card's hours are 0.17 of peak, far below any published steady speed."""
MEDIAN_RUN_RATIO = 1.35


def run_ratio(model: str) -> float:
    """Projected over published device-hours, from the throughput fitted to other rows."""
    hardware, items_billion, sequence, devices, published_device_hours = RUNS[model]
    scenario = Scenario(
        model=model,
        hardware=hardware,
        dataset_items_billion=items_billion,
        sequence_tokens=sequence,
        training_device_count=devices,
    )
    projected = project(scenario).training.device_hours.value
    assert isinstance(projected, float)
    return projected / published_device_hours


def test_whole_runs_take_about_the_device_hours_published(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ratios = {model: run_ratio(model) for model in RUNS}
    with capsys.disabled():
        for model, ratio in ratios.items():
            print(f"\n  {model}: projected device-hours {ratio:.2f} x published", end="")  # noqa: T201
        print()  # noqa: T201
    off = [max(ratio, 1 / ratio) for ratio in ratios.values()]
    assert max(off) < WORST_RUN_RATIO
    assert median(off) < MEDIAN_RUN_RATIO


def hellaswag_errors() -> dict[str, tuple[float, bool]]:
    """Projected less published HellaSwag, and whether the range held it, by model."""
    errors = {}
    for name in catalogue.models():
        known = catalogue.model(name)
        scores = [s.value_share for s in known.scores if s.metric == "hellaswag-10-shot"]
        if scores and known.trained_items_billion is not None:
            items_billion = known.trained_items_billion.value
            score = project(Scenario(model=name, dataset_items_billion=items_billion)).quality
            estimate = score.score_share
            held = bool(estimate.low <= scores[0] <= estimate.high)
            errors[name] = (float(estimate.value) - scores[0], held)
    return errors


def test_language_model_scores_are_within_their_range_nine_times_in_ten(
    capsys: pytest.CaptureFixture[str],
) -> None:
    errors = hellaswag_errors()
    middle = median(abs(error) for error, _ in errors.values())
    held_share = sum(held for _, held in errors.values()) / len(errors)
    with capsys.disabled():
        print(f"\n  HellaSwag: median error {middle * 100:.1f} points over {len(errors)} models,")  # noqa: T201
        print(f"  {held_share:.0%} within the 90 % range")  # noqa: T201
    assert len(errors) >= 10
    assert middle < 0.025
    assert held_share >= 0.85
