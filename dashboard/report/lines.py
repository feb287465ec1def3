"""The report as CSV: one number a line, in full, with how it is known and from where."""

import csv
import io

from dashboard.report.content import Report
from engine.projection.working import estimates

HEAD = ("part", "name", "value", "low", "high", "kind", "source", "as_of", "checked", "url")


def table(told: Report) -> bytes:
    """UTF-8 with a byte order mark, as spreadsheets need for Chinese; names as in the code."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(HEAD)
    rows.writerows(("about", name, text) for name, text in told.stamp)
    for name, value in told.scenario.model_dump(mode="json", exclude_none=True).items():
        rows.writerow(("scenario", name, value, "", "", "chosen"))
    for name, part in estimates(told.answer):
        source = part.source
        tail = ("", "", "", "")
        if source:
            tail = (source.title, str(source.as_of or ""), str(source.checked or ""), source.url)
        rows.writerow(
            ("result", name, *map(_cell, (part.value, part.low, part.high)), part.kind, *tail)
        )
    for basis in told.bases:
        text = (basis.value, "", "", basis.kind, *basis[3:])
        rows.writerow(("basis", basis.label, *text))
    return out.getvalue().encode("utf-8-sig")


def _cell(value: object) -> object:
    return "" if value is None else value
