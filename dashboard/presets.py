"""Ready scenarios to start from, and what changes with another model."""

from collections.abc import Mapping

from dashboard.link import Choice
from engine import catalogue
from engine.catalogue.schema import Model
from engine.scenario import Scenario
from engine.units import BILLION, MILLION
from engine.usual_work import usual_work

PRESETS: Mapping[str, Mapping[str, Choice]] = {
    "start": {},
    "news": {
        "model": "bert-base",
        "dataset_items_billion": 40 * MILLION / BILLION,
        "epoch_count": 3.0,
        "training_run_count": 5.0,
        "hardware": "l4",
        "training_device_count": 1.0,
        "ownership": "cloud",
        "requests_per_day": 100_000.0,
        "input_items_per_request": 200.0,
        "output_items_per_request": 0.0,
        "horizon_months": 12.0,
    },
    "images": {
        "model": "resnet-50",
        "dataset_items_billion": 1.28 * MILLION / BILLION,
        "epoch_count": 90.0,
        "training_run_count": 5.0,
        "hardware": "a100-sxm-80gb",
        "training_device_count": 8.0,
        "ownership": "cloud",
        "requests_per_day": 1_000_000.0,
        "input_items_per_request": 1.0,
        "output_items_per_request": 0.0,
        "horizon_months": 24.0,
    },
    "assistant": {
        "model": "llama-3.1-8b",
        "ownership": "cloud",
    },
    "finetune": {
        "model": "llama-2-7b",
        "tuning": "lora",
        "dataset_items_billion": 50 * MILLION / BILLION,
        "epoch_count": 3.0,
        "training_run_count": 5.0,
        "training_device_count": 8.0,
        "ownership": "cloud",
        "requests_per_day": 10_000.0,
        "horizon_months": 12.0,
    },
    "large": {
        "model": "llama-3.1-70b",
        "dataset_items_billion": 1_400.0,
        "training_device_count": 1_024.0,
        "requests_per_day": 1_000_000.0,
    },
    "frontier": {
        "model": "gpt-3-175b",
        "dataset_items_billion": 300.0,
        "hardware": "a100-sxm-80gb",
        "training_device_count": 1_024.0,
        "requests_per_day": 1_000_000.0,
        "place": "us:IA",
    },
}
"""Changes from the default scenario, in menu order."""


def after_model(before: str, after: str) -> dict[str, Choice]:
    """What else changes when another model is taken: its own size, and its kind of work."""
    changes: dict[str, Choice] = {
        "model": after,
        "parameters_billion": None,
        "dataset_bytes_per_item": None,
        "sequence_tokens": None,
    }
    old, new = catalogue.model(before), catalogue.model(after)
    if _kind(old) != _kind(new):
        changes |= usual_work(new)
    return changes


def _kind(model: Model) -> tuple[str, bool]:
    return model.item, model.generates


def matching(chosen: Mapping[str, Choice]) -> str | None:
    """The preset these choices are, if they are one."""
    wanted = _unusual(chosen)
    return next((name for name, choices in PRESETS.items() if _unusual(choices) == wanted), None)


def _unusual(choices: Mapping[str, Choice]) -> dict[str, Choice]:
    fields = Scenario.model_fields
    return {name: value for name, value in choices.items() if value != fields[name].default}
