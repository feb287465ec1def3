"""Tables of published measurements: read, kept apart from their answers, written with predictions.

What was measured is an answer, never an input: `Table.inputs` gives rows without the answers
and without notes, which may repeat an answer in words.
"""

from __future__ import annotations

import csv
import gzip
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.records import BadInput, Kind

Row = Mapping[str, str]

TRAINING_ANSWERS = (
    "tokens_per_s_per_device",
    "samples_per_s",
    "step_time_s",
    "model_tflops_per_device",
    "hw_tflops_per_device",
    "mfu",
    "hfu",
)
RUN_ANSWERS = (
    "device_hours",
    "wall_hours",
    "energy_mwh",
    "co2_t",
    "cost_usd",
    *TRAINING_ANSWERS,
)
INFERENCE_ANSWERS = (
    "requests_per_s",
    "output_tokens_per_s",
    "total_tokens_per_s",
    "ttft_ms",
    "tpot_ms",
    "latency_ms",
    "samples_per_s",
    "energy_j_per_token",
    "energy_j_per_request",
    "power_w",
    "memory_mb",
)
VISION_ANSWERS = (
    "samples_per_s",
    "latency_ms",
    "latency_p99_ms",
    "batch_latency_s",
    "energy_j_per_sample",
    "power_w",
    "memory_mb",
)

NEVER_INPUTS = frozenset({"notes"})
NUMBER = re.compile(
    r"([-+]?(?:\d[\d,_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
    r"\s*([kKMBbGTt](?![A-Za-z])|[MBTmbt](?=(?:r)?illion))?"
)
SCALE = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12}


@dataclass(frozen=True, slots=True)
class Range:
    """One predicted number and the 90 % range around it, in the answer column's unit."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is predicted for one row, or why nothing is."""

    kind: Kind = "unknown"
    answers: Mapping[str, Range] = field(default_factory=dict)
    """By answer column; empty when refused."""
    flags: tuple[str, ...] = ()
    refused_because: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one file, and which of their columns are answers."""

    rows: tuple[Row, ...]
    answers: tuple[str, ...]

    def inputs(self) -> list[Row]:
        """The rows as a predictor may see them: no answers, no notes."""
        return [without_answers(row, self.answers) for row in self.rows]


def without_answers(row: Row, answers: Sequence[str]) -> Row:
    """One row as a predictor may see it."""
    hidden = NEVER_INPUTS.union(answers)
    return {column: text for column, text in row.items() if column not in hidden}


def read_table(path: Path, answers: Sequence[str]) -> Table:
    """All rows of a CSV file, which may be compressed by gzip, as text.

    Raises:
        BadInput: no such file, or no rows with named columns in it.
    """
    if not path.is_file():
        raise BadInput(f"No file {path}. Give a CSV file with one measurement a row.")
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        rows = tuple(_whole(row) for row in csv.DictReader(file))
    if not rows:
        raise BadInput(f"No rows in {path}. The first line names the columns, each next is a row.")
    return Table(rows, tuple(answers))


def _whole(row: Mapping[str | None, object]) -> Row:
    return {str(k): str(v or "").strip() for k, v in row.items() if k is not None}


def number(text: str | None) -> float | None:
    """The first number of a text such as `6.7B`, `4M tokens`, `1,024`; None where there is none."""
    found = NUMBER.match((text or "").strip())
    if found is None:
        return None
    value = float(found[1].replace(",", "").replace("_", "")) * SCALE[(found[2] or "").lower()]
    return value if math.isfinite(value) else None


def is_nvidia_example(row: Row) -> bool:
    """Whether a row is of NVIDIA's own examples, which keep channels last at 16 bits.

    Source: `memory_format: nhwc` at AMP, and at AMP alone, in
    https://github.com/NVIDIA/DeepLearningExamples/blob/master/PyTorch/Classification/ConvNets/configs.yml
    """
    return "deeplearningexamples" in row.get("source_title", "").lower()


def published(row: Row, answer: str) -> float | None:
    """What a row says was measured; None where it says nothing, or nothing above 0."""
    value = number(row.get(answer))
    return value if value is not None and value > 0 else None


def write_predictions(path: Path, *tables: tuple[Table, Sequence[Prediction]]) -> None:
    """Every input row in input order: id or row number, kind, flags, refusal and predictions.

    Of several tables one after the other, with the columns of all.
    """
    named = dict.fromkeys(answer for table, _ in tables for answer in table.answers)
    told = {answer for _, predictions in tables for p in predictions for answer in p.answers}
    predicted = [answer for answer in named if answer in told]
    columns = [f"{answer}{end}" for answer in predicted for end in ("", "_low", "_high")]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "kind", "flags", "refused_because", *columns])
        for table, predictions in tables:
            for i, (row, found) in enumerate(zip(table.rows, predictions, strict=True), start=1):
                start = [row.get("id") or str(i), found.kind, " ".join(found.flags)]
                writer.writerow([*start, found.refused_because, *_cells(found, predicted)])


def _cells(found: Prediction, answers: Sequence[str]) -> list[str]:
    cells = []
    for answer in answers:
        part = found.answers.get(answer)
        numbers = (None,) * 3 if part is None else (part.value, part.low, part.high)
        cells += ["" if value is None else f"{value:.6g}" for value in numbers]
    return cells
