"""`modelworth validate` with a table: predictions in order, answers never looked at."""

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli import published
from engine.validation.rows import TRAINING_ANSWERS
from engine.validation.summary import BUNDLED

ROW_COUNT = 12


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """The first published rows of language models, as a file."""
    with gzip.open(BUNDLED / "training.csv.gz", "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["domain"] == "llm"][:ROW_COUNT]
    return written(tmp_path / "few.csv", rows)


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_is_answered_in_order_and_blank_answers_change_nothing(
    few: Path, tmp_path: Path
) -> None:
    published.validated({"training": few}, tmp_path / "with.csv")
    blank = [row | dict.fromkeys(TRAINING_ANSWERS, "") for row in read(few)]
    published.validated({"training": written(tmp_path / "blank.csv", blank)}, tmp_path / "out.csv")
    found = read(tmp_path / "with.csv")
    assert found == read(tmp_path / "out.csv")
    assert [row["id"] for row in found] == [row["id"] for row in read(few)]
    first = found[0]
    low, middle, high = (
        float(first[f"tokens_per_s_per_device{end}"]) for end in ("_low", "", "_high")
    )
    assert low < middle < high


def some(name: str, tmp_path: Path) -> Path:
    """Rows of one published table, from all over it."""
    with gzip.open(BUNDLED / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return written(tmp_path / f"{name}.csv", rows[:: len(rows) // ROW_COUNT])


def test_all_tables_at_once_are_written_one_after_the_other(tmp_path: Path) -> None:
    files = {name: some(name, tmp_path) for name in ("training", "inference", "vision", "runs")}
    flags = [part for name, file in files.items() for part in (f"--{name}", str(file))]
    out = tmp_path / "rows.csv"
    command = [sys.executable, "-m", "engine.cli", "validate", *flags, "--rows", str(out), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert list(json.loads(done.stdout)) == list(files)
    found = read(out)
    assert [row["id"] for row in found] == [r["id"] for f in files.values() for r in read(f)]
    # Each table's predictions are those it has alone, with nothing in the others' columns.
    rest = iter(found)
    for name, file in files.items():
        published.validated({name: file}, tmp_path / "alone.csv")
        for alone in read(tmp_path / "alone.csv"):
            together = next(rest)
            assert {k: v for k, v in together.items() if v} == {k: v for k, v in alone.items() if v}


@pytest.mark.parametrize("name", ["training", "inference", "vision", "runs"])
def test_answers_and_notes_are_never_looked_at(name: str, tmp_path: Path) -> None:
    file = some(name, tmp_path)
    hidden = dict.fromkeys((*published.SUBJECTS[name].answers, "notes"), "")
    kept = [{k: hidden.get(k, v) for k, v in row.items()} for row in read(file)]
    published.validated({name: file}, tmp_path / "with.csv")
    published.validated({name: written(tmp_path / "blank.csv", kept)}, tmp_path / "out.csv")
    assert read(tmp_path / "with.csv") == read(tmp_path / "out.csv")
    assert any(row["kind"] != "unknown" for row in read(tmp_path / "out.csv"))


def test_the_command_scores_a_file_and_writes_its_rows(few: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.csv"
    command = [sys.executable, "-m", "engine.cli", "validate", "--training", str(few)]
    done = subprocess.run(
        [*command, "--rows", str(out), "--json"], capture_output=True, text=True, check=True
    )
    macro = json.loads(done.stdout)["training"]["macro"]
    assert macro["scored_count"] + macro["refused_count"] == ROW_COUNT
    assert 0 < macro["median_error_share"] < 1
    assert len(read(out)) == ROW_COUNT


def test_rows_without_one_table_are_refused() -> None:
    command = [sys.executable, "-m", "engine.cli", "validate", "--rows", "out.csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--rows" in done.stderr


def test_refusals_are_counted_by_reason_in_json(few: Path, tmp_path: Path) -> None:
    rows = [row | {"hw_norm": "", "hardware": "abacus"} for row in read(few)]
    file = written(tmp_path / "odd.csv", rows)
    command = [sys.executable, "-m", "engine.cli", "validate", "--training", str(file), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    macro = json.loads(done.stdout)["training"]["macro"]
    assert macro["refused_because"] == {"no accelerator of the catalogue is named": ROW_COUNT}
