"""Scenario files: written, read again, and refused with a reason."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import manifest
from engine.cli import main
from engine.records import BadInput
from engine.scenario import Scenario


@given(
    st.floats(0.001, 9_000),
    st.floats(0, 1),
    st.sampled_from(["llama-3.1-8b", "resnet-50"]),
)
def test_what_is_written_is_read_again_to_the_last_bit(
    parameters_billion: float, renewable_share: float, model: str
) -> None:
    asked = Scenario(
        parameters_billion=parameters_billion, renewable_share=renewable_share, model=model
    )
    found = manifest.read(manifest.written(asked))
    assert Scenario.model_validate(found.choices) == asked


def test_a_file_says_where_it_is_from() -> None:
    text = manifest.written(Scenario(), {"total.cost_usd": 12.5}, datetime(2026, 1, 2, tzinfo=UTC))
    found = manifest.read(text)
    assert found.version == manifest.package_version()
    assert found.catalogue == manifest.catalogue_version()
    assert not found.facts_changed
    assert found.numbers == {"total.cost_usd": 12.5}
    assert "written = 2026-01-02" in text


def test_facts_that_changed_are_noticed() -> None:
    text = '[modelworth]\nversion = "0.1.0"\ncatalogue = "0000000000"\n[scenario]\nmfu = 0.4\n'
    assert manifest.read(text).facts_changed


def test_plain_lines_are_a_scenario_too() -> None:
    assert manifest.read('model = "gpt-3-175b"\nmfu = 0.4').choices == {
        "model": "gpt-3-175b",
        "mfu": 0.4,
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mfu 0.4", "is not TOML"),
        ("modell = 'gpt-3-175b'", "Did you mean model?"),
        ("scenario = 3", r"\[scenario\] must be a table"),
        ("#" * (manifest.LONGEST_BYTES + 1), "too long"),
    ],
)
def test_what_is_no_scenario_file_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        manifest.read(text)


def test_a_range_is_not_one_scenario() -> None:
    with pytest.raises(BadInput, match="parameters_billion is a range"):
        manifest.written(Scenario(parameters_billion=np.array([1.0, 2.0])))


def test_diff_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'm.db'}")
    before = Scenario(usd_per_device=30_000.0)
    files = [tmp_path / "a.toml", tmp_path / "b.toml"]
    for file, asked in zip(files, [before, before.replace(horizon_months=12.0)], strict=True):
        file.write_text(manifest.written(asked), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["modelworth", "diff", *map(str, files), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    (found,) = json.loads(capsys.readouterr().out)
    (part,) = found["parts"]
    assert part["choice"] == "horizon_months"
    assert (part["before"], part["after"]) == (36, 12)
    assert part["contribution"] == pytest.approx(found["after"] - found["before"])
