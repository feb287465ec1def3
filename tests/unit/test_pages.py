"""Every page in every language, with and without measurements; and what moves when one is moved."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox, SelectSlider

import dashboard
from dashboard import controls, data, fact_rows, i18n, presets
from dashboard.i18n import words
from dashboard.link import written
from dashboard.navigation import PAGES
from engine.records import BadInput
from engine.scenario import Scenario
from tests.measured import MACHINE, fill, measurements

FOLDER = Path(str(dashboard.__file__)).parent
LANGUAGES = tuple(i18n.LANGUAGES)
TOTAL, TRAINING, UNIT, ACCURACY = 0, 1, 4, 5
"""Where these stand among the cards."""


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("databases")
    urls = {name: f"sqlite:///{folder / name}.db" for name in ("empty", "measured")}
    assert fill(urls["measured"]) == len(measurements())
    return urls


@pytest.fixture
def empty(databases: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", databases["empty"])


@pytest.fixture
def measured(databases: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", databases["measured"])


def opened(page: str = "what_if", *, unfolded: bool = False, **address: str) -> AppTest:
    app = AppTest.from_file(str(FOLDER / "app.py"), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    for group in controls.FOLDED if unfolded else ():
        app.session_state[f"fold_{group}"] = True
    app.run()
    if page != "what_if":
        app.switch_page(f"app_pages/{page}.py").run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def cards(app: AppTest) -> list[str]:
    return [str(metric.value) for metric in app.metric]


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("page", [page.name for page in PAGES])
@pytest.mark.parametrize("database", ["empty", "measured"])
def test_every_page_opens_in_every_language(
    page: str, code: str, database: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(database)
    app = opened(page, lang=code)
    assert app.title[0].value == words(code)[f"page.{page}"]
    assert not app.error


@pytest.mark.usefixtures("empty")
def test_moving_the_size_changes_cost_and_accuracy() -> None:
    app = opened()
    before = cards(app)
    app.select_slider(key="parameters_billion").set_value(1.0).run()
    after = cards(app)
    assert before[TOTAL] != after[TOTAL]
    assert before[ACCURACY] != after[ACCURACY]
    assert app.query_params["parameters_billion"] == "1"


@pytest.mark.usefixtures("empty")
def test_dearer_electricity_costs_more_where_it_is_owned_and_is_in_the_rent_elsewhere() -> None:
    owned = opened(electricity_usd_per_kwh="0.5")
    assert cards(owned)[TRAINING] != cards(opened())[TRAINING]
    rented = opened(ownership="cloud")
    assert rented.select_slider(key="electricity_usd_per_kwh").disabled


ASKED: dict[str, str] = {
    "model": "mistral-7b", "parameters_billion": "7.7", "dataset_items_billion": "123.4",
    "dataset_bytes_per_item": "3.5", "epoch_count": "2", "sequence_tokens": "2048",
    "precision": "fp8", "optimiser": "sgd", "training_run_count": "3", "goodput_share": "0.9",
    "mfu": "0.31", "hardware": "a100-sxm-80gb", "training_device_count": "96",
    "ownership": "cloud", "pricing": "spot", "usd_per_device_hour": "1.75",
    "usd_per_device": "9999", "device_life_years": "4", "discount_share_per_year": "0.05",
    "owned_use_share": "0.7", "place": "country:SWE", "electricity_usd_per_kwh": "0.0456",
    "carbon_kgco2e_per_kwh": "0.02", "renewable_share": "0.25", "pue": "1.11",
    "storage_provider": "gcp", "checkpoint_interval_hours": "2", "checkpoints_kept_count": "7",
    "replica_count": "2", "requests_per_day": "54321", "input_items_per_request": "321",
    "output_items_per_request": "12", "serving_precision": "int8", "serving_batch_count": "16",
    "peak_to_mean_ratio": "3", "horizon_months": "25",
    "tuning": "lora", "lora_rank": "32", "development_ratio": "1.5",
    "global_batch_tokens": "2097152", "micro_batch_sequence_count": "2",
    "tensor_parallel_count": "2", "pipeline_parallel_count": "2", "context_parallel_count": "1",
    "expert_parallel_count": "1", "zero_stage": "1", "recomputation": "selective",
    "residual_share": "0.1", "maintenance_share_per_year": "0.04", "space_usd_per_kw_month": "150",
    "staff_usd_per_device_per_year": "200", "spot_interruptions_per_month": "3",
    "renewable_usd_per_kwh": "0.07", "carbon_usd_per_tonne": "80",
    "site_water_litres_per_kwh": "0.3", "raw_data_tier": "archive", "checkpoint_tier": "cool",
    "raw_to_prepared_ratio": "5", "preparation_core_hours_per_tb": "400",
    "evaluation_items_million": "20", "evaluation_count": "4", "cache_precision": "fp8",
    "serving_engine": "sglang", "serving_tensor_parallel_count": "2",
    "serving_pipeline_parallel_count": "2", "prefix_cache_hit_share": "0.2",
    "reasoning_tokens_per_request": "100", "ttft_slo_s": "2", "tpot_slo_s": "0.05",
    "latency_slo_s": "30", "serving_hours_per_day": "12", "serving_scaling": "autoscaled",
    "language_metric": "mmlu-5-shot", "anchor_score_share": "0.6",
    "api_model": "openai:gpt-4o",
}  # fmt: skip


def shown(app: AppTest) -> dict[str, str]:
    """What every control shows, by Scenario field, as an address would write it."""
    widgets = [*app.selectbox, *app.select_slider, *app.segmented_control, *app.number_input]
    by_key = {widget.key: widget.value for widget in widgets}
    return {name: written(by_key[name]) for name in Scenario.model_fields}


@pytest.mark.usefixtures("empty")
def test_a_browser_that_missed_a_run_draws_what_the_address_says() -> None:
    """Else it would draw the first of the options, and answer with that."""
    app = opened(unfolded=True, **ASKED).run()
    for widget in (*app.selectbox, *app.select_slider, *app.segmented_control, *app.number_input):
        proto = widget.proto
        default = proto.default if isinstance(proto.default, int | float) else list(proto.default)
        told = proto.set_value or default == _as_told(widget)
        assert told or (widget.value is None and not proto.HasField("default")), widget.key


def _as_told(widget: Any) -> Any:
    if isinstance(widget, Selectbox):
        return widget.index
    if isinstance(widget, SelectSlider):
        return [widget.options.index(widget.format_func(widget.value))]
    return list(widget.indices)


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("code", LANGUAGES)
def test_a_link_restores_every_control(code: str) -> None:
    assert set(ASKED) == set(Scenario.model_fields)
    assert shown(opened(lang=code, unfolded=True, **ASKED)) == ASKED


@pytest.mark.usefixtures("empty")
def test_the_address_of_one_session_gives_the_same_numbers_in_another() -> None:
    first = opened(unfolded=True)
    first.select_slider(key="parameters_billion").set_value(3.0).run()
    first.selectbox(key="place").set_value("country:SWE").run()
    first.number_input(key="pue").set_value(1.07).run()
    address = {name: str(value) for name, value in first.query_params.items()}
    assert address == {"parameters_billion": "3", "place": "country:SWE", "pue": "1.07"}
    assert cards(opened(**address)) == cards(first)


@pytest.mark.usefixtures("empty")
def test_another_language_keeps_every_choice() -> None:
    app = opened(unfolded=True, **ASKED)
    app.segmented_control(key="lang").set_value("zh").run()
    assert app.title[0].value == words("zh")["page.what_if"]
    assert shown(app) == ASKED
    assert app.query_params == {**ASKED, "lang": "zh"}


@pytest.mark.usefixtures("measured")
def test_another_page_keeps_the_language_and_its_own_selection() -> None:
    app = opened("facts", lang="zh")
    app.pills(key="fact_kind").set_value("models").run()
    app.segmented_control(key="lang").set_value("en").run()
    assert not app.exception
    assert app.pills(key="fact_kind").value == "models"


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hardware", "h1000"), ("parameters_billion", "-3"), ("parameters_billion", "nan"),
        ("hardware", "measured:0123456789"), ("pue", "many"),
        ("place", "atlantis"), ("ownership", "borrowed"), ("api_model", "nobody:nothing"),
    ],
)  # fmt: skip
def test_a_link_that_asks_for_the_impossible_says_so_and_shows_the_usual(
    name: str, text: str
) -> None:
    app = opened(**{name: text})
    (refused,) = [w for w in app.warning if w.icon == ":material/link_off:"]
    assert text in refused.value
    assert cards(app) == cards(opened())


@pytest.mark.usefixtures("empty")
def test_choices_the_engine_refuses_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(scenario: Scenario, evidence: object) -> None:
        raise BadInput("These two cannot be had together. Take one of them.")

    monkeypatch.setattr(data, "engine_project", refuse)
    app = opened(horizon_months="17")
    assert app.error[0].value == "These two cannot be had together. Take one of them."


@pytest.mark.usefixtures("measured")
def test_a_measured_machine_is_hardware_like_any_other() -> None:
    app = opened(
        hardware=MACHINE.hardware_id, model="text-classifier-news", usd_per_device="900",
        training_device_count="1",
    )  # fmt: skip
    assert cards(app)[TOTAL].startswith("$")
    assert cards(app)[ACCURACY].endswith("%")


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("name", presets.PRESETS)
def test_a_preset_sets_its_choices_and_stays_lit(name: str) -> None:
    app = opened(parameters_billion="3", pue="1.3")
    app.pills(key="preset").set_value(name).run()
    wanted = {field: written(value) for field, value in presets.PRESETS[name].items()}
    defaults = {k: written(f.default) for k, f in Scenario.model_fields.items()}
    assert app.query_params == {k: v for k, v in wanted.items() if v != defaults[k]}
    assert not app.exception
    assert app.pills(key="preset").value == name
    app.select_slider(key="horizon_months").set_value(1.0).run()
    assert app.pills(key="preset").value is None


@pytest.mark.usefixtures("empty")
def test_another_model_comes_with_its_own_size_and_work() -> None:
    app = opened(unfolded=True, parameters_billion="3")
    app.selectbox(key="model").set_value("resnet-50").run()
    assert app.select_slider(key="parameters_billion").value == pytest.approx(0.025557)
    assert app.number_input(key="output_items_per_request").value == 0.0
    assert "parameters_billion" not in app.query_params


@pytest.mark.usefixtures("empty")
def test_another_place_comes_with_its_own_electricity() -> None:
    app = opened(electricity_usd_per_kwh="0.4")
    app.selectbox(key="place").set_value("us:WA").run()
    assert "electricity_usd_per_kwh" not in app.query_params
    assert app.select_slider(key="electricity_usd_per_kwh").value < 0.4


@pytest.mark.usefixtures("empty")
def test_emptying_a_number_takes_the_usual_one_again() -> None:
    app = opened(unfolded=True, pue="1.3")
    app.number_input(key="pue").set_value(None).run()
    assert "pue" not in app.query_params
    assert cards(app) == cards(opened())


@pytest.mark.usefixtures("empty")
def test_what_is_unknown_shows_a_dash_and_says_what_to_set() -> None:
    app = opened(hardware="mi455x", ownership="cloud")
    assert cards(app)[TOTAL] == "–"
    assert any("Rent" in warning.value for warning in app.warning)


@pytest.mark.usefixtures("empty")
def test_without_measurements_the_page_says_how_to_measure() -> None:
    app = opened("measurements")
    assert app.code[0].value == "modelworth measure --suite quick"


@pytest.mark.usefixtures("measured")
def test_measurements_show_every_run_and_three_charts() -> None:
    app = opened("measurements")
    assert len(app.get("plotly_chart")) == 3
    assert "182 GFLOP/s" in cards(app)
    app.segmented_control(key="view").set_value("runs").run()
    assert len(app.dataframe[0].value) == len(measurements())


@pytest.mark.usefixtures("empty")
def test_facts_are_found_by_their_words_in_any_order() -> None:
    app = opened("facts")
    everything = len(app.dataframe[0].value)
    app.text_input(key="fact_search").set_value("sxm5 h100 memory").run()
    found = app.dataframe[0].value
    assert 0 < len(found) < everything
    assert set(found["Of"]) == {"H100 SXM5 80GB"}
    app.text_input(key="fact_search").set_value("no such thing").run()
    assert not app.dataframe
    assert app.info[0].value == words("en")["facts.none"]


@pytest.mark.usefixtures("empty")
def test_facts_of_another_kind_are_one_press_away() -> None:
    app = opened("facts")
    app.text_input(key="fact_search").set_value("electricity united states").run()
    assert not app.dataframe
    app.button(key="elsewhere_places").click().run()
    assert {"United States"} <= set(app.dataframe[0].value["Of"])


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("kind", fact_rows.KINDS)
def test_every_kind_of_fact_is_shown(kind: str) -> None:
    app = opened("facts", lang="zh")
    app.pills(key="fact_kind").set_value(kind).run()
    assert not app.exception
    assert len(app.dataframe[0].value) > 0


def test_notes_of_facts_are_told_in_chinese_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(i18n, "language", lambda: "zh")
    rows = [row for kind in fact_rows.KINDS for row in fact_rows.rows(kind)]
    english = re.compile(r"[a-z]{3,} [a-z]{3,}")
    assert [r.note for r in rows if english.search(r.note) and r.note == r.line.note] == []
    untold = sum(bool(row.line.note and not row.note) for row in rows)
    assert untold <= 0.01 * sum(bool(row.line.note) for row in rows)


def test_a_database_that_cannot_be_read_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database" * 100)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{broken}")
    app = opened()
    assert len(app.error) == 1
    assert str(broken) in app.error[0].value


def test_the_dashboard_does_not_load_torch() -> None:
    modules = "dashboard.controls, dashboard.data, dashboard.phrases, dashboard.fact_rows"
    program = f"import sys, {modules}; assert not {{'torch', 'pynvml'}} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_pages_hold_no_markup_of_their_own() -> None:
    texts = [path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py")]
    assert not [text for text in texts if "unsafe_allow_html" in text]
    # Style sheets: of the stage, and of all pages.
    assert {m for text in texts for m in re.findall(r"st\.html\(.*", text)} == {
        "st.html(presenting.STYLE)",
        "st.html(LOOK)",
    }
