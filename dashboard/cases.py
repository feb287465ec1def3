"""The use of a model in the address: which template, and the guesses replaced by own numbers."""

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import ValidationError

from dashboard import link
from dashboard.link import USE, Choice
from engine import catalogue
from engine.projection.worth import serving_all
from engine.scenario import Scenario
from engine.value_case import GUESSED, ValueCase

NUMBERS = (*GUESSED, "value_discount_share_per_year")
LOAD = "requests_per_day"


class Asked(NamedTuple):
    """A case, the scenario that serves it, and what in the address cannot be had."""

    case: ValueCase
    scenario: Scenario
    refused: Mapping[str, str]


def asked(chosen: Mapping[str, Choice]) -> Asked:
    """What the address asks for; where it has no scenario, that of the template.

    `chosen` is what the address chooses of a scenario.
    """
    numbers: dict[str, object] = {}
    refused: dict[str, str] = {}
    for name in NUMBERS:
        text = link.address().get(name)
        if text is None:
            continue
        try:
            numbers[name] = getattr(ValueCase.model_validate({name: float(text)}), name)
        except (ValidationError, ValueError):
            refused[name] = text
    case = ValueCase.model_validate({"template": _template(), **numbers})
    start = chosen or catalogue.value_template(case.template).scenario
    scenario = Scenario.model_validate(start)
    return Asked(case, scenario if LOAD in chosen else serving_all(scenario, case), refused)


def named(chosen: Mapping[str, Choice]) -> Asked | None:
    """The same where the address names a use; None where it names none.

    On every page the scenario of such an address serves that use.
    """
    return asked(chosen) if link.get(USE) in catalogue.value_templates() else None


def _template() -> str:
    found = link.get(USE)
    known = found in catalogue.value_templates()
    return found if known else str(ValueCase.model_fields["template"].default)


def start(template: str) -> None:
    """Write a use with its own scenario into the address, all guesses untouched."""
    link.start_over(catalogue.value_template(template).scenario)
    link.write({USE: template, **dict.fromkeys(NUMBERS)})


def choose(name: str, value: Choice) -> None:
    """Write one own number into the address; emptied, the guess holds again."""
    default = ValueCase.model_fields[name].default
    link.write({name: None if value in (None, default) else link.written(value)})
