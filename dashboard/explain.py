"""How a number was worked out: its chain, one row a step, in the reader's words."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from dashboard import formulas, i18n, readable
from dashboard.i18n import t
from engine.projection.ranges import ranged
from engine.records import Estimate

ICON = ":material/account_tree:"
INDENT = "\u2002"
"""An en space: tables keep it where they trim plain ones."""
CHAIN_HEIGHT = 360

Write = Callable[[float | None], str]


class Row(NamedTuple):
    """One number of the chain."""

    name: str
    value: str
    kind: str
    origin: str
    checked: date | None
    link: str | None
    note: str


class Number(NamedTuple):
    """A number on the screen that can be followed down to what it rests on."""

    label: str
    estimate: Estimate
    say: Write


def explain_menu(numbers: Sequence[Number], key: str, label: str | None = None) -> None:
    """One quiet button for all numbers of a block: the one chosen is worked out in a dialog."""
    by_label = {number.label: number for number in numbers}
    if chosen := menu({name: name for name in by_label}, key, label):
        show(*by_label[chosen])


def menu(labels: Mapping[str, str], key: str, label: str | None = None) -> str | None:
    """Which of some numbers the reader wants explained, just now; `key` is unique on the page."""
    chosen: str | None = st.menu_button(
        label or t("working.open_one"),
        list(labels),
        key=f"explain_{key}",
        icon=ICON,
        type="tertiary",
        help=t("working.menu_hint"),
        format_func=lambda name: labels[name].replace("$", "\\$"),
    )
    return chosen


def explain_button(label: str, estimate: Estimate, say: Write, key: str) -> None:
    """A button that opens how a number was worked out; `key` is unique on the page."""
    opened = st.button(
        t("working.open"),
        key=f"explain_{key}",
        icon=ICON,
        type="tertiary",
        help=t("working.open_hint", number=label),
    )
    if opened:
        show(label, estimate, say)


def show(label: str, estimate: Estimate, say: Write) -> None:
    """A dialog: the number, its formula, what it takes, and the chain below, down to facts."""
    (found,) = [estimate] if estimate.low is not None else ranged([estimate])
    st.dialog(label, width="large", icon=ICON)(_worked_out)(label, found, say)


def _worked_out(label: str, estimate: Estimate, say: Write) -> None:
    st.metric(label, say(_scalar(estimate.value)), label_visibility="collapsed")
    st.caption(" ".join([between(estimate, say), t(f"working.kind_{estimate.kind}")]))
    _formula(estimate)
    _source(estimate)
    if estimate.inputs:
        st.markdown(f"**{t('working.takes')}**")
        _table([_row(quantity(n), e, 0, written(n, e)) for n, e in estimate.inputs], "content")
        with st.expander(t("working.chain"), icon=":material/schema:"):
            _table(rows(label, estimate, say(_scalar(estimate.value))), CHAIN_HEIGHT)


def between(estimate: Estimate, say: Write) -> str:
    """The range of a number in words; empty where none is known."""
    if estimate.low is None or estimate.high is None:
        return ""
    ends = readable.between(say(_scalar(estimate.low)), say(_scalar(estimate.high)))
    return t("working.range", range=ends)


def _formula(estimate: Estimate) -> None:
    found = formulas.by_name().get(estimate.formula)
    if found is None:
        if estimate.formula:
            st.markdown(f"{t('working.formula', name='')}`{estimate.formula}`")
        return
    st.markdown(found.says)
    if found.result:
        st.code(found.result, language="python", wrap_lines=True)
    if found.source:
        source = t("method.source", source=found.source)
        st.caption(f"[{source}]({found.link})" if found.link else source)


def _source(estimate: Estimate) -> None:
    source = estimate.source
    if source:
        checked = f" · {source.checked}" if source.checked else ""
        st.markdown((f"[{source.title}]({source.url})" if source.url else source.title) + checked)
    if estimate.note:
        st.caption(i18n.reason(estimate.note))


def _table(found: Sequence[Row], height: Any) -> None:
    st.dataframe(
        working_table(found),
        hide_index=True,
        placeholder="",
        height=height,
        column_config=working_columns(),
        alt=t("working.takes"),
    )


def working_table(found: Sequence[Row]) -> list[dict[str, Any]]:
    """The chain of a number as a table."""
    return [
        {
            t("working.quantity"): row.name,
            t("working.value"): row.value,
            t("working.kind"): row.kind,
            t("working.origin"): row.origin,
            t("working.checked"): row.checked,
            t("working.source"): row.link,
            t("working.note"): row.note,
        }
        for row in found
    ]


def working_columns() -> dict[str, Any]:
    """Column settings of the chain of a number."""
    return {
        t("working.quantity"): st.column_config.TextColumn(width=250),
        t("working.value"): st.column_config.TextColumn(width=100),
        t("working.kind"): st.column_config.TextColumn(width=90),
        t("working.origin"): st.column_config.TextColumn(width=220),
        t("working.checked"): st.column_config.DateColumn(width=100, format="YYYY-MM-DD"),
        t("working.source"): link_column(),
        t("working.note"): st.column_config.TextColumn(width=420),
    }


def link_column() -> Any:
    """A column of links, each shown as an icon."""
    return st.column_config.LinkColumn(width=60, display_text=":material/open_in_new:")


def rows(label: str, estimate: Estimate, text: str) -> list[Row]:
    """The number, then everything it rests on, each shown once."""
    return [_row(label, estimate, 0, text), *_below(estimate, 1, set())]


def _below(estimate: Estimate, depth: int, told: set[int]) -> Iterator[Row]:
    for name, part in estimate.inputs:
        if id(part) in told:
            continue
        told.add(id(part))
        yield _row(quantity(name), part, depth, written(name, part))
        yield from _below(part, depth + 1, told)


def written(name: str, estimate: Estimate) -> str:
    """A number, or each of a table of them, such as prices by tier."""
    if estimate.value is None:
        return readable.DASH
    values = np.atleast_1d(estimate.value)
    return " · ".join(readable.quantity(name, float(value)) for value in values)


def _row(label: str, estimate: Estimate, depth: int, value: str) -> Row:
    source = estimate.source
    origin = source.title if source else ""
    if estimate.formula:
        origin = t("working.formula", name=estimate.formula)
    return Row(
        INDENT * depth + label,
        value,
        t(f"kind.{estimate.kind}"),
        origin,
        source.checked if source else None,
        source.url or None if source else None,
        i18n.reason(estimate.note),
    )


def _scalar(value: Any) -> float | None:
    return None if value is None else float(np.asarray(value).flat[0])


def quantity(name: str) -> str:
    """What an input is called, in words where there are any."""
    return t(f"quantity.{name}") if i18n.known(f"quantity.{name}") else name.replace("_", " ")
