"""The report leaves the page in each of its forms, and each is opened where it is read."""

import csv
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.i18n import words
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

EN, ZH = words("en"), words("zh")
LEAST_SOURCE_PX = 200
"""Of the column that says where a number is from: narrower, it is a tower of syllables."""


def exported(page: Page, name: str, folder: Path) -> Path:
    """The file that a button of the page gives."""
    with page.expect_download() as caught:
        page.get_by_role("button", name=name).click()
    file = folder / caught.value.suggested_filename
    caught.value.save_as(file)
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


def test_the_web_page_is_read_and_pointed_at_without_a_network(
    visit: Visit, browser: Browser, folder: Path
) -> None:
    file = exported(visit("/report?place=country:SWE"), EN["report.html"], folder)
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator(".card").first).to_contain_text(EN["headline.total"])
    points = page.locator(".js-plotly-plot").nth(1).locator(".scatterlayer .point")
    points.nth(1).hover(force=True)
    expect(page.locator(".hovertext").first).to_contain_text("$")
    source = page.locator(".many tr").nth(2).locator("td").nth(3).bounding_box()
    assert source is not None
    assert source["width"] > LEAST_SOURCE_PX
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0
    context.close()


def test_the_other_files_open_and_hold_the_same_total(visit: Visit, folder: Path) -> None:
    page = visit("/report?place=country:SWE&lang=zh&currency=CNY")
    paste = page.get_by_test_id("stCode").last.inner_text()
    assert exported(page, ZH["report.pdf"], folder).read_bytes().startswith(b"%PDF-")
    sheet = openpyxl.load_workbook(exported(page, ZH["report.xlsx"], folder))
    total = sheet.worksheets[1]["B2"].value
    assert total.endswith("元")
    assert total in paste
    lines = exported(page, ZH["report.csv"], folder).read_text(encoding="utf-8-sig")
    assert ["about", ZH["report.date"]] == next(csv.reader(lines.splitlines()[1:]))[:2]
