"""Our serving predictions beside a sample of published measurements.

The sample was drawn at random by source from the rows the constants were fitted to, so these
bounds guard against a formula or a file that breaks; the errors on models and publishers that no
fit saw are those of `cross_validated`.
"""

from pathlib import Path

import pytest

from engine.validation import inference, vision
from engine.validation.rows import (
    INFERENCE_ANSWERS,
    VISION_ANSWERS,
    Prediction,
    Row,
    read_table,
)
from engine.validation.score import compared, scores

HERE = Path(__file__).parent
SERVING = read_table(HERE / "serving_rows.csv", INFERENCE_ANSWERS)
ITEMS = read_table(HERE / "item_rows.csv", VISION_ANSWERS)


@pytest.fixture(scope="module")
def serving() -> list[Prediction]:
    return inference.predict(SERVING.rows)


def _scored(rows: tuple[Row, ...], found: list[Prediction], answers: tuple[str, ...]):
    return scores(compared(rows, found, answers, source_column="source_key"))


@pytest.mark.parametrize(
    ("answers", "largest_share"),
    [(inference.RATES, 0.20), (("tpot_ms",), 0.22), (("energy_j_per_token",), 0.30)],
)
def test_serving_is_as_near_as_it_was(
    serving: list[Prediction], answers: tuple[str, ...], largest_share: float
) -> None:
    assert _scored(SERVING.rows, serving, answers).macro.median_error_share < largest_share


def test_offline_throughput_of_tensorrt_llm_is_near(serving: list[Prediction]) -> None:
    by_source = _scored(SERVING.rows, serving, inference.RATES).by_source
    found = [s.median_error_share for s in by_source if s.source.startswith("trtllm")]
    assert max(found) < 0.15


def test_items_are_as_near_as_they_were() -> None:
    found = _scored(ITEMS.rows, vision.predict(ITEMS.rows), vision.SPEEDS)
    assert found.macro.median_error_share < 0.30
    by_source = {s.source: s.median_error_share for s in found.by_source}
    assert by_source["timm_infer"] < 0.20


def test_ranges_hold_most_of_what_was_published(serving: list[Prediction]) -> None:
    for rows, found, answers in (
        (SERVING.rows, serving, inference.RATES),
        (ITEMS.rows, vision.predict(ITEMS.rows), vision.SPEEDS),
    ):
        assert _scored(rows, found, answers).macro.coverage_share > 0.85


def test_nothing_of_the_sample_is_refused(serving: list[Prediction]) -> None:
    assert [p.refused_because for p in serving if p.refused_because] == []


def test_blank_answers_change_nothing(serving: list[Prediction]) -> None:
    assert inference.predict(SERVING.inputs()) == serving
    assert vision.predict(ITEMS.inputs()) == vision.predict(ITEMS.rows)
