"""Everything a decision may choose from, worked out by the projection's own formulas.

A block is one model on one device, on one kind of terms, served at one precision. In it, sizes,
ways to train, ways to serve and places are axes that broadcast: training is worked out once for
each way to train, serving once for each way to serve, and what they cost together is their sum.
A draft knows speed, memory and a least cost of a block, which is made of it only where it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from engine.projection import (
    cash_flow,
    decision_options,
    quality,
    quality_known,
    served_score,
    stages,
    storage,
)
from engine.projection.decision_axes import (
    PLACE,
    SERVE,
    SIZE,
    TRAIN,
    Array,
    Parts,
    along,
    found_in,
    four,
    summed,
    value,
    with_choices,
)
from engine.projection.decision_goals import NPV, Limit
from engine.projection.decision_options import Places
from engine.projection.decision_work import Alike, Maker, Served, Terms, Trained
from engine.projection.deployment import deployment_stage
from engine.projection.evidence import Evidence
from engine.projection.working import chosen, derive, nothing, unknown
from engine.projection.worth import books_of, follows_score, taken
from engine.records import BadInput, Bill, Deployment, Estimate, Quality
from engine.scenario import Scenario
from engine.units import BILLION, Float
from engine.value_case import ValueCase

ADDED = ("cost_usd", "carbon_kgco2e", "embodied_kgco2e", "facility_energy_kwh", "water_litres")
"""Of all stages together, as `total.NAME`."""
CHOSEN = ("parameters_billion", "training_device_count", "carbon_kgco2e_per_kwh")
ROUNDED = 1.0 - 1e-9
"""So much of a sum is never more than another order of adding makes of it."""
NEAREST = 2
"""Of the floors of a draft, the last."""
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
    case: ValueCase | None = None
    """What the model is used for."""

    @property
    def scored(self) -> bool:
        """Whether a score counts: then only ways to train are tried that the score knows of."""
        return any(p.startswith((SCORE, "quality.", NPV)) for p in self.paths)

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

    def drafts(self) -> Iterator[Draft]:
        """One for each block there is."""
        for model_id in decision_options.model_ids(
            self.scenario, self.opened, self.only, self.scores
        ):
            own = self.scenario
            if model_id != own.model:
                own = own.replace(model=model_id, parameters_billion=None)
            alike, ids = Alike(), decision_options.hardware_ids(own, self.opened, self.only)
            for maker in [Maker(self, decision_options.on(own, each), alike) for each in ids]:
                for terms in (Terms(maker, each) for each in maker.terms):
                    yield from (Draft(terms, each) for each in maker.serving_precisions)


class Draft:
    """A block before its bills: what fits, and what it costs at least."""

    def __init__(self, terms: Terms, precision: str) -> None:
        self.terms, self.maker, self.precision = terms, terms.maker, precision
        self.places, self.plans = terms.places, terms.maker.plans
        self._known: dict[str, Parts | None] = {}
        self._floors_usd: dict[int, float] = {}
        self._broken: dict[Limit, bool] = {}

    @property
    def changes(self) -> dict[str, object]:
        """What is chosen in all of its combinations, by Scenario field."""
        base = self.maker.base
        chosen = {"model": base.model, "hardware": base.hardware, **self.terms.changes}
        return chosen | {"serving_precision": self.precision}

    @property
    def combination_count(self) -> int:
        """Combinations it holds, those that fit nowhere included."""
        maker, sizes = self.maker, self.maker.space.sizes_billion
        size_count = 1 if sizes is None else len(sizes)
        return size_count * maker.way_count * len(maker.space.every_place.ids)

    def floor_usd(self, nearness: int) -> float:
        """What no combination costs less than: the nearer the truth, the slower to work out.

        One device to serve with; with it training at its fewest hours; in the end (`NEAREST`)
        serving at its fewest, too. All else of a bill is 0 or more. Infinite where nothing fits.
        """
        if nearness not in self._floors_usd:
            terms = self.terms
            serving = terms.floor_serving_hours if nearness < NEAREST else self._served.least_hours
            training = terms.least_training_hours if nearness else 0.0
            self._floors_usd[nearness] = self._least_usd(training + serving)
        return self._floors_usd[nearness]

    def _least_usd(self, hours: float) -> float:
        return hours * self.terms.usd_per_device_hour * ROUNDED if np.isfinite(hours) else np.inf

    @cached_property
    def _served(self) -> Served:
        return self.maker.served(self.precision, "cloud" if self.terms.gives_back else "owned")

    @cached_property
    def deployment(self) -> Deployment:
        """Serving with its bill."""
        maker, service = self.maker, self._served.service
        serves = with_choices(maker.serves(self.precision), self.terms.changes)
        traffic = storage.traffic(serves, maker.model, service.request_count)
        return deployment_stage(
            serves, maker.model, maker.device, self.terms.prices, service, traffic
        )

    @property
    def fits(self) -> tuple[Array, Array]:
        """1 where training, and where serving, fits into memory."""
        return self.maker.training_fits, self._served.fits

    def is_ruled_out(self, limits: Sequence[Limit]) -> bool:
        """Whether a limit on what is known before any work keeps none of the combinations."""
        quick = [x for x in limits if x.path.startswith(SCORE) or x.path in CHOSEN]
        return any(self._breaks(limit) for limit in quick)

    def _breaks(self, limit: Limit) -> bool:
        if limit not in self._broken:
            parts = self._unbilled(limit.path)
            self._broken[limit] = parts is not None and not limit.kept(value(parts)).any()
        return self._broken[limit]

    def could_keep(self, limits: Sequence[Limit]) -> bool:
        """Whether any combination fits, and keeps each of the limits, as far as no bill tells."""
        trains, serves = self.fits
        possible = (trains > 0) & (serves > 0)
        return bool(possible.any()) and all(
            bool((possible & limit.kept(value(parts))).any())
            for limit in limits
            if (parts := self._unbilled(limit.path)) is not None
        )

    def block(self) -> Block | None:
        """All its columns; None where nothing fits."""
        fits = self.fits
        if not all((each > 0).any() for each in fits):
            return None
        maker, sizes = self.maker, self.maker.space.sizes_billion
        return Block(
            changes=self.changes,
            sizes_billion=(None,) if sizes is None else tuple(sizes.tolist()),
            trainings=maker.trainings,
            servings=maker.servings,
            places=self.places.ids,
            columns={path: self._column(path) for path in maker.space.paths},
            fits=fits,
        )

    def _stored(self, trained: Trained) -> Bill:
        """Keeping what is served at this precision beside what was trained."""
        at = with_choices(trained.scenario, {"serving_precision": self.precision})
        kept = storage.kept(at, self.maker.model, trained.work)
        return stages.storage_stage(at, self.terms.prices, kept).bill

    @cached_property
    def _bills(self) -> dict[int, dict[str, Bill]]:
        return {id(t): {**t.bills, "storage": self._stored(t)} for t in self.terms.trained}

    def _column(self, path: str) -> Parts:
        """What is to be known of each combination, as parts that add up.

        Raises:
            BadInput: a number that a decision cannot look at.
        """
        part, _, name = path.partition(".")
        if (quick := self._unbilled(path)) is not None:
            return quick
        if part == "total" and name in ADDED:
            serving = four(getattr(self.deployment.bill, name).value)
            return self._joined(lambda t: summed(self._bills[id(t)].values(), name)), serving
        if part == "training":
            return (self._joined(lambda t: four(found_in(t.stage, name, path).value)),)
        if part == "deployment":
            return (four(found_in(self.deployment, name, path).value),)
        if part == "quality":
            found = self._joined(lambda t: four(found_in(self._quality(t), name, path).value))
            return (found,)
        if path == NPV:
            return self._joined(lambda t: four(self._npv_before_serving(t).value)), -self._serving
        raise BadInput(
            f"{path} cannot be searched. Known: {', '.join(f'total.{n}' for n in ADDED)}, "
            "numbers of training, deployment and quality as in `modelworth project --json`, "
            f"score.METRIC, {NPV}, {', '.join(CHOSEN)}."
        )

    def _unbilled(self, path: str) -> Parts | None:
        """What is known of each combination before its bill; None where it takes one."""
        if path not in self._known:
            self._known[path] = self._before_bills(path)
        return self._known[path]

    def _before_bills(self, path: str) -> Parts | None:
        part, _, name = path.partition(".")
        if part == "training":
            works = [getattr(work, name, None) for work in self.maker.works.values()]
            if not all(isinstance(found, Estimate) for found in works):
                return None
            return (self.maker.joined([four(found.value) for found in works if found]),)
        if part == "deployment" and name in self._served.times:
            return (four(self._served.times[name].value),)
        if part == "score":
            return (four(self._score(name)),)
        found = self._chosen(path)
        return None if found is None else (found,)

    def _quality(self, trained: Trained) -> Quality:
        at = with_choices(trained.scenario, {"serving_precision": self.precision})
        return quality.quality(at, self.maker.model, self.maker.space.evidence).quality

    def _npv_before_serving(self, trained: Trained) -> Estimate:
        """Gains less all costs but the computers that serve, in money of now."""
        case, scenario, score = self._case, self.maker.base, self._quality(trained)
        served = with_choices(scenario, {"serving_precision": self.precision})
        whole = self.maker.space.sizes_billion is None
        same = whole and decision_options.keeps_score(self.maker.space.scenario, served)
        if not (same or follows_score(case, score)):
            return unknown("how many answers are right is guessed for another model or precision")
        costs = {stage: bill.cost_usd for stage, bill in self._bills[id(trained)].items()}
        costs["deployment"] = nothing("counted apart")
        return books_of(case, taken(case), score, costs, scenario.horizon_months).npv

    @property
    def _serving(self) -> Array:
        """What serving costs, in money of now."""
        spent = derive(
            cash_flow.present_running_usd,
            running_usd=self.deployment.bill.cost_usd,
            horizon_months=chosen(self.maker.base.horizon_months),
            value_discount_share_per_year=chosen(self._case.value_discount_share_per_year),
        )
        return four(spent.value)

    @property
    def _case(self) -> ValueCase:
        case = self.maker.space.case
        if case is None:
            raise BadInput(f"{NPV} is of a use, and none is named. Name one: --use TEMPLATE.")
        return case

    def _score(self, metric: str) -> Float | None:
        """Published score of the model as it is, at this precision."""
        if self.maker.base.parameters_billion is not None:
            return None
        known = quality_known.known_score(self.maker.model, metric)
        at = with_choices(self.maker.base, {"serving_precision": self.precision})
        change = served_score.change_share(at, self.maker.model, self.maker.space.evidence)
        if known is None or change is None:
            return None if known is None else known.value
        return served_score.served(known, change).value

    def _chosen(self, path: str) -> Array | None:
        if path == "parameters_billion":
            count = self.maker.model.parameter_count.value
            return four(count if count is None else count / BILLION)
        if path == "carbon_kgco2e_per_kwh":
            return along(self.places.kgco2e_per_kwh, PLACE)
        if path == "training_device_count":
            return along(np.tile(self.maker.counts, len(self.maker.precisions)), TRAIN)
        return None

    def _joined(self, part: Callable[[Trained], Array]) -> Array:
        return self.maker.joined([part(trained) for trained in self.terms.trained])


__all__ = ["PLACE", "SCORE", "SERVE", "SIZE", "TRAIN", "Block", "Draft", "Places", "Space"]
