"""Save money and Decide in a real Chromium: apply a lever, find a plan, open it."""

import re

import pytest
from playwright.sync_api import expect

from dashboard.i18n import words
from tests.browser.conftest import Visit, settled

pytestmark = pytest.mark.browser

EN = words("en")
QUICK = "only=h100-sxm,l4"


def test_a_lever_is_applied_with_one_click(visit: Visit) -> None:
    page = visit("/savings?ownership=cloud")
    bill = page.get_by_test_id("stMetricValue").first
    before = bill.inner_text()
    page.locator(".st-key-apply_terms").get_by_role("button").click()
    expect(bill).not_to_have_text(before)
    settled(page)
    expect(page).not_to_have_url(re.compile("ownership=cloud"))
    assert page.locator(".st-key-apply_terms").count() == 0
    page.locator(".st-key-undo").get_by_role("button").click()
    expect(page).to_have_url(re.compile("ownership=cloud"))
    expect(bill).to_have_text(before)


def test_a_plan_within_limits_is_found_and_opened(visit: Visit) -> None:
    page = visit(f"/decide?{QUICK}")
    days = page.locator(".st-key-max_days").get_by_role("spinbutton")
    days.fill("20")
    days.press("Tab")
    settled(page)
    expect(page).not_to_have_url(re.compile("max_days=20"))
    page.locator(".st-key-search").get_by_role("button").click()
    expect(page).to_have_url(re.compile("max_days=20"))
    settled(page)
    title = page.get_by_role("heading", name=EN["decide.binds_title"])
    expect(title).to_be_visible()
    page.locator(".st-key-open_0").get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(EN["page.what_if"])
    settled(page)
    expect(page).to_have_url(re.compile("serving_batch_count="))
    expect(page.get_by_test_id("stMetricValue").nth(7)).to_be_visible()


def test_limits_nothing_can_keep_are_named(visit: Visit) -> None:
    page = visit(f"/decide?{QUICK}&max_token_ms=0.001")
    expect(page.get_by_text(EN["decide.none"])).to_be_visible()
    expect(page.get_by_text("cannot be met")).to_be_visible()
    page.get_by_role("button", name=EN["decide.open_more"].partition("{")[0].strip()).click()
    expect(page).to_have_url(re.compile(r"may=[a-z%,0-9C]*place"))
