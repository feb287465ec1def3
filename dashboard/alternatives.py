"""Other scenarios beside the one in the address: what each changes stands in the address too."""

from collections.abc import Mapping

from pydantic import ValidationError

from dashboard import link
from dashboard.link import Choice
from engine.scenario import Scenario

SLOTS = ("vs", "vs2", "vs3")
"""Where the address holds them."""

BETWEEN, OF = ";", "~"

OTHERS: Mapping[str, tuple[str, str]] = {
    "hardware": ("h200-sxm", "h100-sxm"),
    "place": ("country:SWE", "us:US"),
    "ownership": ("cloud", "owned"),
    "pricing": ("spot", "on_demand"),
    "serving_precision": ("int8", "bf16"),
    "precision": ("fp8", "bf16"),
    "model": ("llama-3.1-70b", "llama-3.1-8b"),
}
"""What a choice starts from in an alternative: the first of two that it is not by now."""


def other(name: str, now: Choice) -> Choice:
    """Another value of a choice, so that there is a difference to see; a number stays."""
    return next((value for value in OTHERS.get(name, ()) if value != now), now)


def changes(slot: str) -> dict[str, Choice]:
    """What an alternative changes, by Scenario field; what cannot be had is left out."""
    found: dict[str, Choice] = {}
    for part in link.get(slot).split(BETWEEN):
        name, _, text = part.partition(OF)
        if name not in Scenario.model_fields:
            continue
        try:
            value = link.value(name, text)
            found[name] = getattr(Scenario.model_validate({name: value}), name)
        except (ValidationError, ValueError):
            continue
    return found


def change(slot: str, choices: Mapping[str, Choice]) -> None:
    """Write what an alternative changes into the address; nothing leaves it."""
    parts = [f"{k}{OF}{link.written(v)}" for k, v in choices.items() if v is not None]
    link.write({slot: BETWEEN.join(parts) or None})


def scenarios(now: Scenario) -> dict[str, Scenario]:
    """Every alternative that changes something, by slot."""
    found = {slot: changes(slot) for slot in SLOTS}
    return {slot: now.replace(**made) for slot, made in found.items() if made}
