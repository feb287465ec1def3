"""A scenario leaves the page and comes back: as a file, under a name, from a fact."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard import readable
from dashboard.i18n import words
from db.session import open_database
from db.store import save_scenario
from tests.browser.conftest import Visit, settled

pytestmark = pytest.mark.browser

EN, ZH = words("en"), words("zh")
ADDRESS = "/?model=llama-3.1-8b&parameters_billion=3&place=country:SWE&ownership=cloud&pue=1.07"
CARDS = {
    EN["headline.total"]: ("total.cost_usd", readable.money),
    EN["headline.training"]: ("training.bill.cost_usd", readable.money),
    EN["headline.storage"]: ("storage.cost_usd_per_month", readable.money),
    EN["per_unit.token"]: ("deployment.cost_usd_per_million_items", readable.money),
    EN["headline.accuracy_on.hellaswag-10-shot"]: ("quality.score_share", readable.score),
    EN["headline.energy"]: ("total.facility_energy_kwh", readable.energy),
    EN["headline.carbon"]: ("total.carbon_kgco2e", readable.carbon),
    EN["headline.time"]: ("training.time_h", readable.duration),
}


def numbers(page: Page) -> dict[str, str]:
    """What the cards show, by name."""
    expect(page.get_by_test_id("stMetricValue")).to_have_count(11)
    settled(page)
    found = {}
    for card in page.get_by_test_id("stMetric").all():
        label = card.get_by_test_id("stMetricLabel").inner_text().strip()
        found[label] = card.get_by_test_id("stMetricValue").inner_text().strip()
    return found


def unfolded(page: Page, code: str = "en") -> Page:
    told = words(code)
    page.locator(".st-key-share").get_by_text(told["share.title"]).click()
    expect(page.get_by_text(told["share.download"])).to_be_visible(timeout=60_000)
    settled(page)
    return page


def downloaded(page: Page, folder: Path) -> Path:
    with page.expect_download() as caught:
        unfolded(page).get_by_text(EN["share.download"]).click()
    file = folder / caught.value.suggested_filename
    caught.value.save_as(file)
    return file


def test_the_link_to_pass_on_holds_the_scenario_and_nothing_of_other_pages(visit: Visit) -> None:
    page = visit("/?parameters_billion=3&currency=EUR&vs=ownership~cloud&max_budget=5&aim=carbon")
    link = unfolded(page).locator(".st-key-share").get_by_test_id("stCode")
    expect(link).to_contain_text("?parameters_billion=3&currency=EUR")
    expect(link).not_to_contain_text("vs=")
    expect(link).not_to_contain_text("max_budget")
    expect(page).to_have_url(re.compile("vs=ownership"))


def test_a_downloaded_scenario_gives_the_same_numbers_on_the_command_line(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visit(ADDRESS)
    file = downloaded(page, tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "project", str(file), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    projection = json.loads(done.stdout)["projection"]
    shown = numbers(page)
    for label, (path, say) in CARDS.items():
        value = projection
        for part in path.split("."):
            value = value[part]
        assert shown[label] == say(value["value"]), path


def test_an_uploaded_scenario_sets_every_choice(visit: Visit, tmp_path: Path) -> None:
    page = visit(ADDRESS)
    file = downloaded(page, tmp_path)
    other = unfolded(visit("/"))
    other.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
    expect(other).to_have_url(re.compile(r"parameters_billion=3"))
    settled(other)
    assert numbers(other) == numbers(page)
    expect(other.get_by_test_id("stAlert").first).to_contain_text("scenario.toml")


def test_a_file_that_is_no_scenario_says_why(visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text("modle = 'x'\n")
    page = unfolded(visit("/"))
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
    expect(page.get_by_test_id("stAlert").first).to_contain_text("Did you mean model?")


def test_a_file_with_impossible_choices_says_which(visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text("parameters_billion = -5\nhardware = 'h900'\npue = 1.2\n")
    page = unfolded(visit("/?lang=zh"), "zh")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
    alert = page.get_by_test_id("stAlert").first
    for what in ("parameters_billion = -5", "hardware = h900"):
        expect(alert).to_contain_text(what)
    expect(alert).not_to_contain_text("pue")


def test_a_saved_scenario_says_what_has_changed_since(visit: Visit, database: str) -> None:
    kept = {
        "parameters_billion": 3.0,
        "modelworth": {"catalogue": "2020.01.01-0000000"},
        "numbers": {"total.cost_usd": 1.0},
    }
    save_scenario(open_database(database), "Of another year", kept)
    page = visit("/?saved=Of%20another%20year")
    expect(page).to_have_url(re.compile("parameters_billion=3"))
    told = page.get_by_test_id("stAlert").first
    for what in ("2020.01.01-0000000", "$1"):
        expect(told).to_contain_text(what)


def test_a_saved_scenario_opens_from_a_short_link(visit: Visit) -> None:
    page = unfolded(visit(ADDRESS))
    page.get_by_label(EN["share.name"]).fill("Nordic assistant")
    page.get_by_text(EN["share.save"], exact=True).click()
    expect(page.get_by_role("link", name="Nordic assistant")).to_be_visible()
    other = visit("/?saved=Nordic%20assistant")
    expect(other).to_have_url(re.compile(r"place=country"))
    expect(other.get_by_test_id("stAlert").first).to_contain_text("Nordic assistant")
    assert numbers(other) == numbers(page)


def test_a_short_link_speaks_as_the_page_that_shows_it(visit: Visit) -> None:
    page = unfolded(visit("/?lang=zh&currency=CNY"), "zh")
    page.get_by_label(ZH["share.name"]).fill("北欧 助手")
    page.get_by_text(ZH["share.save"], exact=True).click()
    link = page.get_by_role("link", name="北欧 助手")
    other = visit(page.url.split("?")[0] + str(link.get_attribute("href")))
    expect(other).to_have_url(re.compile("lang=zh"))
    expect(other.get_by_test_id("stAlert").first).to_contain_text("北欧 助手")
    expect(other.get_by_test_id("stMetricValue").first).to_contain_text("元")
