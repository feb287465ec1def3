"""Widgets of a Scenario's choices: each follows the address, and writes to it when moved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Literal, TypeVar

import streamlit as st

from dashboard import choosable, currency, i18n, link, readable
from dashboard.i18n import t
from dashboard.link import Choice
from dashboard.readable import NO_BREAK
from engine.scenario import Scenario, bounds

Say = Callable[[float], str]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Known:
    """What the projection says of the choices."""

    taken: Mapping[str, float | None]
    """What is taken for a choice that is left open, by Scenario field."""
    beyond: frozenset[str] = frozenset()
    """Choices that lie outside what was measured or published."""
    seen: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Lowest and highest that was measured or published, by choice."""

    def get(self, name: str) -> float | None:
        """What is taken for a choice that is left open."""
        return self.taken.get(name)


def follow(name: str, value: Value) -> Value:
    """Set a widget to what the address says, unless it shows that already.

    The value is to be the widget's default as well: a browser that never heard of a run which
    was cut short draws the default, and would answer with the first of the options were there
    none. A widget that can be emptied has no default, and is set anew (`refill`).
    """
    if i18n.relabelled() or st.session_state.get(name) != value:
        st.session_state[name] = value
    return value


def refill(name: str, value: object) -> None:
    """Set a widget that can be emptied to what the address says."""
    if value is not None or st.session_state.get(name) is not None:
        st.session_state[name] = value


def main_button() -> Literal["primary", "secondary"]:
    """How the button most wanted on a page looks.

    White on the accent of the dark theme is too faint to read, and the accent cannot be darker:
    what is selected is written in it.
    """
    return "secondary" if st.context.theme.type == "dark" else "primary"


def _hint(name: str, known: Known | None = None) -> str | None:
    own = [t(f"hint.{name}")] if i18n.known(f"hint.{name}") else []
    seen = [t("control.seen_hint")] if known is not None and name in known.seen else []
    return " ".join(own + seen) or None


def _beside(told: str) -> list[str]:
    return [f":gray[{told}]"] if told else []


def _bounds(name: str, known: Known, say: Say) -> list[str]:
    """The soft bounds of a choice, and a mark where it lies outside them; a part of its label.

    Every element of its own makes each move of a slider slower.
    """
    told = []
    if name in known.seen:
        low, high = known.seen[name]
        seen = t("control.seen", range=readable.span(low, high, say))
        told.append(f":gray[{seen.replace(' ', NO_BREAK)}]")
    if name in known.beyond:
        told.append(f":orange-badge[{t('control.beyond')}]")
    return [part.replace("$", "\\$") for part in told]


def slide(
    name: str,
    value: object,
    stops: Sequence[float],
    say: Say,
    known: Known,
    own: float | None = None,
    *,
    disabled: bool = False,
    beside: str = "",
    **words: str,
) -> None:
    """A slider over uneven stops; where nothing is chosen it stands at `own`, what is known.

    What is said `beside` it is a part of its label.
    """
    here = own if value is None else float(value)  # type: ignore[arg-type]
    here = stops[0] if here is None else here
    by_label = dict(_labelled(tuple(stops), say, i18n.language(), currency.shown()))
    by_label |= {say(extra): extra for extra in (own, here) if extra is not None}
    labels = {stop: label for label, stop in by_label.items()}
    st.select_slider(
        " ".join([t(f"field.{name}", **words), *_beside(beside), *_bounds(name, known, say)]),
        sorted(labels),
        value=follow(name, here),
        key=name,
        format_func=labels.__getitem__,
        help=_hint(name, known),
        disabled=disabled,
        on_change=_choose,
        args=(name, own),
    )


@lru_cache(maxsize=64)
def _labelled(
    stops: tuple[float, ...], say: Say, language: str, money: str
) -> tuple[tuple[str, float], ...]:
    """Stops by what is said of them; two that are said alike are one."""
    assert (language, money) == (i18n.language(), currency.shown()), "words are those of the page"
    return tuple({say(stop): stop for stop in stops}.items())


def pick(
    name: str,
    value: str | None,
    names: Mapping[str, str],
    *,
    disabled: bool = False,
    unset: str | None = None,
    on_change: Callable[..., None] | None = None,
) -> None:
    """A choice from a list; one that may be left open shows `unset` while it is."""
    labels = dict(names) if value is None or value in names else {value: value, **names}
    ids = list(labels)
    if unset:
        refill(name, value)
    else:
        follow(name, value)
    st.selectbox(
        t(f"field.{name}"),
        ids,
        index=None if unset or value is None else ids.index(value),
        key=name,
        format_func=labels.__getitem__,
        placeholder=unset or "",
        help=_hint(name),
        disabled=disabled,
        on_change=on_change or _choose,
        args=() if on_change else (name, None),
    )


def open_pick(name: str, value: str | None, values: Sequence[str]) -> None:
    """A choice that may be left open, to be made as is needed."""
    pick(name, value, choosable.options(name, values), unset=t("control.as_needed"))


def segment(name: str, value: str, values: Sequence[str]) -> None:
    """A choice of few, all in sight."""
    labels = choosable.options(name, values)
    st.segmented_control(
        t(f"field.{name}"),
        list(labels),
        default=follow(name, value),
        key=name,
        required=True,
        format_func=labels.__getitem__,
        help=_hint(name),
        width="stretch",
        on_change=_choose,
        args=(name, None),
    )


def number(name: str, now: Scenario, known: Known, *, disabled: bool = False, **words: str) -> None:
    """A number to type; where it may be left open, the empty box shows what is taken."""
    default, own = Scenario.model_fields[name].default, getattr(now, name)
    low, high = limits(name)
    taken = known.get(name)
    refill(name, None if own is None else shown(name, own))
    st.number_input(
        " ".join(
            [t(f"field.{name}", **words), *_bounds(name, known, partial(readable.choice, name))]
        ),
        min_value=low,
        max_value=high,
        value=None,
        step=_step(default if default is not None else taken),
        format="%.6g",
        key=name,
        placeholder=_placeholder(name, known, open_choice=default is None and not disabled),
        help=_hint(name, known),
        disabled=disabled,
        on_change=_type,
        args=(name,),
    )


def shown(name: str, value: float) -> float:
    """A number of the engine as its box shows it: money in the currency shown."""
    return currency.typed(value) if readable.is_money(name) else value


def meant(name: str, value: Choice) -> Choice:
    """What a widget says, as the engine counts it: money in dollars."""
    is_amount = isinstance(value, float) and readable.is_money(name)
    return currency.dollars(value) if is_amount else value  # type: ignore[arg-type]


def limits(name: str) -> tuple[float, float]:
    """The least and the most that can be typed for a choice."""
    found = bounds(name)
    return shown(name, float(found.low)), shown(name, float(found.high))


def _placeholder(name: str, known: Known, *, open_choice: bool) -> str:
    taken = known.get(name)
    if not open_choice:
        return ""
    if taken is None:
        return t("app.not_known")
    return t("control.left_open", value=readable.choice(name, taken))


def _step(usual: float | None) -> float:
    """One press of + or -: a digit of the usual value."""
    return 1.0 if usual is None or usual >= 1 else 0.01


def _choose(name: str, own: float | None) -> None:
    value = st.session_state[name]
    link.choose({name: None if own is not None and value == own else value})


def _type(name: str) -> None:
    link.choose({name: meant(name, st.session_state[name])})
