"""Every claim of accuracy in one table: each row predicted by a fit that never saw its like.

A line names what is predicted and what was left out of the fit. Its scores hold refusals with
their reasons, median and 90th percentile error, bias, and how many rows their 90 % ranges hold,
beside one constant fitted on the very rows that are scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from engine.validation import (
    image_training,
    inference,
    landmark_costs,
    runs,
    training_scores,
    vision,
)
from engine.validation.inference_fit import RATES
from engine.validation.rows import (
    INFERENCE_ANSWERS,
    RUN_ANSWERS,
    TRAINING_ANSWERS,
    VISION_ANSWERS,
    Prediction,
    Row,
    read_table,
)
from engine.validation.score import Comparison, Scores, compared, constant_baseline, scores
from engine.validation.serving_half import sharpened_on_half
from engine.validation.training import LANGUAGE_DOMAINS
from engine.validation.training_scores import Fold
from engine.validation.vision_fit import SPEEDS

BUNDLED = Path(__file__).parent / "published"
ANSWERS = {
    "costs": landmark_costs.ANSWERS,
    "training": TRAINING_ANSWERS,
    "runs": RUN_ANSWERS,
    "inference": INFERENCE_ANSWERS,
    "vision": VISION_ANSWERS,
}
SMALL_ON_ONE_NODE = "vtrain-single"
OWN_ROW_COUNT = 50
OFFLINE_SOURCES = "trtllm"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Line:
    """One claim: what is predicted, what the fit never saw, and how it went."""

    key: str
    what: str
    scores: Scores


@cache
def rows_of(name: str) -> tuple[Row, ...]:
    """The published rows of one kind that come along: training, runs, inference or vision."""
    return read_table(BUNDLED / f"{name}.csv.gz", ANSWERS[name]).rows


def lines(say: Say = lambda _: None) -> Iterator[Line]:
    """Every line, one after the other; `say` hears what is being worked on."""
    say("Training throughput, with each publisher left out")
    yield from training_lines()
    say("Whole training runs, with each publisher left out")
    yield from run_lines()
    say("Serving of language models, with families of models left out")
    yield from serving_lines()
    say("Images and texts, with families of models left out")
    yield from image_training_lines()
    yield from item_lines()
    costs = landmark_costs.scored(rows_of("costs"), rows_of("runs"))
    yield Line("landmark-costs", "amortised cost of landmark models", costs)


def language_rows() -> list[Row]:
    """The published training rows of language models."""
    return [row for row in rows_of("training") if row["domain"] in LANGUAGE_DOMAINS]


def training_lines() -> Iterator[Line]:
    """Training throughput of language models: unseen, and after own measurements."""
    rows = language_rows()
    kept = training_scores.scored_rows(rows)
    left_out = training_scores.folds(kept, training_scores.source_of)
    cold = training_scores.cross_validated(rows, known_folds=left_out)
    other = training_scores.cross_validated(rows, known_folds=left_out, decoders=False)
    one = training_scores.calibrated(rows, known_folds=left_out)
    yield Line("training", "training throughput of decoders, publisher left out", cold)
    yield Line("training-one-row", "the same, after one row of each model and hardware", one)
    small = [fold for fold in left_out if fold.group == _source_of_small(left_out)]
    yield Line(
        "training-one-node",
        "training small models on one node, publisher left out",
        only(cold, SMALL_ON_ONE_NODE),
    )
    fifty = training_scores.calibrated(rows, OWN_ROW_COUNT, whole_source=True, known_folds=small)
    yield Line("training-one-node-50", f"the same, after {OWN_ROW_COUNT} of its rows", fifty)
    yield Line(
        "training-other", "training encoders, recurrent models and at 32 bits, likewise", other
    )


def image_training_lines() -> Iterator[Line]:
    """Training networks on images, families of networks left out."""
    rows = [row for row in rows_of("training") if image_training.is_image_row(row)]
    found = image_training.predicted_left_out(rows)
    baseline = constant_baseline(rows, image_training.roofs(rows), image_training.ANSWERS)
    yield Line(
        "vision-training",
        "training networks on images, families left out",
        scores(
            compared(rows, found, image_training.ANSWERS),
            compared(rows, baseline, image_training.ANSWERS),
        ),
    )


def _source_of_small(left_out: Sequence[Fold]) -> str:
    return next(fold.group for fold in left_out if fold.group == SMALL_ON_ONE_NODE)


def run_lines() -> Iterator[Line]:
    """Device-hours of whole runs: of known size, tokens and hardware, and of known FLOP only."""
    by_speed, by_flop = runs.cross_validated(rows_of("runs"), rows_of("training"))
    yield Line("runs", "device-hours of whole runs, publisher left out", by_speed)
    yield Line("runs-by-flop", "the same where only FLOP are known, mostly estimates", by_flop)


def serving_lines() -> Iterator[Line]:
    """Throughput, times and energy of serving language models, families of models left out."""
    rows = rows_of("inference")
    cold = inference.predicted_left_out(rows, "model")
    offline = [i for i, row in enumerate(rows) if row["source_key"].startswith(OFFLINE_SOURCES)]
    yield Line(
        "offline",
        "TensorRT-LLM offline throughput, models left out",
        _serving(rows, cold, RATES, offline),
    )
    yield Line(
        "serving",
        "throughput of any engine, models left out",
        _serving(rows, cold, RATES),
    )
    yield Line("tpot", "time per output token, models left out", _serving(rows, cold, ("tpot_ms",)))
    half = scores(sharpened_on_half(rows, cold, "tpot_ms"))
    yield Line("tpot-half", "the same, after half of its rows", half)
    yield Line(
        "energy",
        "energy per output token, models left out",
        _serving(rows, cold, ("energy_j_per_token",)),
    )


def _serving(
    rows: Sequence[Row],
    predictions: Sequence[Prediction],
    answers: Sequence[str],
    at: Sequence[int] | None = None,
) -> Scores:
    shown = range(len(rows)) if at is None else at
    kept = [i for i in shown if not rows[i].get("sanity_flag")]
    chosen = [rows[i] for i in kept]
    baseline = constant_baseline(chosen, inference.roofs(chosen), answers)
    return scores(
        compared(chosen, [predictions[i] for i in kept], answers, source_column="source_key"),
        compared(chosen, baseline, answers, source_column="source_key"),
    )


def item_lines() -> Iterator[Line]:
    """Inference on images and texts, families of models left out."""
    rows = rows_of("vision")
    found = vision.predicted_left_out(rows, "model")
    baseline = constant_baseline(rows, vision.roofs(rows), SPEEDS)
    yield Line(
        "vision",
        "inference on images, texts and for pictures, families left out",
        scores(
            compared(rows, found, SPEEDS, source_column="source_key"),
            compared(rows, baseline, SPEEDS, source_column="source_key"),
        ),
    )


def only(found: Scores, source: str) -> Scores:
    """The scores of one source."""
    own = next(score for score in found.by_source if score.source == source)
    base = next((s for s in found.baseline_by_source if s.source == source), None)
    return replace(
        found,
        by_source=(own,),
        macro=own,
        all_rows=own,
        baseline_by_source=() if base is None else (base,),
        baseline_macro=base,
        comparisons=tuple(c for c in found.comparisons if c.source == source),
    )


__all__ = ["Comparison", "Line", "item_lines", "lines", "only", "rows_of", "serving_lines"]
