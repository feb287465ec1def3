"""Does a person get through? Whole journeys in a real Chromium."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from dashboard.i18n import words
from dashboard.navigation import PAGES
from tests.browser.conftest import PHONE, STEP_TIMEOUT_MS, Visit, settled

pytestmark = pytest.mark.browser

EN, ZH = words("en"), words("zh")


def headline(page: Page, label: str) -> Locator:
    """The number on the card of that name."""
    card = page.get_by_test_id("stMetric").filter(has_text=re.compile(f"^{re.escape(label)}"))
    return card.get_by_test_id("stMetricValue")


def slider(page: Page, name: str) -> Locator:
    return page.locator(f".st-key-{name}").get_by_role("slider")


def drag(page: Page, name: str, by_px: int) -> None:
    """Take the knob of a slider with the mouse; it is the parent of the value written over it."""
    knob = page.locator(f".st-key-{name}").get_by_test_id("stSliderThumbValue").locator("..")
    box = knob.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by_px, y, steps=5)
    page.mouse.up()


SHOWN = """
widgets => widgets.map(widget => {
  const key = /st-key-([\\w-]+)/.exec(widget.className)[1];
  const part = widget.querySelector("input[type=range], [role=combobox], input[type=number]");
  if (part) return [key, part.getAttribute("aria-valuetext") || part.value];
  const chosen = widget.querySelectorAll("[aria-checked=true], [aria-selected=true]");
  return [key, [...chosen].map(one => one.innerText).join(" ")];
})
"""


def controls(page: Page) -> dict[str, str]:
    """What every control of the sidebar shows, by key."""
    own = "[data-testid=stSidebar] [class*='st-key-']:not([class*='st-key-fold_'])"
    return dict(page.eval_on_selector_all(own, SHOWN))


def shown_alike(one: Page, other: Page) -> None:
    """Wait until both show the same; a widget is on the page before its value is."""
    until = time.monotonic() + STEP_TIMEOUT_MS / 1000
    while controls(one) != controls(other) and time.monotonic() < until:
        one.wait_for_timeout(200)
    assert controls(one) == controls(other)


def unfold(page: Page) -> None:
    """Open every group of further choices; each is filled once it is open."""
    for group in page.get_by_test_id("stSidebar").locator("[class*='st-key-fold_']").all():
        group.locator("summary").click()
        expect(group.get_by_role("spinbutton").first).to_be_visible()
    settled(page)


def test_dragging_the_size_gives_a_new_cost_and_accuracy(visit: Visit) -> None:
    page = visit()
    cost = headline(page, EN["headline.total"])
    accuracy = headline(page, EN["headline.accuracy_on.hellaswag-10-shot"])
    before = cost.inner_text(), accuracy.inner_text()
    handle = slider(page, "parameters_billion")
    assert handle.get_attribute("aria-valuetext") == "8.03B"
    drag(page, "parameters_billion", by_px=40)
    expect(cost).not_to_have_text(before[0])
    expect(accuracy).not_to_have_text(before[1])
    assert handle.get_attribute("aria-valuetext") != "8.03B"
    expect(page).to_have_url(re.compile(r"parameters_billion=\d"))


def test_a_shared_link_restores_every_control_and_number(visit: Visit) -> None:
    page = visit()
    slider(page, "parameters_billion").press("ArrowRight")
    settled(page)
    slider(page, "requests_per_day").press("ArrowLeft")
    settled(page)
    page.get_by_text(EN["option.ownership.cloud"], exact=True).click()
    settled(page)
    place = page.locator(".st-key-place").get_by_role("combobox")
    place.fill("Sweden")
    place.press("Enter")
    settled(page)
    unfold(page)
    pue = page.locator(".st-key-pue").get_by_role("spinbutton")
    pue.fill("1.07")
    pue.press("Enter")
    expect(page).to_have_url(re.compile("pue=1.07"))
    settled(page)

    other = visit(page.url)
    unfold(other)
    shown_alike(other, page)
    assert controls(other)["place"] == "Sweden"
    numbers = page.get_by_test_id("stMetricValue").all_inner_texts()
    assert other.get_by_test_id("stMetricValue").all_inner_texts() == numbers
    assert len(numbers) == 11


def test_switching_the_language_translates_and_keeps_every_choice(visit: Visit) -> None:
    page = visit("/?parameters_billion=3&place=country:SWE")
    page.get_by_text("中文", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(ZH["page.what_if"])
    settled(page)
    expect(page).to_have_url(re.compile("lang=zh"))
    assert slider(page, "parameters_billion").get_attribute("aria-valuetext") == "30 亿"
    assert page.locator(".st-key-place").get_by_role("combobox").input_value() == "瑞典"
    assert headline(page, ZH["headline.total"]).inner_text().endswith("美元")


def test_another_page_and_back_keeps_the_scenario_and_the_language(visit: Visit) -> None:
    page = visit("/?parameters_billion=3&lang=zh")
    page.get_by_test_id("stTopNavSection").filter(has_text=ZH["menu.grounds"]).click()
    page.get_by_test_id("stTopNavDropdownLink").filter(has_text=ZH["page.facts"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(ZH["page.facts"])
    expect(page).to_have_url(re.compile(r"/facts\?.*parameters_billion=3"))
    page.get_by_test_id("stTopNavLink").filter(has_text=ZH["page.what_if"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(ZH["page.what_if"])
    expect(slider(page, "parameters_billion")).to_have_attribute("aria-valuetext", "30 亿")


def test_going_back_undoes_one_choice(visit: Visit) -> None:
    page = visit()
    cost = headline(page, EN["headline.total"])
    before = cost.inner_text()
    slider(page, "horizon_months").press("ArrowLeft")
    expect(cost).not_to_have_text(before)
    settled(page)
    page.go_back()
    expect(cost).to_have_text(before)
    expect(slider(page, "horizon_months")).to_have_attribute("aria-valuetext", "36")


def test_a_preset_fills_in_the_controls(visit: Visit) -> None:
    page = visit()
    page.get_by_text(EN["preset.images"], exact=True).click()
    expect(page.locator(".st-key-model").get_by_role("combobox")).to_have_value("ResNet-50")
    expect(headline(page, EN["per_unit.image"])).to_be_visible()


def test_a_number_is_followed_down_to_its_sources_by_keyboard(visit: Visit) -> None:
    page = visit()
    total = headline(page, EN["headline.total"]).inner_text()
    page.locator(".st-key-explain_cards").get_by_role("button").press("Enter")
    page.get_by_role("menuitem", name=EN["headline.total"], exact=True).press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(EN["working.takes"])).to_be_visible()
    expect(dialog.locator(".st-key-equation")).to_contain_text(f"{total} =")
    dialog.get_by_text(EN["working.chain"]).click()
    expect(dialog.get_by_test_id("stTable").nth(1)).to_be_visible()
    dialog.get_by_text(EN["working.code"]).click()
    expect(dialog.get_by_test_id("stCode")).to_contain_text("sum(stage_usd")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize("name", [page.name for page in PAGES])
@pytest.mark.parametrize(("code", "scheme"), [("en", "light"), ("zh", "dark")])
def test_nothing_sticks_out_on_a_phone(visit: Visit, name: str, code: str, scheme: str) -> None:
    where = "/" if name == PAGES[0].name else f"/{name}"
    page = visit(f"{where}?lang={code}", size=PHONE, scheme=scheme)
    expect(page.get_by_role("heading", level=1)).to_have_text(words(code)[f"page.{name}"])
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") == 0
    for number in page.get_by_test_id("stMetricValue").all():
        assert number.evaluate("n => n.scrollWidth <= n.clientWidth"), number.inner_text()
