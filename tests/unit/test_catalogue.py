"""Every fact loads, names its source and agrees with its neighbours."""

import math
import re
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engine import catalogue
from engine.catalogue import loading
from engine.catalogue.listing import UNITS
from engine.catalogue.schema import Accelerator, CloudPrice, Fact, Model, Place, SourceFact
from engine.records import BadInput
from engine.scenario import Scenario

UNGATED = {"gpt-2-124m", "gpt-2-xl", "gpt-3-175b", "gpt-j-6b", "falcon-180b"}
"""Decoders whose feed-forward block has two matrices, not three."""
ONE_EMBEDDING = {
    "gpt-2-124m",
    "gpt-2-xl",
    "gpt-3-175b",
    "falcon-180b",
    "llama-3.2-3b",
    "qwen3-0.6b",
    "qwen3-1.7b",
    "qwen3-4b",
}
"""Decoders that read and write with the same embedding."""
OTHER_BLOCKS = {"deepseek-v3", "deepseek-r1", "llama-4-scout", "llama-4-maverick"}
"""Latent attention, shared experts or dense layers between: the plain shape does not give them."""
MORE_THAN_TWICE_AT_8_BITS = {"rubin", "trainium3"}


def known(number: int | None) -> int:
    assert number is not None
    return number


def shape_parameter_count(name: str, model: Model) -> float:
    """Parameters of a transformer from its shape: attention, feed-forward, embedding."""
    hidden, head = known(model.hidden_size), known(model.head_size)
    width, kv_width = known(model.head_count) * head, known(model.kv_head_count) * head
    attention = hidden * (2 * width + 2 * kv_width)
    gated = model.family == "decoder" and name not in UNGATED
    feed_forward = (3 if gated else 2) * hidden * known(model.feed_forward_size)
    layers = known(model.layer_count)
    blocks = layers * (attention + (model.expert_count or 1) * feed_forward)
    if model.family == "encoder-decoder":
        blocks += layers * (2 * attention + feed_forward)
    if model.vocabulary_size is None:
        patches, places, classes = 16 * 16 * 3, 197, 1000
        return blocks + hidden * (patches + places + classes)
    both = model.family == "decoder" and name not in ONE_EMBEDDING
    return blocks + (2 if both else 1) * model.vocabulary_size * hidden


def plain_transformers() -> list[str]:
    return [
        name
        for name in catalogue.models()
        if catalogue.model(name).layer_count is not None and name not in OTHER_BLOCKS
    ]


@pytest.mark.parametrize("name", plain_transformers())
def test_printed_parameters_are_those_of_the_shape(name: str) -> None:
    model = catalogue.model(name)
    assert shape_parameter_count(name, model) == pytest.approx(model.parameter_count, rel=0.05)


def test_most_transformers_are_checked_against_their_shape() -> None:
    assert len(plain_transformers()) >= 40


@pytest.mark.parametrize("name", catalogue.accelerators())
def test_an_accelerator_file_loads_and_knows_a_rate(name: str) -> None:
    accelerator = catalogue.accelerator(name)
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name)
    precisions = ("fp32", "tf32", "bf16", "fp16", "fp8", "int8", "fp4")
    assert any(accelerator.peak_tflops(precision) for precision in precisions)


@pytest.mark.parametrize("name", catalogue.models())
def test_a_model_file_loads_and_knows_its_work(name: str) -> None:
    model = catalogue.model(name)
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name)
    assert model.item == "token" or model.forward_gflop_per_item is not None
    assert 0 < model.active_share <= 1


def test_there_is_enough_to_choose_from() -> None:
    assert len(catalogue.accelerators()) >= 60
    assert len(catalogue.models()) >= 25
    assert len(catalogue.places()) >= 150
    kinds = {catalogue.accelerator(name).kind for name in catalogue.accelerators()}
    assert kinds == {"gpu", "tpu", "asic", "cpu"}
    families = {catalogue.model(name).family for name in catalogue.models()}
    assert len(families) == 7


def test_h100_is_what_its_source_prints() -> None:
    h100 = catalogue.accelerator("h100-sxm")
    assert h100.bf16_dense_tflops is not None
    assert h100.bf16_dense_tflops.value == 989.4
    assert "ml-engineering" in h100.sources[h100.bf16_dense_tflops.source].title
    assert h100.peak_flop_per_s("bf16") == 989.4e12
    assert h100.memory_bytes == 80e9
    assert h100.bandwidth_bytes_per_s == 3.35e12
    assert "NVIDIA H100 80GB HBM3" in h100.nvml_names


@pytest.mark.parametrize("name", ["a100-sxm-40gb", "a100-sxm-80gb", "a100-pcie-80gb"])
def test_every_a100_has_312_dense_tflops(name: str) -> None:
    assert catalogue.accelerator(name).peak_flop_per_s("bf16") == 312e12


def test_llama_has_its_published_shape() -> None:
    llama = catalogue.model("llama-3.1-8b")
    shape = (llama.layer_count, llama.hidden_size, llama.head_count, llama.kv_head_count)
    assert shape == (32, 4096, 32, 8)
    assert (llama.feed_forward_size, llama.vocabulary_size) == (14336, 128256)
    assert llama.trained_items_billion is not None
    assert llama.trained_items_billion.value == 15_000


def test_resnet_50_counts_a_multiply_add_as_two() -> None:
    work = catalogue.model("resnet-50").forward_gflop_per_item
    assert work is not None
    assert work.value == pytest.approx(2 * 4.089)


def test_deepseek_keeps_a_small_cache() -> None:
    cache = catalogue.model("deepseek-v3").kv_bytes_per_token_at_16_bit
    assert cache is not None
    assert cache.value == 61 * (512 + 64) * 2


@pytest.mark.parametrize("name", catalogue.accelerators())
def test_8_bit_rates_are_dense(name: str) -> None:
    accelerator = catalogue.accelerator(name)
    fp8, bf16 = accelerator.peak_flop_per_s("fp8"), accelerator.peak_flop_per_s("bf16")
    if fp8 is None or bf16 is None:
        return
    usual = 1 <= fp8 / bf16 <= 2.05
    assert usual != (name in MORE_THAN_TWICE_AT_8_BITS)


def all_records() -> list[tuple[str, Accelerator | Model | Place]]:
    return [
        *((name, catalogue.accelerator(name)) for name in catalogue.accelerators()),
        *((name, catalogue.model(name)) for name in catalogue.models()),
        *((name, catalogue.place(name)) for name in catalogue.places()),
    ]


def all_facts() -> list[tuple[str, str, Fact, dict[str, SourceFact]]]:
    return [
        (name, field, fact, record.sources)
        for name, record in all_records()
        for field in type(record).model_fields
        if isinstance(fact := getattr(record, field), Fact)
    ]


def all_sources() -> list[SourceFact]:
    curves = [catalogue.quality_curve(name).source for name in catalogue.quality_curves()]
    assumed = [catalogue.assumption(name).source for name in catalogue.assumptions()]
    return [
        *(source for _, record in all_records() for source in record.sources.values()),
        *(row.source for row in catalogue.cloud_prices()),
        *(row.source for row in catalogue.storage_prices()),
        *(catalogue.data_centre_fact(name).source for name in catalogue.data_centre_facts()),
        *(row.source for row in catalogue.efficiencies()),
        *(row.source for row in catalogue.compressed()),
        *(row.source for row in catalogue.federated()),
        *(row.source for row in catalogue.landmarks()),
        *curves,
        *(source for source in assumed if source is not None),
    ]


def test_every_fact_names_a_listed_source() -> None:
    assert len(all_facts()) > 1_000
    for name, field, fact, sources in all_facts():
        assert fact.source in sources, f"{name}: {field}"


def test_unknown_is_left_out_not_zero() -> None:
    for name, field, fact, _ in all_facts():
        least = 0 if field == "renewable_share" else math.ulp(0)
        assert fact.value >= least, f"{name}: {field}"
        assert fact.low is None or fact.high is None or fact.low <= fact.value <= fact.high


def test_every_source_was_read_and_not_in_the_future() -> None:
    today = datetime.now(UTC).date()
    for source in all_sources():
        assert source.title
        assert date(2026, 1, 1) <= source.checked <= today, source.title


def test_every_source_of_the_tables_is_used() -> None:
    listed = {source["title"] for source in loading.toml_table("sources.toml").values()}
    assert listed <= {source.title for source in all_sources()}


def test_every_number_has_a_unit() -> None:
    numbers = {
        field
        for _, record in all_records()
        for field in type(record).model_fields
        if isinstance(getattr(record, field), Fact | int)
    }
    assert numbers <= UNITS.keys()


def test_tables_speak_of_known_accelerators() -> None:
    known = set(catalogue.accelerators())
    assert {price.accelerator for price in catalogue.cloud_prices()} <= known
    assert {row.accelerator for row in catalogue.efficiencies()} <= known


def test_ids_of_table_rows_are_their_own() -> None:
    assert max(Counter(price.id for price in catalogue.storage_prices()).values()) == 1
    for file in ("places.csv", "data_centre.csv"):
        rows = loading.csv_rows(file)
        assert len(loading.rows_by(file, "id")) == len(rows)


def test_rents_come_newest_first() -> None:
    def age(price: CloudPrice) -> int:
        return 0 if price.as_of is None else -price.as_of.toordinal()

    prices = catalogue.cloud_prices("h100-sxm")
    assert len({price.provider for price in prices}) >= 8
    assert [age(price) for price in prices] == sorted(age(price) for price in prices)


def test_published_runs_reach_more_on_dense_models() -> None:
    dense, experts = (
        next(
            row
            for row in catalogue.efficiencies("h100-sxm")
            if row.precision == "16bit" and row.mixture_of_experts == mixture
        )
        for mixture in (False, True)
    )
    assert (dense.mfu, dense.row_count) == (0.5, 223)
    assert experts.mfu == 0.23
    for row in catalogue.efficiencies():
        assert row.mfu_low <= row.mfu <= row.mfu_high


def test_carbon_is_in_kg() -> None:
    carbon = {name: catalogue.place(name).carbon_kgco2e_per_kwh for name in catalogue.places()}
    assert carbon["us:US"] is not None
    assert carbon["us:US"].value == 0.369473
    assert all(fact.value < 1.5 for fact in carbon.values() if fact)


def test_a_cloud_region_takes_the_price_but_not_the_carbon_of_its_country() -> None:
    region, finland = catalogue.place("cloud:gcp:europe-north1"), catalogue.place("country:FIN")
    assert region.price_usd_per_kwh is not None
    assert finland.price_usd_per_kwh is not None
    assert region.price_usd_per_kwh.value == finland.price_usd_per_kwh.value == 0.0571
    assert region.price_usd_per_kwh.note.startswith("of Finland")
    assert region.carbon_kgco2e_per_kwh is not None
    assert region.carbon_kgco2e_per_kwh.value == 0.046
    assert region.renewable_share is None


def test_the_stale_british_price_is_left_out() -> None:
    assert catalogue.place("country:GBR").price_usd_per_kwh is None
    assert catalogue.place("country:GBR").carbon_kgco2e_per_kwh is not None


def test_assumptions_have_a_range_and_a_reason() -> None:
    for name in catalogue.assumptions():
        assumed = catalogue.assumption(name)
        assert assumed.low < assumed.high, name
        assert assumed.low <= assumed.value <= assumed.high, name
        assert len(assumed.reason) > 20, name
        assert assumed.unit, name


def test_the_hellaswag_curve_holds_the_models_it_was_fitted_to() -> None:
    loss, score = (
        catalogue.quality_curve(name).constants
        for name in ("pretraining-loss-nats", "hellaswag-10-shot")
    )
    error = catalogue.quality_curve("hellaswag-10-shot").error_90_share
    assert error is not None
    misses = []
    for name in catalogue.models():
        model = catalogue.model(name)
        printed = [s.value_share for s in model.scores if s.metric == "hellaswag-10-shot"]
        if not printed or model.trained_items_billion is None:
            continue
        active, tokens = (
            model.parameter_count * model.active_share,
            model.trained_items_billion.value * 1e9,
        )
        reducible = loss["A"] / active ** loss["alpha"] + loss["B"] / tokens ** loss["beta"]
        when = model.released
        year = 2023.0 if when is None else when.year + (when.month - 0.5) / 12
        position = score["intercept"] + score["slope"] * math.log(reducible)
        position += score["per_year"] * (year - 2023)
        share = 1 / (1 + math.exp(-position))
        predicted = score["floor"] + (score["ceiling"] - score["floor"]) * share
        misses.append(abs(predicted - printed[0]))
    assert len(misses) >= 10
    assert sum(miss <= error for miss in misses) >= 0.8 * len(misses)


def test_a_scenario_needs_no_choice() -> None:
    scenario = Scenario()
    assert catalogue.accelerator(scenario.hardware).name == "H100 SXM5 80GB"
    assert catalogue.place(scenario.place).name == "United States"


def test_an_unknown_accelerator_is_told_what_is_near_and_how_to_add_it() -> None:
    with pytest.raises(BadInput) as caught:
        catalogue.accelerator("b900")
    assert str(caught.value) == (
        "No accelerator 'b900'. Close: b100-sxm, b200-sxm, b300-sxm. "
        f"See `modelworth facts accelerators` for all {len(catalogue.accelerators())}; "
        "to add one, write engine/catalogue/accelerators/b900.toml."
    )


@pytest.mark.parametrize(
    ("ask", "name", "near"),
    [
        (catalogue.model, "llama-3.1-9b", "llama-3.1-8b"),
        (catalogue.place, "sweden", "country:SWE"),
        (catalogue.place, "SWE", "country:SWE"),
        (catalogue.storage_provider, "aw", "aws"),
        (catalogue.assumption, "goodput", "goodput_share"),
        (catalogue.quality_curve, "hellaswag", "hellaswag-10-shot"),
        (catalogue.data_centre_fact, "pue:aws", "pue:aws:2023"),
    ],
)
def test_an_unknown_name_is_told_the_nearest(ask, name: str, near: str) -> None:
    with pytest.raises(BadInput, match=rf"'{name}'\. Close: .*{re.escape(near)}"):
        ask(name)


def test_a_name_like_nothing_known_gets_no_guess() -> None:
    with pytest.raises(BadInput, match=r"^No model 'zzzz'\. See `modelworth facts models`"):
        catalogue.model("zzzz")


def test_listing_ids_opens_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise AssertionError(path)

    loading.ids.cache_clear()
    monkeypatch.setattr(loading, "toml_content", refuse)
    assert "h100-sxm" in catalogue.accelerators()


GOOD_FILE = """
name = "X"
vendor = "Y"
kind = "gpu"
tdp_w = { value = 1, source = "sheet" }

[sources.sheet]
title = "Data sheet"
checked = 2026-11-23
"""


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ("name = ", "is not readable TOML"),
        (GOOD_FILE.replace('source = "sheet"', 'source = "memory"'), "tdp_w cites source 'memory'"),
        (GOOD_FILE.replace("value = 1", "value = nan"), r"tdp_w\.value: Input should be a finite"),
        (GOOD_FILE.replace("tdp_w", "tdp"), "tdp: Extra inputs are not permitted"),
        (GOOD_FILE.replace("checked = 2026-11-23", ""), r"sources\.sheet\.checked: Field required"),
    ],
)
def test_a_bad_facts_file_fails_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, complaint: str
) -> None:
    monkeypatch.setattr(loading, "HERE", tmp_path)
    (tmp_path / "accelerators").mkdir()
    file = tmp_path / "accelerators" / "x.toml"
    file.write_text(GOOD_FILE, encoding="utf-8")
    assert loading.record(Accelerator, "accelerators", "x").name == "X"
    file.write_text(broken, encoding="utf-8")
    expected = rf"^engine/catalogue/accelerators/x\.toml.*{complaint}"
    with pytest.raises(loading.BadFacts, match=expected):
        loading.record(Accelerator, "accelerators", "x")


def test_a_table_row_of_the_wrong_length_fails_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "HERE", tmp_path)
    (tmp_path / "odd.csv").write_text("id,value\na,1,2\n", encoding="utf-8")
    with pytest.raises(loading.BadFacts, match=r"odd\.csv has a row with more or fewer cells"):
        loading.csv_rows("odd.csv")


def test_a_table_that_cites_an_unlisted_source_fails() -> None:
    with pytest.raises(loading.BadFacts, match=r"places\.csv cites source 'hearsay'"):
        loading.table_source("hearsay", "places.csv")
