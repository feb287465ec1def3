"""Every formula, read from the code: what it says, what it takes, where it is from."""

import streamlit as st

from dashboard import chain, explain, formulas, i18n, readable
from dashboard.formulas import Formula
from dashboard.i18n import t
from dashboard.views import search


def show(formula: Formula, *, with_code: bool) -> None:
    """One formula: its words, its line or its steps, its source."""
    title, says = chain.headed(formula)
    line = chain.line(formula)
    with st.container(border=True, gap="small"):
        st.markdown(f"**{title}**")
        if says:
            st.markdown(says)
        if line is not None:
            st.markdown(f"= {chain.plain(line)}")
        explain.source_of(formula)
        if (with_code or line is None) and formula.result:
            st.caption(f"`{formula.name}`")
            st.code(formula.result, language="python", wrap_lines=True)


every = formulas.topics()
st.markdown(t("method.lead", count=readable.count(sum(map(len, every.values())))))
steps = ("measure", "calibrate", "predict", "price")
st.markdown("\n".join(f"1. **{t(f'method.{s}')}** {t(f'method.{s}_how')}" for s in steps))

i18n.carry("method_topic")
topic = st.pills(
    t("method.topic"),
    list(every),
    default="arithmetic",
    required=True,
    key="method_topic",
    persist_state="session",
    format_func=lambda name: t(f"topic.{name}"),
    label_visibility="collapsed",
)
wanted = search.box("method", "method_search")
pool = [f for found in every.values() for f in found] if wanted else every[topic]
shown = search.holding(pool, wanted, chain.searched)
with_code = st.toggle(t("method.code"), key="method_code", persist_state="session")
for formula in shown:
    show(formula, with_code=with_code)
if not shown:
    st.info(t("method.none"), icon=":material/search_off:")
