"""What a decision works out once and shares: training, serving and prices of a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine import catalogue
from engine.projection import (
    cost,
    decision_options,
    evaluation,
    money_hardware,
    preparation,
    replicas,
    site,
    stages,
    storage,
    water,
)
from engine.projection import training as training_work
from engine.projection.decision_axes import (
    PLACE,
    SERVE,
    SIZE,
    TRAIN,
    Array,
    along,
    four,
    least,
    with_choices,
)
from engine.projection.deployment import serving_memory, times
from engine.projection.hardware import Device
from engine.projection.money_hardware import choice_or
from engine.projection.sized import Sized, sized
from engine.projection.training_plan import Planned, planned_together
from engine.projection.working import derive
from engine.records import Bill, Estimate, Training
from engine.scenario import Scenario

if TYPE_CHECKING:
    from engine.projection.decision_blocks import Space


class Alike:
    """Makers of one model, whose plans of training are made together."""

    def __init__(self) -> None:
        self.makers: list[Maker] = []
        self._plans: dict[str, dict[int, Planned | None]] = {}

    def plan(self, maker: Maker, precision: str, trained_share: Estimate) -> Planned | None:
        """Of one of them, at a precision."""
        if precision not in self._plans:
            able = [each for each in self.makers if precision in each.precisions]
            devices = [each.device for each in able]
            found = planned_together(maker.trains(precision), maker.model, devices, trained_share)
            self._plans[precision] = {
                id(each): plan for each, plan in zip(able, found, strict=True)
            }
        return self._plans[precision][id(maker)]


class Maker:
    """Blocks of one model on one device."""

    def __init__(self, space: Space, base: Scenario, alike: Alike) -> None:
        self.space, self.alike, opened = space, alike, space.opened
        self._served: dict[tuple[str, str], Served] = {}
        self.device = decision_options.device(base, space.evidence)
        self.terms = decision_options.terms(base, self.device, opened)
        if not self.terms:
            return
        if space.sizes_billion is not None:
            base = with_choices(base, {"parameters_billion": along(space.sizes_billion, SIZE)})
        self.base, self.model = base, sized(base, catalogue.model(base.model))
        alike.makers.append(self)
        self.counts = decision_options.device_counts(base, opened)
        self.precisions = decision_options.precisions(
            base, self.device, opened, scored=space.scored
        )
        self.serving_precisions = decision_options.serving_precisions(
            base, self.device, opened, generates=self.model.generates
        )
        self.plans = decision_options.serving_plans(base, opened, generates=self.model.generates)

    @property
    def way_count(self) -> int:
        """Ways to train times ways to serve."""
        return len(self.precisions) * len(self.counts) * self._serving_count

    @property
    def _serving_count(self) -> int:
        return next((len(v) for v in self.plans.values() if v is not None), 1)

    @cached_property
    def trainings(self) -> tuple[Mapping[str, object], ...]:
        """Choices of every way to train."""
        return tuple(
            {"precision": precision, "training_device_count": count}
            for precision in self.precisions
            for count in self.counts.tolist()
        )

    @cached_property
    def servings(self) -> tuple[Mapping[str, object], ...]:
        """Choices of every way to serve."""
        return tuple(
            {k: float(v[i]) for k, v in self.plans.items() if v is not None}
            for i in range(self._serving_count)
        )

    @cached_property
    def works(self) -> dict[str, training_work.Work]:
        """Training by precision, whoever owns the devices."""
        return {precision: self._work(precision) for precision in self.precisions}

    def _work(self, precision: str) -> training_work.Work:
        def plan(_: Scenario, __: Sized, ___: Device, trained_share: Estimate) -> Planned | None:
            return self.alike.plan(self, precision, trained_share)

        return training_work.work(self.trains(precision), self.model, self.device, plan)

    def trains(self, precision: str) -> Scenario:
        """The scenario at a precision, over the numbers of devices."""
        return with_choices(
            self.base,
            {"precision": precision, "training_device_count": along(self.counts, TRAIN)},
        )

    @cached_property
    def training_fits(self) -> Array:
        """1 where training fits into memory, for every way to train."""
        if np.all(np.asarray(self.base.training_run_count) == 0):
            return np.ones((1, 1, 1, 1))
        needed = self.joined([four(work.memory_fit_share.value) for work in self.works.values()])
        return np.where(needed <= 1.0, 1.0, 0.0)

    def joined(self, parts: Sequence[Array]) -> Array:
        """One after the other along the ways to train, all precisions."""
        count = len(self.counts)
        if len(parts) == 1 and parts[0].shape[TRAIN] == count:
            return parts[0]
        wide = [
            np.broadcast_to(p, (p.shape[0], count, *p.shape[2:])) if p.shape[1] == 1 else p
            for p in parts
        ]
        shape = np.broadcast_shapes(*(w.shape for w in wide))
        return np.concatenate([np.broadcast_to(w, shape) for w in wide], axis=TRAIN)

    def served(self, precision: str, ownership: str) -> Served:
        """Serving at a precision, over the ways to serve; rented replicas may be given back."""
        key = precision, ownership
        if key not in self._served:
            at = with_choices(self.serves(precision), {"ownership": ownership})
            service = replicas.service(at, self.model, self.device)
            self._served[key] = Served(self, service)
        return self._served[key]

    def serves(self, precision: str) -> Scenario:
        """The scenario served at a precision, over the ways to serve."""
        changes: dict[str, object] = {"serving_precision": precision}
        for name, values in self.plans.items():
            changes[name] = values if values is None else along(values, SERVE)
        return with_choices(self.base, changes)


@dataclass(frozen=True, eq=False)
class Served:
    """Serving before money."""

    maker: Maker
    service: replicas.Service

    @cached_property
    def fits(self) -> Array:
        """1 where the weights and the batch asked for fit into the devices asked for.

        What serving a recommender or a translator holds nobody can tell: it is small, and is
        taken to fit, as a projection takes it.
        """
        if np.all(np.asarray(self.maker.base.requests_per_day) == 0):
            return np.ones((1, 1, 1, 1))
        speed, running = self.service.speed, self.maker.plans["serving_batch_count"]
        fits = np.ones((1, 1, 1, 1), dtype=bool)
        limit, held = speed.batch_limit_count, serving_memory(self.service).replica_bytes
        told = self.maker.model.known.family == "decoder"
        if running is not None and (told or limit.known):
            fits = four(limit.value) >= along(running, SERVE)
        room = four(speed.devices_per_replica.value) * four(self.maker.device.memory_bytes.value)
        fits_in = four(held.value) <= room if told or held.known else np.isfinite(room)
        return np.where(fits & fits_in, 1.0, 0.0)

    @cached_property
    def times(self) -> dict[str, Estimate]:
        """How long answers take, over the ways to serve."""
        return times(self.service)

    @cached_property
    def least_hours(self) -> float:
        """Fewest device-hours paid of any way to serve that fits."""
        return least(four(self.service.paid_device_hours.value), self.fits)


class Terms:
    """What one kind of terms makes of a device: prices, and training with its bills."""

    def __init__(self, maker: Maker, terms: Mapping[str, object]) -> None:
        self.maker, self.changes = maker, terms
        self.ownership = str(terms["ownership"])
        self.places = maker.space.useful_places[self.ownership]

    @cached_property
    def prices(self) -> site.Site:
        """Of the terms; where places are open, one for each of them."""
        device, place = self.maker.device, self.places
        at = with_choices(self.maker.base, self.changes)
        if "place" not in self.maker.space.opened:
            return site.site(at, device)
        power = {
            "electricity_usd_per_kwh": along(place.usd_per_kwh, PLACE),
            "carbon_kgco2e_per_kwh": along(place.kgco2e_per_kwh, PLACE),
        }
        moved = site.site(with_choices(at, power), device)
        where = "cloud" if self.ownership == "cloud" else "owned"
        litres = derive(
            water.water_litres_per_it_kwh,
            site_water_litres_per_kwh=choice_or(
                at.site_water_litres_per_kwh, f"site_water_{where}_litres_per_kwh"
            ),
            grid_water_litres_per_kwh=Estimate(
                along(place.water_litres_per_kwh, PLACE), "published"
            ),
            pue=moved.pue,
        )
        return replace(moved, water_litres_per_it_kwh=litres)

    @cached_property
    def usd_per_device_hour(self) -> float:
        """Rent, or capital and upkeep, of an hour that is paid; 0 where it is not known."""
        at, device = with_choices(self.maker.base, self.changes), self.maker.device
        parts = [money_hardware.usd_per_device_hour(at, device)]
        if self.ownership == "owned":
            parts.append(money_hardware.upkeep_usd_per_device_hour(at, device))
        return sum(float(np.min(part.value)) for part in parts if part.value is not None)

    @cached_property
    def least_training_hours(self) -> float:
        """Fewest device-hours paid of any way to train that fits."""
        maker = self.maker
        at = with_choices(maker.base, self.changes)
        worked = [work.device_hours for work in maker.works.values()]
        paid = [money_hardware.paid_training_hours(at, hours) for hours in worked]
        return least(maker.joined([four(hours.value) for hours in paid]), maker.training_fits)

    @property
    def gives_back(self) -> bool:
        """Whether replicas that wait are given back on these terms."""
        return replicas.gives_back(with_choices(self.maker.base, self.changes))

    @cached_property
    def floor_serving_hours(self) -> float:
        """Hours of the one device that a load takes at least, where none is given back."""
        base = self.maker.base
        if self.gives_back or np.any(np.asarray(base.requests_per_day) <= 0):
            return 0.0
        return float(np.min(cost.always_on_hours(1.0, base.horizon_months)))

    @cached_property
    def trained(self) -> list[Trained]:
        """Training at each precision."""
        return [self._trained(precision) for precision in self.maker.precisions]

    def _trained(self, precision: str) -> Trained:
        """Training at one precision, and its data and evaluation."""
        maker = self.maker
        at, work = with_choices(maker.trains(precision), self.changes), maker.works[precision]
        raw = storage.raw_bytes(at, maker.model)
        evaluated = evaluation.evaluation_stage(at, maker.model, maker.device, self.prices)
        bills = {
            "training": stages.training_bill(at, maker.device, self.prices, work),
            "evaluation": evaluated.bill,
            "preparation": preparation.preparation_stage(at, maker.model, self.prices, raw).bill,
        }
        return Trained(self, at, work, bills)


@dataclass(frozen=True)
class Trained:
    """Training at one precision, over the numbers of devices, with its bills."""

    terms: Terms
    scenario: Scenario
    work: training_work.Work
    bills: Mapping[str, Bill]
    """By stage."""

    @cached_property
    def stage(self) -> Training:
        """All of it, where more than its bill is asked for."""
        maker = self.terms.maker
        return stages.training_stage(
            self.scenario, maker.model, maker.device, self.terms.prices, self.work
        )
