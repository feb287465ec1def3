"""From a number on the screen down to its source; and what is done from there."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Locator, Page, expect

from dashboard.i18n import words
from tests.browser.conftest import Visit, settled, violations

pytestmark = pytest.mark.browser

TRIES = 5
LATE_MS = 8_000
LEAST_ROWS = 20
"""The chain of a bill has many more."""

EN = words("en")


def explained(page: Page, menu: str, number: str) -> Locator:
    """The dialog of one number, opened by keyboard from the menu of its block."""
    page.locator(f".st-key-explain_{menu}").get_by_role("button").press("Enter")
    page.get_by_role("menuitem", name=number, exact=True).press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(EN["working.takes"])).to_be_visible()
    return dialog


def unfolded(page: Page, dialog: Locator) -> None:
    """The chain below a number, down to facts, each with a link to where it was read."""
    dialog.get_by_text(EN["working.chain"]).click()
    table = dialog.get_by_test_id("stTable").nth(1)
    expect(table).to_be_visible()
    expect(table.get_by_role("row").nth(LEAST_ROWS)).to_be_attached()
    settled(page)


def test_a_number_of_an_alternative_is_followed_down_to_its_sources(visit: Visit) -> None:
    page = visit("/compare?vs=ownership~cloud")
    dialog = explained(page, "vs", EN["headline.total"])
    worked = dialog.locator(".st-key-equation")
    expect(worked).to_contain_text(f"{EN['headline.total']} = {EN['quantity.preparation_usd']} + ")
    expect(worked).to_contain_text("= $")
    assert violations(page) == []
    unfolded(page, dialog)
    expect(dialog.get_by_role("link").first).to_have_attribute("href", re.compile("https://"))
    expect(dialog.get_by_text(re.compile("as of .* · looked up ")).first).to_be_attached()
    assert violations(page) == []
    dialog.get_by_text(EN["working.code"]).click()
    expect(dialog.get_by_test_id("stCode")).to_contain_text("sum(stage_usd")


def test_net_present_value_is_followed_down_to_the_guesses_it_rests_on(visit: Visit) -> None:
    page = visit("/worth?use=text-classification")
    dialog = explained(page, "worth", EN["worth.npv_usd"])
    expect(dialog.get_by_text("Principles of Corporate Finance")).to_be_visible()
    expect(dialog.get_by_text(EN["working.kind_assumed"])).to_be_visible()
    unfolded(page, dialog)


def test_a_fact_is_overridden_by_its_row(visit: Visit) -> None:
    page = visit("/facts")
    search = page.locator(".st-key-fact_search").get_by_role("searchbox")
    search.fill("a10 pcie purchase")
    search.press("Enter")
    settled(page)
    table = page.get_by_test_id("stDataFrame")
    expect(table).to_be_visible()
    own = page.get_by_role("spinbutton")
    # The table is a canvas that may be drawn anew after the search: a click before is lost. One
    # that is only late must not be followed by another, which would take the choice back.
    for _ in range(TRIES):
        table.click(position={"x": 18, "y": 52})
        with suppress(Error):
            own.wait_for(timeout=LATE_MS)
            break
    own.fill("12345")
    # Clicked at once, before the page has heard of the number.
    page.get_by_role("button", name=EN["facts.use"]).click()
    expect(page).to_have_url(re.compile("usd_per_device=20245"))
    expect(page.get_by_text("20,2")).to_be_visible()


def test_a_claim_is_followed_down_to_its_rows(visit: Visit) -> None:
    page = visit("/how_right")
    numbers = page.get_by_test_id("stMetricValue")
    expect(numbers).to_have_count(4)
    before = numbers.all_inner_texts()
    claim = page.locator(".st-key-claim").get_by_role("combobox")
    claim.fill(EN["claim.energy"])
    claim.press("Enter")
    expect(numbers.first).not_to_have_text(before[0])
    settled(page)
    page.locator(".st-key-all_rows summary").click()
    table = page.locator(".st-key-all_rows").get_by_test_id("stDataFrame")
    expect(table).to_be_visible()


def test_what_if_leads_on_with_the_same_scenario(visit: Visit) -> None:
    page = visit("/?parameters_billion=3")
    page.get_by_role("link", name=EN["what_if.name_use"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(EN["page.worth"])
    expect(page).to_have_url(re.compile("parameters_billion=3"))
