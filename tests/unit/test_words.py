"""Every word on the screen, in every language, and none that nobody sees."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

import dashboard
from dashboard import equation, formulas, i18n, measuring, phrases, presets
from dashboard.charts.cost import ALL, DRIVERS, STAGES
from dashboard.i18n import words
from dashboard.navigation import PAGES
from dashboard.stories import PARTS, key, stories
from dashboard.tour import STEP_COUNT
from db.session import StoreUnavailable, open_database
from engine import catalogue
from engine.catalogue.listing import KINDS, lines
from engine.catalogue.schema import Family, StoragePrice
from engine.measurement.families import FAMILIES
from engine.measurement.levers import LEVERS
from engine.measurement.stages import STAGES as LIFE
from engine.measurement.workloads import WORKLOADS
from engine.projection import Evidence, project
from engine.projection.serving_setting import setup
from engine.projection.working import estimates
from engine.projection.worth import template_scenario, worth
from engine.records import CERTAINTY, Estimate, Note
from engine.scenario import Scenario
from engine.validation import quality_stored, stored
from engine.value_case import GUESSED, ValueCase
from tests.measured import MACHINE, measurements

LANGUAGES = tuple(i18n.LANGUAGES)
FOLDER = Path(str(dashboard.__file__)).parent
ENGINE = FOLDER.parent / "engine"

OTHER_WORKLOADS = ("federate", "train_private", "explain", "collective", "parallel_train_step")
"""Measured outside the lists of workloads, stages and levers."""

TOLD = {
    found
    for story in stories().values()
    for step in story.steps
    for part in PARTS
    if (found := key(story, step, part))
} | {f"story.{name}.{part}" for name in stories() for part in ("title", "about")}

FROM_DATA = {
    "story": {name.removeprefix("story.") for name in TOLD if name.startswith("story.")},
    "story_step": {name.removeprefix("story_step.") for name in TOLD if "story_step." in name},
    "tour": {f"{n}.{part}" for n in range(1, STEP_COUNT + 1) for part in ("title", "text")}
    | {"offer", "take", "not_now", "title", "progress", "back", "next", "finish"},
    "storage_kind": set(get_args(StoragePrice.model_fields["kind"].annotation)),
    "family": set(get_args(Family)),
    "kind": set(CERTAINTY),
    "stage": {*STAGES, ALL},
    "driver": set(DRIVERS),
    "preset": set(presets.PRESETS),
    "field": set(Scenario.model_fields),
    "workload": {*WORKLOADS, *LIFE, *LEVERS, *OTHER_WORKLOADS},
    "measured_family": set(FAMILIES),
    "suite": set(measuring.SUITES),
    "suite_about": set(measuring.SUITES),
    "score": {family.metric for family in FAMILIES.values()},
    "topic": set(formulas.topics()),
    "evidence": {score.source for score in stored.read() if not score.is_average},
    "constant": {name.lower() for name in equation.CALENDAR},
    "claim": {score.key for score in stored.read()},
    "score_claim": {score.key for score in quality_stored.read()},
    "trait": {form["weights"] for form in setup()["formats"].values()},
    "range_of": {"training compute", "parameters"} | set(setup()["reach"]),
}
"""Families of words whose keys are given elsewhere, and which those are."""


def calls() -> Iterator[ast.expr]:
    """First argument of every `t(...)` in the dashboard."""
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "t":
                yield from choices(node.args[0])


def choices(argument: ast.expr) -> Iterator[ast.expr]:
    if isinstance(argument, ast.IfExp):
        yield from choices(argument.body)
        yield from choices(argument.orelse)
    else:
        yield argument


def plain_keys() -> set[str]:
    return {str(a.value) for a in calls() if isinstance(a, ast.Constant)}


def patterns() -> list[re.Pattern[str]]:
    """What keys put together from parts look like; those without a fixed family are left out."""
    found = []
    for argument in calls():
        if isinstance(argument, ast.JoinedStr) and isinstance(argument.values[0], ast.Constant):
            parts = [
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+"
                for part in argument.values
            ]
            found.append(re.compile("".join(parts)))
    return found


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def family(name: str, code: str = "en") -> set[str]:
    return {key.removeprefix(f"{name}.") for key in words(code) if key.startswith(f"{name}.")}


def names_in(estimate: Estimate) -> Iterator[str]:
    for name, part in estimate.inputs:
        yield name
        yield from names_in(part)


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_has_the_same_words(code: str) -> None:
    assert set(words(code)) == set(words("en"))


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_same_values_are_put_in_whatever_the_language(code: str) -> None:
    english, other = words("en"), words(code)
    wrong = [key for key in english if placeholders(english[key]) != placeholders(other[key])]
    assert wrong == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_word_is_empty(code: str) -> None:
    assert [key for key, text in words(code).items() if not text.strip()] == []


def test_every_word_asked_for_exists() -> None:
    assert plain_keys() - set(words("en")) == set()


def test_every_family_of_words_asked_for_exists() -> None:
    for pattern in patterns():
        assert any(pattern.fullmatch(key) for key in words("en")), pattern.pattern


def test_no_word_is_unused() -> None:
    used = plain_keys()
    made = patterns()
    from_data = tuple(f"{name}." for name in FROM_DATA)
    left = [
        key
        for key in words("en")
        if key not in used
        and not key.startswith(from_data)
        and not any(pattern.fullmatch(key) for pattern in made)
    ]
    assert left == []


@pytest.mark.parametrize("name", FROM_DATA)
def test_words_for_data_are_those_the_data_needs(name: str) -> None:
    assert family(name) == FROM_DATA[name]


def test_every_page_has_a_name_and_an_explanation() -> None:
    assert family("page") == {name for p in PAGES for name in (p.name, f"{p.name}_about")}


def test_every_kind_of_fact_has_a_name() -> None:
    assert set(KINDS) <= family("facts")


def test_every_note_of_the_engine_can_be_said() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in ENGINE.rglob("*.py"))
    codes = set(re.findall(r"""Note\(\s*"([a-z-]+)""", sources)) | set(
        re.findall(r"""_place\(\w+, "([a-z-]+)""", sources)
    )
    assert codes == family("note")


@pytest.mark.parametrize(
    "found",
    [
        Note("does-not-fit", {"share": 1.8}),
        Note("price-unknown", {"hardware": "X", "set": "usd_per_device"}),
        Note("carbon-unknown", {"place": "us:US", "set": "carbon_kgco2e_per_kwh"}),
        Note("precision-not-native", {"hardware": "X", "precision": "fp8"}),
        Note("outside-measured", {"quantity": "parameters", "metric": "training step time"}),
        Note("outside-measured", {"quantity": "training compute", "metric": "glue"}),
        Note("outside-fitted", {"quantity": "running_batch_count"}),
        Note("serving-not-fitted", {"trait": "llama.cpp"}),
        Note("serving-not-fitted", {"trait": "recommender"}),
        Note("price-old", {"hardware": "X", "date": "2025-01-31", "set": "usd_per_device"}),
        Note("repeated-data", {"epochs": 90.0}),
        Note("little-data", {"ratio": 0.09, "best": 20.0}),
        Note("score-before-tuning", {}),
        Note("quality-unpredictable", {"family": "recommender"}),
        Note("too-few-sizes", {"task": "news", "needed": 4.0, "have": 0.0}),
    ],
    ids=lambda found: found.code,
)
def test_notes_read_as_sentences(found: Note) -> None:
    sentence = phrases.note(found)
    assert sentence.endswith(".")
    assert not re.search(r"[{}_]", sentence)


def test_the_share_that_does_not_fit_is_said_in_percent() -> None:
    assert "needs 180% of its usable memory" in phrases.note(Note("does-not-fit", {"share": 1.8}))


ONE_OF_EACH_FAMILY = (
    "llama-3.1-8b", "mixtral-8x7b", "deepseek-v3", "bert-base", "t5-base", "resnet-50",
    "vit-b-16", "yolo11n", "dlrm-small", "text-classifier-news",
)  # fmt: skip


@pytest.mark.parametrize("model", ONE_OF_EACH_FAMILY)
@pytest.mark.parametrize("hardware", ["h100-sxm", "t4", MACHINE.hardware_id])
@pytest.mark.parametrize("ownership", ["owned", "cloud"])
def test_every_quantity_of_a_chain_has_words(model: str, hardware: str, ownership: str) -> None:
    scenario = Scenario(model=model, hardware=hardware, ownership=ownership, optimiser="momentum")
    answer = project(scenario, Evidence.of(measurements()))
    used = {name for _, estimate in estimates(answer) for name in names_in(estimate)}
    sellers = {name for name in used if " " in name}
    assert used - sellers - family("quantity") == set()


@pytest.mark.parametrize("template", catalogue.value_templates())
def test_every_quantity_that_a_worth_rests_on_has_words(template: str) -> None:
    case = ValueCase(template=template)
    found = worth(template_scenario(template, case), case)
    used = {name for _, estimate in estimates(found) for name in names_in(estimate)}
    sellers = {name for name in used if " " in name}
    assert used - sellers - family("quantity") - family("guess") == set()


def test_every_quantity_and_unit_of_the_facts_has_words() -> None:
    kinds = ("accelerators", "places", "assumptions")
    known = {line.quantity for kind in kinds for line in lines(kind)}
    assert known - family("quantity") - family("kind") == set()
    assert set(catalogue.assumptions()) <= family("quantity")


def test_every_setting_of_a_measurement_has_words() -> None:
    assert {name for m in measurements() for name in m.settings} <= family("quantity")


def test_every_metric_an_accuracy_is_given_in_has_words() -> None:
    asked = [project(Scenario(model=model)).quality.metric for model in ONE_OF_EACH_FAMILY]
    assert {metric for metric in asked if metric} <= family("metric")


def test_states_and_countries_are_named_in_chinese() -> None:
    named = {p for p in catalogue.places() if not p.startswith("cloud:")}
    assert set(i18n.names("zh")) == named


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_two_files_give_words_for_the_same_key(code: str) -> None:
    keys = [
        key
        for path in (i18n.LOCALES / code).glob("*.toml")
        for key, _ in i18n.flat(tomllib.loads(path.read_text(encoding="utf-8")))
    ]
    assert len(keys) == len(set(keys))


def reasons() -> set[str]:
    """Every reason the catalogue gives for a guess or an assumption."""
    guesses = {
        getattr(catalogue.value_template(name), guess).reason
        for name in catalogue.value_templates()
        for guess in GUESSED
    }
    return guesses | {catalogue.assumption(name).reason for name in catalogue.assumptions()}


OTHERS = [code for code in LANGUAGES if code != i18n.DEFAULT]
LEAST_TOLD_SHARE = 0.95
"""Of what formulas mean: a new one may come before its words in every language."""


@pytest.mark.parametrize("code", OTHERS)
def test_what_formulas_mean_is_told_in_every_language(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(i18n, "language", lambda: code)
    says = [found.says for found in formulas.by_name().values()]
    assert sum(i18n.meaning(text) != text for text in says) >= LEAST_TOLD_SHARE * len(says)


@pytest.mark.parametrize("code", OTHERS)
def test_every_reason_we_give_is_told_in_every_language(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(i18n, "language", lambda: code)
    assert [text for text in reasons() if text and i18n.reason(text) == text] == []


def test_in_chinese_nothing_parts_money_from_the_words_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(i18n, "language", lambda: "zh")
    told = {"before": "2.09 万美元", "total": "1,090 美元", "change": "−95%"}
    sentence = i18n.t("story.recommendation.grown.tell", **told)
    assert "2.09 万美元变为" in sentence
    measured = {"measured_smallest": "8 万", "measured_best": "98%"}
    assert "**8 万**个参数" in i18n.t("story.news.measured.tell", **measured)


@pytest.mark.parametrize(
    "address",
    ["mysql://host/x", "not an address", "sqlite:////proc/none/x.db", "postgresql://host/x"],
)
def test_why_a_database_cannot_be_used_is_told_in_chinese(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(i18n, "language", lambda: "zh")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreUnavailable) as caught:
        open_database(address)
    assert re.search("[\u4e00-\u9fff]", i18n.reason(str(caught.value)))


def test_reasons_within_a_reason_are_told_in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "language", lambda: "zh")
    found = dict(estimates(project(Scenario(place="country:CHN"))))
    notes = {part.note for part in parts_of(found["total.cost_usd"]) if part.note}
    told = [i18n.reason(note) for note in notes if "means of industry" in note]
    assert told
    assert not any("means of industry" in words for words in told)


def parts_of(estimate: Estimate) -> Iterator[Estimate]:
    for _, part in estimate.inputs:
        yield part
        yield from parts_of(part)
