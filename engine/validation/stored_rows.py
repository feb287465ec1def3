"""Every published number beside what was predicted for it, as a small file to look through."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.validation.summary import Line

FILE = Path(__file__).parent / "published" / "predictions.csv.gz"
DIGITS = 4
NUMBERS = ("published", "predicted", "low", "high")


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One published number and its prediction, in the unit the answer's name says."""

    key: str
    """Of the claim, as `modelworth validate --json` names it."""
    source: str
    title: str
    """Of the source; empty where the table holds none."""
    url: str
    what: str
    """The model, and what it ran on."""
    answer: str
    published: float
    predicted: float
    low: float | None
    high: float | None

    @property
    def error_share(self) -> float:
        """Predicted over published, less one."""
        return self.predicted / self.published - 1


def stored(found: Iterable[Line]) -> Iterator[StoredRow]:
    """What is kept of each claim: all that was predicted; refused rows are counted elsewhere."""
    for line in found:
        for one in line.scores.comparisons:
            if (p := one.predicted) is None:
                continue
            yield StoredRow(
                key=line.key,
                source=one.source,
                title=one.title,
                url=one.url,
                what=one.what,
                answer=one.answer,
                published=_rounded(one.published),
                predicted=_rounded(p.value),
                low=None if p.low is None else _rounded(p.low),
                high=None if p.high is None else _rounded(p.high),
            )


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def write(found: Iterable[StoredRow], file: Path = FILE) -> int:
    """Keep the rows in place of those kept before; how many there are."""
    text = io.StringIO()
    table = csv.DictWriter(text, [f.name for f in fields(StoredRow)], lineterminator="\n")
    table.writeheader()
    rows = [asdict(row) for row in found]
    table.writerows(rows)
    # The same rows make the same file, whenever it is written.
    file.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    return len(rows)


def read(key: str, file: Path = FILE) -> tuple[StoredRow, ...]:
    """The rows of one claim, in the order of their tables."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as rows:
        return tuple(_read(row) for row in csv.DictReader(rows) if row["key"] == key)


def _read(row: dict[str, str]) -> StoredRow:
    numbers = {name: float(row[name]) if row[name] else None for name in NUMBERS}
    return StoredRow(**row | numbers)  # type: ignore[arg-type]
