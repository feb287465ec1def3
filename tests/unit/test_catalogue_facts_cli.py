"""`modelworth facts` prints each number with unit, source and date."""

import json
from collections import Counter
from datetime import date, timedelta

import pytest
from typer.testing import CliRunner

from engine import catalogue
from engine.catalogue import doubts as doubts_module
from engine.catalogue.doubts import doubts
from engine.catalogue.listing import KINDS, lines
from engine.catalogue.schema import SourceFact
from engine.cli.facts import app
from engine.records import BadInput

READ_ON = date(2026, 11, 23)
ADDED_ON = (date(2026, 11, 24), date(2026, 11, 29), date(2026, 11, 30))


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_without_a_kind_every_kind_is_counted() -> None:
    counts = json.loads(run("--json"))
    assert list(counts) == list(KINDS)
    assert counts["accelerators"] == len(catalogue.accelerators())
    assert counts["cloud-prices"] == len(catalogue.cloud_prices())
    shown = run()
    assert all(kind in shown for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_of_every_kind_has_unit_source_and_date(kind: str) -> None:
    found = json.loads(run(kind, "--json"))
    assert len(found) >= 10
    for line in found:
        assert line["unit"], line
        if kind != "assumptions":
            assert line["source"]["title"], line
            assert date.fromisoformat(line["source"]["checked"]) in (READ_ON, *ADDED_ON)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_prints_as_a_table(kind: str) -> None:
    shown = run(kind)
    assert "read on" in shown
    assert lines(kind)[0].thing in shown


def test_one_accelerator_shows_value_unit_source_and_address() -> None:
    shown = run("accelerators", "h100-sxm")
    row = next(line for line in shown.splitlines() if "bf16_dense_tflops" in line)
    assert row.split()[:4] == ["h100-sxm", "bf16_dense_tflops", "989.4", "TFLOP/s"]
    assert "2026-11-23" in row
    assert "https://github.com/stas00/ml-engineering" in shown


def test_a_range_is_shown_with_its_middle() -> None:
    assert "0.85 (0.65 to 0.97)" in run("assumptions", "goodput_share")


def test_shape_numbers_are_listed_with_the_models_source() -> None:
    layers = next(
        line for line in lines("models", "llama-3.1-8b") if line.quantity == "layer_count"
    )
    assert (layers.value, layers.unit) == (32, "layers")
    assert layers.source is not None
    assert layers.source.title.startswith("Hugging Face config.json")


@pytest.mark.parametrize(
    ("kind", "name"),
    [("cloud-prices", "h100-sxm"), ("efficiency", "h100-sxm"), ("storage-prices", "aws")],
)
def test_tables_are_narrowed_by_name(kind: str, name: str) -> None:
    assert {line.thing for line in lines(kind, name)} == {name}
    assert len(lines(kind, name)) < len(lines(kind))


def test_an_unknown_kind_says_what_is_known() -> None:
    with pytest.raises(BadInput, match=r"No facts about 'gpus'.* Known: accelerators, models"):
        run("gpus")


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_name_is_refused_for_every_kind(kind: str) -> None:
    with pytest.raises(BadInput, match="'no-such-thing'"):
        run(kind, "no-such-thing")


def test_check_prints_and_succeeds() -> None:
    found = json.loads(run("--check", "--json"))
    assert {doubt["doubt"] for doubt in found} == {"stale", "unsourced", "contradictory"}
    last = run("--check").strip().splitlines()[-1]
    totals = Counter(doubt["doubt"] for doubt in found)
    assert last.strip() == ", ".join(f"{n} {doubt}" for doubt, n in totals.items()) + "."


def test_check_of_one_kind_tells_of_that_kind_only() -> None:
    assert {doubt.kind for doubt in doubts(READ_ON, "assumptions")} == {"assumptions"}
    assert json.loads(run("quality", "--check", "--json")) == []
    assert "Nothing stale" in run("quality", "--check")


def test_a_price_is_stale_after_a_year() -> None:
    found = {(d.thing, d.quantity): d.reason for d in doubts(READ_ON) if d.doubt == "stale"}
    assert found["h100-sxm", "price_usd"] == "price of 2025-01-31"
    assert found["us:US", "price_usd_per_kwh"] == "price of 2024-12-31"
    assert ("mi300x", "price_usd") not in found


def test_only_the_newest_price_of_a_seller_is_judged() -> None:
    stale = {d.quantity for d in doubts(READ_ON, "cloud-prices") if d.thing == "h100-sxm"}
    assert "on_demand, aws, us-east-1" not in stale
    assert "on_demand, lambda, any" in stale


def test_a_source_is_stale_a_year_after_it_was_read() -> None:
    later = READ_ON + timedelta(days=366)
    assert doubts(READ_ON, "quality") == []
    assert {d.reason for d in doubts(later, "quality")} == {"source last read on 2026-11-23"}


def test_an_estimate_of_our_own_is_unsourced() -> None:
    unsourced = {d.thing for d in doubts(READ_ON) if d.doubt == "unsourced"}
    assert "mfu_classifier" in unsourced
    assert "mfu_decoder" not in unsourced


def test_a_sparse_figure_is_a_contradiction(monkeypatch: pytest.MonkeyPatch) -> None:
    h100 = catalogue.accelerator("h100-sxm")
    assert h100.fp8_dense_tflops is not None
    sparse = h100.model_copy(
        update={"fp8_dense_tflops": h100.fp8_dense_tflops.model_copy(update={"value": 3958.0})}
    )
    assert not [
        d for d in doubts(READ_ON, "accelerators") if d.thing == "h100-sxm" and d.doubt != "stale"
    ]
    monkeypatch.setattr(doubts_module.catalogue, "accelerator", lambda name: sparse)
    found = [d for d in doubts(READ_ON, "accelerators") if d.doubt == "contradictory"]
    assert found[0].reason == "4.00 times the bf16 rate; 1 to 2.05 is usual"


def test_sources_that_disagree_are_told() -> None:
    told = {d.thing for d in doubts(READ_ON) if d.doubt == "contradictory"}
    assert {"b200-sxm", "b300-sxm", "gaudi3", "mi355x"} <= told
    assert not {"rubin", "trainium3"} & told


def test_a_source_needs_the_day_it_was_read() -> None:
    assert SourceFact.model_fields["checked"].is_required()
