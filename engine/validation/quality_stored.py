"""How far off scores of models are predicted, as a small file: read in a moment."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from pathlib import Path

from engine.validation.quality_points import QualityScore

FILE = Path(__file__).parent / "published" / "quality_scores.csv"
DIGITS = 3
NUMBERS = tuple(
    field.name for field in fields(QualityScore) if field.name.endswith(("_points", "_share"))
)


def write(found: Iterable[QualityScore], file: Path = FILE) -> int:
    """Keep the scores in place of those kept before; how many there are."""
    rows = [asdict(rounded(score)) for score in found]
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.DictWriter(out, [f.name for f in fields(QualityScore)], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return len(rows)


def read(file: Path = FILE) -> tuple[QualityScore, ...]:
    """The scores kept, in the order of the claims."""
    with file.open(encoding="utf-8", newline="") as rows:
        return tuple(_read(row) for row in csv.DictReader(rows))


def rounded(score: QualityScore) -> QualityScore:
    """As it is kept."""
    return replace(score, **{name: round(getattr(score, name), DIGITS) for name in NUMBERS})


def _read(row: dict[str, str]) -> QualityScore:
    numbers = {name: float(row[name]) for name in NUMBERS}
    return QualityScore(row["key"], row["what"], int(row["row_count"]), **numbers)
