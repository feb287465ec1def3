"""A story is told by keyboard, and a first visitor is shown around."""

import re

import pytest
from playwright.sync_api import expect

from dashboard.i18n import words
from tests.browser.conftest import Visit, settled

pytestmark = pytest.mark.browser

EN, ZH = words("en"), words("zh")


def test_a_story_is_told_by_keyboard(visit: Visit) -> None:
    page = visit("/present?lang=zh")
    title = ZH["story.news.title"]
    page.locator(".st-key-start_news").get_by_role("button").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading.filter(has_text=ZH["story.news.start.title"])).to_be_visible()
    expect(heading).to_have_count(1)
    expect(page.get_by_test_id("stTopNavLink")).to_have_count(0)
    expect(
        page.get_by_text(ZH["present.progress"].format(title=title, step=1, steps=9))
    ).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(heading).to_have_text(ZH["story.news.measured.title"])
    expect(page.get_by_text(ZH["story.news.measured.ask"])).to_be_visible()
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(0)
    settled(page)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(1)
    settled(page)
    page.keyboard.press("n")
    expect(page.get_by_text(ZH["story.news.measured.notes"])).to_be_visible()
    settled(page)
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(0)
    expect(page).to_have_url(re.compile("story=news&step=2"))
    settled(page)
    page.keyboard.press("Escape")
    expect(heading.filter(has_text=ZH["page.present"])).to_be_visible()
    expect(heading).to_have_count(1)


def test_a_first_visitor_is_shown_around(visit: Visit) -> None:
    page = visit()
    page.get_by_text(EN["tour.take"], exact=True).click()
    dialog = page.get_by_role("dialog")
    for number in range(1, 7):
        expect(dialog.get_by_role("heading", level=3)).to_have_text(EN[f"tour.{number}.title"])
        settled(page)
        page.keyboard.press("ArrowRight")
    expect(dialog).to_have_count(0)
    expect(page.get_by_text(EN["tour.offer"])).to_have_count(0)


def test_a_shared_scenario_is_not_met_with_a_tour(visit: Visit) -> None:
    page = visit("/?parameters_billion=3")
    expect(page.get_by_test_id("stMetricValue").first).to_be_visible()
    expect(page.get_by_text(EN["tour.offer"])).to_have_count(0)
