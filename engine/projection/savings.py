"""What would cut the bill from here: one choice (or a few that go together) changed at a time.

Every lever is the scenario with that change, projected again in full; the best setting of a
lever is found by projecting all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from engine import catalogue
from engine.projection import (
    api_price,
    decision_options,
    hardware,
    money_hardware,
    project,
    replicas,
    served_score,
)
from engine.projection.decisions import Goal, Limit, Question, decide, planned
from engine.projection.evidence import NO_EVIDENCE, Evidence
from engine.projection.serve_small import equal_loss
from engine.projection.sized import sized
from engine.projection.training_plan import CHOICES, fastest
from engine.projection.working import chosen, unknown
from engine.records import BadInput, Estimate, Kind, Projection
from engine.scenario import Scenario

LEAST_SHARE = 0.001
"""Levers that save less of the bill are not told."""
SAME_SPEED_RATIO = 1.0001
MOST_TIME_RATIO = 4.0
"""A saving that makes training take so many times longer is none."""
SLOWER_RATIO = 1.25
"""Answers of other hardware or in other batches may take so much longer, not more."""

BUY = "buy"
"""The one lever that leaves one's own model: what it saves is against the seller's bill."""

Changes = Mapping[str, object]


@dataclass(frozen=True)
class Saving:
    """One lever: what it changes, what it saves, and what it costs elsewhere."""

    lever: str
    changes: Changes
    """By Scenario field."""
    saved_usd: float
    saved_share: float
    score_change_share: float | None
    """Of the expected score; None where nobody knows how it moves."""
    score_change_range_share: tuple[float, float] | None
    """90 % range of that change; None where none is known."""
    kind: Kind
    """How it is known what the change does, at best."""
    carbon_change_kgco2e: float | None
    training_time_ratio: float | None
    answer_time_ratio: float | None
    """Of one token, or of one answer where no tokens are written."""
    scenario: Scenario


def savings(scenario: Scenario, evidence: Evidence = NO_EVIDENCE) -> list[Saving]:
    """Every lever that cuts the bill, the largest saving first; empty where it is unknown.

    Raises:
        BadInput: the scenario holds arrays, or hardware that is not known.
    """
    if any(isinstance(value, np.ndarray) for value in scenario.model_dump().values()):
        raise BadInput("Savings are counted from one scenario, not from a range of them.")
    before = project(scenario, evidence)
    if not before.total.cost_usd.known:
        return []
    now = _Now(scenario, before, evidence)
    found = [now.saving(lever, changes) for lever, make in LEVERS for changes in make(now)]
    best: dict[str, Saving] = {}
    for saving in found:
        if saving is not None and _worth_telling(saving):
            held = best.get(saving.lever)
            if held is None or saving.saved_usd > held.saved_usd:
                best[saving.lever] = saving
    return sorted(best.values(), key=lambda saving: -saving.saved_usd)


def _worth_telling(saving: Saving) -> bool:
    slower_ratio = saving.training_time_ratio or 1.0
    return saving.saved_share >= LEAST_SHARE and slower_ratio <= MOST_TIME_RATIO


@dataclass(frozen=True)
class _Now:
    """Where one starts from."""

    scenario: Scenario
    answer: Projection
    evidence: Evidence

    @property
    def device(self) -> hardware.Device:
        return hardware.device(self.scenario.hardware, self.evidence)

    @property
    def trains(self) -> bool:
        return float(np.asarray(self.scenario.training_run_count)) > 0

    @property
    def serves(self) -> bool:
        return float(np.asarray(self.scenario.requests_per_day)) > 0

    @property
    def limits(self) -> tuple[Limit, ...]:
        """No slower to train, and answers not much slower."""
        found = []
        if self.trains and (time_h := _number(self.answer.training.time_h)) is not None:
            found.append(
                Limit("training.time_h", at_most=True, bound_number=time_h * SAME_SPEED_RATIO)
            )
        path, each_s = _answer_time(self.answer)
        if self.serves and each_s is not None:
            found.append(Limit(path, at_most=True, bound_number=each_s * SLOWER_RATIO))
        return tuple(found)

    def bought_usd(self, api_model: str) -> float | None:
        """What a seller would ask for the answers."""
        asked = self.scenario.replace(api_model=api_model)
        return _number(api_price.api_usd(asked, replicas.request_count(asked)))

    def chosen(
        self, *opened: str, only: decision_options.Only = MappingProxyType({})
    ) -> Changes | None:
        """The cheapest setting of some choices within those limits, all others kept."""
        kept = tuple(c for c in decision_options.CHOICES if c not in opened)
        goal = Goal("total.cost_usd", is_largest=False)
        asked = Question(self.scenario, goal, self.limits, kept, only=only)
        plans = decide(asked, self.evidence).plans
        if not plans:
            return None
        return changed(self.scenario, plans[0].scenario)

    def saving(self, lever: str, changes: Changes) -> Saving | None:
        """The scenario with that change; None where its cost is not known or it does not fit."""
        try:
            after_scenario = planned(self.scenario, dict(changes))
            after = project(after_scenario, self.evidence)
        except BadInput:
            return None
        bought = lever == BUY
        cost = _number(self.answer.total.cost_usd)
        then = _number(after.deployment.api_usd if bought else after.total.cost_usd)
        fit = _number(after.training.memory_fit_share)
        if cost is None or then is None or (self.trains and fit is not None and fit > 1):
            return None
        change = _score_change(lever, self, after, after_scenario)
        return Saving(
            lever=lever,
            changes=changed(self.scenario, after_scenario),
            saved_usd=cost - then,
            saved_share=(cost - then) / cost,
            score_change_share=_number(change),
            score_change_range_share=_range(change),
            kind=KINDS[lever],
            carbon_change_kgco2e=None
            if bought
            else _difference(self.answer.total.carbon_kgco2e, after.total.carbon_kgco2e),
            training_time_ratio=_ratio(self.answer.training.time_h, after.training.time_h)
            if self.trains and not bought
            else None,
            answer_time_ratio=_answer_ratio(self.answer, after)
            if self.serves and not bought
            else None,
            scenario=after_scenario,
        )


def changed(before: Scenario, after: Scenario) -> dict[str, object]:
    """What differs between two scenarios, as in the second."""
    one, other = before.model_dump(), after.model_dump()
    return {name: value for name, value in other.items() if value != one[name]}


def _hardware(now: _Now) -> Iterator[Changes]:
    yield from _one(now.chosen("hardware", "training_device_count"))


def _devices(now: _Now) -> Iterator[Changes]:
    if now.trains:
        for count in decision_options.DEVICE_COUNTS.tolist():
            yield {"training_device_count": count}


def _place(now: _Now) -> Iterator[Changes]:
    """The cheapest place of the same country, where more than one of it is known."""
    kind, _, _ = now.scenario.place.partition(":")
    alike = tuple(i for i in catalogue.places() if i.startswith(f"{kind}:"))
    if now.scenario.ownership == "owned" and kind == "us":
        yield from _one(now.chosen("place", only={"place": alike}))


def _abroad(now: _Now) -> Iterator[Changes]:
    if now.scenario.ownership == "owned":
        yield from _one(now.chosen("place"))


def _terms(now: _Now) -> Iterator[Changes]:
    for terms in decision_options.terms(now.scenario, now.device, ("ownership",))[1:]:
        yield terms if terms["ownership"] == "cloud" else {"ownership": "owned"}


def _spot(now: _Now) -> Iterator[Changes]:
    spot = {"ownership": "cloud", "pricing": "spot"}
    if money_hardware.usd_per_device_hour(now.scenario.replace(**spot), now.device).known:
        yield spot


def _renewables(now: _Now) -> Iterator[Changes]:
    if (
        now.scenario.carbon_usd_per_tonne is not None
        or now.scenario.renewable_usd_per_kwh is not None
    ):
        yield {"renewable_share": 1.0}


def _training_precision(now: _Now) -> Iterator[Changes]:
    for precision in ("bf16", "fp16", "fp8"):
        if now.trains and now.device.runs_natively(precision):
            yield {"precision": precision}


def _serving_precision(now: _Now) -> Iterator[Changes]:
    if not now.serves:
        return
    for precision in ("bf16", "fp16", "fp8", "int8"):
        if now.device.runs_natively(precision):
            yield {"serving_precision": precision}
    if catalogue.model(now.scenario.model).family == "decoder":
        yield {"serving_precision": "int4"}


def _cache_precision(now: _Now) -> Iterator[Changes]:
    keeps_one = catalogue.model(now.scenario.model).family == "decoder"
    if now.serves and keeps_one and now.scenario.cache_precision != "fp8":
        yield {"cache_precision": "fp8"}


def _serving_plan(now: _Now) -> Iterator[Changes]:
    if now.serves:
        opened = ("serving_batch_count", "serving_tensor_parallel_count")
        free = _Now(now.scenario.replace(**dict.fromkeys(opened)), now.answer, now.evidence)
        yield from _one(free.chosen(*opened))


def _training_plan(now: _Now) -> Iterator[Changes]:
    """The fastest of all plans that fit, in place of the fastest usual one."""
    if not now.trains:
        return
    try:
        plan = fastest(now.scenario, now.evidence).best.plan
    except BadInput:
        return
    sequence = float(plan.micro_batch_tokens)
    own = {"micro_batch_tokens", "micro_batch_count", "recompute_share"}
    found = {
        field: float(getattr(plan, part)) for part, field in CHOICES.items() if part not in own
    }
    tokens = now.scenario.sequence_tokens or catalogue.model(now.scenario.model).context_tokens
    if tokens:
        found["micro_batch_sequence_count"] = max(sequence / float(np.asarray(tokens)), 1.0)
    recomputes = float(plan.recompute_share) > 0
    yield {**found, "recomputation": "full" if recomputes else "none"}


def _scaling(now: _Now) -> Iterator[Changes]:
    if now.serves and now.scenario.ownership == "cloud":
        yield {"serving_scaling": "autoscaled"}


def _smaller(now: _Now) -> Iterator[Changes]:
    """Half the parameters on the same data: what pruning or distilling would have to beat."""
    if now.trains and now.scenario.tuning == "full":
        own = catalogue.model(now.scenario.model).parameters_billion.value
        yield {"parameters_billion": float(np.asarray(now.scenario.parameters_billion or own)) / 2}


def _resized(now: _Now) -> Iterator[Changes]:
    """Another size on as much data as brings it to the same loss."""
    if now.scenario.tuning != "full":
        return
    try:
        found = equal_loss(now.scenario, now.evidence)
    except BadInput:
        return
    yield {
        "parameters_billion": found.best.parameters_billion,
        "dataset_items_billion": found.best.dataset_items_billion,
        "epoch_count": 1.0,
    }


def _other_model(now: _Now) -> Iterator[Changes]:
    """A smaller known model taken as it is."""
    own = catalogue.model(now.scenario.model)
    if now.trains or now.scenario.parameters_billion is not None:
        return
    for model_id in decision_options.model_ids(now.scenario, ("model",), {}, {}):
        other = catalogue.model(model_id)
        if own.parameter_count / 4 <= other.parameter_count < own.parameter_count:
            yield {"model": model_id}


def _checkpoints(now: _Now) -> Iterator[Changes]:
    if now.trains and float(np.asarray(now.scenario.checkpoints_kept_count)) > 1:
        yield {"checkpoints_kept_count": 1.0}


def _storage(now: _Now) -> Iterator[Changes]:
    for provider in catalogue.storage_providers():
        if provider != now.scenario.storage_provider:
            yield {"storage_provider": provider}
    for tier in ("cool", "archive"):
        yield {"raw_data_tier": tier, "checkpoint_tier": tier}


def _buy(now: _Now) -> Iterator[Changes]:
    """The same model's answers from a seller: the middle one by what this load would cost."""
    offers = api_price.offers_of(now.scenario.model) if now.serves else ()
    asked = {name: now.bought_usd(name) for name in offers}
    dearer = sorted((usd, name) for name, usd in asked.items() if usd is not None)
    if not dearer or now.scenario.parameters_billion is not None:
        return
    _, middle = dearer[(len(dearer) - 1) // 2]
    if middle != now.scenario.api_model:
        yield {"api_model": middle}


LEVERS: tuple[tuple[str, Callable[[_Now], Iterator[Changes]]], ...] = (
    ("hardware", _hardware),
    ("devices", _devices),
    ("place", _place),
    ("abroad", _abroad),
    ("terms", _terms),
    ("spot", _spot),
    ("renewables", _renewables),
    ("training_precision", _training_precision),
    ("serving_precision", _serving_precision),
    ("cache_precision", _cache_precision),
    ("serving_plan", _serving_plan),
    ("training_plan", _training_plan),
    ("scaling", _scaling),
    ("smaller", _smaller),
    ("resized", _resized),
    ("other_model", _other_model),
    ("checkpoints", _checkpoints),
    ("storage", _storage),
    (BUY, _buy),
)
"""Every lever by name, and the settings it may take."""

KINDS: Mapping[str, Kind] = {
    "hardware": "fitted",
    "devices": "fitted",
    "place": "published",
    "abroad": "published",
    "terms": "published",
    "spot": "assumed",
    "renewables": "chosen",
    "training_precision": "fitted",
    "serving_precision": "fitted",
    "cache_precision": "fitted",
    "serving_plan": "fitted",
    "training_plan": "fitted",
    "scaling": "assumed",
    "smaller": "fitted",
    "resized": "fitted",
    "other_model": "published",
    "checkpoints": "published",
    "storage": "published",
    BUY: "published",
}
"""How what a lever does is known: by prices, by fitted speeds, by an assumed habit of load."""

SAME_SCORE = frozenset(
    {"hardware", "devices", "place", "abroad", "terms", "spot", "renewables", "serving_plan"}
    | {"training_plan", "scaling", "checkpoints", "storage"}
)
"""Levers that change nothing of what the model learns or answers."""
SERVED_OTHERWISE = frozenset({"serving_precision", "cache_precision"})
"""Levers whose change of the score was published, or measured."""
NOTHING = chosen(0.0)


def _score_change(lever: str, now: _Now, after: Projection, then: Scenario) -> Estimate:
    """Of the score, with its range where the change itself was published or measured."""
    if lever in SAME_SCORE:
        return NOTHING
    if lever == BUY:
        return unknown("how a seller serves the model, and that it was not trained for this")
    if lever in SERVED_OTHERWISE:
        return _served_change(now, then)
    before = now.answer.quality
    one, other = _number(before.score_share), _number(after.quality.score_share)
    unsure = lever == "training_precision" or before.metric != after.quality.metric
    if unsure or one is None or other is None:
        return unknown("nothing tells how the score moves")
    return Estimate(other - one, after.quality.score_share.kind)


def _served_change(now: _Now, then: Scenario) -> Estimate:
    """From the precision served at now to another one."""
    model = sized(then, catalogue.model(then.model))
    found = [served_score.change_share(at, model, now.evidence) for at in (now.scenario, then)]
    before, after = (NOTHING if change is None else change for change in found)
    if before.value is None or after.value is None:
        return unknown(before.note or after.note)
    if before.value == 0.0:
        return after
    change = Estimate(after.value - before.value, "fitted")
    return served_score.with_range(change, after.value - before.value, before, after)


def _range(estimate: Estimate) -> tuple[float, float] | None:
    if estimate.low is None or estimate.high is None:
        return None
    return float(np.asarray(estimate.low)), float(np.asarray(estimate.high))


def _answer_time(answer: Projection) -> tuple[str, float | None]:
    token_s = _number(answer.deployment.tpot_s)
    if token_s is not None:
        return "deployment.tpot_s", token_s
    return "deployment.latency_s", _number(answer.deployment.latency_s)


def _answer_ratio(before: Projection, after: Projection) -> float | None:
    (path, one), (other_path, other) = _answer_time(before), _answer_time(after)
    return other / one if path == other_path and one and other else None


def _one(changes: Changes | None) -> Iterator[Changes]:
    if changes:
        yield changes


def _number(estimate: Estimate) -> float | None:
    return None if estimate.value is None else float(np.asarray(estimate.value))


def _difference(before: Estimate, after: Estimate) -> float | None:
    one, other = _number(before), _number(after)
    return None if one is None or other is None else other - one


def _ratio(before: Estimate, after: Estimate) -> float | None:
    one, other = _number(before), _number(after)
    return other / one if one and other else None
