"""Every number taken from elsewhere, searchable, with unit, source and date."""

import streamlit as st

from dashboard import fact_rows, i18n, phrases, readable
from dashboard.i18n import t

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
search = st.text_input(
    t("facts.search"),
    placeholder=t("facts.search_hint"),
    key="fact_search",
    persist_state="session",
    type="search",
    live=True,
    label_visibility="collapsed",
)
found = fact_rows.searched(every[kind], search or "")
if found:
    st.dataframe(
        phrases.facts_table(found),
        hide_index=True,
        height=640,
        placeholder="",
        column_config=phrases.facts_columns(),
        alt=t("facts.table_alt", kind=labels[kind]),
    )
else:
    st.info(t("facts.none"), icon=":material/search_off:")
