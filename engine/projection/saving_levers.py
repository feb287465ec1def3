"""The levers of a bill: which single changes are tried from where one stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from engine import catalogue
from engine.projection import api_price, decision_options, hardware, money_hardware, replicas
from engine.projection.decisions import Goal, Limit, Question, decide
from engine.projection.evidence import Evidence
from engine.projection.serve_small import equal_loss
from engine.projection.training_plan import CHOICES, fastest
from engine.records import BadInput, Estimate, Kind, Projection
from engine.scenario import Scenario

SAME_SPEED_RATIO = 1.0001
SLOWER_RATIO = 1.25
"""Answers of other hardware or in other batches may take so much longer, not more."""

BUY = "buy"
"""The one lever that leaves one's own model: what it saves is against the seller's bill."""

Changes = Mapping[str, object]


@dataclass(frozen=True)
class Now:
    """Where one starts from."""

    scenario: Scenario
    answer: Projection
    evidence: Evidence

    @property
    def device(self) -> hardware.Device:
        """What trains and serves now."""
        return hardware.device(self.scenario.hardware, self.evidence)

    @property
    def trains(self) -> bool:
        """Whether anything is trained."""
        return float(np.asarray(self.scenario.training_run_count)) > 0

    @property
    def serves(self) -> bool:
        """Whether anything is asked."""
        return float(np.asarray(self.scenario.requests_per_day)) > 0

    @property
    def limits(self) -> tuple[Limit, ...]:
        """No slower to train, and answers not much slower."""
        found = []
        if self.trains and (time_h := number(self.answer.training.time_h)) is not None:
            found.append(
                Limit("training.time_h", at_most=True, bound_number=time_h * SAME_SPEED_RATIO)
            )
        path, each_s = answer_time(self.answer)
        if self.serves and each_s is not None:
            found.append(Limit(path, at_most=True, bound_number=each_s * SLOWER_RATIO))
        return tuple(found)

    def bought_usd(self, api_model: str) -> float | None:
        """What a seller would ask for the answers."""
        asked = self.scenario.replace(api_model=api_model)
        return number(api_price.api_usd(asked, replicas.request_count(asked)))

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


def changed(before: Scenario, after: Scenario) -> dict[str, object]:
    """What differs between two scenarios, as in the second."""
    one, other = before.model_dump(), after.model_dump()
    return {name: value for name, value in other.items() if value != one[name]}


def answer_time(answer: Projection) -> tuple[str, float | None]:
    """Of one token, or of one answer where no tokens are written: where it stands, and seconds."""
    token_s = number(answer.deployment.tpot_s)
    if token_s is not None:
        return "deployment.tpot_s", token_s
    return "deployment.latency_s", number(answer.deployment.latency_s)


def number(estimate: Estimate) -> float | None:
    """Of a single scenario; None where it is not known."""
    return None if estimate.value is None else float(np.asarray(estimate.value))


def _hardware(now: Now) -> Iterator[Changes]:
    yield from _one(now.chosen("hardware", "training_device_count"))


def _devices(now: Now) -> Iterator[Changes]:
    if now.trains:
        for count in decision_options.DEVICE_COUNTS.tolist():
            yield {"training_device_count": count}


def _place(now: Now) -> Iterator[Changes]:
    """The cheapest place of the same country, where more than one of it is known."""
    kind, _, _ = now.scenario.place.partition(":")
    alike = tuple(i for i in catalogue.places() if i.startswith(f"{kind}:"))
    if now.scenario.ownership == "owned" and kind == "us":
        yield from _one(now.chosen("place", only={"place": alike}))


def _abroad(now: Now) -> Iterator[Changes]:
    if now.scenario.ownership == "owned":
        yield from _one(now.chosen("place"))


def _terms(now: Now) -> Iterator[Changes]:
    for terms in decision_options.terms(now.scenario, now.device, ("ownership",))[1:]:
        yield terms if terms["ownership"] == "cloud" else {"ownership": "owned"}


def _spot(now: Now) -> Iterator[Changes]:
    spot = {"ownership": "cloud", "pricing": "spot"}
    if money_hardware.usd_per_device_hour(now.scenario.replace(**spot), now.device).known:
        yield spot


def _renewables(now: Now) -> Iterator[Changes]:
    if (
        now.scenario.carbon_usd_per_tonne is not None
        or now.scenario.renewable_usd_per_kwh is not None
    ):
        yield {"renewable_share": 1.0}


def _training_precision(now: Now) -> Iterator[Changes]:
    for precision in ("bf16", "fp16", "fp8"):
        if now.trains and now.device.runs_natively(precision):
            yield {"precision": precision}


def _serving_precision(now: Now) -> Iterator[Changes]:
    if not now.serves:
        return
    for precision in ("bf16", "fp16", "fp8", "int8"):
        if now.device.runs_natively(precision):
            yield {"serving_precision": precision}
    if catalogue.model(now.scenario.model).family == "decoder":
        yield {"serving_precision": "int4"}


def _cache_precision(now: Now) -> Iterator[Changes]:
    keeps_one = catalogue.model(now.scenario.model).family == "decoder"
    if now.serves and keeps_one and now.scenario.cache_precision != "fp8":
        yield {"cache_precision": "fp8"}


def _serving_plan(now: Now) -> Iterator[Changes]:
    if now.serves:
        opened = ("serving_batch_count", "serving_tensor_parallel_count")
        free = Now(now.scenario.replace(**dict.fromkeys(opened)), now.answer, now.evidence)
        yield from _one(free.chosen(*opened))


def _training_plan(now: Now) -> Iterator[Changes]:
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


def _scaling(now: Now) -> Iterator[Changes]:
    if now.serves and now.scenario.ownership == "cloud":
        yield {"serving_scaling": "autoscaled"}


def _smaller(now: Now) -> Iterator[Changes]:
    """Half the parameters on the same data: what pruning or distilling would have to beat."""
    if now.trains and now.scenario.tuning == "full":
        own = catalogue.model(now.scenario.model).parameters_billion.value
        yield {"parameters_billion": float(np.asarray(now.scenario.parameters_billion or own)) / 2}


def _resized(now: Now) -> Iterator[Changes]:
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


def _other_model(now: Now) -> Iterator[Changes]:
    """A smaller known model taken as it is."""
    own = catalogue.model(now.scenario.model)
    if now.trains or now.scenario.parameters_billion is not None:
        return
    for model_id in decision_options.model_ids(now.scenario, ("model",), {}, {}):
        other = catalogue.model(model_id)
        if own.parameter_count / 4 <= other.parameter_count < own.parameter_count:
            yield {"model": model_id}


def _checkpoints(now: Now) -> Iterator[Changes]:
    if now.trains and float(np.asarray(now.scenario.checkpoints_kept_count)) > 1:
        yield {"checkpoints_kept_count": 1.0}


def _storage(now: Now) -> Iterator[Changes]:
    for provider in catalogue.storage_providers():
        if provider != now.scenario.storage_provider:
            yield {"storage_provider": provider}
    for tier in ("cool", "archive"):
        yield {"raw_data_tier": tier, "checkpoint_tier": tier}


def _buy(now: Now) -> Iterator[Changes]:
    """The same model's answers from a seller: the middle one by what this load would cost."""
    offers = api_price.offers_of(now.scenario.model) if now.serves else ()
    asked = {name: now.bought_usd(name) for name in offers}
    dearer = sorted((usd, name) for name, usd in asked.items() if usd is not None)
    if not dearer or now.scenario.parameters_billion is not None:
        return
    _, middle = dearer[(len(dearer) - 1) // 2]
    if middle != now.scenario.api_model:
        yield {"api_model": middle}


def _one(changes: Changes | None) -> Iterator[Changes]:
    if changes:
        yield changes


class Lever(NamedTuple):
    """One kind of change."""

    name: str
    settings: Callable[[Now], Iterator[Changes]]
    """Those it may take from where one stands."""
    kind: Kind
    """How what it does is known: by prices, by fitted speeds, by an assumed habit of load."""
    score: Literal["same", "served", "learned", "unknown"]
    """Nothing moves it; known changes of precision do; the curve of what is learned; or nobody
    knows."""


LEVERS = (
    Lever("hardware", _hardware, "fitted", "same"),
    Lever("devices", _devices, "fitted", "same"),
    Lever("place", _place, "published", "same"),
    Lever("abroad", _abroad, "published", "same"),
    Lever("terms", _terms, "published", "same"),
    Lever("spot", _spot, "assumed", "same"),
    Lever("renewables", _renewables, "chosen", "same"),
    Lever("training_precision", _training_precision, "fitted", "unknown"),
    Lever("serving_precision", _serving_precision, "fitted", "served"),
    Lever("cache_precision", _cache_precision, "fitted", "served"),
    Lever("serving_plan", _serving_plan, "fitted", "same"),
    Lever("training_plan", _training_plan, "fitted", "same"),
    Lever("scaling", _scaling, "assumed", "same"),
    Lever("smaller", _smaller, "fitted", "learned"),
    Lever("resized", _resized, "fitted", "learned"),
    Lever("other_model", _other_model, "published", "learned"),
    Lever("checkpoints", _checkpoints, "published", "same"),
    Lever("storage", _storage, "published", "same"),
    Lever(BUY, _buy, "published", "unknown"),
)
