"""How far off training predictions are at publishers the fit never saw; and the fit itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import numpy as np

from engine.projection.throughput_fit import ThroughputFit, as_document
from engine.validation.rows import RUN_ANSWERS, TRAINING_ANSWERS, Prediction, Row, read_table
from engine.validation.score import Comparison, Scores, compared, constant_baseline, scores
from engine.validation.training import (
    CONTRADICTORY,
    calibrated_on,
    examples,
    inputs_or_reason,
    predict,
    setting_of,
)
from engine.validation.training_answers import FIT_ORDER, answers
from engine.validation.training_calibration import most_central, plan_of
from engine.validation.training_fit import Example, fit, tokens_per_s
from engine.validation.training_inputs import TrainingInputs
from engine.validation.training_ranges import (
    OWN_REGIME,
    Residual,
    misses,
    regime_of,
    widening,
)

LeftOut = Literal["source", "organisation", "hardware"]
DECODER_DOMAIN = "llm"


def source_of(row: Row) -> str:
    """The publication a row was read from."""
    return row.get("source_id", "")


def organisation_of(row: Row) -> str:
    """Who published: the account of the source's repository, its products taken together."""
    path = urlsplit(row.get("source_url", "")).path.strip("/").split("/")
    return path[0].lower().split("-")[0] if path[0] else source_of(row)


def hardware_of(row: Row) -> str:
    """The accelerator as the row names it."""
    return row.get("hw_norm", "")


GROUPS: Mapping[LeftOut, Callable[[Row], str]] = {
    "source": source_of,
    "organisation": organisation_of,
    "hardware": hardware_of,
}


@dataclass(frozen=True)
class Fold:
    """One group of rows, and the fit that never saw it."""

    group: str
    fitted: ThroughputFit
    positions: tuple[int, ...]
    """Of its rows in the table."""


def cross_validated(
    rows: Sequence[Row],
    *,
    left_out: LeftOut = "source",
    decoders: bool = True,
    known_folds: Sequence[Fold] | None = None,
) -> Scores:
    """Errors by source where each group was predicted by a fit without it, beside one constant.

    Scored are decoders in 16 bits or fewer, or else what is not: encoders, recurrent, 32 bits.
    Ranges of a group come from the residuals of the others. Rows that contradict themselves
    are neither learnt from nor scored. `known_folds` are those of `folds(scored_rows(rows))`.
    """
    kept = scored_rows(rows)
    found = folds(kept, GROUPS[left_out]) if known_folds is None else known_folds
    predictions = _left_out_predictions(kept, found)
    shown = [i for i, row in enumerate(kept) if is_decoder(row) == decoders]
    chosen = [kept[i] for i in shown]
    return scores(
        compared(chosen, [predictions[i] for i in shown], FIT_ORDER),
        compared(chosen, _one_constant(chosen), FIT_ORDER),
    )


def calibrated(
    rows: Sequence[Row],
    own_row_count: int = 1,
    *,
    whole_source: bool = False,
    known_folds: Sequence[Fold] | None = None,
) -> Scores:
    """Errors of decoders after calibrating on own rows, each source predicted without its fit.

    On the rows of each setting with the most usual plan, or on rows evenly spread over a whole
    source; only the other rows are scored. A setting is a model on an accelerator in one format.
    """
    kept = scored_rows(rows)
    found: list[Comparison] = []
    for fold in folds(kept, source_of) if known_folds is None else known_folds:
        own_rows = [kept[i] for i in fold.positions if is_decoder(kept[i])]
        split = _spread_out if whole_source else _settings
        for own, others in split(own_rows, own_row_count):
            predictions = predict(others, fold.fitted, calibrated_on(own, fold.fitted))
            found += compared(others, predictions, FIT_ORDER)
    return scores(found)


def _spread_out(rows: Sequence[Row], own_row_count: int) -> Iterator[tuple[list[Row], list[Row]]]:
    if len(rows) > own_row_count:
        chosen = set(np.linspace(0, len(rows) - 1, own_row_count).round().astype(int).tolist())
        own = [row for i, row in enumerate(rows) if i in chosen]
        yield own, [row for i, row in enumerate(rows) if i not in chosen]


def is_decoder(row: Row) -> bool:
    """Whether a row is of a decoder in 16 bits or fewer, as far as it can be told."""
    inputs = inputs_or_reason(row)
    if isinstance(inputs, TrainingInputs):
        return not inputs.kind
    return row.get("domain", DECODER_DOMAIN) == DECODER_DOMAIN


def _settings(rows: Sequence[Row], own_row_count: int) -> Iterator[tuple[list[Row], list[Row]]]:
    """Of each setting the rows measured, chosen by their plans alone, and the others."""
    by_setting: dict[tuple[str, str, str], list[tuple[Row, Example]]] = {}
    for example, row in examples(rows):
        by_setting.setdefault(setting_of(row, example.inputs), []).append((row, example))
    for pairs in by_setting.values():
        others, own = list(pairs), []
        for _ in range(min(own_row_count, len(pairs) - 1)):
            plans = np.array([plan_of(example.inputs.step) for _, example in others])
            own.append(others.pop(most_central(plans)))
        if len(others) > 0 and own:
            yield [row for row, _ in own], [row for row, _ in others]


def calibrate(path: Path, runs_path: Path | None = None) -> dict[str, Any]:
    """The fit's facts file from a table of published rows, ranges by leaving sources out.

    `runs_path` names a table of whole runs, for what they lose against steady speed.
    """
    run_rows = read_table(runs_path, RUN_ANSWERS).rows if runs_path else ()
    return calibrated_document(read_table(path, TRAINING_ANSWERS).rows, run_rows)


def calibrated_document(rows: Sequence[Row], run_rows: Sequence[Row] = ()) -> dict[str, Any]:
    """The same from rows already read."""
    # Whole runs are predicted from training steps, so their module reads this one.
    from engine.validation.runs import fit_runs

    kept = scored_rows(rows)
    ranges = misses(_residuals(kept, _fits_without(kept, source_of))).ranges()
    fitted = replace(fit([example for example, _ in examples(kept)]), ranges=ranges)
    return as_document(fit_runs(run_rows, fitted) if run_rows else fitted)


def folds(rows: Sequence[Row], group_of: Callable[[Row], str]) -> list[Fold]:
    """A fit without each group, with ranges from the groups other than it."""
    found = _fits_without(rows, group_of)
    known = misses(_residuals(rows, found))
    return [
        replace(fold, fitted=replace(fold.fitted, ranges=known.ranges(fold.group)))
        for fold in found
    ]


def _fits_without(rows: Sequence[Row], group_of: Callable[[Row], str]) -> list[Fold]:
    known = examples(rows)
    groups = [group_of(row) for row in rows]
    everything = fit([example for example, _ in known])
    found = []
    for group in sorted(set(groups)):
        others = [example for example, row in known if group_of(row) != group]
        fitted = fit(others, everything)
        positions = tuple(i for i, of_row in enumerate(groups) if of_row == group)
        found.append(Fold(group, fitted, positions))
    return found


def _residuals(rows: Sequence[Row], left_out: Sequence[Fold]) -> list[Residual]:
    return [residual for fold in left_out for residual in _fold_residuals(rows, fold)]


def _fold_residuals(rows: Sequence[Row], fold: Fold) -> list[Residual]:
    own_rows = [rows[i] for i in fold.positions]
    known = [example for example, _ in examples(own_rows)]
    if not known:
        return []
    predicted = tokens_per_s(fold.fitted, [example.inputs for example in known])
    pairs = zip(known, predicted.tolist(), strict=True)
    return [_residual(fold, e, value) for e, value in pairs] + _own_residuals(fold, own_rows)


def _own_residuals(fold: Fold, rows: Sequence[Row]) -> list[Residual]:
    """What is left after calibrating on the most central row of each setting."""
    found = []
    for own, others in _settings(rows, own_row_count=1):
        calibration = calibrated_on(own, fold.fitted)
        for example, row in examples(others):
            offset, _ = calibration.offset(
                setting_of(row, example.inputs), plan_of(example.inputs.step)
            )
            speed = float(tokens_per_s(fold.fitted, [example.inputs])[0]) * float(np.exp(offset))
            ratio = float(np.log(example.tokens_per_s / speed))
            found.append(Residual(fold.group, OWN_REGIME, ratio))
    return found


def _residual(fold: Fold, example: Example, predicted: float) -> Residual:
    wider, _ = widening(example.inputs, fold.fitted)
    ratio = float(np.log(example.tokens_per_s / predicted)) / wider
    return Residual(fold.group, regime_of(example.inputs), ratio)


def _left_out_predictions(rows: Sequence[Row], left_out: Sequence[Fold]) -> list[Prediction]:
    found: dict[int, Prediction] = {}
    for fold in left_out:
        predictions = predict([rows[i] for i in fold.positions], fold.fitted)
        found.update(zip(fold.positions, predictions, strict=True))
    return [found[i] for i in range(len(rows))]


def _one_constant(rows: Sequence[Row]) -> list[Prediction]:
    """Six FLOP a parameter at one share of peak, fitted on these very rows."""
    return constant_baseline(rows, [_roof(row) for row in rows], FIT_ORDER)


def _roof(row: Row) -> dict[str, float]:
    inputs = inputs_or_reason(row)
    if not isinstance(inputs, TrainingInputs):
        return {}
    step = inputs.step
    return answers(
        inputs, float(step.peak_flop_per_s) / (6 * inputs.model.multiplied_parameter_count)
    )


def scored_rows(rows: Sequence[Row]) -> list[Row]:
    """Rows that do not contradict themselves."""
    return [row for row in rows if not row.get("notes", "").startswith(CONTRADICTORY)]
