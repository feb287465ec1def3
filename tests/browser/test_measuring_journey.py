"""Measuring from the page in a real Chromium: start, watch, close the tab, come back, stop."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.i18n import words
from tests.browser.conftest import PHONE, PHONE_AGENT, violations
from tests.browser.serving import serving

pytestmark = pytest.mark.browser

EN, ZH = words("en"), words("zh")
PATIENCE_MS = 120_000
VIEWS = ("machine", "lifecycle", "levers", "collectives", "history", "runs")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app over an empty database, for this machine alone."""
    folder = tmp_path_factory.mktemp("lab")
    with serving(
        folder / "log.txt",
        f"sqlite:///{folder / 'measured.db'}",
        MODELWORTH_CACHE=str(folder),
        OMP_NUM_THREADS="1",
        PYTHONPATH=str(Path(__file__).parents[2]),
    ) as (address, _):
        yield address


def settled(page: Page) -> None:
    """Patient: beside the browser, another process measures."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE_MS)
    expect(page.locator("[data-stale=true]")).to_have_count(0, timeout=PATIENCE_MS)


def tab(browser: Browser, address: str, width: int = 1440) -> Page:
    agent = PHONE_AGENT if width == PHONE["width"] else None
    page = browser.new_page(
        viewport={"width": width, "height": 1000}, user_agent=agent, reduced_motion="reduce"
    )
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    settled(page)
    return page


def test_before_anything_is_measured_a_sample_is_shown_as_one(browser: Browser, own: str) -> None:
    for width in (1440, PHONE["width"]):
        page = tab(browser, f"{own}/measurements", width)
        for view in VIEWS:
            page.get_by_role("radio", name=EN[f"lab_view.{view}"], exact=True).click()
            settled(page)
            assert page.get_by_test_id("stException").count() == 0
            start = EN["lab.sample_short"].split("{")[0]
            expect(page.get_by_test_id("stMain").get_by_text(start).first).to_be_visible()
            main = page.get_by_test_id("stMain")
            assert main.evaluate("e => e.scrollWidth - e.clientWidth") == 0, (view, width)
            assert violations(page) == [], view
        page.close()


def test_started_it_goes_on_without_the_tab_and_is_stopped_from_another(
    browser: Browser, own: str
) -> None:
    first = tab(browser, f"{own}/measure")
    assert violations(first) == []
    first.get_by_role("radio", name=EN["suite.toy"], exact=True).click()
    settled(first)
    first.get_by_role("button", name=EN["measure.start"]).click()
    expect(first.get_by_role("button", name=EN["measure.stop"])).to_be_visible(timeout=PATIENCE_MS)
    first.close()

    second = tab(browser, f"{own}/measure?lang=zh")
    stop = second.get_by_role("button", name=ZH["measure.stop"])
    expect(stop).to_be_visible(timeout=PATIENCE_MS)
    expect(second.get_by_test_id("stDataFrame")).to_be_visible(timeout=PATIENCE_MS)
    second.reload()
    expect(stop).to_be_visible(timeout=PATIENCE_MS)
    stop.click()
    said = ZH["measure.was_stopped"].split("{measured}")[0].format(suite=ZH["suite.toy"])
    expect(second.get_by_text(said)).to_be_visible(timeout=PATIENCE_MS)
    expect(second.get_by_role("button", name=ZH["measure.go_on"])).to_be_visible()
    settled(second)
    assert violations(second) == []
    second.close()

    third = tab(browser, f"{own}/measurements")
    expect(third.get_by_text(EN["lab.sample_title"])).to_have_count(0)
    third.close()
