"""Numbers and notes as people read them in a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from engine.records import Estimate, Note
from engine.units import Float

UNKNOWN = "–"
PREFIXES = (
    (1e24, "Y"),
    (1e21, "Z"),
    (1e18, "E"),
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
)
SMALL_PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"))

TITLES = {
    "parameter_count": "parameters",
    "item_count": "items trained on",
    "flop": "arithmetic",
    "mfu": "share of peak (MFU)",
    "memory_bytes_per_device": "memory per device",
    "memory_fit_share": "of usable memory",
    "it_energy_kwh": "energy, computers",
    "facility_energy_kwh": "energy, building included",
    "cost_usd_per_month": "cost per month",
    "requests_per_s_per_replica": "requests per replica",
    "peak_requests_per_s": "requests at peak",
    "replica_count": "replicas",
    "device_count": "devices",
    "network_bytes": "traffic",
    "network_usd": "traffic",
    "checkpoint_bytes": "checkpoints",
    "artefact_bytes": "weights to serve",
    "cost_usd_per_thousand_requests": "cost of 1,000 requests",
    "cost_usd_per_million_items": "cost of 1,000,000 items",
    "npv_usd": "net present value",
    "npv_if_never_wrong_usd": "net present value if never wrong",
    "irr_share_per_year": "internal rate of return, a year",
    "usd_per_right_outcome": "cost per successful outcome",
    "payback_months": "payback",
    "break_even_outcomes_per_day": "break-even volume, outcomes a day",
    "break_even_right_share": "break-even accuracy",
    "model_right_share": "accuracy of the model alone",
    "right_share": "accuracy, review included",
    "gained_usd_per_outcome": "gained per outcome",
    "model_cost_usd": "cost of the model",
    "net_usd_per_year": "net value a year",
    "social_usd": "social value (no cash)",
    "external_usd": "cost to others: carbon, water (no cash)",
}

PART_WORDS = {"memory_parts.": "memory: ", "step_time.": "step: ", "methods.": "all, method "}

NOTES = {
    "does-not-fit": "Training does not fit: one device would need {share:.2f} of its "
    "usable memory. Take more devices, more memory or a smaller model.",
    "too-few-devices": "The widths chosen take {count:g} devices, more than there are. "
    "Choose smaller ones, or leave them open.",
    "batch-too-small": "The batch chosen is less than a sequence for each copy of the model: "
    "{count:,.0f} tokens are taken.",
    "adapter-not-known": "No layers are known for this model, so no adapter is: "
    "all of it is taken to learn.",
    "price-unknown": "No price is known for {hardware}. Set {set} to see the money.",
    "price-old": "The price of {hardware} on record is of {date}, more than a year ago. "
    "Set {set} if you know a newer one.",
    "electricity-price-old": "The electricity price of {place} on record is of {date}, "
    "more than a year ago. Set {set} if you know a newer one.",
    "storage-price-old": "The storage prices of {provider} on record are of {date}, "
    "more than a year ago.",
    "electricity-price-unknown": "No electricity price is known for {place}. Set {set}.",
    "power-unknown": "The power of {hardware} is not known, so nor are energy and carbon.",
    "carbon-unknown": "No carbon intensity is known for {place}. Set {set}.",
    "precision-not-native": "{hardware} has no {precision} arithmetic; "
    "the nearest it has was taken.",
    "outside-fitted": "The published runs behind the speed hold nothing like this {quantity}, "
    "so the range is wider.",
    "serving-not-fitted": "No published serving was like this in its {trait}, "
    "so the range is wider.",
    "latency-goal-missed": "No batch keeps the latency goals on this hardware. "
    "Take faster hardware, more devices a replica or a looser goal.",
    "weights-do-not-fit": "Serving does not fit: the weights take {share:.2f} of the memory, so "
    "the rest is read from the host in every step. Take more devices, or fewer bits.",
    "batch-limited-by-memory": "Memory holds {count:.0f} requests at once, fewer than were asked.",
    "outside-measured": "{metric}: {quantity} outside the range it was fitted to, so less sure.",
    "noisy-measurements": "The training steps measured here disagree by {share:.0%}, "
    "so they are not used. Measure again on a quiet machine.",
    "repeated-data": "{epochs:g} passes over the same data: repeats are worth less and less.",
    "little-data": "{ratio:.2g} tokens for each parameter: about {best:g} are best for the cost, "
    "so a smaller model on more text would score as high for less.",
    "score-before-tuning": "The score is that of the model before tuning; what an adapter adds "
    "on your own task is not known.",
    "memory-unknown": "The memory of the device is not known, so nor is what serving takes.",
    "quality-unpredictable": "Size does not predict the quality of a {family}, so none is given.",
    "served-score-unknown": "What serving in {served} does to the score of a {family} was not "
    "published or measured, so no score is given. At 16 bits there is one.",
    "serves-too-little": "The scenario serves {served:,.0f} requests a day; in its busiest month "
    "the use needs {wanted:,.0f}. Set requests_per_day to pay for them.",
    "too-few-sizes": "Accuracy on {task} needs {needed:g} measured sizes; there are {have:g}. "
    "Run `modelworth measure`.",
}


def title(name: str) -> str:
    """What a number is, in words, without its unit: `bill.cost_usd` is `cost`."""
    bare = name.removeprefix("bill.").removeprefix("plan.")
    for prefix, words in PART_WORDS.items():
        if bare.startswith(prefix):
            return words + title(bare.removeprefix(prefix))
    if bare in TITLES:
        return TITLES[bare]
    for suffix in ("_kgco2e", "_kwh", "_usd", "_nats", "_share", "_bytes", "_h", "_s"):
        bare = bare.removesuffix(suffix)
    return bare.replace("_", " ")


def amount(name: str, estimate: Estimate) -> str:
    """A number with its unit, or a dash where it is unknown."""
    return UNKNOWN if estimate.value is None else number(name, estimate.value)


def number(name: str, value: Float) -> str:
    """A number with the unit its name says; the range of an array."""
    values = np.asarray(value, dtype=np.float64).ravel()
    shown = _format_of(name)
    low, high = float(values.min()), float(values.max())
    return shown(low) if low == high else f"{shown(low)} … {shown(high)}"


def note_sentence(note: Note) -> str:
    """A note as a sentence."""
    return NOTES[note.code].format(**note.values)


def _format_of(name: str) -> Callable[[float], str]:
    for part, shown in FORMATS:
        if part in name:
            return shown
    return plain_number


def plain_number(value: float) -> str:
    """Three or four digits that matter, thousands apart."""
    if math.isnan(value):
        return UNKNOWN
    if value == 0 or abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 1 else f"{value:.3g}"


def money(value: float) -> str:
    """US dollars."""
    return f"${plain_number(value) if abs(value) >= 1e3 or value == 0 else format(value, '.4g')}"


def share(value: float) -> str:
    """A share of one as a percentage."""
    return f"{value * 100:.1f} %"


def duration(value: float) -> str:
    """Hours, as days once there are many and as minutes or seconds where there is not one."""
    if value >= 48:
        return f"{value / 24:,.1f} days"
    if value >= 1:
        return f"{value:.3g} h"
    return f"{value * 60:.3g} min" if value * 60 >= 1 else seconds(value * 3600)


def seconds(value: float) -> str:
    """Seconds, milliseconds or microseconds."""
    scale, prefix = next((p for p in SMALL_PREFIXES if value >= p[0]), SMALL_PREFIXES[-1])
    return f"{value / scale:.3g} {prefix}s"


def scaled(unit: str) -> Callable[[float], str]:
    """A formatter that writes large amounts with a prefix, as in 3.14 ZFLOP."""

    def shown(value: float) -> str:
        scale, prefix = next((p for p in PREFIXES if value >= p[0]), (1.0, ""))
        return f"{value / scale:.3g} {prefix}{unit}"

    return shown


def with_unit(unit: str) -> Callable[[float], str]:
    """A formatter that writes the number and a unit after it."""
    return lambda value: f"{plain_number(value)} {unit}"


FORMATS: tuple[tuple[str, Callable[[float], str]], ...] = (
    ("step_time.", seconds),
    ("interval_h", duration),
    ("usd", money),
    ("kgco2e", with_unit("kg CO₂e")),
    ("kwh", with_unit("kWh")),
    ("bytes", scaled("B")),
    ("memory_fit_share", share),
    ("mfu", share),
    ("share", share),
    ("flop", scaled("FLOP")),
    ("nats", with_unit("nats")),
    ("requests_per_s", with_unit("/s")),
    ("latency_s", seconds),
    ("device_hours", with_unit("h")),
    ("time_h", duration),
    ("payback_months", with_unit("months")),
)
"""First match in the name counts."""
