"""How far off we are, as a small file: worked out in minutes, read in a moment."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.validation.score import SourceScore
    from engine.validation.summary import Line

FILE = Path(__file__).parent / "published" / "scores.csv"
MACRO = "macro average"
DIGITS = 5


@dataclass(frozen=True, slots=True)
class StoredScore:
    """One source of one claim, or the average over its sources."""

    key: str
    """Of the claim, as `modelworth validate --json` names it."""
    source: str
    scored_count: int
    refused_count: int
    median_error_share: float | None
    p90_error_share: float | None
    bias_share: float | None
    coverage_share: float | None
    """Share of what was published that lies inside the 90 % range."""
    constant_error_share: float | None
    """Median error of one constant fitted on the very rows that are scored."""

    @property
    def is_average(self) -> bool:
        """Whether it stands for all sources of its claim."""
        return self.source == MACRO


def stored(found: Iterable[Line]) -> Iterator[StoredScore]:
    """What is kept of each claim: its average first, then every source."""
    for line in found:
        constants = {s.source: s for s in line.scores.baseline_by_source}
        average = replace(line.scores.macro, source=MACRO)
        yield _score(line.key, average, line.scores.baseline_macro)
        for one in line.scores.by_source:
            yield _score(line.key, one, constants.get(one.source))


def _score(key: str, one: SourceScore, constant: SourceScore | None) -> StoredScore:
    return StoredScore(
        key=key,
        source=one.source,
        scored_count=one.scored_count,
        refused_count=one.refused_count,
        median_error_share=_rounded(one.median_error_share),
        p90_error_share=_rounded(one.p90_error_share),
        bias_share=_rounded(one.bias_share),
        coverage_share=_rounded(one.coverage_share),
        constant_error_share=_rounded(constant.median_error_share if constant else None),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def write(found: Iterable[StoredScore], file: Path = FILE) -> int:
    """Keep the scores in place of those kept before; how many there are."""
    rows = [asdict(score) for score in found]
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.DictWriter(out, [f.name for f in fields(StoredScore)], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return len(rows)


def read(file: Path = FILE) -> tuple[StoredScore, ...]:
    """The scores kept, in the order of the claims."""
    with file.open(encoding="utf-8", newline="") as rows:
        return tuple(_read(row) for row in csv.DictReader(rows))


def _read(row: dict[str, str]) -> StoredScore:
    counts = {name: int(row[name]) for name in ("scored_count", "refused_count")}
    shares = {n: float(v) if v else None for n, v in row.items() if n.endswith("_share")}
    return StoredScore(key=row["key"], source=row["source"], **counts, **shares)  # type: ignore[arg-type]
