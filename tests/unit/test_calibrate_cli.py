"""`modelworth calibrate`: one's own rows sharpen what is predicted, and bad input is refused."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.validation.own import sharpened, work_of
from engine.validation.own_rows import training_rows
from engine.validation.rows import Row
from engine.validation.summary import rows_of

ROW_COUNT = 24


def own_rows(name: str, column: str, source: str) -> list[Row]:
    return [row for row in rows_of(name) if row[column] == source][:ROW_COUNT]


def written(path: Path, rows: list[Row]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def run(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "engine.cli", "calibrate", *options]
    kept = {
        "MODELWORTH_CALIBRATION": str(tmp_path / "kept.json"),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}",
    }
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PATH": "", **kept}
    )


@pytest.mark.parametrize(
    ("name", "column", "source"),
    [("training", "source_id", "dgxc-bench"), ("inference", "source_key", "premai")],
)
def test_rows_held_back_are_nearer_afterwards(name: str, column: str, source: str) -> None:
    rows = own_rows(name, column, source)
    found = sharpened(work_of(rows), rows)
    assert found.used_count == ROW_COUNT
    before, after = found.before.all_rows, found.after.all_rows
    assert before.scored_count == after.scored_count == ROW_COUNT // 2
    assert after.median_error_share < before.median_error_share


def test_the_command_keeps_corrections_and_shows_both_errors(tmp_path: Path) -> None:
    file = written(tmp_path / "own.csv", own_rows("training", "source_id", "dgxc-bench"))
    done = run(tmp_path, "--own", str(file), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    before, after = (found[when]["all_rows"]["median_error_share"] for when in ("before", "after"))
    assert after < before
    kept = json.loads((tmp_path / "kept.json").read_text(encoding="utf-8"))
    assert kept == found["corrections"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--own", "a.csv", "--measured"), "not both"),
        (("--own", "none.csv"), "No file"),
        (("--own", "none.csv", "--out", "here"), "--out"),
        (("--measured",), "no training steps"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, options: tuple[str, ...], why: str) -> None:
    done = run(tmp_path, *options)
    assert done.returncode == 2
    assert why in done.stderr


def test_a_table_of_neither_kind_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "odd.csv", [{"a": "1", "b": "2"}])
    done = run(tmp_path, "--own", str(file))
    assert done.returncode == 2
    assert "neither the columns of training" in done.stderr


def test_measurements_on_a_processor_are_no_training_rows() -> None:
    assert training_rows([]) == []
