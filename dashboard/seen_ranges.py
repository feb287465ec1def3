"""The range of what was measured or published behind a choice: its soft bounds."""

from collections.abc import Mapping
from functools import cache

from dashboard.headlines import scalar
from engine import catalogue
from engine.catalogue.schema import Model
from engine.projection.serving_setting import setup
from engine.projection.throughput_fit import throughput_fit
from engine.records import Projection
from engine.scenario import Scenario
from engine.units import BILLION

Range = tuple[float, float]

TRAINED = {
    "parameters_billion": ("multiplied_parameter_count", BILLION),
    "training_device_count": ("device_count", 1.0),
    "sequence_tokens": ("sequence_tokens", 1.0),
}
"""Choices by what the fit of training saw of them, and its unit."""
SERVED = {
    "parameters_billion": ("parameter_count", BILLION),
    "input_items_per_request": ("input_tokens", 1.0),
    "output_items_per_request": ("output_tokens", 1.0),
    "serving_batch_count": ("running_batch_count", 1.0),
    "serving_tensor_parallel_count": ("device_count", 1.0),
}
"""The same of serving."""
FLOP_PER_PARAMETER_AND_TOKEN = 6.0
"""As the compute of the curves of scores is counted."""


def ranges(scenario: Scenario, answer: Projection) -> dict[str, Range]:
    """Lowest and highest seen, by choice; a choice without a range is left out."""
    model = catalogue.model(scenario.model)
    found = {"electricity_usd_per_kwh": _prices()}
    if model.item == "token" and scenario.training_run_count:
        found |= {name: _in(throughput_fit().seen, *at) for name, at in TRAINED.items()}
        found |= _data(model, answer)
    if model.generates and scenario.requests_per_day:
        for name, at in SERVED.items():
            low, high = _in(setup()["reach"], *at)
            kept = found.get(name, (low, high))
            found[name] = max(low, kept[0]), min(high, kept[1])
    return found


def _in(seen: Mapping[str, Range], name: str, unit: float) -> Range:
    low, high = seen[name]
    return low / unit, high / unit


def _data(model: Model, answer: Projection) -> dict[str, Range]:
    """Tokens with which a model of this size is within the compute its curve was fitted to."""
    metric, size = answer.quality.metric, scalar(answer.training.parameter_count.value)
    if model.family != "decoder" or metric is None or not size:
        return {}
    curve = catalogue.quality_curve(metric)
    if curve.fit_flop_low is None or curve.fit_flop_high is None:
        return {}
    each = FLOP_PER_PARAMETER_AND_TOKEN * size * model.active_share * BILLION
    return {"dataset_items_billion": (curve.fit_flop_low / each, curve.fit_flop_high / each)}


@cache
def _prices() -> Range:
    """Of all places on record."""
    prices = [catalogue.place(name).price_usd_per_kwh for name in catalogue.places()]
    known = [price.value for price in prices if price is not None]
    return min(known), max(known)
