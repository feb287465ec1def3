"""`modelworth decide`: the best plan under limits, and what binds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli import AsJson, ScenarioFile, Settings, print_json
from engine.records import BadInput

if TYPE_CHECKING:
    from engine.projection import Evidence
    from engine.projection.decisions import Binding, Decision, Goal, Plan, Question
    from engine.scenario import Scenario
    from engine.value_case import ValueCase

SHOWN = (
    "model",
    "hardware",
    "ownership",
    "pricing",
    "place",
    "training_device_count",
    "precision",
    "serving_precision",
    "serving_batch_count",
    "serving_tensor_parallel_count",
    "parameters_billion",
)
"""Choices of a plan that are shown: those a decision makes."""

app = typer.Typer()


@app.command()
def decide(
    file: ScenarioFile = None,
    settings: Settings = None,
    least: Annotated[
        str | None, typer.Option("--minimise", metavar="PATH", help="Number to make small.")
    ] = None,
    most: Annotated[
        str | None, typer.Option("--maximise", metavar="PATH", help="Number to make large.")
    ] = None,
    limits: Annotated[
        list[str] | None,
        typer.Option("--subject-to", metavar="PATH<=NUMBER", help="Limit; several may be given."),
    ] = None,
    kept: Annotated[
        list[str] | None, typer.Option("--keep", metavar="KEY", help="Choice left as it is.")
    ] = None,
    opened: Annotated[
        list[str] | None,
        typer.Option("--open", metavar="KEY", help="Open as well: model, parameters_billion."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="KEY=ID,ID", help="Hardware, places or models allowed."),
    ] = None,
    use: Annotated[
        str | None,
        typer.Option(
            metavar="TEMPLATE|FILE",
            help="What the model is used for: worth.npv_usd can then be a goal or a limit.",
        ),
    ] = None,
    trade: Annotated[
        list[str] | None,
        typer.Option(
            "--front", metavar="PATH", help="Instead: what nothing beats in all these numbers."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the best plans within limits, what binds, and what loosening it would buy."""
    from engine.projection import decisions

    scenario, case, evidence = _start(file, use, settings or [])
    asked = decisions.Question(
        scenario=scenario,
        goal=_goal(least, most),
        limits=tuple(decisions.limit(text) for text in limits or ()),
        kept=tuple(kept or ()),
        opened=tuple(opened or ()),
        only=dict(_allowed(text) for text in only or ()),
        case=case,
    )
    if trade:
        ways = [_way(path) for path in trade]
        found = decisions.front(asked, ways, evidence)
        if as_json:
            print_json([{"choices": dict(c), "numbers": n} for c, n in found])
        else:
            _print_front(found, ways)
        return
    answer = decisions.decide(asked, evidence)
    if as_json:
        print_json(as_document(answer))
    else:
        _print(answer)
    if not answer.plans:
        raise typer.Exit(1)


def _start(
    file: Path | None, use: str | None, settings: Sequence[str]
) -> tuple[Scenario, ValueCase | None, Evidence]:
    """The scenario, its use where one is named, and what was measured."""
    from engine.cli.scenarios import stored_evidence, typed_scenario
    from engine.cli.worth import asked_use

    if use is None:
        evidence = stored_evidence()
        return typed_scenario(file, settings, evidence), None, evidence
    if file is not None:
        raise BadInput(
            "A scenario file and a use were given. Name the file as the use: --use FILE."
        )
    asked = asked_use(use, settings)
    return asked.scenario, asked.case, asked.evidence


def _goal(least: str | None, most: str | None) -> Goal:
    from engine.projection.decisions import Goal

    if least is not None and most is not None:
        raise BadInput("One number can be made small or large, not two. Make the other a limit.")
    if most is not None:
        return Goal(most, is_largest=True)
    return Goal(least or "total.cost_usd", is_largest=False)


def _way(path: str) -> Goal:
    """Scores, sizes and worth are better large, all else small."""
    from engine.projection.decisions import Goal

    good = path.startswith(("score.", "quality.score", "worth.")) or path == "parameters_billion"
    return Goal(path, is_largest=good)


def _allowed(text: str) -> tuple[str, tuple[str, ...]]:
    name, equals, ids = text.partition("=")
    found = tuple(part.strip() for part in ids.split(",") if part.strip())
    if not equals or not found:
        raise BadInput(
            f"{text!r} is not a list of what is allowed. Write key=id,id, "
            "e.g. --only hardware=h100-sxm,a100-sxm-80gb."
        )
    return name.strip(), found


def as_document(answer: Decision) -> dict[str, object]:
    """A decision as plain data."""
    goal = answer.question.goal
    return {
        "goal": {"path": goal.path, "largest": goal.is_largest},
        "guarantee": answer.guarantee,
        "combination_count": answer.combination_count,
        "scored_precisions_only": answer.scored_precisions_only,
        "plans": [_plan(plan, answer.question) for plan in answer.plans],
        "limits": [_binding(binding) for binding in answer.bindings],
    }


def _plan(plan: Plan, question: Question) -> dict[str, object]:
    before = question.scenario.model_dump(mode="json")
    after = plan.scenario.model_dump(mode="json")
    worth = {} if plan.worth is None else {"npv_usd": plan.worth.npv_usd.value}
    return {
        "numbers": plan.numbers,
        **worth,
        "changes": {name: value for name, value in after.items() if value != before[name]},
        "scenario": after,
    }


def _binding(binding: Binding) -> dict[str, object]:
    return {
        "limit": str(binding.limit),
        "reached": binding.reached_number,
        "binds": binding.binds,
        "goal_if_a_tenth_looser": binding.easier_number,
        "goal_without_it": binding.without_number,
        "nearest_alone": binding.alone_number,
    }


def _print(answer: Decision) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    if answer.plans:
        _print_plans(console, answer)
    else:
        console.print("No combination keeps all limits.")
    for binding in answer.bindings:
        console.print(f"• {sentence(binding, answer)}", markup=False)
    console.print(f"• {how_sure(answer)}", markup=False)


def _print_plans(console: object, answer: Decision) -> None:
    from rich.console import Console
    from rich.table import Table

    assert isinstance(console, Console)
    table = Table(title=_aim(answer.question.goal), title_justify="left")
    table.add_column("")
    for number in range(1, len(answer.plans) + 1):
        table.add_column(f"plan {number}", justify="right")
    for path in answer.question.paths:
        table.add_row(path, *(_number(path, plan.numbers[path]) for plan in answer.plans))
    table.add_section()
    for name in SHOWN:
        values = [_told(plan.scenario, name) for plan in answer.plans]
        if any(value != "–" for value in values):
            table.add_row(name, *values)
    console.print(table)


def _aim(goal: Goal) -> str:
    return f"{'largest' if goal.is_largest else 'smallest'} {goal.path}"


def _told(scenario: Scenario, name: str) -> str:
    value = getattr(scenario, name)
    if value is None or (name == "pricing" and scenario.ownership == "owned"):
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _number(path: str, value: float | None) -> str:
    from engine.cli.readable import number, seconds

    if value is None:
        return "unknown"
    if path.endswith("_s"):
        return seconds(value)
    if path.startswith("score."):
        return f"{value * 100:.1f} %"
    return f"{value:.4g} B" if path == "parameters_billion" else number(path, value)


def sentence(binding: Binding, answer: Decision) -> str:
    """What one limit does to the answer."""
    limit, goal = binding.limit, answer.question.goal
    reached = _number(limit.path, binding.reached_number)
    if not answer.plans:
        alone = _number(limit.path, binding.alone_number)
        if binding.is_impossible:
            return f"{limit} cannot be met: the nearest, without any other limit, is {alone}."
        if binding.reached_number is None:
            return (
                f"{limit} can be met alone ({alone}); the others cannot be met without it either."
            )
        return f"{limit} can be met alone ({alone}); with the others kept the nearest is {reached}."
    if not binding.binds:
        return f"{limit} does not bind: the best plan has {reached}."
    told = [f"{limit} binds: the best plan has {reached}"]
    if binding.easier_number is not None:
        easier = _number(goal.path, binding.easier_number)
        told.append(f"a tenth looser, {goal.path} would be {easier}")
    if binding.without_number is not None:
        told.append(f"without it {_number(goal.path, binding.without_number)}")
    return "; ".join(told) + "."


def how_sure(answer: Decision) -> str:
    """What guarantees that nothing is better."""
    count = f"{answer.combination_count:,}"
    told = f"All {count} combinations were compared, each training at its fastest usual plan."
    if answer.guarantee == "finer-sizes":
        told = (
            f"{count} combinations were compared, all but sizes in full; "
            "sizes by a grid made finer around the best."
        )
    if answer.scored_precisions_only:
        told += " Training below 16 bits was not tried: how that changes the score is not known."
    return told


def _print_front(found: list[tuple[dict[str, object], dict[str, float]]], ways: list[Goal]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Nothing is better in all of these", title_justify="left")
    for way in ways:
        table.add_column(way.path, justify="right")
    table.add_column("plan")
    for choices, numbers in found:
        told = ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in choices.values())
        table.add_row(*(_number(w.path, numbers[w.path]) for w in ways), told)
    Console(highlight=False).print(table)
