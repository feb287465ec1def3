"""Can everyone use it? No serious violation that axe-core finds, on a page or in a dialog."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from dashboard.i18n import words
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

GRAVE = ("serious", "critical")


def violations(page: Page) -> list[str]:
    """What is wrong, and where first."""
    found = Axe().run(page).response["violations"]
    return [
        f"{v['id']}: {node['html'][:160]}"
        for v in found
        if v["impact"] in GRAVE
        for node in v["nodes"]
    ]


@pytest.mark.parametrize("where", ["/", "/how_right", "/facts"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_anyone_out(visit: Visit, where: str, scheme: str) -> None:
    assert violations(visit(where, scheme=scheme)) == []


def test_no_explanation_shuts_anyone_out(visit: Visit) -> None:
    page = visit("/")
    page.locator(".st-key-explain_total").get_by_role("button").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(words("en")["working.takes"])).to_be_visible()
    assert violations(page) == []
