"""Two to four scenarios side by side, and what made the difference."""

from collections.abc import Mapping
from typing import Any, get_args

import streamlit as st

from dashboard import (
    alternatives,
    choosable,
    comparison,
    controls,
    data,
    explain,
    frame,
    i18n,
    phrases,
    readable,
    widgets,
)
from dashboard.headlines import Headline
from dashboard.i18n import t
from dashboard.link import Choice
from dashboard.readable import NO_BREAK
from dashboard.views import pictures
from engine.catalogue.schema import Pricing
from engine.records import BadInput
from engine.scenario import Ownership, Precision, Scenario, ServingPrecision

NUMBERS = (
    "parameters_billion",
    "dataset_items_billion",
    "training_device_count",
    "electricity_usd_per_kwh",
    "renewable_share",
    "requests_per_day",
    "serving_batch_count",
    "horizon_months",
)
STARTERS = {
    "hardware": ":material/memory:",
    "place": ":material/public:",
    "ownership": ":material/key:",
    "serving_precision": ":material/compress:",
    "model": ":material/deployed_code:",
}
"""Offered where nothing is compared yet, each with its picture."""


def options(machines: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What each choice made of words can be, with its name."""
    measured = {i: t("control.measured", name=name) for i, name in machines.items()}
    return {
        "hardware": measured | dict(choosable.hardware_names()),
        "place": dict(choosable.place_names()),
        "model": dict(choosable.model_names()),
        "ownership": choosable.options("ownership", get_args(Ownership)),
        "pricing": choosable.options("pricing", get_args(Pricing)),
        "serving_precision": choosable.options("serving_precision", get_args(ServingPrecision)),
        "precision": choosable.options("precision", get_args(Precision)),
    }


def choose(slot: str, now: Scenario, taken: Mapping[str, float | None]) -> None:
    """What the widgets of an alternative say, into the address."""
    made: dict[str, Choice] = {}
    for name in st.session_state[f"{slot}_fields"]:
        here = getattr(now, name)
        made[name] = alternatives.other(name, taken.get(name) if here is None else here)
        if (key := f"{slot}_{name}") in st.session_state:
            made[name] = widgets.meant(name, st.session_state[key])
    alternatives.change(slot, made)


def alternative(
    slot: str,
    now: Scenario,
    taken: Mapping[str, float | None],
    named: Mapping[str, Mapping[str, str]],
) -> None:
    """The widgets of one alternative: what it changes, and to what."""
    made = alternatives.changes(slot)
    again: dict[str, Any] = {"on_change": choose, "args": (slot, now, taken)}
    st.multiselect(
        t("compare.changes", number=str(alternatives.SLOTS.index(slot) + 1)),
        [*named, *NUMBERS],
        default=widgets.follow(f"{slot}_fields", list(made)),
        key=f"{slot}_fields",
        format_func=lambda name: phrases.field(name, now),
        placeholder=t("compare.changes_hint"),
        select_all=False,
        **again,
    )
    for name, value in made.items():
        here = widgets.shown(name, value) if isinstance(value, float) else value
        widgets.refill(f"{slot}_{name}", here)
        if name in named:
            ids = list(named[name])
            st.selectbox(
                phrases.field(name, now),
                ids,
                index=ids.index(str(value)) if value in ids else 0,
                key=f"{slot}_{name}",
                format_func=named[name].__getitem__,
                **again,
            )
        else:
            st.number_input(
                phrases.field(name, now),
                *widgets.limits(name),
                value=None,
                format="%.6g",
                key=f"{slot}_{name}",
                **again,
            )


def starters(now: Scenario) -> None:
    """A click to a first alternative: what people most often ask about."""
    with st.container(border=True):
        st.markdown(t("compare.none"))
        with st.container(horizontal=True):
            for name, icon in STARTERS.items():
                st.button(
                    t(f"compare.start_{name}"),
                    key=f"start_{name}",
                    icon=icon,
                    on_click=alternatives.change,
                    args=(
                        alternatives.SLOTS[0],
                        {name: alternatives.other(name, getattr(now, name))},
                    ),
                )


def title(slot: str, now: Scenario, named: Mapping[str, Mapping[str, str]]) -> str:
    """An alternative by what it changes."""
    return called(alternatives.changes(slot), now, named)


def called(
    made: Mapping[str, Choice], now: Scenario, named: Mapping[str, Mapping[str, str]]
) -> str:
    """Some choices in words; numbers say of what they are."""
    told = []
    for name, value in made.items():
        words = named.get(name, {}).get(str(value), str(value))
        says = readable.choice(name, value) if isinstance(value, float) else words
        told.append(says if name in named else f"{phrases.field(name, now)} {says}")
    return t("app.comma").join(told)


def baseline(
    now: Scenario,
    taken: Mapping[str, float | None],
    named: Mapping[str, Mapping[str, str]],
) -> str:
    """What the baseline is in all that some alternative changes."""
    changed = {name: None for slot in alternatives.SLOTS for name in alternatives.changes(slot)}
    own = {n: taken.get(n) if getattr(now, n) is None else getattr(now, n) for n in changed}
    return t("compare.baseline_of", name=called(own, now, named))


def verdicts(found: list[comparison.Row], titles: Mapping[str, str]) -> None:
    """The answer in words, a line an alternative."""
    told = [comparison.verdict(found, slot, name) for slot, name in titles.items()]
    st.markdown("\n\n".join(escaped(line) for line in told if line))


def table(found: list[comparison.Row], first: str, titles: Mapping[str, str]) -> None:
    """A row a number, a column a scenario: the change first, then what it comes to."""
    columns: dict[str, list[str]] = {
        t("column.quantity"): [f"**{headline.label}**" for headline, _ in found],
        first: [headline.text for headline, _ in found],
    }
    for slot, name in titles.items():
        columns[name] = [marked(cells[slot]) for _, cells in found]
    st.table({name: [escaped(text) for text in column] for name, column in columns.items()})


def copy(found: list[comparison.Row], titles: Mapping[str, str]) -> None:
    """The same table as text, for a spreadsheet or a mail."""
    with st.expander(t("compare.copy"), icon=":material/content_copy:"):
        headings = [t("column.quantity"), t("compare.baseline"), *titles.values()]
        st.code(comparison.copied(headings, found), language=None)


def marked(told: comparison.Cell) -> str:
    """A change, coloured by whether it is for the better, and the number it leads to."""
    if not told.delta:
        return told.text
    colour = {None: "gray", True: "green", False: "orange"}[told.better]
    return f":{colour}-badge[{told.delta}] {told.text.replace(' ', NO_BREAK)}"


def escaped(text: str) -> str:
    """Words as a table shows them: a dollar is not mathematics."""
    return text.replace("$", "\\$")


def explained(numbers: Mapping[str, tuple[Headline, ...]], titles: Mapping[str, str]) -> None:
    """A button a scenario: each of its numbers, down to its sources."""
    with st.container(horizontal=True, gap="small"):
        for slot, found in numbers.items():
            explain.explain_menu(
                [explain.Number(h.label, h.estimate, h.say) for h in found],
                slot,
                t("compare.explain", name=shown(slot) if slot in titles else t("compare.baseline")),
            )


def shown(slot: str) -> str:
    """What an alternative is called: by its place."""
    return t("compare.alternative", number=str(alternatives.SLOTS.index(slot) + 1))


def causes(
    now: Scenario, known: data.Seen, slot: str, other: Scenario, name: str, of: Headline
) -> None:
    """What each change contributed to one number, as a waterfall."""
    path = comparison.path(of.name, now)
    assert path is not None
    try:
        found = data.difference(now, other, path, known)
    except BadInput as error:
        st.info(i18n.reason(str(error)), icon=":material/info:")
        return
    st.markdown(f"**{escaped(name)}**")
    if comparison.is_same(of, found.before, found.after):
        st.caption(t("compare.no_difference", number=of.label, value=escaped(of.text)))
        return
    ends = t("compare.baseline"), shown(slot)
    pictures.causes(found, now, ends, name, of.say, f"waterfall_{slot}")


def why(
    now: Scenario,
    known: data.Seen,
    others: Mapping[str, Scenario],
    titles: Mapping[str, str],
    first: tuple[Headline, ...],
) -> None:
    """What made the difference, in the number the reader chooses."""
    tellable = {h.name: h for h in first if comparison.path(h.name, now) and h.estimate.known}
    if not tellable:
        return
    heading, choice = st.columns([3, 1.2], vertical_alignment="bottom")
    heading.header(t("compare.why_title"), anchor=False)
    i18n.carry("why_of")
    of = choice.selectbox(
        t("compare.why_of"),
        list(tellable),
        key="why_of",
        persist_state="session",
        format_func=lambda name: tellable[name].label,
    )
    for slot, other in others.items():
        with st.container(border=True):
            causes(now, known, slot, other, titles[slot], tellable[of])


def page() -> None:
    """The alternatives, and all their numbers."""
    known = data.seen()
    request = controls.asked(known.machines)
    now = request.scenario
    answer = data.project(now, known)
    taken = phrases.taken(answer)
    named = options(known.machines)

    st.markdown(phrases.sentence(now, known.machines))
    st.caption(t("compare.lead"))
    for column, slot in zip(st.columns(3, border=True), alternatives.SLOTS, strict=True):
        with column:
            alternative(slot, now, taken, named)

    others = alternatives.scenarios(now)
    if not others:
        starters(now)
    else:
        titles = {slot: title(slot, now, named) for slot in others}
        first = comparison.numbers(now, answer)
        rest = {
            slot: comparison.numbers(other, data.project(other, known))
            for slot, other in others.items()
        }
        found = comparison.rows(first, rest)
        verdicts(found, titles)
        table(found, baseline(now, taken, named), titles)
        explained({"baseline": first, **rest}, titles)
        copy(found, titles)
        why(now, known, others, titles, first)


frame.alone(page)
