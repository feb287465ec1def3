"""`modelworth plan`, as a person types it."""

import json
from pathlib import Path

import pytest

from tests.unit.test_project_cli import run


@pytest.fixture(autouse=True)
def _own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/own.db")


ASKED = ("plan", "--set", "model=llama-3.1-70b", "--set", "training_device_count=128")


def test_json_holds_the_best_plan_and_the_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *ASKED, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    best = told["best"]
    assert best["memory_bytes_per_device"] == pytest.approx(sum(best["memory_parts"].values()))
    assert best["step_time_s"] == pytest.approx(sum(best["step_time"].values()))
    assert all(other["mfu"] <= best["mfu"] for other in told["alternatives"])
    assert told["binds"] == "memory"


def test_people_see_widths_time_and_memory(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *ASKED) == 0
    shown = capsys.readouterr().out
    assert "Fastest of" in shown
    assert "MFU" in shown
    assert "What keeps it from being faster: memory." in shown


def test_what_fits_nowhere_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "plan", "--set", "training_device_count=1") == 2
    assert "No plan fits" in capsys.readouterr().err
