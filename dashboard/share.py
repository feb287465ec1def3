"""Passing a scenario on: as an address, as a file, and saved under a name."""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote, urlencode

import streamlit as st
from pydantic import ValidationError

from dashboard import cases, data, i18n, link, readable
from dashboard.i18n import t
from dashboard.link import Choice
from dashboard.navigation import PAGES
from engine import manifest
from engine.manifest import Manifest
from engine.projection.working import estimates
from engine.records import BadInput, CannotContinue, Projection
from engine.scenario import Scenario

SAVED = "saved"
"""In an address: the name of a saved scenario to open, which makes a short link."""
_OPENED = "opened_scenario"
_FAILED = "share_failed"
FILE = "scenario.toml"
MOST_MB = 1
"""Far more than a scenario's choices and numbers take."""
SHARED = {"lang", "currency", link.USE, *cases.NUMBERS, *Scenario.model_fields}
"""What of an address belongs to the scenario, how it is used, and how it is shown."""
KEPT = (
    "total.cost_usd", "training.bill.cost_usd", "deployment.bill.cost_usd",
    "storage.cost_usd_per_month", "deployment.cost_usd_per_million_items",
    "quality.score_share", "total.facility_energy_kwh", "total.carbon_kgco2e",
    "training.time_h", "total.water_litres",
)  # fmt: skip
"""Numbers that go into a file with the scenario, to tell later what has changed."""


def address() -> str:
    """Where What if shows the scenario as it is now, without what only other pages ask for.

    The browser's own address carries alternatives and limits along, so that going back to their
    page finds them; whoever gets a link to a scenario is not to meet them. Empty where the
    browser did not say where it is.
    """
    url = (st.context.url or "").rstrip("/")
    before, _, page = url.rpartition("/")
    url = f"{before if page in {p.name for p in PAGES} else url}/" if url else ""
    chosen = {name: text for name, text in link.address().items() if name in SHARED}
    return f"{url}?{urlencode(chosen)}" if url and chosen else url


def numbers(answer: Projection) -> dict[str, float]:
    """What the projection says now, by path; what it does not know is left out."""
    found = dict(estimates(answer))
    values = {path: found[path].value for path in KEPT}
    return {path: float(value) for path, value in values.items() if value is not None}


def open_saved() -> None:
    """Where the address names a saved scenario, put its choices there instead."""
    name = link.address().get(SAVED)
    if name is None:
        return
    found = data.saved_scenario(name)
    if found is None:
        link.write({SAVED: None})
        st.session_state[_FAILED] = t("share.unknown", name=name)
        return
    take(found.manifest, t("share.saved_on", name=name, day=readable.day(found.saved_at)))
    st.rerun()


def take(found: Manifest, label: str) -> None:
    """Make the choices of a file or a saving those of the address."""
    link.write({SAVED: None})
    link.start_over({k: cast("Choice", v) for k, v in found.choices.items()})
    st.session_state[_OPENED] = (found, label)
    st.session_state.pop(_FAILED, None)


def reopened(answer: Projection) -> None:
    """What has changed since the scenario that was opened was written; or why it was not."""
    if _FAILED in st.session_state:
        st.warning(st.session_state[_FAILED], icon=":material/upload_file:")
    if _OPENED not in st.session_state:
        return
    found, label = st.session_state[_OPENED]
    if not _is_as_opened(found):
        del st.session_state[_OPENED]
        return
    st.info("\n".join(f"- {line}" for line in [label, *changed(found, answer)]))


def _is_as_opened(found: Manifest) -> bool:
    asked = {k: v for k, v in found.choices.items() if v is not None}
    chosen, refused = link.choices()
    now = Scenario.model_validate(chosen).model_dump()
    return all(now[name] == value or name in refused for name, value in asked.items())


def changed(found: Manifest, answer: Projection) -> list[str]:
    """What is another than when it was written: the method, the facts, the numbers."""
    lines = []
    if found.version is not None and found.version != manifest.package_version():
        now = manifest.package_version()
        lines.append(t("share.method_changed", then=found.version, now=now))
    if found.facts_changed:
        then, now = str(found.catalogue), manifest.catalogue_version()
        lines.append(t("share.facts_changed", then=then, now=now))
    before, after = found.numbers.get(KEPT[0]), numbers(answer).get(KEPT[0])
    if before is not None and after is not None:
        same = readable.money(before) == readable.money(after)
        told = {"then": readable.money(before), "now": readable.money(after)}
        lines.append(t("share.same_total" if same else "share.other_total", **told))
    return lines


def draw(scenario: Scenario, answer: Projection) -> None:
    """Everything there is for passing a scenario on; folded until it is asked for."""
    with st.expander(
        t("share.title"), icon=":material/ios_share:", key="share", on_change="rerun"
    ) as shown:
        if not shown.open:
            return
        st.caption(t("share.address"))
        if found := address():
            st.code(found, language=None, wrap_lines=True)
        file, name = st.columns(2)
        with file:
            _file(scenario, answer)
        with name:
            _save(scenario, answer)


def _file(scenario: Scenario, answer: Projection) -> None:
    st.download_button(
        t("share.download"),
        manifest.written(scenario, numbers(answer)),
        file_name=FILE,
        mime="application/toml",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption(t("share.run", command=f"modelworth project {FILE}"))
    st.file_uploader(
        t("share.upload", most=str(MOST_MB)),
        type=["toml"],
        max_upload_size=MOST_MB,
        key="scenario_file",
        on_change=_uploaded,
    )


def _uploaded() -> None:
    file = st.session_state["scenario_file"]
    if file is None:
        return
    try:
        found = manifest.read(file.getvalue().decode("utf-8"), file.name)
        Scenario.model_validate(dict(found.choices))
        take(found, t("share.from_file", name=file.name))
    except ValueError as error:
        st.session_state[_FAILED] = t("share.refused", name=file.name, reason=_why(error))


def _why(error: ValueError) -> str:
    """What is wrong with a file, down to the choices where it is they."""
    if isinstance(error, BadInput):
        return i18n.reason(str(error))
    if not isinstance(error, ValidationError):
        return t("share.not_a_scenario")
    wrong = {str(each["loc"][0]): each["input"] for each in error.errors()}
    choices = t("app.comma").join(f"`{name} = {value}`" for name, value in wrong.items())
    return t("share.not_possible", choices=choices)


def _save(scenario: Scenario, answer: Projection) -> None:
    with st.form("save_scenario", border=False, clear_on_submit=True):
        name = st.text_input(t("share.name"), max_chars=60)
        if st.form_submit_button(t("share.save"), icon=":material/save:") and name.strip():
            try:
                data.save_scenario(name.strip(), document(scenario, answer))
            except (BadInput, CannotContinue) as error:
                st.error(i18n.reason(str(error)))
    found = data.saved_names()
    if found:
        lines = [f"[{name}]({_short(name)}) · {readable.day(day)}" for name, day in found]
        st.markdown(f"**{t('share.saved')}**\n" + "\n".join(f"- {line}" for line in lines))


def _short(name: str) -> str:
    """The link to a saved scenario, in the language and currency that are shown."""
    shown = {k: text for k, text in link.address().items() if k in ("lang", "currency")}
    return "?" + urlencode({SAVED: name} | shown, quote_via=quote)


def document(scenario: Scenario, answer: Projection) -> dict[str, object]:
    """A scenario as it is kept in the database, with what it said and what it rested on."""
    origin: Mapping[str, Any] = {
        "version": manifest.package_version(),
        "catalogue": manifest.catalogue_version(),
    }
    choices = scenario.model_dump(mode="json")
    return choices | {"modelworth": origin, "numbers": numbers(answer)}
