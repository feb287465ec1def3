"""Tables of `modelworth worth`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from engine.cli.readable import UNKNOWN, number, share, title

MOST_SHOWN = 12


def numbers(name: str, found: Mapping[str, Mapping[str, Any]]) -> Table:
    """What it is worth, with ranges."""
    table = Table(title=name, title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    table.add_column("90 % range", justify="right")
    table.add_column("no answer in", justify="right")
    table.add_column("how it is known")
    for key, told in found.items():
        none = told.get("none_share", 0.0)
        table.add_row(
            title(key),
            _said(key, told["value"]),
            _range(key, told),
            share(none) if none else "",
            str(told["kind"]),
        )
    return table


def guesses(found: Mapping[str, Mapping[str, Any]]) -> Table:
    """What was taken; what is assumed wants replacing."""
    table = Table(title="Taken for the use (change with --set)", title_justify="left")
    for heading in ("", "", "90 % range", "how it is known", "why"):
        table.add_column(heading, justify="right" if heading == "90 % range" else "left")
    for key, told in found.items():
        table.add_row(
            key, _said(key, told["value"]), _range(key, told), str(told["kind"]), told["reason"]
        )
    return table


def sensitivities(found: Mapping[str, Any]) -> Table:
    """What moves one number, the most first."""
    key = str(found["number"])
    parts = {part["name"]: part for part in found["shares"]}
    table = Table(title=f"What moves {title(key)}", title_justify="left")
    for heading in ("", "at its low", "at its high", "share (Shapley)", "alone", "with all"):
        table.add_column(heading, justify="right" if heading else "left")
    for swing in found["tornado"][:MOST_SHOWN]:
        part = parts.get(swing["name"])
        shares = ("shapley_share", "first_order_share", "total_share")
        table.add_row(
            swing["name"],
            number(key, swing["at_low"]),
            number(key, swing["at_high"]),
            *(share(part[s]) if part else UNKNOWN for s in shares),
        )
    return table


def _said(key: str, value: float | None) -> str:
    return UNKNOWN if value is None else number(key, value)


def _range(key: str, told: Mapping[str, Any]) -> str:
    if told.get("low") is None or told.get("high") is None:
        return ""
    return f"{number(key, told['low'])} – {number(key, told['high'])}"
