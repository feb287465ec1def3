"""Every number taken from elsewhere, searchable, with unit, source and date."""

from operator import attrgetter

import streamlit as st

from dashboard import (
    chain,
    cited,
    controls,
    data,
    fact_rows,
    i18n,
    link,
    overrides,
    phrases,
    readable,
    widgets,
)
from dashboard.fact_rows import FactRow
from dashboard.i18n import t
from dashboard.views import search
from engine.catalogue.listing import Line
from engine.scenario import bounds

SEARCHED = attrgetter("searched")
FEW = 9
"""So many rows are shown as tall as they are."""


def origin(row: FactRow) -> None:
    """One fact and where it is from, in full: a cell of the table may be too narrow for that."""
    told = chain.plain(t("app.comma").join((row.subject, row.quantity)))
    value = "" if row.value is None else f" = {row.value:.6g} {row.unit}"
    days = cited.days(row.line.as_of, row.checked)
    title = row.source or t("cited.assumption")
    st.markdown(f"**{told}**{chain.plain(value)}")
    st.markdown(chain.linked(title, row.link, *days, row.note))


def override(kind: str, row: FactRow) -> None:
    """Another number in place of the fact, in the scenario."""
    name = overrides.field(kind, row.line)
    if name is None or row.value is None:
        st.info(t("facts.no_override"), icon=":material/lock:")
        return
    scenario = controls.asked(data.seen().machines).scenario
    limits = bounds(name)
    low, high = float(limits.low), float(limits.high)
    with st.container(border=True):
        choice = phrases.field(name, scenario)
        st.markdown(t("facts.override", subject=row.subject, quantity=row.quantity, choice=choice))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            key = f"override_{kind}_{row.line.thing}_{row.line.quantity}"
            st.number_input(
                f"{row.quantity} ({row.unit})",
                min_value=low,
                max_value=high,
                value=min(max(float(row.value), low), high),
                format="%.6g",
                key=key,
                width=220,
            )
            st.button(
                t("facts.use"),
                type=widgets.main_button(),
                icon=":material/edit:",
                on_click=take,
                args=(kind, row.line, key),
            )
        now = getattr(scenario, name)
        if now is not None:
            st.caption(t("facts.now", choice=choice, value=readable.choice(name, now)))


def take(kind: str, line: Line, key: str) -> None:
    """Take what is typed, read as late as can be: a click may come before its number is drawn."""
    link.choose(overrides.changes(kind, line, st.session_state[key]))


def elsewhere(wanted: list[str]) -> None:
    """The kinds in which something is found, where nothing is in the one shown."""
    counts = {name: len(search.holding(rows, wanted, SEARCHED)) for name, rows in every.items()}
    holding = {name: count for name, count in counts.items() if count}
    st.info(t("facts.elsewhere" if holding else "facts.none"), icon=":material/search_off:")
    with st.container(horizontal=True):
        for name, count in holding.items():
            label = t("app.aside", told=labels[name], aside=readable.count(count))
            st.button(label, key=f"elsewhere_{name}", on_click=show, args=(name,))


def show(name: str) -> None:
    """Turn to another kind."""
    st.session_state["fact_kind"] = name


every = {kind: fact_rows.rows(kind) for kind in fact_rows.KINDS}
st.markdown(t("facts.lead", count=readable.count(sum(map(len, every.values())))))

i18n.carry("fact_kind")
labels = {name: t(f"facts.{name}") for name in every}
kind = st.pills(
    t("facts.kind"),
    list(labels),
    default="accelerators",
    required=True,
    key="fact_kind",
    persist_state="session",
    format_func=labels.__getitem__,
    label_visibility="collapsed",
)
wanted = search.box("facts", "fact_search")
found = search.holding(every[kind], wanted, SEARCHED)
if found:
    picked = st.dataframe(
        phrases.facts_table(found),
        hide_index=True,
        row_height=phrases.facts_row_px(found),
        height=600 if len(found) > FEW else "content",
        placeholder="",
        column_config=phrases.facts_columns(),
        alt=t("facts.table_alt", kind=labels[kind]),
        key=f"facts_{kind}_{wanted}",
        on_select="rerun",
        selection_mode="single-row",
    )
    chosen = picked["selection"]["rows"]
    if chosen and chosen[0] < len(found):
        origin(found[chosen[0]])
        override(kind, found[chosen[0]])
    else:
        st.caption(t("facts.pick"))
else:
    elsewhere(wanted)
