"""What the reader must know beside the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from engine import catalogue
from engine.elementwise import anywhere
from engine.projection import energy, money_hardware, storage_prices
from engine.projection.hardware import Device
from engine.projection.item_times import WORST_RESIDUAL_SHARE
from engine.projection.replicas import Service
from engine.projection.site import Site
from engine.projection.sized import Sized
from engine.projection.training import Work
from engine.projection.training_plan import has_adapter
from engine.records import Estimate, Note
from engine.scenario import Scenario
from engine.units import BILLION

OLDEST_PRICE = timedelta(days=365)
ROUNDING = 1e-9

REPEATS_WORTH_LITTLE = 4.0
"""Passes over the same text after which more teach a language model little.

Source: Muennighoff et al. 2023, https://arxiv.org/abs/2305.16264
"""

BEST_TOKENS_PER_PARAMETER = 20.0
"""Where arithmetic spent on size and on text buys as much.

Source: Hoffmann et al. 2022, https://arxiv.org/abs/2203.15556, table 3
"""
WEIGHTS_ONLY = frozenset({"int8", "int4"})
"""Served with products at 16 bits on any hardware."""
MUCH_TOO_FEW = 10.0
"""So many times fewer are told."""


def notes(
    scenario: Scenario,
    device: Device,
    model: Sized,
    terms: Site,
    work: Work,
    service: Service,
) -> tuple[Note, ...]:
    """Everything about a projection that a number alone does not say."""
    return (
        *_memory(work),
        *_plan(scenario, model, work),
        *_prices(scenario, device, terms),
        *_price_ages(scenario, device),
        *_precision(scenario, device),
        *_measured_range(scenario, device, model),
        *_fitted_range(work),
        *_data(scenario, model, service),
        *service.speed.notes,
    )


def _memory(work: Work) -> Iterator[Note]:
    fit_share = work.memory_fit_share.value
    if fit_share is not None and anywhere(fit_share > 1):
        yield Note("does-not-fit", {"share": float(np.max(fit_share))})


def _plan(scenario: Scenario, model: Sized, work: Work) -> Iterator[Note]:
    least = work.least_device_count
    if anywhere(least > scenario.training_device_count):
        yield Note("too-few-devices", {"count": float(np.max(least))})
    yield from _batch(scenario, work)
    if scenario.tuning != "full" and not has_adapter(scenario, model):
        yield Note("adapter-not-known", {})


def _batch(scenario: Scenario, work: Work) -> Iterator[Note]:
    """A batch too small to give every copy of the model a sequence is not what is taken."""
    if scenario.global_batch_tokens is None or work.plan is None:
        return
    copies, size = work.plan.data_count.value, work.plan.micro_batch_tokens.value
    assert copies is not None
    assert size is not None
    least = np.multiply(copies, size)
    if anywhere(scenario.global_batch_tokens < least * (1 - ROUNDING)):
        yield Note("batch-too-small", {"count": float(np.max(least))})


def _prices(scenario: Scenario, device: Device, terms: Site) -> Iterator[Note]:
    if not terms.usd_per_device_hour.known:
        cloud = scenario.ownership == "cloud"
        field = "usd_per_device_hour" if cloud else "usd_per_device"
        yield Note("price-unknown", {"hardware": device.name, "set": field})
    if terms.electricity_in_rent is None and not terms.usd_per_kwh.known:
        yield _place(scenario, "electricity-price-unknown", "electricity_usd_per_kwh")
    if not energy.training_power_w(device).known:
        yield Note("power-unknown", {"hardware": device.name})
    if not terms.bought_kgco2e_per_kwh.known:
        yield _place(scenario, "carbon-unknown", "carbon_kgco2e_per_kwh")


def _price_ages(scenario: Scenario, device: Device) -> Iterator[Note]:
    """Prices that were taken although a year or more has passed since they held."""
    oldest = datetime.now(UTC).date() - OLDEST_PRICE
    held = money_hardware.price_date(scenario, device)
    if held is not None and held < oldest:
        cloud = scenario.ownership == "cloud"
        field = "usd_per_device_hour" if cloud else "usd_per_device"
        values = {"hardware": device.name, "date": held.isoformat(), "set": field}
        yield Note("price-old", values)
    if scenario.ownership == "owned" and scenario.electricity_usd_per_kwh is None:
        tariff = catalogue.place(scenario.place).price_usd_per_kwh
        if tariff is not None and tariff.as_of is not None and tariff.as_of < oldest:
            date, field = tariff.as_of.isoformat(), "electricity_usd_per_kwh"
            values = {"place": scenario.place, "date": date, "set": field}
            yield Note("electricity-price-old", values)
    kept = storage_prices.price_date(scenario.storage_provider)
    if kept is not None and kept < oldest:
        values = {"provider": scenario.storage_provider, "date": kept.isoformat()}
        yield Note("storage-price-old", values)


def _place(scenario: Scenario, code: str, field: str) -> Note:
    return Note(code, {"place": scenario.place, "set": field})


def _precision(scenario: Scenario, device: Device) -> Iterator[Note]:
    served = scenario.serving_precision
    asked = {scenario.precision} | ({served} if served not in WEIGHTS_ONLY else set())
    for precision in sorted(asked):
        if not device.runs_natively(precision):
            yield Note("precision-not-native", {"hardware": device.name, "precision": precision})


def _measured_range(scenario: Scenario, device: Device, model: Sized) -> Iterator[Note]:
    found = device.evidence.step_time_fits.get(scenario.precision) if device.evidence else None
    count = _number(model.parameter_count)
    if found is None or model.known.family != "decoder" or count is None:
        return
    fit = found[0]
    if fit.residual_share > WORST_RESIDUAL_SHARE:
        yield Note("noisy-measurements", {"share": fit.residual_share})
        return
    low, high = fit.smallest_parameter_count, fit.largest_parameter_count
    if np.any(count < low) or np.any(count > high):
        yield Note("outside-measured", {"quantity": "parameters", "metric": "training step time"})


def _fitted_range(work: Work) -> Iterator[Note]:
    if work.is_outside_fit:
        values = {"quantity": "training compute", "metric": "training step time"}
        yield Note("outside-measured", values)


def _data(scenario: Scenario, model: Sized, service: Service) -> Iterator[Note]:
    repeated = anywhere(scenario.epoch_count > REPEATS_WORTH_LITTLE)
    if repeated and model.known.family == "decoder":
        yield Note("repeated-data", {"epochs": float(np.max(scenario.epoch_count))})
    yield from _little_data(scenario, model)
    if not service.devices_per_replica.known:
        yield Note("memory-unknown", {})


def _little_data(scenario: Scenario, model: Sized) -> Iterator[Note]:
    """A large model on little text: a smaller one would learn as much for less."""
    count = _number(model.active_parameter_count)
    if model.known.family != "decoder" or scenario.tuning != "full" or count is None:
        return
    if not anywhere(scenario.training_run_count > 0):
        return
    read = np.multiply(scenario.dataset_items_billion, scenario.epoch_count) * BILLION
    ratio = float(np.min(read / count))
    if ratio < BEST_TOKENS_PER_PARAMETER / MUCH_TOO_FEW:
        yield Note("little-data", {"ratio": ratio, "best": BEST_TOKENS_PER_PARAMETER})


def _number(estimate: Estimate) -> np.ndarray | None:
    return None if estimate.value is None else np.asarray(estimate.value)
