"""What a decision may choose from: hardware, terms, precisions, counts, batches, places, models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine import catalogue
from engine.catalogue.schema import Model, Place
from engine.projection import hardware, money_hardware
from engine.projection.evidence import MEASURED_PREFIX, Evidence
from engine.projection.served_score import FULL
from engine.records import BadInput
from engine.scenario import Scenario
from engine.units import Float

Array = npt.NDArray[np.float64]
Changes = Mapping[str, object]
Only = Mapping[str, tuple[str, ...]]
"""Ids allowed, by choice: of hardware, place, model."""

CHOICES = (
    "hardware",
    "ownership",
    "training_device_count",
    "precision",
    "serving_precision",
    "serving_batch_count",
    "serving_tensor_parallel_count",
    "place",
)
"""Open unless they are to be kept. Ownership stands for the terms of rent as well."""
ALSO = ("model", "parameters_billion")
"""Kept unless they are to be opened."""

DEVICE_COUNTS: Array = np.exp2(np.arange(15, dtype=np.float64))
BATCHES: Array = np.exp2(np.arange(12, dtype=np.float64))
GROUPS: Array = np.exp2(np.arange(5, dtype=np.float64))
"""Devices that share the layers of a replica."""

NOT_PROPOSED = frozenset({"country:CUB", "country:IRN", "country:PRK", "country:SYR"})
"""Places that accelerators may not be exported to: looked at only where they are asked for.

Source: 15 CFR part 740, supplement 1, country group E,
https://www.ecfr.gov/current/title-15/subtitle-B/chapter-VII/subchapter-C/part-740
"""
OF_HARDWARE: Changes = {"usd_per_device_hour": None, "usd_per_device": None, "mfu": None}
OF_PLACE: Changes = {"electricity_usd_per_kwh": None, "carbon_kgco2e_per_kwh": None}
"""What was typed for the old one, and says nothing of another."""

SIXTEEN_BITS = ("bf16", "fp16", "fp32")
TERMS: tuple[Changes, ...] = (
    {"ownership": "owned"},
    {"ownership": "cloud", "pricing": "on_demand"},
    {"ownership": "cloud", "pricing": "reserved_1y"},
    {"ownership": "cloud", "pricing": "reserved_3y"},
)
"""Spot is tried only where it is the scenario's own choice: what is served may not vanish."""


@dataclass(frozen=True, slots=True)
class Places:
    """Places to choose from, as arrays."""

    ids: tuple[str, ...]
    usd_per_kwh: Array
    kgco2e_per_kwh: Array
    water_litres_per_kwh: Array
    """NaN where it is not known."""

    def at(self, index: Sequence[int] | npt.NDArray[np.intp]) -> Places:
        """Some of them."""
        return Places(
            tuple(self.ids[i] for i in index),
            self.usd_per_kwh[index],
            self.kgco2e_per_kwh[index],
            self.water_litres_per_kwh[index],
        )


RESTRICTED = {
    "hardware": catalogue.accelerator,
    "place": catalogue.place,
    "model": catalogue.model,
}
"""Choices whose options can be listed, and what knows them."""


def check(names: Sequence[str], only: Only) -> None:
    """Refuses what is not a choice of a decision.

    Raises:
        BadInput: one of them is not, or an id is not known.
    """
    for name, ids in only.items():
        if name not in RESTRICTED:
            raise BadInput(f"{name} cannot be restricted. Known: {', '.join(RESTRICTED)}.")
        for each in ids:
            if not each.startswith(MEASURED_PREFIX):
                RESTRICTED[name](each)
    for name in names:
        if name not in CHOICES + ALSO:
            raise BadInput(
                f"{name} is not a choice that is searched. Known: {', '.join(CHOICES + ALSO)}."
            )


def hardware_ids(scenario: Scenario, opened: Sequence[str], only: Only) -> tuple[str, ...]:
    """The scenario's own first, then every accelerator of the catalogue; or those allowed."""
    if "hardware" in only:
        return only["hardware"]
    if "hardware" not in opened:
        return (scenario.hardware,)
    others = [i for i in catalogue.accelerators() if i != scenario.hardware]
    return (scenario.hardware, *others)


def terms(
    scenario: Scenario, device: hardware.Device, opened: Sequence[str]
) -> list[dict[str, object]]:
    """Ways to have the hardware whose price is known; the scenario's own first."""
    own: dict[str, object] = {"ownership": scenario.ownership, "pricing": scenario.pricing}
    found = [own]
    if "ownership" in opened:
        others = [{"pricing": scenario.pricing} | dict(t) for t in TERMS]
        found += [
            t for t in others if t != own and not (t["ownership"] == own["ownership"] == "owned")
        ]
    return [t for t in found if _priced(scenario.model_copy(update=t), device)]


def _priced(scenario: Scenario, device: hardware.Device) -> bool:
    return money_hardware.usd_per_device_hour(scenario, device).known


def precisions(
    scenario: Scenario, device: hardware.Device, opened: Sequence[str], *, scored: bool
) -> tuple[str, ...]:
    """Precisions to train at: what runs natively; only those in the score where one counts."""
    if "precision" not in opened:
        return (scenario.precision,)
    native = [p for p in ("bf16", "fp16", "fp32") if device.runs_natively(p)][:1]
    native += [p for p in ("fp8",) if device.runs_natively(p) and not scored]
    return tuple(native) or (scenario.precision,)


def serving_precisions(
    scenario: Scenario,
    device: hardware.Device,
    opened: Sequence[str],
    *,
    generates: bool,
) -> tuple[str, ...]:
    """Precisions to serve at; 4-bit weights run anywhere, and are of use where text is written."""
    if "serving_precision" not in opened:
        return (scenario.serving_precision,)
    native = [p for p in ("bf16", "fp16", "fp32") if device.runs_natively(p)][:1]
    native += [p for p in ("fp8", "int8") if device.runs_natively(p)]
    native += ["int4"] if generates else []
    return tuple(native) or (scenario.serving_precision,)


def device_counts(scenario: Scenario, opened: Sequence[str]) -> Array:
    """Devices to train on: powers of two; one only where nothing is trained."""
    own = np.atleast_1d(np.asarray(scenario.training_device_count, dtype=np.float64))
    if "training_device_count" not in opened or np.all(
        np.asarray(scenario.training_run_count) == 0
    ):
        return own
    return np.union1d(DEVICE_COUNTS, own)


def serving_plans(
    scenario: Scenario, opened: Sequence[str], *, generates: bool
) -> dict[str, Array | None]:
    """Batches crossed with groups of devices; None leaves it to the projection."""
    batch = _open(scenario.serving_batch_count, "serving_batch_count", opened, BATCHES)
    group = _open(
        scenario.serving_tensor_parallel_count,
        "serving_tensor_parallel_count",
        opened if generates else (),
        GROUPS,
    )
    if np.all(np.asarray(scenario.requests_per_day) == 0):
        batch = group = np.array([np.nan])
    crossed = np.meshgrid(batch, group, indexing="ij")
    names = ("serving_batch_count", "serving_tensor_parallel_count")
    return {
        name: None if np.isnan(axis).any() else axis.ravel()
        for name, axis in zip(names, crossed, strict=True)
    }


def _open(own: object, name: str, opened: Sequence[str], values: Array) -> Array:
    if own is not None:
        return np.atleast_1d(np.asarray(own, dtype=np.float64))
    return values if name in opened else np.array([np.nan])


def places(scenario: Scenario, opened: Sequence[str], only: Only) -> Places:
    """The scenario's own place first, then every one whose price and carbon are known.

    Raises:
        BadInput: of none of those allowed, price and carbon are known.
    """
    own = _as_arrays([catalogue.place(scenario.place)])
    own = replace(
        own,
        usd_per_kwh=_typed(scenario.electricity_usd_per_kwh, own.usd_per_kwh),
        kgco2e_per_kwh=_typed(scenario.carbon_kgco2e_per_kwh, own.kgco2e_per_kwh),
    )
    if "place" not in opened:
        return own
    allowed = only.get("place", [i for i in catalogue.places() if i not in NOT_PROPOSED])
    others = _as_arrays([catalogue.place(i) for i in allowed if i != scenario.place])
    if scenario.place not in allowed:
        own = own.at([])
    names = ("usd_per_kwh", "kgco2e_per_kwh", "water_litres_per_kwh")
    arrays = {n: np.concatenate([getattr(own, n), getattr(others, n)]) for n in names}
    every = Places((*own.ids, *others.ids), **arrays)
    known = np.flatnonzero(np.isfinite(every.usd_per_kwh + every.kgco2e_per_kwh))
    if not known.size:
        raise BadInput("Of none of these places price and carbon of electricity are known.")
    return every.at(known)


def _typed(own: Float | None, known: Array) -> Array:
    return known if own is None else np.atleast_1d(np.asarray(own, dtype=np.float64))


def _as_arrays(found: Sequence[Place]) -> Places:
    def column(name: str) -> Array:
        facts = [getattr(place, name) for place in found]
        return np.array([np.nan if fact is None else float(fact.value) for fact in facts])

    return Places(
        tuple(place.id for place in found),
        column("price_usd_per_kwh"),
        column("carbon_kgco2e_per_kwh"),
        column("water_litres_per_kwh"),
    )


def keeps_score(before: Scenario, after: Scenario) -> bool:
    """Whether a plan answers as well as the scenario: nothing that its score rests on moved."""
    same = (before.model, before.parameters_billion) == (after.model, after.parameters_billion)
    return same and after.serving_precision in FULL | {before.serving_precision}


def useful_places(found: Places, columns: Sequence[str]) -> Places:
    """Those that no other beats in all that counts; without anything that counts, the first."""
    first = np.zeros(1, dtype=np.intp)
    if not columns or len(found.ids) == 1:
        return found.at(first)
    values = np.stack([np.nan_to_num(getattr(found, c), nan=np.inf) for c in columns], axis=1)
    return found.at(undominated(values))


def undominated(values: Array) -> npt.NDArray[np.intp]:
    """Rows that no other is at least as good as everywhere; of equal rows the first."""
    no_worse = (values[:, None, :] <= values[None, :, :]).all(axis=2)
    earlier = np.tri(len(values), k=-1, dtype=bool).T
    beats = no_worse & (~no_worse.T | earlier)
    np.fill_diagonal(beats, val=False)
    kept: npt.NDArray[np.intp] = np.flatnonzero(~beats.any(axis=0))
    return kept


def model_ids(
    scenario: Scenario, opened: Sequence[str], only: Only, scores: Mapping[str, float]
) -> tuple[str, ...]:
    """The scenario's own model; where models are open, all of its kind that score enough."""
    own = catalogue.model(scenario.model)
    if "model" in only:
        return only["model"]
    if "model" not in opened:
        return (scenario.model,)
    known = {i: catalogue.model(i) for i in catalogue.models()}
    alike = {i: m for i, m in known.items() if (m.family, m.item) == (own.family, own.item)}
    return tuple(i for i, m in alike.items() if _scores_enough(m, scores))


def _scores_enough(model: Model, scores: Mapping[str, float]) -> bool:
    known = {score.metric: score.value_share for score in model.scores}
    return all(known.get(metric, -np.inf) >= least for metric, least in scores.items())


def sizes_billion(scenario: Scenario, opened: Sequence[str], count: int) -> Array | None:
    """Sizes to start the search from, a thousandth to a thousand times the model's own."""
    if "parameters_billion" not in opened:
        return None
    own = catalogue.model(scenario.model).parameters_billion.value
    return np.geomspace(own / 1e3, min(own * 1e3, 10_000.0), count)


def device(scenario: Scenario, evidence: Evidence) -> hardware.Device:
    """The scenario's device with what was measured on it."""
    return hardware.device(scenario.hardware, evidence)


def on(scenario: Scenario, hardware_id: str) -> Scenario:
    """The scenario on other hardware; what was typed of the old one is left."""
    if hardware_id == scenario.hardware or hardware_id.startswith(MEASURED_PREFIX):
        return scenario.replace(hardware=hardware_id)
    return scenario.model_copy(update={"hardware": hardware_id, **OF_HARDWARE})
