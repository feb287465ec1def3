"""How far off predictions are: per source, then averaged over sources, beside one constant.

Errors are per source first because a few sources hold most rows: the average over sources says
what to expect of a publisher never seen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.validation.rows import Prediction, Range, Row, published

LARGE_ERROR_PERCENTILE = 90.0
NO_PREDICTION = "nothing predicted for this column"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One published number beside what was predicted for it."""

    source: str
    row_number: int
    """Position in the table, from 0."""
    answer: str
    published: float
    predicted: Range | None
    refused_because: str = ""
    what: str = ""
    """The model, and what it ran on."""
    title: str = ""
    url: str = ""

    @property
    def error_share(self) -> float | None:
        """Predicted over published, less one; None where refused."""
        return None if self.predicted is None else self.predicted.value / self.published - 1

    @property
    def covered(self) -> bool | None:
        """Whether the range holds what was published; None where there is no range."""
        found = self.predicted
        if found is None or found.low is None or found.high is None:
            return None
        return found.low <= self.published <= found.high


@dataclass(frozen=True, slots=True)
class SourceScore:
    """The errors of one source, or their plain average over sources."""

    source: str
    scored_count: int
    refused_count: int
    refused_because: Mapping[str, int]
    median_error_share: float | None
    p90_error_share: float | None
    bias_share: float | None
    """Median of predicted over published, less one."""
    coverage_share: float | None
    """Share of the published numbers inside the 90 % range."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Errors by source and their average over sources, beside those of one fitted constant."""

    by_source: tuple[SourceScore, ...]
    macro: SourceScore
    all_rows: SourceScore
    """Every row counting the same."""
    baseline_by_source: tuple[SourceScore, ...] = ()
    baseline_macro: SourceScore | None = None
    comparisons: tuple[Comparison, ...] = ()
    """Everything that was scored."""

    @property
    def refused_share(self) -> float:
        """Rows refused over all rows with something published."""
        return self.macro.refused_count / (self.macro.refused_count + self.macro.scored_count)


def compared(
    rows: Sequence[Row],
    predictions: Sequence[Prediction],
    answers: Sequence[str],
    *,
    source_column: str = "source_id",
    every_answer: bool = False,
) -> list[Comparison]:
    """Published numbers beside predictions: of each row the first of `answers`, or every one."""
    found = []
    for i, (row, prediction) in enumerate(zip(rows, predictions, strict=True)):
        there = [(a, value) for a in answers if (value := published(row, a)) is not None]
        for answer, value in there if every_answer else there[:1]:
            predicted = prediction.answers.get(answer)
            why = "" if predicted else prediction.refused_because or NO_PREDICTION
            source = row.get(source_column) or "(no source)"
            origin = row.get("source_title", ""), row.get("source_url", "")
            found.append(Comparison(source, i, answer, value, predicted, why, _what(row), *origin))
    return found


def _what(row: Row) -> str:
    """A row in words: model, devices, hardware."""
    count, hardware = row.get("n_devices", ""), row.get("hardware", "")
    devices = f"{count} × {hardware}" if count and hardware else hardware
    return ", ".join(part for part in (row.get("model", ""), devices) if part)


def scores(comparisons: Sequence[Comparison], baseline: Sequence[Comparison] = ()) -> Scores:
    """Errors by source and averaged over sources, with those of a baseline where one is given."""
    by_source, macro = _scored(comparisons)
    together = source_score("all rows", comparisons)
    baseline_by_source, baseline_macro = _scored(baseline) if baseline else ((), None)
    return Scores(
        by_source, macro, together, baseline_by_source, baseline_macro, tuple(comparisons)
    )


def _scored(comparisons: Sequence[Comparison]) -> tuple[tuple[SourceScore, ...], SourceScore]:
    by_source = defaultdict(list)
    for comparison in comparisons:
        by_source[comparison.source].append(comparison)
    each = tuple(source_score(source, by_source[source]) for source in sorted(by_source))
    return each, macro_average(each)


def source_score(source: str, comparisons: Sequence[Comparison]) -> SourceScore:
    """The errors of these comparisons together."""
    errors = np.array([c.error_share for c in comparisons if c.error_share is not None])
    covered = [c.covered for c in comparisons if c.covered is not None]
    return SourceScore(
        source=source,
        scored_count=len(errors),
        refused_count=len(comparisons) - len(errors),
        refused_because=dict(Counter(c.refused_because for c in comparisons if c.refused_because)),
        median_error_share=_percentile(np.abs(errors), 50.0),
        p90_error_share=_percentile(np.abs(errors), LARGE_ERROR_PERCENTILE),
        bias_share=_percentile(errors, 50.0),
        coverage_share=_mean(covered),
    )


def macro_average(each: Sequence[SourceScore]) -> SourceScore:
    """Every source counts the same, however many rows it has."""
    refusals: Counter[str] = Counter()
    for one in each:
        refusals.update(one.refused_because)
    return SourceScore(
        source="macro average",
        scored_count=sum(s.scored_count for s in each),
        refused_count=sum(s.refused_count for s in each),
        refused_because=dict(refusals),
        median_error_share=_mean(s.median_error_share for s in each),
        p90_error_share=_mean(s.p90_error_share for s in each),
        bias_share=_mean(s.bias_share for s in each),
        coverage_share=_mean(s.coverage_share for s in each),
    )


def constant_baseline(
    rows: Sequence[Row], roofs: Sequence[Mapping[str, float]], answers: Sequence[str]
) -> list[Prediction]:
    """What one constant per answer says, fitted on these very rows: roof times the median ratio.

    `roofs` holds for each row the answer at 100 % of peak, or nothing where it has none.
    """
    constants = {answer: _constant(rows, roofs, answer) for answer in answers}
    return [
        Prediction(
            "fitted",
            {
                a: Range(roof[a] * constant)
                for a, constant in constants.items()
                if constant is not None and a in roof
            },
        )
        for roof in roofs
    ]


def _constant(
    rows: Sequence[Row], roofs: Sequence[Mapping[str, float]], answer: str
) -> float | None:
    ratios = [
        value / roof[answer]
        for row, roof in zip(rows, roofs, strict=True)
        if answer in roof and (value := published(row, answer)) is not None
    ]
    return float(np.median(ratios)) if ratios else None


def _percentile(values: np.ndarray, percent: float) -> float | None:
    return float(np.percentile(values, percent)) if len(values) else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
