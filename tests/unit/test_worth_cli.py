"""`modelworth worth`: every use from the command line to JSON, and nonsense refused."""

import json
import sys
from pathlib import Path

import pytest

from engine import catalogue
from engine.cli import main

NUMBERS = (
    "usd_per_right_outcome", "net_usd_per_year", "npv_usd", "irr_share_per_year",
    "payback_months", "break_even_outcomes_per_day", "break_even_right_share", "social_usd",
    "external_usd",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/m.db")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["modelworth", "worth", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


@pytest.mark.parametrize("template", catalogue.value_templates())
def test_every_use_runs_from_the_command_line_to_json(
    template: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, template, "--json", "--draws", "200") == 0
    told = json.loads(capsys.readouterr().out)
    assert set(NUMBERS) <= set(told["worth"])
    npv = told["worth"]["npv_usd"]
    assert npv["low"] <= npv["middle"] <= npv["high"]
    assert 0 <= told["risk"]["loss_share"] <= 1
    assert told["case"]["recall_share"]["kind"] == "assumed"
    assert told["case"]["recall_share"]["reason"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--set", "recall_share=1.2"], "recall_share must be at least 0 and at most 1"),
        (["--set", "outcomes_per_day=-1"], "outcomes_per_day must be at least 0"),
        (["--set", "horizon_months=0"], "horizon_months must be above 0"),
        (["--set", "value_discount_share_per_year=-1"], "must be at least -0.5"),
        (["--set", "recal_share=0.5"], "Did you mean recall_share?"),
        (["--range", "build_usd=5:1"], "low must be below high"),
        (["--range", "nonsense=1:5"], "nonsense is no number that this rests on"),
        (["--correlate", "build_usd,build_usd=0.5"], "two different names"),
        (["--sensitivity", "nonsense"], "nonsense is not known here"),
        (["--draws", "1"], "take from 2"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(
    arguments: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "sentiment", *arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert sentence in " ".join(told.err.split())


def test_a_file_and_own_numbers_are_chosen_not_assumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('template = "sentiment"\nmodel = "bert-base"\nrecall_share = 0.8\n')
    assert run(monkeypatch, str(file), "--json", "--draws", "0") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["case"]["recall_share"] == {"value": 0.8, "kind": "chosen", "reason": ""}
    assert told["scenario"]["model"] == "bert-base"
    assert told["risk"] is None


def test_a_number_is_explained_down_to_its_guesses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "translation", "--explain", "npv_usd") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["formula"] == "cash_flow.npv_usd"
    assert {part["name"] for part in told["inputs"]} >= {"gained_usd_per_outcome", "upfront_usd"}


def test_what_moves_a_number_is_told_for_people_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--sensitivity", "total.cost_usd", "--draws", "100")
    assert run(monkeypatch, "text-classification", *arguments) == 0
    assert "What moves cost of the model" in capsys.readouterr().out
