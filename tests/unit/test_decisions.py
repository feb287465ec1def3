"""Decisions: what is reported is the best there is, and says what binds."""

from itertools import product

import numpy as np
import pytest

from engine.projection import project
from engine.projection.decision_axes import value
from engine.projection.decision_blocks import NEAREST, Draft, Space
from engine.projection.decision_goals import NPV, signs
from engine.projection.decision_options import CHOICES, undominated
from engine.projection.decision_search import Blocks, best
from engine.projection.decisions import Goal, Question, decide, front, limit
from engine.projection.evidence import NO_EVIDENCE
from engine.projection.pareto import front as pareto_front
from engine.projection.working import estimates
from engine.projection.worth import template_scenario, worth
from engine.records import BadInput
from engine.scenario import Scenario
from engine.value_case import ValueCase

CHEAPEST = Goal("total.cost_usd", is_largest=False)
FEW = {"hardware": ("h100-sxm", "l4"), "place": ("country:SWE", "us:US")}
RENTS = ("on_demand", "reserved_1y", "reserved_3y")
COUNTS = (1.0, 4.0, 16.0, 64.0)
FIXED = Scenario(serving_batch_count=16.0, serving_tensor_parallel_count=2.0)


def brute_force(limits: dict[str, float], scenario: Scenario) -> float:
    """Smallest total cost over a small grid, one projection after the other."""
    costs = []
    terms = [("owned", "on_demand")] + [("cloud", p) for p in RENTS]
    grid = product(*FEW.values(), terms, ("bf16", "fp8"), COUNTS)
    for hardware, place, (ownership, pricing), precision, count in grid:
        answer = project(
            scenario.replace(
                hardware=hardware,
                place=place,
                ownership=ownership,
                pricing=pricing,
                precision=precision,
                training_device_count=count,
            )
        )
        known = {path: e.value for path, e in estimates(answer)}
        cost = known["total.cost_usd"]
        fits = float(known["training.memory_fit_share"]) <= 1.0
        if fits and cost is not None and all(float(known[p]) <= v for p, v in limits.items()):
            costs.append(float(cost))
    return min(costs)


@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"training.time_h": 900.0},
        {"total.carbon_kgco2e": 9_000.0},
        {"training.time_h": 2_000.0, "total.carbon_kgco2e": 3_000.0},
    ],
)
def test_a_decision_equals_brute_force_on_a_small_grid(
    limits: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.projection.decision_options.DEVICE_COUNTS", np.array(COUNTS))
    asked = Question(
        FIXED,
        CHEAPEST,
        tuple(limit(f"{path}<={bound}") for path, bound in limits.items()),
        kept=("serving_precision",),
        only=FEW,
    )
    best = decide(asked).plans[0]
    assert best.numbers["total.cost_usd"] == pytest.approx(brute_force(limits, FIXED))


def drafts(scenario: Scenario, *paths: str) -> list[Draft]:
    counted = ("total.cost_usd", *paths)
    return list(Space(scenario, NO_EVIDENCE, CHOICES, counted, None, FEW).drafts())


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(),
        Scenario(training_run_count=0.0, serving_scaling="autoscaled"),
        Scenario(requests_per_day=0.0, carbon_usd_per_tonne=100.0),
        Scenario(model="resnet-50", pricing="spot", ownership="cloud"),
    ],
)
def test_nothing_costs_less_than_the_least_that_is_known_before_the_bills(
    scenario: Scenario,
) -> None:
    found = drafts(scenario)
    assert len(found) > 10
    for draft in found:
        block = draft.block()
        if block is None:
            assert draft.floor_usd(NEAREST) == np.inf
            continue
        fits = (block.fits[0] > 0) & (block.fits[1] > 0)
        cost = np.where(fits, value(block.columns["total.cost_usd"]), np.inf)
        floors = [draft.floor_usd(nearness) for nearness in range(NEAREST + 1)]
        assert floors == sorted(floors)
        assert 0 < floors[NEAREST] <= cost.min()


def test_no_plan_of_a_block_ruled_out_keeps_the_limits() -> None:
    limits = (limit("score.mmlu-5-shot>=0.7"), limit("carbon_kgco2e_per_kwh<=0.05"))
    paths = tuple(x.path for x in limits)
    found = drafts(Scenario(), *paths) + drafts(Scenario(model="llama-3.1-70b"), *paths)
    out = [draft for draft in found if draft.is_ruled_out(limits)]
    assert 0 < len(out) < len(found)
    for draft in out:
        block = draft.block()
        assert block is None or best(block, CHEAPEST, limits) is None


def test_what_is_left_out_unseen_would_not_have_been_better() -> None:
    limits = (limit("deployment.tpot_s<=0.03"), limit("training.time_h<=2000"))
    paths = tuple(x.path for x in limits)
    counting = signs(CHEAPEST, limits)
    for scenario in (Scenario(), Scenario(model="bert-base"), Scenario(training_run_count=0.0)):
        quick = Blocks(drafts(scenario, *paths), counting)
        few = quick.best_by("hardware", CHEAPEST, limits, 2)
        every = Blocks(drafts(scenario, *paths), counting).best_cells(CHEAPEST, limits)
        firsts: dict[object, object] = {}
        for cell in every:
            firsts.setdefault(cell.block.changes["hardware"], (cell.order, cell.changes))
        assert [(cell.order, cell.changes) for cell in few] == list(firsts.values())[:2]


def test_a_limit_no_combination_keeps_is_seen_without_its_bill() -> None:
    (first, *_) = drafts(Scenario(), "deployment.tpot_s")
    assert first.could_keep((limit("deployment.tpot_s<=10"),))
    assert not first.could_keep((limit("deployment.tpot_s<=1e-6"),))
    assert first.could_keep((limit("total.cost_usd<=1e-6"),)), "only the bill tells"


def test_the_plan_worth_most_is_the_one_found_by_brute_force(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.projection.decision_options.DEVICE_COUNTS", np.array(COUNTS))
    case = ValueCase(template="text-classification")
    start = template_scenario(case.template, case).replace(serving_batch_count=16.0)
    asked = Question(
        start,
        Goal(NPV, is_largest=True),
        kept=("ownership", "serving_precision", "place"),
        only={"hardware": ("h100-sxm", "l4")},
        case=case,
    )
    best = decide(asked).plans[0]
    others = []
    for hardware, count in product(("h100-sxm", "l4"), COUNTS):
        scenario = start.replace(hardware=hardware, training_device_count=count)
        others.append(float(np.asarray(worth(scenario, case).npv_usd.value)))
    assert best.worth is not None
    assert best.numbers[NPV] == float(np.asarray(best.worth.npv_usd.value))
    assert best.numbers[NPV] == pytest.approx(max(others))


def test_a_score_nobody_knows_is_not_taken_for_that_of_the_guess() -> None:
    """8-bit serving of text encoders was never scored: a tiny one would be worth a large one."""
    case = ValueCase(template="sentiment")
    start = template_scenario(case.template, case)
    allowed = {"hardware": ("l4",), "place": ("us:US",)}
    sized = Question(
        start,
        Goal(NPV, is_largest=True),
        opened=("parameters_billion",),
        only=allowed,
        case=case,
    )
    best = decide(sized).plans[0]
    assert best.projection.quality.score_share.known
    assert best.scenario.parameters_billion is not None
    assert best.scenario.parameters_billion > 0.01
    cheapest = decide(Question(start, CHEAPEST, only=allowed, case=case)).plans[0]
    assert cheapest.scenario.serving_precision == "fp8"
    assert cheapest.worth is None


def test_worth_at_least_so_much_is_a_limit_like_any_other() -> None:
    case = ValueCase(template="sentiment")
    start = template_scenario(case.template, case)
    asked = Question(start, CHEAPEST, (limit(f"{NPV}>=1e9"),), only=FEW, case=case)
    found = decide(asked)
    assert not found.plans
    assert found.bindings[0].is_impossible
    nearest = found.bindings[0].alone_number
    assert nearest is not None
    kept = Question(start, CHEAPEST, (limit(f"{NPV}>={nearest - 1.0}"),), only=FEW, case=case)
    assert decide(kept).plans[0].numbers[NPV] >= nearest - 1.0


def test_numbers_of_a_plan_are_those_of_its_projection() -> None:
    asked = Question(
        Scenario(), CHEAPEST, (limit("deployment.tpot_s<=0.02"),), only={"hardware": ("h100-sxm",)}
    )
    plan = decide(asked).plans[0]
    again = project(plan.scenario)
    assert plan.numbers["total.cost_usd"] == float(np.asarray(again.total.cost_usd.value))
    assert plan.numbers["deployment.tpot_s"] <= 0.02


@pytest.mark.parametrize("text", ["total.cost_usd<=2e6", " total.cost_usd <= 2,000,000 "])
def test_a_limit_is_read_as_typed(text: str) -> None:
    assert limit(text) == ("total.cost_usd", True, 2e6)


@pytest.mark.parametrize("text", ["total.cost_usd", "total.cost_usd<=much", "<=3", "a<=inf", ""])
def test_what_is_not_a_limit_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is not a limit"):
        limit(text)


def test_a_binding_limit_says_what_loosening_it_buys() -> None:
    free = decide(Question(Scenario(), CHEAPEST, only=FEW)).plans[0]
    slow = float(np.asarray(free.projection.training.time_h.value))
    tight = decide(
        Question(Scenario(), CHEAPEST, (limit(f"training.time_h<={slow / 4}"),), only=FEW)
    )
    (binding,) = tight.bindings
    assert binding.binds
    assert binding.without_number == pytest.approx(free.numbers["total.cost_usd"])
    assert tight.plans[0].numbers["total.cost_usd"] > free.numbers["total.cost_usd"]
    loose = decide(
        Question(Scenario(), CHEAPEST, (limit(f"training.time_h<={slow * 4}"),), only=FEW)
    )
    assert not loose.bindings[0].binds


def test_an_impossible_limit_is_named_with_how_near_one_gets() -> None:
    asked = (limit("deployment.tpot_s<=1e-5"), limit("total.cost_usd<=1e9"))
    found = decide(Question(Scenario(), CHEAPEST, asked, only=FEW))
    assert not found.plans
    speed, money = found.bindings
    assert speed.is_impossible
    assert speed.alone_number is not None
    assert speed.alone_number > 1e-5
    assert not money.is_impossible


def test_limits_that_exclude_each_other_are_told_apart_from_impossible_ones() -> None:
    cheap = decide(Question(Scenario(), CHEAPEST, only=FEW)).plans[0]
    fast = decide(Question(Scenario(), Goal("training.time_h", is_largest=False), only=FEW)).plans[
        0
    ]
    money = cheap.numbers["total.cost_usd"] * 1.01
    hours = fast.numbers["training.time_h"] * 1.01
    asked = (limit(f"total.cost_usd<={money}"), limit(f"training.time_h<={hours}"))
    found = decide(Question(Scenario(), CHEAPEST, asked, only=FEW))
    assert not found.plans
    assert not any(binding.is_impossible for binding in found.bindings)
    assert all(binding.reached_number is not None for binding in found.bindings)


def test_the_largest_model_costs_what_is_allowed_and_a_larger_one_more() -> None:
    asked = Question(
        Scenario(),
        Goal("parameters_billion", is_largest=True),
        (limit("total.cost_usd<=2e5"),),
        only={"hardware": ("h100-sxm",), "place": ("us:US",)},
    )
    plan = decide(asked).plans[0]
    assert plan.numbers["total.cost_usd"] <= 2e5
    size = plan.numbers["parameters_billion"]
    larger = Question(
        Scenario(parameters_billion=size * 1.02),
        CHEAPEST,
        only={"hardware": ("h100-sxm",), "place": ("us:US",)},
    )
    assert decide(larger).plans[0].numbers["total.cost_usd"] > 2e5


def test_more_money_never_buys_a_smaller_model() -> None:
    sizes = []
    for money in (5e4, 1e5, 4e5):
        asked = Question(
            Scenario(),
            Goal("parameters_billion", is_largest=True),
            (limit(f"total.cost_usd<={money}"),),
            only={"hardware": ("h100-sxm",), "place": ("us:US",)},
        )
        sizes.append(decide(asked).plans[0].numbers["parameters_billion"])
    assert sizes == sorted(sizes)


def test_a_published_score_chooses_among_known_models() -> None:
    asked = Question(
        Scenario(training_run_count=0.0),
        CHEAPEST,
        (limit("score.mmlu-5-shot>=0.8"), limit("deployment.tpot_s<=0.04")),
        opened=("model",),
        only={"hardware": ("h100-sxm",), "place": ("country:SWE",)},
    )
    found = decide(asked)
    assert found.scored_precisions_only
    assert all(plan.numbers["score.mmlu-5-shot"] >= 0.8 for plan in found.plans)
    # Of Llama 3.3 70B's 86.0 points 8 bits leave enough, and serving is cheaper so.
    served = {plan.scenario.serving_precision for plan in found.plans}
    assert served & {"fp8", "int8", "int4"}
    models = [plan.scenario.model for plan in found.plans]
    assert len(set(models)) == len(models) > 1


@pytest.mark.parametrize("model", ["dlrm-small", "transformer-base"])
def test_a_model_whose_memory_in_serving_nobody_tells_still_has_plans(model: str) -> None:
    assert decide(Question(Scenario(model=model), CHEAPEST, only=FEW)).plans


def test_what_is_kept_stays() -> None:
    asked = Question(
        Scenario(),
        CHEAPEST,
        kept=("hardware", "ownership", "precision", "place", "serving_precision"),
    )
    for plan in decide(asked).plans:
        assert plan.scenario.hardware == "h100-sxm"
        assert plan.scenario.ownership == "owned"
        assert (plan.scenario.precision, plan.scenario.serving_precision) == ("bf16", "bf16")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kept": ("colour",)}, "is not a choice"),
        ({"only": {"hardware": ("abacus",)}}, "abacus"),
        ({"only": {"colour": ("red",)}}, "cannot be restricted"),
        ({"limits": (limit("storage.kept_bytes<=1"),)}, "cannot be searched"),
        ({"limits": (limit("training.beauty<=1"),)}, "No number"),
        ({"limits": (limit("worth.npv_usd>=1"),)}, "none is named"),
        ({"scenario": Scenario(parameters_billion=np.array([1.0, 2.0]))}, "range of values"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(change: dict[str, object], words: str) -> None:
    asked = {"scenario": Scenario(), "goal": CHEAPEST, "only": FEW} | change
    with pytest.raises(BadInput, match=words):
        decide(Question(**asked))  # type: ignore[arg-type]


def test_no_member_of_a_front_is_beaten_by_another() -> None:
    ways = [CHEAPEST, Goal("deployment.tpot_s", is_largest=False)]
    found = front(Question(Scenario(), CHEAPEST, only=FEW), ways)
    costs = [numbers["total.cost_usd"] for _, numbers in found]
    times = [numbers["deployment.tpot_s"] for _, numbers in found]
    assert len(found) > 3
    assert costs == sorted(costs)
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("quantities", [1, 2, 3, 4])
@pytest.mark.parametrize("steps", [0, 6])
def test_a_front_holds_exactly_the_points_nothing_beats(quantities: int, steps: int) -> None:
    points = np.random.default_rng(quantities).random((900, quantities))
    points = np.floor(points * steps) if steps else points
    beaten = [((points <= p).all(axis=1) & (points < p).any(axis=1)).any() for p in points]
    assert set(pareto_front(points)) == set(np.flatnonzero(~np.array(beaten)))


def test_a_front_of_many_points_does_not_compare_all_pairs() -> None:
    angles = np.random.default_rng(1).random((100_000, 2))
    points = np.stack([angles[:, 0], angles[:, 1], 2.0 - angles.sum(axis=1)], axis=1)
    assert len(pareto_front(points)) == 100_000


def test_of_equal_options_the_first_is_kept() -> None:
    assert undominated(np.array([[2.0, 1.0], [2.0, 1.0], [3.0, 1.0], [1.0, 2.0]])).tolist() == [
        0,
        3,
    ]
