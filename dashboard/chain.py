"""How a number was worked out, as lines and rows in the reader's words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from dashboard import cited, equation, formulas, i18n, readable
from dashboard.formulas import Formula
from dashboard.i18n import t
from dashboard.readable import NO_BREAK
from dashboard.theme import KIND_COLOURS
from engine.projection.working import formula_meaning
from engine.records import Estimate, Kind

INDENT = "\u2003"
"""An em space: unlike a plain one, it is kept at the start of a cell."""
ANY_REGION = " any"
"""How the engine marks a seller's price that holds in every region."""
_MARKS = re.compile(r"([\\*_\[\]$~|<>#])")
_CODE = re.compile(r"`(\w+)`")
_LOOSE = re.compile(r"(?<=[\u2e80-\uffff]) (?=“)|(?<=”) (?=[\u2e80-\uffff])")
"""Spaces between Chinese words and a quotation, which code among them needs and it does not."""


class Row(NamedTuple):
    """One number of the chain."""

    name: str
    depth: int
    value: str
    kind: Kind
    origin: str
    """Title of its source, or the formula in words."""
    as_of: date | None
    checked: date | None
    link: str | None
    note: str
    days: Sequence[str]


def rows(label: str, estimate: Estimate, text: str) -> list[Row]:
    """The number, then everything it rests on, each shown once."""
    return [row(label, estimate, 0, text), *_below(estimate, 1, set())]


def _below(estimate: Estimate, depth: int, told: set[int]) -> Iterator[Row]:
    for name, part in estimate.inputs:
        if id(part) in told:
            continue
        told.add(id(part))
        yield row(quantity(name), part, depth, written(unit_of(name, estimate), part))
        yield from _below(part, depth + 1, told)


def row(label: str, estimate: Estimate, depth: int, value: str) -> Row:
    """One number with where it is from."""
    source = estimate.source
    origin = cited.title(source) if source else ""
    if estimate.formula:
        words = in_words(estimate)
        origin = f"= {words}" if words else meaning(estimate.formula).partition("\n")[0]
    return Row(
        label,
        depth,
        value,
        estimate.kind,
        origin,
        source.as_of if source else None,
        source.checked if source else None,
        source.url or None if source else None,
        i18n.reason(estimate.note),
        cited.days(source.as_of, source.checked) if source else (),
    )


def inputs(estimate: Estimate) -> list[Row]:
    """What a number is worked out from, one row each."""
    return [
        row(quantity(name), part, 0, written(unit_of(name, estimate), part))
        for name, part in estimate.inputs
    ]


def unit_of(name: str, estimate: Estimate) -> str:
    """The name that says the unit of an input: of any number of them, that of all."""
    known = formulas.by_name().get(estimate.formula)
    if known is None or name in known.inputs or len(known.inputs) != 1:
        return name
    return known.inputs[0]


def table(found: Sequence[Row]) -> dict[str, list[str]]:
    """Rows as Markdown cells, by column."""
    return {
        t("working.quantity"): [INDENT * r.depth + plain(r.name) for r in found],
        t("working.value"): [plain(r.value).replace(" ", NO_BREAK) for r in found],
        t("working.kind"): [badge(r.kind) for r in found],
        t("working.origin"): [linked(r.origin, r.link, *r.days, r.note) for r in found],
    }


def badge(kind: Kind) -> str:
    """How a number is known, in its colour."""
    return f":{KIND_COLOURS[kind]}-badge[{t(f'kind.{kind}')}]"


def linked(title: str, url: str | None, *more: str) -> str:
    """A title that leads to its page, and what else there is to say of it in small print."""
    head = f"[{plain(title)}](<{url}>)" if url else plain(title)
    small = " · ".join(plain(part) for part in more if part)
    return " · ".join(part for part in (head, f":small[{small}]" if small else "") if part)


def lines(label: str, text: str, estimate: Estimate) -> list[str]:
    """The formula with the names of what it takes, then with their values, as Markdown."""
    words = in_words(estimate)
    if not words:
        return []
    told = [f"**{plain(label)}** = {plain(words)}"]
    values = in_values(estimate)
    return [*told, f"**{plain(text)}** = {plain(values)}"] if values else told


def in_words(estimate: Estimate) -> str | None:
    """The right side of its formula in the names of what it takes; None where it takes steps."""
    return _named_line(estimate.formula, [name for name, _ in estimate.inputs])


def line(formula: Formula) -> str | None:
    """The same of a formula that nothing was put into yet."""
    return _named_line(formula.name, formula.inputs)


def _named_line(formula: str, given: Sequence[str]) -> str | None:
    return equation.line(formula, given, quantity, lambda name: t(f"constant.{name.lower()}"))


def headed(formula: Formula) -> tuple[str, str]:
    """What a formula gives, and what is said of it; the first sentence where that has no name."""
    name, says = formula.name.rpartition(".")[2], meaning(formula.name)
    if i18n.known(f"quantity.{name}"):
        return quantity(name), says
    first, _, rest = says.partition("\n\n")
    return first.removesuffix(".").removesuffix("。"), rest


def searched(formula: Formula) -> str:
    """Everything a search looks at, in the reader's words and the engine's."""
    words = f"{' '.join(headed(formula))} {line(formula) or ''}"
    return f"{formula.searched} {words}".lower()


def in_values(estimate: Estimate) -> str | None:
    """The same in the values of what it takes; None where one of them is a table of numbers."""
    parts = dict(estimate.inputs)
    if any(np.size(part.value) > 1 for part in parts.values() if part.value is not None):
        return None

    def told(name: str) -> str:
        return _signed(name, unit_of(name, estimate), parts)

    zeros = {name for name, part in parts.items() if part.value is not None and not part.value}
    return equation.line(estimate.formula, list(parts), told, zeros=zeros)


def _signed(name: str, unit: str, parts: Mapping[str, Estimate]) -> str:
    told = written(unit, parts[name]).replace(" ", NO_BREAK)
    return f"({told})" if told.startswith(("−", "-")) else told


def meaning(formula: str) -> str:
    """What a formula works out, in the reader's language; names of the code in words."""
    known = formulas.by_name().get(formula)
    says = known.says if known else formula_meaning(formula).partition("Source:")[0].strip()
    return _LOOSE.sub("", _CODE.sub(lambda found: _in_text(found[1]), i18n.meaning(says)))


def _in_text(name: str) -> str:
    words = quantity(name)
    return f"“{words}”" if i18n.known(f"quantity.{name}") else f"`{name}`"


def quantity(name: str) -> str:
    """What an input is called, in words where there are any."""
    if i18n.known(f"quantity.{name}"):
        return t(f"quantity.{name}")
    if i18n.known(f"guess.{name}"):
        return t(f"guess.{name}")
    seller = name.removesuffix(ANY_REGION)
    return t("working.seller", name=seller) if seller != name else name.replace("_", " ")


def written(name: str, estimate: Estimate) -> str:
    """A number, or each of a table of them, such as prices by tier."""
    if estimate.value is None:
        return readable.DASH
    values = np.atleast_1d(estimate.value)
    return " · ".join(readable.quantity(name, float(value)) for value in values)


def plain(text: str) -> str:
    """Words as Markdown shows them, whatever signs are in them."""
    return _MARKS.sub(r"\\\1", text)
