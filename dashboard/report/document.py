"""The report as PDF: text that can be searched, charts as vectors, Chinese without font files."""

import html
import io
from collections.abc import Iterator, Sequence
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from dashboard.report.content import Report
from dashboard.report.drawing import drawing

CHINESE = "STSong-Light"
"""Comes with PDF readers: nothing is embedded, nothing is needed here."""

WIDTH = A4[0] - 36 * mm - 12
"""Between the margins, less the frame's own padding."""
LINE = HexColor("#d5dce3")
GREY = HexColor("#55616d")


def document(told: Report) -> bytes:
    """The whole file."""
    out = io.BytesIO()
    styles = _Styles(told.language)
    paper = SimpleDocTemplate(
        out,
        pagesize=A4,
        title=told.title,
        author="Modelworth",
        lang=told.language,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=18 * mm,
        bottomMargin=18 * mm,
    )

    def foot(canvas: Any, _: object) -> None:
        canvas.setFont(styles.font, 8)
        canvas.setFillColor(GREY)
        canvas.drawString(18 * mm, 10 * mm, f"{told.stamp[1][1]} · {told.stamp[0][1]}")
        canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, str(canvas.getPageNumber()))

    paper.build(list(_story(told, styles)), onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


class _Styles:
    """Type in the reader's script."""

    def __init__(self, language: str) -> None:
        chinese = language == "zh"
        if chinese:
            pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
        self.font = CHINESE if chinese else "Helvetica"
        self.bold = CHINESE if chinese else "Helvetica-Bold"
        wrap = {"wordWrap": "CJK"} if chinese else {}
        self.body = ParagraphStyle("body", fontName=self.font, fontSize=10, leading=14.5, **wrap)
        self.cell = ParagraphStyle("cell", self.body, fontSize=8, leading=10.5)
        self.title = ParagraphStyle("title", self.body, fontName=self.bold, fontSize=18, leading=24)
        self.head = ParagraphStyle(
            "head", self.body, fontName=self.bold, fontSize=12, leading=16,
            spaceBefore=14, spaceAfter=4,
        )  # fmt: skip


def _story(told: Report, styles: _Styles) -> Iterator[Any]:
    w = told.words
    yield Paragraph(_safe(told.title), styles.title)
    yield Paragraph(_bold(told.question), styles.body)
    yield Paragraph(_safe(w["numbers"]), styles.head)
    head = (w["quantity"], w["value"], w["range"], w["kind"])
    yield _table(head, told.numbers, (0.34, 0.22, 0.28, 0.16), styles)
    for note in told.notes:
        yield Paragraph(f"• {_safe(note)}", styles.cell)
    for chart in told.charts:
        yield KeepTogether(
            [
                Paragraph(_safe(chart.title), styles.head),
                drawing(chart.figure, styles.font),
                Paragraph(_safe(chart.alt), styles.cell),
            ]
        )
    yield Paragraph(_safe(w["paragraph"]), styles.head)
    yield Paragraph(_safe(told.paragraph), styles.body)
    yield Paragraph(_safe(w["choices"]), styles.head)
    yield _table((w["quantity"], w["value"]), told.choices, (0.6, 0.4), styles)
    yield Paragraph(_safe(w["bases"]), styles.head)
    heads = (w["quantity"], w["value"], w["kind"], w["source"], w["as_of"], w["checked"])
    rows = [basis[:6] for basis in told.bases]
    yield _table(heads, rows, (0.23, 0.15, 0.09, 0.27, 0.13, 0.13), styles)
    yield Paragraph(_safe(w["about"]), styles.head)
    yield _table(("", ""), told.stamp, (0.25, 0.75), styles)
    yield Spacer(1, 4)


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[float], styles: _Styles
) -> Table:
    lines = [[Paragraph(_safe(text), styles.cell) for text in row] for row in (head, *rows)]
    table = Table(lines, colWidths=[WIDTH * share for share in shares], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table


def _bold(markdown: str) -> str:
    pieces = _safe(markdown).split("**")
    return "".join(f"<b>{p}</b>" if odd % 2 else p for odd, p in enumerate(pieces))


def _safe(text: str) -> str:
    # The built-in fonts lack these two signs.
    return html.escape(text).replace("₂", "<sub>2</sub>").replace("−", "-")
