"""The scenario as files to pass on; each is made only when asked for."""

from collections.abc import Callable
from contextvars import copy_context
from datetime import UTC, datetime

import streamlit as st

from dashboard import chain, cited, controls, data, explain, phrases, share
from dashboard.headlines import headlines
from dashboard.i18n import t
from dashboard.report import document, lines, web_page, workbook
from dashboard.report.content import Report, report
from dashboard.theme import KIND_COLOURS

FORMATS: dict[str, tuple[Callable[[Report], bytes], str, str]] = {
    "html": (web_page.page, "text/html", ":material/language:"),
    "pdf": (document.document, "application/pdf", ":material/picture_as_pdf:"),
    "xlsx": (
        workbook.workbook,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ":material/table_view:",
    ),
    "csv": (lines.table, "text/csv", ":material/csv:"),
}


def download(told: Report, kind: str, day: str) -> None:
    """One format: a button, and what it is good for."""
    build, mime, icon = FORMATS[kind]
    # Made in another thread once asked for, which must speak the language of this one.
    here = copy_context()
    with st.container(border=True, height="stretch"):
        st.download_button(
            t(f"report.{kind}"),
            lambda: here.copy().run(build, told),
            f"modelworth-{told.scenario.model}-{day}.{kind}",
            mime,
            key=f"report_{kind}",
            icon=icon,
            on_click="ignore",
            width="stretch",
        )
        st.caption(t(f"report.{kind}_about"))


known = data.seen()
scenario = controls.asked(known.machines).scenario
today = datetime.now(UTC).date()
told = report(scenario, known, today, share.address())

st.markdown(phrases.sentence(scenario, known.machines))
st.caption(t("report.lead"))
with st.grid(4, min_column_width=150):
    for kind in FORMATS:
        download(told, kind, today.isoformat())

if found := share.address():
    st.header(t("report.link_title"), anchor=False)
    st.code(found, language=None, wrap_lines=True)

st.header(t("report.paste_title"), anchor=False)
st.code(told.paragraph, language=None, wrap_lines=True)

explain.explain_menu(
    [explain.Number(h.label, h.estimate, h.say) for h in headlines(scenario, told.answer)], "report"
)

st.header(t("report.preview_title"), anchor=False)
st.caption(t("report.preview_lead", count=len(told.bases)))
w = told.words
badges = {t(f"kind.{kind}"): chain.badge(kind) for kind in KIND_COLOURS}
st.container(key="basis").table(
    {
        w["quantity"]: [chain.plain(basis.label) for basis in told.bases],
        w["value"]: [chain.plain(basis.value) for basis in told.bases],
        w["kind"]: [badges[basis.kind] for basis in told.bases],
        w["source"]: [
            chain.linked(b.source, b.url, *cited.days(b.as_of, b.checked)) for b in told.bases
        ],
    },
    border="horizontal",
    hide_index=True,
    hide_header=False,
    height=560,
    alt=t("report.preview_title"),
)
