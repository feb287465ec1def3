"""Train big and serve short, or train small for longer and serve cheaply: equal loss, least bill.

A smaller model reaches the same loss on more data. What it saves with every answer must pay
for the longer training.

Source: Sardana et al. 2024, "Beyond Chinchilla-Optimal: Accounting for Inference in Language
Model Scaling Laws", https://arxiv.org/abs/2401.00448
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine import catalogue
from engine.projection import project
from engine.projection.evidence import NO_EVIDENCE, Evidence
from engine.records import BadInput
from engine.scenario import Scenario, bounds
from engine.units import BILLION, Float

Array = npt.NDArray[np.float64]

SIZE_COUNT = 121
SPAN_RATIO = 20.0
"""Sizes looked at: from so many times smaller to so many times larger."""
FINER_ROUNDS = 2


@dataclass(frozen=True)
class EqualLoss:
    """Sizes that reach the scenario's loss, what each costs, and the cheapest."""

    loss_nats: float
    parameters_billion: Array
    dataset_items_billion: Array
    """Tokens each needs, seen once."""
    cost_usd: Array
    best: Scenario
    """The cheapest: a grid of sizes made finer around it, so a local search."""
    best_cost_usd: float
    now_cost_usd: float


def data_items_billion(
    active_parameter_count: Float,
    loss_nats: Float,
    irreducible_nats: Float,
    size_nats: Float,
    data_nats: Float,
    size_exponent: Float,
    data_exponent: Float,
) -> Float:
    """Tokens, in billions, that bring a model of some size to a loss; NaN where none do.

    The loss `E + A / N^α + B / D^β` solved for `D`.

    Source: Hoffmann et al. 2022, approach 3, https://arxiv.org/abs/2203.15556
    """
    left = loss_nats - irreducible_nats - size_nats / active_parameter_count**size_exponent
    enough = np.where(left > 0, left, np.nan)
    return (data_nats / enough) ** (1.0 / data_exponent) / BILLION


def equal_loss(scenario: Scenario, evidence: Evidence = NO_EVIDENCE) -> EqualLoss:
    """The cheapest size and amount of data that reach the scenario's own loss.

    Raises:
        BadInput: the scenario trains no language model, its bill is unknown, or no size will do.
    """
    now = project(scenario, evidence)
    loss, cost = now.quality.loss_nats.value, now.total.cost_usd.value
    if loss is None or cost is None or float(np.asarray(scenario.training_run_count)) == 0:
        raise BadInput(
            "Size can be traded for data only where a language model is trained and its bill "
            "is known. Set training_run_count above 0 and a decoder as model."
        )
    own = float(now.training.parameter_count.value or 0.0) / BILLION
    most = float(bounds("parameters_billion").high)
    sizes = np.geomspace(own / SPAN_RATIO, min(own * SPAN_RATIO, most), SIZE_COUNT)
    curve = _curve(scenario, float(loss), sizes, evidence)
    best = curve
    for _ in range(FINER_ROUNDS):
        at = int(np.argmin(best[2]))
        ends = best[0][max(at - 1, 0)], best[0][min(at + 1, len(best[0]) - 1)]
        best = _curve(scenario, float(loss), np.geomspace(*ends, SIZE_COUNT), evidence)
    at = int(np.argmin(best[2]))
    return EqualLoss(
        float(loss),
        *curve,
        best=scenario.replace(
            parameters_billion=float(best[0][at]),
            dataset_items_billion=float(best[1][at]),
            epoch_count=1.0,
        ),
        best_cost_usd=float(best[2][at]),
        now_cost_usd=float(cost),
    )


def _curve(
    scenario: Scenario, loss_nats: float, sizes_billion: Array, evidence: Evidence
) -> tuple[Array, Array, Array]:
    """Sizes that can reach the loss, tokens that each needs, and the whole bill."""
    constants = catalogue.quality_curve("pretraining-loss-nats").constants
    model = catalogue.model(scenario.model)
    active = model.active_parameters_billion or model.parameters_billion
    share = active.value / model.parameters_billion.value
    tokens = np.asarray(
        data_items_billion(
            sizes_billion * BILLION * share,
            loss_nats,
            constants["E"],
            constants["A"],
            constants["B"],
            constants["alpha"],
            constants["beta"],
        )
    )
    possible = np.isfinite(tokens) & (tokens <= float(bounds("dataset_items_billion").high))
    if not possible.any():
        raise BadInput("No size reaches the scenario's loss on as much data as there can be.")
    sizes, tokens = sizes_billion[possible], tokens[possible]
    answer = project(
        scenario.replace(parameters_billion=sizes, dataset_items_billion=tokens, epoch_count=1.0),
        evidence,
    )
    cost = np.broadcast_to(np.asarray(answer.total.cost_usd.value), sizes.shape)
    fits = np.asarray(answer.training.memory_fit_share.value) <= 1.0
    return sizes, tokens, np.where(fits, cost, np.inf)
