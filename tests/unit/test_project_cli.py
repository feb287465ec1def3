"""`modelworth project` and `modelworth sweep`, as a person types them."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from db import queries
from db.session import open_database
from engine.cli import main

ROOT = Path(__file__).parent.parent.parent


PARTS = (
    "hardware_usd", "interruption_usd", "upkeep_usd", "electricity_usd", "storage_usd",
    "network_usd", "carbon_usd",
)  # fmt: skip
"""What a bill is the sum of."""


@pytest.fixture(autouse=True)
def _own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/own.db")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Exit code of one command."""
    monkeypatch.setattr(sys, "argv", ["modelworth", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def test_json_holds_scenario_projection_and_notes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "project", "--json", "--set", "mfu=0.4") == 0
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == {"scenario", "projection", "notes"}
    assert told["scenario"]["mfu"] == 0.4
    assert told["projection"]["training"]["mfu"] == {"value": 0.4, "kind": "chosen"}
    bill = told["projection"]["training"]["bill"]
    assert bill["cost_usd"]["value"] == pytest.approx(sum(bill[part]["value"] for part in PARTS))
    assert told["projection"]["quality"]["score_share"].keys() == {"value", "kind", "low", "high"}


def test_unknown_numbers_are_null_and_noted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("hardware=rtx-3090", "ownership=cloud", "pricing=reserved_3y")
    settings = [part for text in arguments for part in ("--set", text)]
    assert run(monkeypatch, "project", "--json", *settings) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["projection"]["total"]["cost_usd"] == {"value": None, "kind": "unknown"}
    assert {"price-unknown"} <= {note["code"] for note in told["notes"]}


def test_people_get_a_table_with_units_and_kinds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "project") == 0
    shown = capsys.readouterr().out
    for words in ("Training", "Storage", "Deployment", "Quality", "Total", "ZFLOP", "kWh", "$",
                  "assumed", "published", "fitted"):  # fmt: skip
        assert words in shown


def test_unknown_numbers_are_a_dash_and_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "project", "--set", "model=t5-base") == 0
    shown = capsys.readouterr().out
    assert "–" in shown
    assert "Size does not predict the quality of a encoder-decoder" in shown


def test_a_file_is_read_and_settings_change_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('model = "gpt-3-175b"\nmfu = 0.2\n', encoding="utf-8")
    assert run(monkeypatch, "project", str(file), "--json", "--set", "mfu=0.3") == 0
    scenario = json.loads(capsys.readouterr().out)["scenario"]
    assert (scenario["model"], scenario["mfu"]) == ("gpt-3-175b", 0.3)


def test_a_model_of_images_is_not_fed_the_tokens_of_a_language_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    named = ("project", "--json", "--set", "model=resnet-50")
    assert run(monkeypatch, *named, "--set", "epoch_count=10") == 0
    shown = capsys.readouterr()
    asked = json.loads(shown.out)["scenario"]
    # The images of ImageNet-1k: https://arxiv.org/abs/1409.0575
    assert asked["dataset_items_billion"] == 0.00128
    assert asked["epoch_count"] == 10
    assert asked["output_items_per_request"] == 0
    assert "dataset_items_billion = 0.00128" in shown.err
    assert "epoch_count" not in shown.err


def test_explaining_a_number_leads_to_its_sources(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "project", "--explain", "training.bill.cost_usd") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["formula"] == "cost.cost_usd"
    names = [part["name"] for part in told["inputs"]]
    assert names == [
        "hardware_usd", "interruption_usd", "upkeep_usd", "electricity_usd", "storage_usd",
        "network_usd", "carbon_usd",
    ]  # fmt: skip
    assert "https://" in json.dumps(told)


def test_a_scenario_is_kept_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "project", "--json", "--save", "mine", "--set", "pue=1.3") == 0
    assert "Saved as mine." in capsys.readouterr().err
    database = open_database()
    try:
        assert queries.saved_scenarios(database)["mine"]["pue"] == 1.3
    finally:
        database.dispose()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--set", "hardware=h1000"], "No accelerator 'h1000'. Close: "),
        (["--set", "model=llama-9"], "No model 'llama-9'."),
        (["--set", "electricity_usd_per_kwh=-1"], "electricity_usd_per_kwh must be at least 0"),
        (["--set", "mfu=nan"], "mfu must be above 0 and at most 1, got nan."),
        (["--set", "mfu=inf"], "mfu must be above 0 and at most 1, got inf."),
        (["--set", "pue=high"], "pue must be a number, got 'high'."),
        (["--set", "hardwar=h100-sxm"], "hardwar is unknown. Did you mean hardware?"),
        (["--set", "mfu"], "'mfu' is not a setting. Write key=value"),
        (["--set", "hardware=this-machine"], "No machine is in the database yet."),
        (["--set", "hardware=measured:0123456789"], "No measurements of 'measured:0123456789'"),
        (["--explain", "total.cost"], "No number 'total.cost' here. Close: total.cost"),
        (["/no/such/file.toml"], "Cannot read /no/such/file.toml: No such file or directory."),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    arguments: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "project", *arguments) == 2
    shown = capsys.readouterr()
    assert sentence in shown.err
    assert shown.out == ""
    assert len(shown.err.strip().splitlines()) == 1
    assert "Traceback" not in shown.err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("mfuu = 0.4", "mfuu is unknown. Did you mean mfu?"),
        ("mfu = ", "is not TOML"),
        ("mfu = [0.4, 2.0]", "mfu must be above 0 and at most 1"),
    ],
)
def test_a_bad_file_is_one_sentence_and_exit_code_2(
    content: str,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(content, encoding="utf-8")
    assert run(monkeypatch, "project", str(file)) == 2
    assert sentence in capsys.readouterr().err


def test_a_sweep_is_a_grid_of_every_combination(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ranges = ("parameters_billion=1:100:3:log", "electricity_usd_per_kwh=0:0.2:2")
    assert run(monkeypatch, "sweep", *ranges, "--csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 6
    sizes = [float(row["parameters_billion"]) for row in rows]
    assert sizes == pytest.approx([1, 1, 10, 10, 100, 100])
    costs = [float(row["total.cost_usd"]) for row in rows]
    assert costs[0] < costs[1] < costs[3] < costs[5]


def test_a_sweep_agrees_with_single_projections(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "sweep", "pue=1:2:2", "--json", "--set", "mfu=0.3") == 0
    swept = json.loads(capsys.readouterr().out)
    for place, pue in enumerate(("1", "2")):
        run(monkeypatch, "project", "--json", "--set", "mfu=0.3", "--set", f"pue={pue}")
        total = json.loads(capsys.readouterr().out)["projection"]["total"]
        assert swept["total.cost_usd"][place] == pytest.approx(total["cost_usd"]["value"])


def test_a_sweep_shows_people_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "sweep", "parameters_billion=1:10:2") == 0
    assert "$" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mfu=0.1:0.9", "is not a range. Write key=low:high:count"),
        ("mfu=0.1:x:3", "low and high are numbers"),
        ("mfu=0.1:0.9:0", "count from 1 to 1,000,000"),
        ("mfu=0.1:nan:3", "must be finite"),
        ("pue=0:2:3:log", "must lie above 0"),
        ("mfu=0.1:2:3", "mfu must be above 0 and at most 1"),
        ("model=1:2:3", "model is not a number"),
        ("mfuu=1:2:3", "mfuu is unknown. Did you mean mfu?"),
    ],
)
def test_a_bad_range_is_one_sentence_and_exit_code_2(
    text: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "sweep", text) == 2
    assert sentence in capsys.readouterr().err


def test_projecting_loads_neither_torch_nor_pandas_nor_scipy(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from engine.cli import main\n"
        "sys.argv = ['modelworth', 'project', '--json']\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'torch', 'pandas', 'scipy', 'streamlit', 'plotly'} & sys.modules.keys()\n"
        "sys.stderr.write(' '.join(sorted(heavy)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/cold.db"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["projection"]["total"]["cost_usd"]["value"] > 0
    assert done.stderr == ""
