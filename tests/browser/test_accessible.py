"""Can everyone use it? No serious violation that axe-core finds, on a page or in a dialog."""

import pytest
from playwright.sync_api import expect

from dashboard.i18n import words
from dashboard.navigation import PAGES
from tests.browser.conftest import Visit, violations

pytestmark = pytest.mark.browser

EN = words("en")
ALSO = {
    "compare": "?vs=hardware~a100-sxm-80gb;ownership~cloud",
    "decide": "?only=h100-sxm,l4&max_token_ms=20",
    "worth": "?use=sentiment",
}
"""What makes a page show all it has."""
WHOLE = {"width": 1440, "height": 5000}
"""Contrast is told only of what is on the screen."""
FADE_MS = 3_000
"""What is drawn fades in, and is paler until then."""


@pytest.mark.parametrize("name", [page.name for page in PAGES])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_anyone_out(visit: Visit, name: str, scheme: str) -> None:
    where = "/" if name == PAGES[0].name else f"/{name}{ALSO.get(name, '')}"
    page = visit(where, size=WHOLE, scheme=scheme)
    expect(page.get_by_role("heading", level=1)).to_have_text(EN[f"page.{name}"])
    page.wait_for_timeout(FADE_MS)
    assert violations(page) == []


def test_no_explanation_shuts_anyone_out(visit: Visit) -> None:
    page = visit("/")
    page.locator(".st-key-explain_cards").get_by_role("button").press("Enter")
    page.get_by_role("menuitem", name=EN["headline.total"], exact=True).press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(EN["working.takes"])).to_be_visible()
    assert violations(page) == []
