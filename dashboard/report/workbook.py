"""The report as a spreadsheet that counts: change a number on `working`, and the bill follows."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from dashboard import cited, explain
from dashboard.charts.cost import DRIVERS, REPEATED, STAGES
from dashboard.i18n import t
from dashboard.report.content import Report
from dashboard.report.spreadsheet_formula import cell_formula
from engine.records import Bill, Estimate

VALUE = 2
"""Column of the numbers on the sheet of the working."""
RATE_ROW = 1
FIRST_ROW = 4


@dataclass
class _Working:
    """The sheet on which every number of the bill stands once, with how it is reckoned."""

    sheet: Worksheet
    name: str
    styles: dict[str, Any]
    rows: dict[int, int] = field(default_factory=dict)

    def cell(self, name: str, part: Estimate, *, from_outside: bool = False) -> str | None:
        """Where a number stands, put there with all it rests on; None where it is no one number."""
        if part.value is None or np.ndim(part.value) > 0:
            return None
        if id(part) not in self.rows:
            cells = {n: self.cell(n, below) for n, below in part.inputs}
            self._write(name, part, cells)
        here = xl_rowcol_to_cell(self.rows[id(part)], VALUE)
        return f"'{self.name}'!{here}" if from_outside else here

    def _write(self, name: str, part: Estimate, cells: dict[str, str | None]) -> None:
        row = self.rows[id(part)] = FIRST_ROW + len(self.rows)
        value = float(np.asarray(part.value))
        known = {n: c for n, c in cells.items() if c is not None}
        formula = cell_formula(part.formula, known) if part.formula else None
        source = part.source
        self.sheet.write(row, 0, explain.quantity(name))
        self.sheet.write(row, 1, name)
        if formula:
            self.sheet.write_formula(row, VALUE, formula, self.styles["plain"], value)
        else:
            self.sheet.write_number(row, VALUE, value, self.styles["input"])
        self.sheet.write(row, 3, t(f"kind.{part.kind}"))
        self.sheet.write(row, 4, part.formula or (cited.title(source) if source else ""))
        self.sheet.write(row, 5, str(source.as_of or "") if source else "")
        self.sheet.write(row, 6, str(source.checked or "") if source else "")
        self.sheet.write_string(row, 7, source.url if source else "")


def workbook(told: Report) -> bytes:
    """The file: cost, results, working, choices, what it rests on, and where it is from."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    w = told.words
    amount = f'#,##0.00 "{told.rate.currency}"'
    styles = {
        "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True}),
        "bold": book.add_format({"bold": True}),
        "money": book.add_format({"num_format": amount}),
        "sum": book.add_format({"num_format": amount, "bold": True, "top": 1}),
        "plain": book.add_format({"num_format": "General"}),
        "input": book.add_format({"num_format": "General", "font_color": "#1a56b0"}),
    }
    bill = book.add_worksheet(w["cost"])
    _texts(book.add_worksheet(w["numbers"]), ("quantity", "value", "range", "kind"),
           told.numbers, told, styles)  # fmt: skip
    working = _Working(book.add_worksheet(w["working"]), w["working"], styles)
    _working_head(working, told)
    _bill(bill, working, told)
    _texts(book.add_worksheet(w["choices"]), ("quantity", "value"), told.choices, told, styles)
    heads = ("quantity", "value", "kind", "source", "as_of", "checked")
    _texts(book.add_worksheet(w["bases"]), heads, told.bases, told, styles)
    about = [*told.stamp, *(("", note) for note in told.notes), ("", told.paragraph)]
    _texts(book.add_worksheet(w["about"]), (), about, told, styles)
    book.close()
    return out.getvalue()


def _working_head(working: _Working, told: Report) -> None:
    w, sheet, styles = told.words, working.sheet, working.styles
    sheet.write(0, 0, t("report.working_lead"))
    sheet.write(RATE_ROW, 0, t("report.one_dollar", currency=told.rate.currency))
    sheet.write_number(RATE_ROW, VALUE, told.rate.units_per_usd, styles["input"])
    head = (w["quantity"], "", w["value"], w["kind"], w["formula"], w["as_of"], w["checked"], "")
    sheet.write_row(FIRST_ROW - 1, 0, head, styles["head"])
    sheet.set_column(0, 1, 36)
    sheet.set_column(VALUE, VALUE, 20)
    sheet.set_column(3, 7, 24)
    sheet.freeze_panes(FIRST_ROW, 1)


def _bill(sheet: Worksheet, working: _Working, told: Report) -> None:
    """Stages down, drivers across, sums by the spreadsheet; a part not known stays empty."""
    w, styles = told.words, working.styles
    head = ["", *(w[f"driver.{d}"] for d in DRIVERS), w["total"]]
    sheet.write_row(0, 0, head, styles["head"])
    for row, stage in enumerate(STAGES, start=1):
        sheet.write(row, 0, w[f"stage.{stage}"])
        stage_bill: Bill = getattr(told.answer, stage).bill
        for column, driver in enumerate(DRIVERS, start=1):
            _spent(sheet, (row, column), _parts(stage_bill, driver), working, told)
        _sum(sheet, row, len(DRIVERS) + 1, (row, 1, row, len(DRIVERS)), told, styles["money"])
    last = len(STAGES)
    sheet.write(last + 1, 0, w["total"], styles["bold"])
    for column in range(1, len(DRIVERS) + 2):
        _sum(sheet, last + 1, column, (1, column, last, column), told, styles["sum"])
    _per_month(sheet, (last + 2, len(DRIVERS) + 1), told, styles)
    sheet.set_column(0, len(DRIVERS) + 1, 18)


def _parts(bill: Bill, driver: str) -> list[tuple[str, Estimate]]:
    names = [f"{driver}_usd", *([f"{REPEATED}_usd"] if driver == "hardware" else [])]
    return [(name, getattr(bill, name)) for name in names]


def _spent(
    sheet: Worksheet,
    at: tuple[int, int],
    parts: Sequence[tuple[str, Estimate]],
    working: _Working,
    told: Report,
) -> None:
    cells = [working.cell(name, part, from_outside=True) for name, part in parts]
    if None in cells:
        return
    rate = f"'{working.name}'!{xl_rowcol_to_cell(RATE_ROW, VALUE, True, True)}"
    value = sum(float(np.asarray(part.value)) for _, part in parts) * told.rate.units_per_usd
    formula = f"=({'+'.join(str(c) for c in cells)})*{rate}"
    sheet.write_formula(*at, formula, working.styles["money"], value)


def _sum(
    sheet: Worksheet,
    row: int,
    column: int,
    over: tuple[int, int, int, int],
    told: Report,
    style: Any,
) -> None:
    first, last = xl_rowcol_to_cell(*over[:2]), xl_rowcol_to_cell(*over[2:])
    sheet.write_formula(row, column, f"=SUM({first}:{last})", style, _summed(over, told))


def _summed(over: tuple[int, int, int, int], told: Report) -> float:
    top, left, bottom, right = over
    right = min(right, len(DRIVERS))
    left = 1 if left > len(DRIVERS) else left
    parts = [
        part.value
        for stage in STAGES[top - 1 : bottom]
        for driver in DRIVERS[left - 1 : right]
        for _, part in _parts(getattr(told.answer, stage).bill, driver)
        if part.value is not None
    ]
    return float(sum(np.asarray(v) for v in parts)) * told.rate.units_per_usd


def _per_month(sheet: Worksheet, at: tuple[int, int], told: Report, styles: dict[str, Any]) -> None:
    months = float(np.asarray(told.scenario.horizon_months))
    row, column = at
    sheet.write(row, 0, told.words["per_month"], styles["bold"])
    total = xl_rowcol_to_cell(row - 1, column)
    value = _summed((1, 1, len(STAGES), len(DRIVERS)), told) / months
    sheet.write_formula(row, column, f"={total}/{months!r}", styles["money"], value)


def _texts(
    sheet: Worksheet,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    told: Report,
    styles: dict[str, Any],
) -> None:
    sheet.write_row(0, 0, [told.words[name] for name in head], styles["head"])
    for row, texts in enumerate(rows, start=1 if head else 0):
        for column, text in enumerate(texts):
            sheet.write_string(row, column, text)
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 6, 28)
