"""From a use to the number that decides it, and back from the link."""

import re

import pytest
from playwright.sync_api import expect

from dashboard.i18n import words
from tests.browser.conftest import Visit, settled

pytestmark = pytest.mark.browser

EN = words("en")


def test_a_guess_replaced_changes_the_value_and_travels_in_the_link(visit: Visit) -> None:
    page = visit("/worth?use=text-classification")
    card = page.get_by_test_id("stMetric").filter(has_text=EN["worth.npv_usd"])
    value = card.get_by_test_id("stMetricValue")
    before = value.inner_text()
    box = page.locator(".st-key-outcomes_per_day").get_by_role("spinbutton")
    box.fill("100000")
    box.press("Enter")
    expect(page).to_have_url(re.compile("outcomes_per_day=100000"))
    settled(page)
    expect(value).not_to_have_text(before)
    after = value.inner_text()
    page.goto(page.url)
    settled(page)
    expect(value).to_have_text(after)
