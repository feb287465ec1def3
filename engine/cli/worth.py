"""`modelworth worth`: what a scenario's answers are worth, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli import print_json
from engine.cli.scenarios import file_manifest, setting_value
from engine.records import BadInput, Estimate

if TYPE_CHECKING:
    from engine.projection import Evidence
    from engine.projection.uncertainty import Correlations, Doubt, Outlook, Risk
    from engine.projection.worth import Worth
    from engine.scenario import Scenario
    from engine.value_case import ValueCase

NPV = "npv_usd"

app = typer.Typer()


@dataclass(frozen=True)
class Asked:
    """A use and its scenario as typed, understood."""

    case: ValueCase
    scenario: Scenario
    evidence: Evidence


@app.command()
def worth(
    what: Annotated[
        str, typer.Argument(metavar="TEMPLATE|FILE", help="A known use, or a scenario as TOML.")
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a choice of scenario or use."),
    ] = None,
    ranges: Annotated[
        list[str] | None,
        typer.Option("--range", metavar="KEY=LOW:HIGH", help="Your own 90 % range of an input."),
    ] = None,
    together: Annotated[
        list[str] | None,
        typer.Option("--correlate", metavar="A,B=R", help="Two inputs that move together."),
    ] = None,
    draws: Annotated[int, typer.Option(help="Draws of all uncertain inputs; 0 for none.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed draws the same.")] = 0,
    sensitivity: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="Which inputs move this number, e.g. npv_usd."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    path: Annotated[
        str | None,
        typer.Option("--explain", metavar="NUMBER", help="How a number was worked out, as JSON."),
    ] = None,
) -> None:
    """Print what right answers bring, what wrong ones cost, and whether it pays off.

    A scenario file says which use with a line template = "..."; all numbers of a use that you do
    not set are assumptions of its template.
    """
    from engine.projection.uncertainty import doubts
    from engine.projection.working import explain
    from engine.projection.worth import worth as worth_of

    asked = asked_use(what, settings or [])
    found = worth_of(asked.scenario, asked.case, evidence=asked.evidence)
    if path is not None:
        print_json(explain(found, path))
        return
    own = dict(_range(text) for text in ranges or [])
    uncertain = doubts(_numbers(found), found.known, own)
    correlations = dict(_correlation(text) for text in together or [])
    outlooks, risk = _drawn(found, uncertain, draws, seed, correlations)
    document = _document(asked, found, outlooks, risk)
    if sensitivity is not None:
        document["sensitivity"] = _sensitivity(found, uncertain, sensitivity, seed)
    if as_json:
        print_json(document | {"draws": draws, "seed": seed})
    else:
        _print(asked, found, document)


def asked_use(what: str, settings: Sequence[str]) -> Asked:
    """Case, scenario and evidence; the scenario serves the case's load unless it says its own."""
    from engine import catalogue
    from engine.cli.scenarios import stored_evidence, with_machine
    from engine.projection.worth import serving_all
    from engine.scenario import Scenario
    from engine.usual_work import left_to_the_model
    from engine.value_case import ValueCase

    evidence = stored_evidence()
    is_file = what.endswith(".toml") or Path(what).exists()
    typed = dict(file_manifest(Path(what), _fields()).choices) if is_file else {"template": what}
    typed |= dict(_setting(text) for text in settings)
    case = ValueCase.model_validate({k: v for k, v in typed.items() if k in ValueCase.model_fields})
    choices = {k: v for k, v in typed.items() if k in Scenario.model_fields}
    start = {} if is_file else catalogue.value_template(case.template).scenario
    asked = start | choices
    asked |= left_to_the_model(asked)
    scenario = Scenario.model_validate(with_machine(asked, evidence))
    if "requests_per_day" not in choices:
        scenario = serving_all(scenario, case)
    return Asked(case, scenario, evidence)


def _fields() -> tuple[str, ...]:
    from engine.scenario import Scenario
    from engine.value_case import ValueCase

    return (*Scenario.model_fields, *ValueCase.model_fields)


def _setting(text: str) -> tuple[str, object]:
    import difflib

    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not name:
        raise BadInput(f"{text!r} is not a setting. Write key=value, e.g. --set recall_share=0.9.")
    if name not in _fields():
        near = difflib.get_close_matches(name, _fields(), 1)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(_fields())}."
        raise BadInput(f"{name} is unknown. {hint}")
    return name, setting_value(value)


def _range(text: str) -> tuple[str, tuple[float, float]]:
    name, _, ends = text.partition("=")
    try:
        low, high = (float(end) for end in ends.split(":"))
    except ValueError as error:
        raise BadInput(
            f"{text!r} is not a range. Write key=low:high, e.g. build_usd=1e5:1e6."
        ) from (error)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise BadInput(f"{text!r}: low must be below high, both finite.")
    return name.strip(), (low, high)


def _correlation(text: str) -> tuple[tuple[str, str], float]:
    names, _, number = text.partition("=")
    one, _, other = (part.strip() for part in names.partition(","))
    try:
        value = float(number)
    except ValueError as error:
        raise BadInput(f"{text!r}: write two names and a number, e.g. a,b=0.8.") from error
    if not -1.0 < value < 1.0 or not other or one == other:
        raise BadInput(f"{text!r}: two different names, and a number between -1 and 1.")
    return (one, other), value


def _numbers(found: Worth) -> dict[str, Estimate]:
    from engine.projection.working import estimates

    return {name: e for name, e in estimates(found) if e.known}


def _drawn(
    found: Worth, uncertain: Sequence[Doubt], draws: int, seed: int, correlations: Correlations
) -> tuple[dict[str, Outlook | None], Risk | None]:
    from engine.projection import uncertainty

    if draws == 0 or not uncertain:
        return {}, None
    scores = uncertainty.normals(uncertain, draws, seed, correlations)
    values = uncertainty.worked_out(_numbers(found), uncertain, scores)
    risk = uncertainty.risk(values[NPV]) if NPV in values else None
    return {name: uncertainty.outlook(each) for name, each in values.items()}, risk


def _document(
    asked: Asked, found: Worth, outlooks: Mapping[str, Outlook | None], risk: Risk | None
) -> dict[str, Any]:
    numbers = [(f.name, getattr(found, f.name)) for f in fields(found)]
    return {
        "case": {name: _told(e) | {"reason": e.note} for name, e in found.known.items()},
        "template": asked.case.template,
        "value_discount_share_per_year": asked.case.value_discount_share_per_year,
        "scenario": asked.scenario.model_dump(mode="json"),
        "worth": {
            name: _told(e) | _spread(outlooks.get(name))
            for name, e in numbers
            if isinstance(e, Estimate)
        },
        "risk": asdict(risk) if risk else None,
        "notes": [{"code": n.code, "values": dict(n.values)} for n in found.notes],
    }


def _told(estimate: Estimate) -> dict[str, Any]:
    from engine.projection.working import plain

    told = {"value": plain(estimate.value), "kind": estimate.kind}
    if estimate.low is not None and estimate.high is not None:
        told |= {"low": plain(estimate.low), "high": plain(estimate.high)}
    return told


def _spread(found: Outlook | None) -> dict[str, Any]:
    return asdict(found) if found else {}


def _sensitivity(
    found: Worth, uncertain: Sequence[Doubt], name: str, seed: int
) -> dict[str, object]:
    from engine.projection import sensitivity

    numbers = _numbers(found)
    short = {"total.cost_usd": "model_cost_usd"}.get(name, name)
    if short not in numbers:
        raise BadInput(f"{name} is not known here. Known: {', '.join(numbers)}.")
    return {
        "number": short,
        "tornado": [asdict(s) for s in sensitivity.tornado(numbers[short], uncertain)],
        "shares": [asdict(p) for p in sensitivity.parts(numbers[short], uncertain, seed)],
    }


def _print(asked: Asked, found: Worth, document: Mapping[str, Any]) -> None:
    from rich.console import Console

    from engine import catalogue
    from engine.cli.readable import money, note_sentence, share
    from engine.cli.worth_tables import guesses, numbers, sensitivities

    console = Console(highlight=False)
    use = catalogue.value_template(asked.case.template)
    console.print(numbers(use.title, document["worth"]))
    risk = document["risk"]
    if risk:
        console.print(
            f"Loses money in {share(risk['loss_share'])} of the draws; with 95 % certainty no "
            f"more than {money(risk['value_at_risk_usd'])}. Risk-adjusted value (mean of the "
            f"worse half): {money(risk['risk_adjusted_usd'])}."
        )
    console.print(guesses(document["case"]))
    if "sensitivity" in document:
        console.print(sensitivities(document["sensitivity"]))
    for note in found.notes:
        console.print(f"• {note_sentence(note)}", markup=False)
