"""Reports in every format: they say what the page says, and the spreadsheet counts to it."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date

import numpy as np
import openpyxl
import pytest
from openpyxl.workbook import Workbook
from reportlab.graphics.shapes import String

from dashboard import currency, data, i18n
from dashboard.charts.cost import STAGES
from dashboard.report import document, lines, web_page, workbook
from dashboard.report.content import Report, report
from dashboard.report.drawing import drawing
from dashboard.report.spreadsheet_formula import cell_formula
from engine.projection import project
from engine.projection.evidence import NO_EVIDENCE
from engine.scenario import Scenario

DAY = date(2026, 11, 29)
SCENARIOS = {
    "owned": Scenario(),
    "rented": Scenario(model="bert-base", ownership="cloud", hardware="l4", place="country:SWE"),
    "images": Scenario(model="resnet-50", dataset_items_billion=0.00128, ownership="cloud"),
}
REFERENCE = re.compile(r"(?:'([^']+)'!)?\$?([A-Z]+)\$?(\d+)(?!\()")
SPAN = re.compile(r"SUM\(([A-Z]+)(\d+):([A-Z]+)(\d+)\)")


@pytest.fixture(params=[("en", "USD"), ("zh", "CNY"), ("en", "EUR")], ids="-".join)
def told_in(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    language, money = request.param
    spoken, shown = i18n._spoken.set(language), currency._shown.set(money)
    yield language, money
    i18n._spoken.reset(spoken)
    currency._shown.reset(shown)


def told(name: str = "owned") -> Report:
    known = data.Seen("none", (), NO_EVIDENCE)
    return report(SCENARIOS[name], known, DAY, "http://localhost/")


class Counted:
    """A workbook reckoned from its formulas alone, as a spreadsheet would."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.known: dict[tuple[str, str], float] = {}

    def cell(self, sheet: str, at: str) -> float:
        if (sheet, at) not in self.known:
            found = self.book[sheet][at].value
            is_formula = isinstance(found, str) and found.startswith("=")
            self.known[sheet, at] = self.formula(sheet, found) if is_formula else float(found or 0)
        return self.known[sheet, at]

    def formula(self, sheet: str, text: str) -> float:
        spans = SPAN.sub(lambda m: f"sum({self.span(sheet, m)})", text[1:])
        plain = REFERENCE.sub(lambda m: repr(self.cell(m[1] or sheet, m[2] + m[3])), spans)
        python = re.sub(r"(?<![<>=])=(?!=)", "==", plain.replace("^", "**").replace("<>", "!="))
        names = {
            "MAX": max, "MIN": min, "ABS": abs, "EXP": np.exp, "SQRT": np.sqrt, "LN": np.log,
            "LOG10": np.log10, "IF": lambda test, a, b: a if test else b, "sum": sum,
        }  # fmt: skip
        return float(eval(python, {"__builtins__": {}}, names))

    def span(self, sheet: str, found: re.Match[str]) -> str:
        cells = self.book[sheet][f"{found[1]}{found[2]}:{found[3]}{found[4]}"]
        return repr([self.cell(sheet, cell.coordinate) for row in cells for cell in row])


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_spreadsheet_counts_to_the_numbers_of_the_page(
    name: str, told_in: tuple[str, str]
) -> None:
    made = told(name)
    counted = Counted(openpyxl.load_workbook(io.BytesIO(workbook.workbook(made))))
    sheet = made.words["cost"]
    row, column = 2 + len(STAGES), "H"
    total = counted.cell(sheet, f"{column}{row}") / made.rate.units_per_usd
    assert total == pytest.approx(float(made.answer.total.cost_usd.value), rel=1e-9)
    monthly = counted.cell(sheet, f"{column}{row + 1}") / made.rate.units_per_usd
    assert monthly == pytest.approx(float(made.answer.total.cost_usd_per_month.value), rel=1e-9)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_formula_of_the_spreadsheet_gives_the_number_written_beside_it(name: str) -> None:
    file = workbook.workbook(told(name))
    formulas = openpyxl.load_workbook(io.BytesIO(file))
    values = openpyxl.load_workbook(io.BytesIO(file), data_only=True)
    counted = Counted(formulas)
    live = 0
    for sheet in formulas:
        for cell in (c for row in sheet.iter_rows() for c in row if c.data_type == "f"):
            written = values[sheet.title][cell.coordinate].value
            assert counted.cell(sheet.title, cell.coordinate) == pytest.approx(written, rel=1e-9)
            live += 1
    assert live >= 60


def test_a_dearer_device_hour_in_the_spreadsheet_raises_the_bill_as_the_projection_says() -> None:
    made = told("rented")
    book = openpyxl.load_workbook(io.BytesIO(workbook.workbook(made)))
    sheet = book[made.words["working"]]
    rent = next(r for r in sheet.iter_rows() if r[1].value == "usd_per_device_hour")[2]
    again = SCENARIOS["rented"].replace(usd_per_device_hour=2 * float(rent.value))
    rent.value = 2 * float(rent.value)
    total = Counted(book).cell(made.words["cost"], f"H{2 + len(STAGES)}")
    assert total == pytest.approx(float(project(again).total.cost_usd.value), rel=1e-9)


def test_what_a_cell_cannot_say_stays_a_number() -> None:
    taken = dict.fromkeys(("outcomes_per_day", "requests_per_outcome"), "A1")
    assert cell_formula("value.requests_per_day", taken) == "=(A1*A1)"
    assert cell_formula("value.requests_per_day", {}) is None
    looped = {"reference_share": "A1", "score_share": "A2"}
    assert cell_formula("value.odds_transferred_share", looped) is None


def test_the_web_page_needs_no_network(told_in: tuple[str, str]) -> None:
    made = told()
    page = web_page.page(made).decode()
    assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", page) == []
    assert page.count('class="plotly-graph-div"') == len(made.charts)
    for number in made.numbers:
        assert number.text.replace("&", "&amp;") in page
    assert f'<html lang="{told_in[0]}">' in page


def test_the_pdf_opens_and_names_what_it_is(told_in: tuple[str, str]) -> None:
    file = document.document(told())
    assert file.startswith(b"%PDF-")
    assert file.rstrip().endswith(b"%%EOF")
    assert (b"STSong-Light" in file) == (told_in[0] == "zh")


def test_the_csv_holds_every_number_in_full() -> None:
    made = told()
    rows = list(csv.DictReader(io.StringIO(lines.table(made).decode("utf-8-sig"))))
    results = {row["name"]: row["value"] for row in rows if row["part"] == "result"}
    assert float(results["total.cost_usd"]) == made.answer.total.cost_usd.value
    scenario = {row["name"]: row["value"] for row in rows if row["part"] == "scenario"}
    assert scenario["hardware"] == "h100-sxm"


def test_the_paragraph_says_numbers_ranges_version_and_day(told_in: tuple[str, str]) -> None:
    made = told()
    for number in made.numbers:
        assert number.text in made.paragraph
        assert number.range in made.paragraph
    assert made.stamp[0][1] in made.paragraph
    assert made.stamp[2][1] in made.paragraph


def test_words_on_a_drawing_are_those_people_read() -> None:
    drawn = drawing(told().charts[0].figure, "Helvetica").contents
    texts = [shape.text for shape in drawn if isinstance(shape, String)]
    assert "Network <1%" in texts
    assert not [text for text in texts if "&" in text]
