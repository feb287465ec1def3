"""How a number was worked out: a dialog from the number down to what it rests on."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from dashboard import chain, cited, formulas, i18n, readable
from dashboard.chain import Row, quantity, rows
from dashboard.formulas import Formula
from dashboard.i18n import t
from engine.projection.ranges import ranged
from engine.records import Estimate

__all__ = [
    "Number", "Row", "Write", "between", "explain_button", "explain_menu", "link_column", "menu",
    "quantity", "rows", "show", "source_of",
]  # fmt: skip

ICON = ":material/account_tree:"
CHAIN_HEIGHT = 420

Write = Callable[[float | None], str]


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
    has_none = estimate.low is None and estimate.formula
    (found,) = ranged([estimate]) if has_none else [estimate]
    st.dialog(label, width="large", icon=ICON)(_worked_out)(label, found, say)


def _worked_out(label: str, estimate: Estimate, say: Write) -> None:
    text = say(_scalar(estimate.value))
    st.metric(label, text, label_visibility="collapsed")
    st.caption(i18n.sentences(between(estimate, say), t(f"working.kind_{estimate.kind}")))
    if estimate.formula:
        _formula(label, text, estimate)
    _source(estimate)
    if estimate.inputs:
        st.markdown(f"**{t('working.takes')}**")
        _table(chain.inputs(estimate))
        _chain(label, text, estimate)
    if estimate.formula:
        _code(estimate.formula)


def between(estimate: Estimate, say: Write) -> str:
    """The range of a number in words; empty where none is known."""
    low, high = _scalar(estimate.low), _scalar(estimate.high)
    if low is None or high is None:
        return ""
    return t("working.range", range=readable.span(low, high, say))


def _formula(label: str, text: str, estimate: Estimate) -> None:
    """What is worked out, and how: in words, then with the numbers put in."""
    st.markdown(chain.meaning(estimate.formula))
    if told := chain.lines(label, text, estimate):
        with st.container(border=True, gap="small", key="equation"):
            for line in told:
                st.markdown(line)
    if found := formulas.by_name().get(estimate.formula):
        source_of(found)


def source_of(formula: Formula) -> None:
    """Where a formula is from; nothing for plain bookkeeping."""
    if formula.source:
        # A caption is paler than its words, and so too pale for a link in them.
        told = chain.linked(t("method.source", source=formula.source), formula.link)
        st.markdown(f":small[{told}]")


def _code(formula: str) -> None:
    """The same as the code has it, for who wants to check."""
    found = formulas.by_name().get(formula)
    with st.expander(t("working.code"), icon=":material/code:"):
        st.markdown(f"`{formula}`")
        if found is not None and found.result:
            st.code(found.result, language="python", wrap_lines=True)


def _source(estimate: Estimate) -> None:
    source = estimate.source
    if source:
        days = cited.days(source.as_of, source.checked)
        st.markdown(chain.linked(cited.title(source), source.url, *days))
    if estimate.note:
        st.caption(i18n.reason(estimate.note))


def _chain(label: str, text: str, estimate: Estimate) -> None:
    """Everything below, drawn only when asked for: it may be a hundred rows."""
    with st.expander(
        t("working.chain"), icon=":material/schema:", key="chain", on_change="rerun"
    ) as shown:
        if shown.open:
            _table(rows(label, estimate, text), CHAIN_HEIGHT)


def _table(found: Sequence[Row], height: Any = "content") -> None:
    st.table(
        chain.table(found),
        border="horizontal",
        hide_index=True,
        hide_header=False,
        height=height,
        alt=t("working.takes"),
    )


def link_column() -> Any:
    """A column of links, each shown as an icon."""
    return st.column_config.LinkColumn(width=60, display_text=":material/open_in_new:")


def _scalar(value: Any) -> float | None:
    return None if value is None else float(np.asarray(value).flat[0])
