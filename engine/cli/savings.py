"""`modelworth savings`: what would cut the bill from here, the largest saving first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli import AsJson, ScenarioFile, Settings, print_json

if TYPE_CHECKING:
    from engine.projection.build_or_buy import BuildOrBuy
    from engine.projection.compression import Effect
    from engine.projection.savings import Saving
    from engine.units import Float

app = typer.Typer()


@app.command()
def savings(
    file: ScenarioFile = None,
    settings: Settings = None,
    client_count: Annotated[
        float, typer.Option("--clients", min=2, max=1e6, help="Clients that learn together.")
    ] = 10.0,
    round_count: Annotated[
        float, typer.Option("--rounds", min=1, max=1e5, help="Rounds in which they do.")
    ] = 50.0,
    as_json: AsJson = False,
) -> None:
    """Print every lever that cuts the bill: what it changes, saves, and costs elsewhere."""
    from rich.console import Console

    from engine import catalogue
    from engine.cli.readable import number
    from engine.cli.scenarios import stored_evidence, typed_scenario
    from engine.projection.build_or_buy import build_or_buy
    from engine.projection.federated import federation
    from engine.projection.savings import savings as savings_of
    from engine.projection.served_score import effects_on
    from engine.projection.sized import sized

    evidence = stored_evidence()
    scenario = typed_scenario(file, settings or [], evidence)
    found = savings_of(scenario, evidence)
    model = sized(scenario, catalogue.model(scenario.model))
    effects = effects_on(model, evidence)
    shared = federation(scenario, model, evidence, client_count, round_count)
    bought = None if scenario.api_model is None else build_or_buy(scenario, evidence)
    if as_json:
        print_json(
            {
                "savings": [as_document(saving) for saving in found],
                "build_or_buy": None if bought is None else asdict(bought),
                "compression": [effect_as_document(effect) for effect in effects],
                "federated": {
                    "client_count": client_count,
                    "round_count": round_count,
                    "up_bytes": shared.up_bytes.value,
                    "down_bytes": shared.down_bytes.value,
                    "effects": [effect_as_document(effect) for effect in shared.effects],
                },
            }
        )
        return
    _print(found)
    _print_effects("What making the model smaller does to its score", effects)
    _print_effects("What training where the data is, or in private, does to it", shared.effects)
    if shared.up_bytes.value is not None:
        each = number("up_bytes", shared.up_bytes.value)
        clients = f"{client_count:g} clients over {round_count:g} rounds"
        Console(highlight=False).print(f"• {clients} send {each} up, and get as much down.")
    if bought is not None:
        _print_bought(bought, str(scenario.api_model))


def as_document(saving: Saving) -> dict[str, object]:
    """A saving as plain data."""
    return {
        "lever": saving.lever,
        "changes": dict(saving.changes),
        "saved_usd": saving.saved_usd,
        "saved_share": saving.saved_share,
        "score_change_share": saving.score_change_share,
        "score_change_range_share": saving.score_change_range_share,
        "kind": saving.kind,
        "carbon_change_kgco2e": saving.carbon_change_kgco2e,
        "training_time_ratio": saving.training_time_ratio,
        "answer_time_ratio": saving.answer_time_ratio,
    }


def effect_as_document(effect: Effect) -> dict[str, object]:
    """What one way of compression does to the score, as plain data."""
    change = effect.change_share
    return {
        "technique": effect.technique,
        "setting": effect.setting,
        "score_change_share": change.value,
        "score_change_range_share": [change.low, change.high] if change.known else None,
        "kind": change.kind,
        "unknown_because": "" if change.known else change.note,
        "model_count": effect.model_count,
        "row_count": effect.row_count,
        "seen_share": effect.seen_share,
    }


def _print_effects(title: str, effects: Sequence[Effect]) -> None:
    from rich.console import Console
    from rich.table import Table

    if not effects:
        return
    table = Table(title=title, title_justify="left")
    for heading in ("way", "setting"):
        table.add_column(heading)
    for heading in ("score", "rows between", "models", "rows"):
        table.add_column(heading, justify="right")
    table.add_column("known by")
    for effect in effects:
        change, seen = effect.change_share, effect.seen_share
        ends = None if change.low is None or change.high is None else (change.low, change.high)
        known = None if change.value is None else float(change.value)
        lacking = "too few models" if effect.model_count else "none on record"
        table.add_row(
            effect.technique.replace("-", " "),
            effect.setting,
            f"unknown: {lacking}" if known is None else _points(known, ends),
            "" if seen is None else f"{seen[0] * 100:+.1f} to {seen[1] * 100:+.1f}",
            str(effect.model_count),
            str(effect.row_count),
            change.kind,
        )
    Console(highlight=False).print(table)


def _print(found: list[Saving]) -> None:
    from rich.console import Console
    from rich.table import Table

    from engine.cli.readable import money, share

    console = Console(highlight=False)
    if not found:
        console.print("Nothing known cuts this bill, or the bill is unknown.")
        return
    table = Table()
    table.add_column("lever")
    for heading in ("saves", "of bill", "score", "training time", "answer time"):
        table.add_column(heading, justify="right")
    table.add_column("known by")
    table.add_column("change")
    for saving in found:
        change = ", ".join(f"{k}={_told(v)}" for k, v in saving.changes.items())
        table.add_row(
            saving.lever.replace("_", " "),
            money(saving.saved_usd),
            share(saving.saved_share),
            _points(saving.score_change_share, saving.score_change_range_share),
            _times(saving.training_time_ratio),
            _times(saving.answer_time_ratio),
            saving.kind,
            change,
        )
    console.print(table)


def _print_bought(found: BuildOrBuy, seller: str) -> None:
    from rich.console import Console

    from engine.cli.readable import money, plain_number

    told = f"{seller} would ask {money(found.api_usd)}, one's own costs {money(found.own_usd)}"
    crossing = found.break_even_requests_per_day
    if crossing is None:
        told += "; at no load is one's own cheaper."
    else:
        told += f"; from {plain_number(crossing)} requests a day on one's own is cheaper."
    Console(highlight=False).print(f"• {told}", markup=False)


def _told(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _points(change_share: float | None, ends: tuple[Float, Float] | None) -> str:
    if change_share is None:
        return "unknown"
    if change_share == 0:
        return "same"
    around = "" if ends is None else f" ({ends[0] * 100:+.1f} to {ends[1] * 100:+.1f})"
    return f"{change_share * 100:+.1f}{around} points"


def _times(time_ratio: float | None) -> str:
    return "–" if time_ratio is None else f"{time_ratio:.2f} ×"
