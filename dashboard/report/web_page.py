"""The report as one HTML file: charts answer to the pointer without a network."""

import html
from collections.abc import Iterable, Sequence

from plotly.io import to_html

from dashboard.report.content import Report

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans CJK SC",
  "PingFang SC", "Microsoft YaHei", sans-serif; color: #1d2733; background: #fff;
  max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr));
  gap: .75rem; margin: 1.5rem 0; }
.card { border: 1px solid #d5dce3; border-radius: .5rem; padding: .75rem 1rem; }
.card b { display: block; font-size: 1.5rem; font-weight: 600; }
.card span, small, dt { color: #55616d; font-size: .875rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0;
  border-bottom: 1px solid #e4e9ee; overflow-wrap: anywhere; }
th, .many td:nth-child(3), .many td:nth-child(n+5) { white-space: nowrap; }
.many td:nth-child(-n+2) { min-width: 8rem; overflow-wrap: break-word; }
.many td:nth-child(4) { min-width: 16rem; overflow-wrap: break-word; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; }
dd { margin: 0; overflow-wrap: anywhere; }
blockquote { margin: 0; padding: .75rem 1rem; background: #f3f6f9; border-radius: .5rem; }
figure { margin: 0; }
"""


def page(told: Report) -> bytes:
    """The whole file, in UTF-8; the drawing library is inside it."""
    w = told.words
    parts = [
        f"<h1>{_safe(told.title)}</h1>",
        f"<p>{_bold(told.question)}</p>",
        f'<div class="cards">{"".join(_cards(told))}</div>',
        *(f'<p role="note">{_safe(note)}</p>' for note in told.notes),
        *_figures(told),
        _section(w["paragraph"], f"<blockquote>{_safe(told.paragraph)}</blockquote>"),
        _section(w["choices"], _table((w["quantity"], w["value"]), told.choices)),
        _section(w["bases"], _bases(told)),
        _section(w["about"], _stamp(told)),
    ]
    return (
        f'<!doctype html><html lang="{told.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_safe(told.title)}</title><style>{STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>"
    ).encode()


def _cards(told: Report) -> Iterable[str]:
    for number in told.numbers:
        below = " · ".join(part for part in (number.kind, number.range) if part)
        yield (
            f'<div class="card"><span>{_safe(number.label)}</span>'
            f"<b>{_safe(number.text)}</b><span>{_safe(below)}</span></div>"
        )


def _figures(told: Report) -> Iterable[str]:
    for position, chart in enumerate(told.charts):
        drawn = to_html(
            chart.figure,
            full_html=False,
            include_plotlyjs=position == 0,
            config={"displaylogo": False, "responsive": True, "displayModeBar": False},
            div_id=f"chart-{position}",
        )
        yield _section(
            chart.title,
            f'<figure role="group" aria-label="{_safe(chart.alt)}">{drawn}</figure>'
            f"<small>{_safe(chart.alt)}</small>",
        )


def _bases(told: Report) -> str:
    w = told.words
    head = (w["quantity"], w["value"], w["kind"], w["source"], w["as_of"], w["checked"])
    rows = [
        [*map(_safe, b[:3]), _link(b.source, b.url), _safe(b.as_of), _safe(b.checked)]
        for b in told.bases
    ]
    return f'<div class="many">{_table(head, rows, safe=True)}</div>'


def _stamp(told: Report) -> str:
    return f"<dl>{''.join(f'<dt>{_safe(k)}</dt><dd>{_safe(v)}</dd>' for k, v in told.stamp)}</dl>"


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{_safe(title)}</h2>{inside}</section>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, safe: bool = False) -> str:
    top = "".join(f"<th>{_safe(text)}</th>" for text in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{text if safe else _safe(text)}</td>' for text in row)}</tr>"
        for row in rows
    )
    table = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" tabindex="0">{table}</div>'


def _link(text: str, url: str) -> str:
    return (
        f'<a href="{_safe(url)}">{_safe(text)}</a>' if url.startswith("https://") else _safe(text)
    )


def _bold(markdown: str) -> str:
    pieces = _safe(markdown).split("**")
    return "".join(f"<b>{p}</b>" if odd % 2 else p for odd, p in enumerate(pieces))


def _safe(text: str) -> str:
    return html.escape(text)
