"""Everything a decision may choose from, worked out by the projection's own formulas.

A block is one model on one device, on one kind of terms, served at one precision. In it, sizes,
ways to train, ways to serve and places are axes that broadcast: training is worked out once for
each way to train, serving once for each way to serve, and what they cost together is their sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce

import numpy as np
import numpy.typing as npt

from engine import catalogue
from engine.projection import (
    decision_options,
    evaluation,
    preparation,
    quality,
    replicas,
    served_score,
    site,
    stages,
    storage,
    water,
)
from engine.projection import training as training_work
from engine.projection.decision_options import Places
from engine.projection.deployment import deployment_stage
from engine.projection.evidence import Evidence
from engine.projection.money_hardware import choice_or
from engine.projection.sized import sized
from engine.projection.working import derive
from engine.records import BadInput, Bill, Estimate, Training
from engine.scenario import Scenario
from engine.units import Float

Array = npt.NDArray[np.float64]
Parts = tuple[Array, ...]
"""Arrays that add up; each has four axes and broadcasts: sizes, training, serving, places."""

SIZE, TRAIN, SERVE, PLACE = range(4)
ADDED = ("cost_usd", "carbon_kgco2e", "embodied_kgco2e", "facility_energy_kwh", "water_litres")
"""Of all stages together, as `total.NAME`."""
CHOSEN = ("parameters_billion", "training_device_count", "carbon_kgco2e_per_kwh")
SCORE = "score."
"""`score.METRIC` is a published score of a known model."""


@dataclass(frozen=True)
class Block:
    """Combinations on one model, device, terms and serving precision."""

    changes: Mapping[str, object]
    sizes_billion: tuple[float | None, ...]
    trainings: tuple[Mapping[str, object], ...]
    servings: tuple[Mapping[str, object], ...]
    places: tuple[str, ...]
    columns: Mapping[str, Parts]
    fits: tuple[Array, ...]
    """1 where training, and where serving, fits into memory."""
    combination_count: int
    """Before any were left out because others are never worse."""


@dataclass(frozen=True, eq=False)
class Space:
    """What is open, and what has to be known of each combination."""

    scenario: Scenario
    evidence: Evidence
    opened: Sequence[str]
    paths: Sequence[str]
    sizes_billion: Array | None
    only: decision_options.Only = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    """Least published score of a model worth looking at, by metric."""

    @property
    def scored(self) -> bool:
        """Whether a score counts: then only ways to train are tried that the score knows of."""
        return any(p.startswith((SCORE, "quality.")) for p in self.paths)

    @cached_property
    def every_place(self) -> Places:
        """Places to choose from."""
        return decision_options.places(self.scenario, self.opened, self.only)

    @cached_property
    def useful_places(self) -> dict[str, Places]:
        """Those of them that no other beats in all that counts, by ownership."""
        return {ownership: self._useful_places(ownership) for ownership in ("owned", "cloud")}

    def _useful_places(self, ownership: str) -> Places:
        carbon = {"total.carbon_kgco2e", "carbon_kgco2e_per_kwh"} & set(self.paths)
        counts = {
            "usd_per_kwh": ownership == "owned",
            "kgco2e_per_kwh": carbon or self.scenario.carbon_usd_per_tonne is not None,
            "water_litres_per_kwh": "total.water_litres" in self.paths,
        }
        columns = [name for name, used in counts.items() if used]
        return decision_options.useful_places(self.every_place, columns)

    def blocks(self) -> Iterator[Block]:
        """All of them."""
        for model_id in decision_options.model_ids(
            self.scenario, self.opened, self.only, self.scores
        ):
            own = self.scenario
            if model_id != own.model:
                own = own.replace(model=model_id, parameters_billion=None)
            for hardware_id in decision_options.hardware_ids(own, self.opened, self.only):
                yield from _Maker(self, decision_options.on(own, hardware_id)).blocks()


class _Maker:
    """Blocks of one model on one device."""

    def __init__(self, space: Space, base: Scenario) -> None:
        self.space, opened = space, space.opened
        self._services: dict[tuple[str, str], replicas.Service] = {}
        self.device = decision_options.device(base, space.evidence)
        self.terms = decision_options.terms(base, self.device, opened)
        if not self.terms:
            return
        if space.sizes_billion is not None:
            base = _with(base, {"parameters_billion": _axis(space.sizes_billion, SIZE)})
        self.base, self.model = base, sized(base, catalogue.model(base.model))
        self.counts = decision_options.device_counts(base, opened)
        self.precisions = decision_options.precisions(
            base, self.device, opened, scored=space.scored
        )
        self.serving_precisions = decision_options.serving_precisions(
            base, self.device, opened, generates=self.model.generates
        )
        self.plans = decision_options.serving_plans(base, opened, generates=self.model.generates)
        self.trainings = tuple(
            {"precision": precision, "training_device_count": count}
            for precision in self.precisions
            for count in self.counts.tolist()
        )
        length = next((len(v) for v in self.plans.values() if v is not None), 1)
        self.servings = tuple(
            {k: float(v[i]) for k, v in self.plans.items() if v is not None} for i in range(length)
        )

    def blocks(self) -> Iterator[Block]:
        """One for each kind of terms and serving precision."""
        for terms in self.terms:
            own = _Terms(self, terms)
            for precision in self.serving_precisions:
                yield _Combined(own, precision).block()

    @cached_property
    def works(self) -> dict[str, training_work.Work]:
        """Training by precision, whoever owns the devices."""
        return {
            precision: training_work.work(self.trains(precision), self.model, self.device)
            for precision in self.precisions
        }

    def trains(self, precision: str) -> Scenario:
        """The scenario at a precision, over the numbers of devices."""
        return _with(
            self.base,
            {"precision": precision, "training_device_count": _axis(self.counts, TRAIN)},
        )

    def service(self, precision: str, ownership: str) -> replicas.Service:
        """Serving at a precision, over the ways to serve; rented replicas may be given back."""
        key = precision, ownership
        if key not in self._services:
            at = _with(self.serves(precision), {"ownership": ownership})
            self._services[key] = replicas.service(at, self.model, self.device)
        return self._services[key]

    def serves(self, precision: str) -> Scenario:
        """The scenario served at a precision, over the ways to serve."""
        changes: dict[str, object] = {"serving_precision": precision}
        for name, values in self.plans.items():
            changes[name] = values if values is None else _axis(values, SERVE)
        return _with(self.base, changes)


class _Terms:
    """What one kind of terms makes of a device: prices, and training with its bills."""

    def __init__(self, maker: _Maker, terms: Mapping[str, object]) -> None:
        self.maker, self.changes = maker, terms
        self.ownership = str(terms["ownership"])
        self.places = maker.space.useful_places[self.ownership]
        self.site = self._site()
        self.trained = [self._trained(precision) for precision in maker.precisions]

    def _site(self) -> site.Site:
        """Prices of the terms; where places are open, one for each of them."""
        device, place, at = self.maker.device, self.places, _with(self.maker.base, self.changes)
        if "place" not in self.maker.space.opened:
            return site.site(at, device)
        prices = {
            "electricity_usd_per_kwh": _axis(place.usd_per_kwh, PLACE),
            "carbon_kgco2e_per_kwh": _axis(place.kgco2e_per_kwh, PLACE),
        }
        moved = site.site(_with(at, prices), device)
        where = "cloud" if self.ownership == "cloud" else "owned"
        litres = derive(
            water.water_litres_per_it_kwh,
            site_water_litres_per_kwh=choice_or(
                at.site_water_litres_per_kwh, f"site_water_{where}_litres_per_kwh"
            ),
            grid_water_litres_per_kwh=Estimate(
                _axis(place.water_litres_per_kwh, PLACE), "published"
            ),
            pue=moved.pue,
        )
        return replace(moved, water_litres_per_it_kwh=litres)

    def _trained(self, precision: str) -> _Trained:
        """Training at one precision, and its data and evaluation."""
        maker = self.maker
        at, work = _with(maker.trains(precision), self.changes), maker.works[precision]
        raw = storage.raw_bytes(at, maker.model)
        bills = (
            stages.training_bill(at, maker.device, self.site, work),
            evaluation.evaluation_stage(at, maker.model, maker.device, self.site).bill,
            preparation.preparation_stage(at, maker.model, self.site, raw).bill,
        )
        return _Trained(self, at, work, bills)


class _Combined:
    """One block in the making."""

    def __init__(self, terms: _Terms, precision: str) -> None:
        self.terms, self.maker, self.precision = terms, terms.maker, precision
        self.places, self.plans = terms.places, terms.maker.plans
        maker = self.maker
        scaled = maker.base.serving_scaling == "autoscaled"
        serves = _with(maker.serves(precision), terms.changes)
        service = maker.service(precision, terms.ownership if scaled else "owned")
        traffic = storage.traffic(serves, maker.model, service.request_count)
        self.deployment = deployment_stage(
            serves, maker.model, maker.device, terms.site, service, traffic
        )

    def block(self) -> Block:
        """All its columns."""
        maker, space = self.maker, self.maker.space
        sizes = space.sizes_billion
        size_count = 1 if sizes is None else len(sizes)
        ways = len(maker.trainings) * len(maker.servings) * len(space.every_place.ids)
        return Block(
            changes={"model": maker.base.model, "hardware": maker.base.hardware}
            | dict(self.terms.changes)
            | {"serving_precision": self.precision},
            sizes_billion=(None,) if sizes is None else tuple(sizes.tolist()),
            trainings=maker.trainings,
            servings=maker.servings,
            places=self.places.ids,
            columns={path: self._column(path) for path in space.paths},
            fits=(self._training_fits(), self._serving_fits()),
            combination_count=size_count * ways,
        )

    def _stored(self, trained: _Trained) -> Bill:
        """Keeping what is served at this precision beside what was trained."""
        at = _with(trained.scenario, {"serving_precision": self.precision})
        kept = storage.kept(at, self.maker.model, trained.work)
        return stages.storage_stage(at, self.terms.site, kept).bill

    @cached_property
    def _bills(self) -> dict[int, tuple[Bill, ...]]:
        return {id(t): (*t.bills, self._stored(t)) for t in self.terms.trained}

    def _column(self, path: str) -> Parts:
        """What is to be known of each combination, as parts that add up.

        Raises:
            BadInput: a number that a decision cannot look at.
        """
        part, _, name = path.partition(".")
        if part == "total" and name in ADDED:
            serving = _four(getattr(self.deployment.bill, name).value)
            return self._joined(lambda t: _sum(self._bills[id(t)], name)), serving
        if part == "training":
            return (self._joined(lambda t: _four(_found(t.stage, name, path).value)),)
        if part == "deployment":
            return (_four(_found(self.deployment, name, path).value),)
        if part == "quality":
            return (self._joined(lambda t: _four(self._quality(t, name, path).value)),)
        if part == "score":
            return (_four(self._score(name)),)
        return (self._chosen(path),)

    def _quality(self, trained: _Trained, name: str, path: str) -> Estimate:
        at = _with(trained.scenario, {"serving_precision": self.precision})
        found = quality.quality(at, self.maker.model, self.maker.space.evidence).quality
        return _found(found, name, path)

    def _score(self, metric: str) -> Float | None:
        """Published score of the model as it is, at this precision."""
        if self.maker.base.parameters_billion is not None:
            return None
        known = quality.known_score(self.maker.model, metric)
        at = _with(self.maker.base, {"serving_precision": self.precision})
        change = served_score.change_share(at, self.maker.model, self.maker.space.evidence)
        if known is None or change is None:
            return None if known is None else known.value
        return served_score.served(known, change).value

    def _chosen(self, path: str) -> Array:
        if path == "parameters_billion":
            value = self.maker.model.parameter_count.value
            return _four(value if value is None else value / 1e9)
        if path == "carbon_kgco2e_per_kwh":
            return _axis(self.places.kgco2e_per_kwh, PLACE)
        if path == "training_device_count":
            return _axis(np.tile(self.maker.counts, len(self.maker.precisions)), TRAIN)
        raise BadInput(
            f"{path} cannot be searched. Known: {', '.join(f'total.{n}' for n in ADDED)}, "
            "numbers of training, deployment and quality as in `modelworth project --json`, "
            f"score.METRIC, {', '.join(CHOSEN)}."
        )

    def _joined(self, part: Callable[[_Trained], Array]) -> Array:
        """One after the other along the ways to train, all precisions."""
        parts = [part(trained) for trained in self.terms.trained]
        count = len(self.maker.counts)
        if len(parts) == 1 and parts[0].shape[TRAIN] == count:
            return parts[0]
        wide = [
            np.broadcast_to(p, (p.shape[0], count, *p.shape[2:])) if p.shape[1] == 1 else p
            for p in parts
        ]
        shape = np.broadcast_shapes(*(w.shape for w in wide))
        return np.concatenate([np.broadcast_to(w, shape) for w in wide], axis=TRAIN)

    def _training_fits(self) -> Array:
        if np.all(np.asarray(self.maker.base.training_run_count) == 0):
            return np.ones((1, 1, 1, 1))
        needed = self._joined(lambda t: _four(t.work.memory_fit_share.value))
        return np.where(needed <= 1.0, 1.0, 0.0)

    def _serving_fits(self) -> Array:
        """The weights and the batch asked for, in the memory of the devices asked for."""
        if np.all(np.asarray(self.maker.base.requests_per_day) == 0):
            return np.ones((1, 1, 1, 1))
        served = self.deployment
        limit, running = _four(served.batch_limit_count.value), self.plans["serving_batch_count"]
        fits = np.ones((1, 1, 1, 1), dtype=bool)
        if running is not None:
            fits = limit >= _axis(running, SERVE)
        held = _four(served.memory_parts.replica_bytes.value)
        room = _four(served.devices_per_replica.value) * _four(self.maker.device.memory_bytes.value)
        return np.where(fits & (held <= room), 1.0, 0.0)


@dataclass(frozen=True)
class _Trained:
    terms: _Terms
    scenario: Scenario
    work: training_work.Work
    bills: tuple[Bill, ...]

    @cached_property
    def stage(self) -> Training:
        """All of it, where more than its bill is asked for."""
        maker = self.terms.maker
        return stages.training_stage(
            self.scenario, maker.model, maker.device, self.terms.site, self.work
        )


def _with(scenario: Scenario, changes: Mapping[str, object]) -> Scenario:
    """The scenario with choices changed that need no checking: the catalogue's own."""
    return scenario.model_copy(update=dict(changes))


def _axis(values: Array, axis: int) -> Array:
    """Values along one of the four axes."""
    shape = [1, 1, 1, 1]
    shape[axis] = -1
    return np.asarray(values, dtype=np.float64).reshape(shape)


def _four(value: object) -> Array:
    """A number or array with all four axes; unknown is NaN."""
    array = np.asarray(np.nan if value is None else value, dtype=np.float64)
    return array.reshape((1,) * (4 - array.ndim) + array.shape)


def _sum(bills: Sequence[Bill], name: str) -> Array:
    return reduce(np.add, [_four(getattr(bill, name).value) for bill in bills])


def _found(record: object, name: str, path: str) -> Estimate:
    """The Estimate at a dotted name.

    Raises:
        BadInput: there is none.
    """
    found = record
    for part in name.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, Estimate):
        raise BadInput(f"No number {path!r} in a projection. See `modelworth project --json`.")
    return found


__all__ = ["PLACE", "SCORE", "SERVE", "SIZE", "TRAIN", "Block", "Places", "Space"]
