"""What landmark models cost to train, by Epoch's way of counting, beside what Epoch published.

Inputs are the hardware, the device-hours and the date that were published of the run, here or in
the catalogue's landmarks; prices are those of the catalogue when the hardware came out. Runs
without published device-hours, or on hardware whose price is not known, are refused.

Source: Cottier et al. 2024, https://arxiv.org/abs/2405.21015
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from engine import catalogue
from engine.catalogue.schema import Accelerator
from engine.projection.money_methods import training_cost_methods
from engine.units import DAYS_PER_YEAR, HOURS_PER_DAY
from engine.validation.accelerator_names import accelerator_of
from engine.validation.range_widths import HELD_PERCENT
from engine.validation.rows import Prediction, Range, Row, number, published
from engine.validation.score import Scores, compared, scores

ANSWERS = ("cloud_usd", "purchase_usd", "amortised_usd")
ANSWER = "amortised_usd"
USD_PER_KWH = 0.07
PUE = 1.1
POWER_SHARE = 0.75
LEAD_DAYS = 90.0
"""From the hardware's release until it can be had, and from a run's end until it is told of."""


def predict(rows: Sequence[Row], runs: Sequence[Row]) -> list[Prediction]:
    """Amortised hardware and energy of each model, from what was published of its run."""
    by_model = {row["model"]: row for row in (*_landmark_runs(), *runs)}
    return [_prediction(by_model.get(row.get("model", ""))) for row in rows]


def _prediction(run: Row | None) -> Prediction:
    hours = number(run.get("device_hours")) if run is not None else None
    if run is None or hours is None:
        return Prediction(refused_because="device-hours of the run are not published")
    found = accelerator_of(run)
    if found is None or found[1].price_usd is None or found[1].released is None:
        return Prediction(refused_because="no price of the hardware is known")
    costs = training_cost_methods(
        hours,
        number(run.get("n_devices")) or 1.0,
        usd_per_device_hour=0.0,
        **_prices(found[1]),
        usd_per_kwh=USD_PER_KWH,
        pue=PUE,
        power_share=POWER_SHARE,
        age_years=_age_years(found[1], run, hours),
    )
    answers = {ANSWER: Range(float(costs.amortised_usd))}
    flags = () if found[1].tdp_w else ("energy-not-counted",)
    return Prediction("assumed", answers, flags)


def _prices(accelerator: Accelerator) -> Mapping[str, float]:
    server = catalogue.assumption("server_price_ratio").value
    price = accelerator.price_usd.value if accelerator.price_usd else 0.0
    return {
        "server_usd_per_device": price * server,
        "tdp_w": accelerator.tdp_w.value if accelerator.tdp_w else 0.0,
        "server_power_ratio": 1.0 + catalogue.assumption("host_power_share").value,
        "interconnect_share": catalogue.assumption("interconnect_share").value,
        "price_performance_orders_per_year": catalogue.assumption(
            "price_performance_orders_per_year"
        ).value,
    }


def _age_years(accelerator: Accelerator, run: Row, hours: float) -> float:
    told = date.fromisoformat(run.get("source_date", "")[:10])
    released = accelerator.released or told
    running = hours / (number(run.get("n_devices")) or hours) / HOURS_PER_DAY
    return max(((told - released).days - 2 * LEAD_DAYS - running) / DAYS_PER_YEAR, 0.0)


def _landmark_runs() -> list[Row]:
    """The catalogue's landmarks as runs: the hardware, hours and date they were told with."""
    return [
        {
            "model": landmark.name,
            "hardware": landmark.device,
            "device_hours": f"{landmark.device_hours}",
            "source_date": landmark.published.isoformat(),
        }
        for landmark in catalogue.landmarks()
        if landmark.device_hours is not None
    ]


def landmark_rows() -> list[Row]:
    """What the catalogue's landmarks are published to have cost, as rows of the cost table."""
    return [
        {
            "model": landmark.name,
            "amortised_usd": f"{landmark.amortised_usd}",
            "source_id": landmark.source.title,
        }
        for landmark in catalogue.landmarks()
        if landmark.amortised_usd is not None
    ]


def scored(rows: Sequence[Row], runs: Sequence[Row]) -> Scores:
    """Errors of the amortised cost, of the table's models and of the catalogue's landmarks."""
    everything = [*rows, *landmark_rows()]
    predictions = _with_ranges(everything, predict(everything, runs))
    return scores(compared(everything, predictions, (ANSWER,)))


def _with_ranges(rows: Sequence[Row], predictions: Sequence[Prediction]) -> list[Prediction]:
    """Each with the factor up and down that held nine tenths of all other models.

    Source: Barber et al. 2021, "Predictive inference with the jackknife+",
    https://arxiv.org/abs/1905.02928
    """
    missed = {
        row["model"]: abs(math.log(value / part.value))
        for row, p in zip(rows, predictions, strict=True)
        if (part := p.answers.get(ANSWER)) and (value := published(row, ANSWER))
    }
    return [
        _ranged(p, [log for model, log in missed.items() if model != row["model"]])
        for row, p in zip(rows, predictions, strict=True)
    ]


def _ranged(prediction: Prediction, missed: Sequence[float]) -> Prediction:
    if ANSWER not in prediction.answers:
        return prediction
    value = prediction.answers[ANSWER].value
    ratio = float(np.exp(np.percentile(missed, HELD_PERCENT, method="higher")))
    answer = Range(value, value / ratio, value * ratio)
    return replace(prediction, answers={ANSWER: answer})
