"""Build or buy: from how many requests a day one's own model is cheaper than a seller's answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.projection import project
from engine.projection.evidence import NO_EVIDENCE, Evidence
from engine.records import BadInput
from engine.scenario import Scenario

Array = npt.NDArray[np.float64]

LEAST_PER_DAY, MOST_PER_DAY = 1.0, 1e11
TRIED_COUNT = 441
"""Forty to each power of ten: steps of 6 %, made finer where the bills cross."""
FINER_ROUNDS = 3


@dataclass(frozen=True)
class BuildOrBuy:
    """Both bills at the scenario's load, and the load at which they are the same."""

    own_usd: float
    """Everything: training, keeping and serving."""
    api_usd: float
    break_even_requests_per_day: float | None
    """From here on one's own stays cheaper, up to any load looked at; None where it never is."""


def build_or_buy(scenario: Scenario, evidence: Evidence = NO_EVIDENCE) -> BuildOrBuy:
    """Where one's own model and the scenario's `api_model` cost the same over the horizon.

    A seller is paid by the answer; one's own costs something before the first one, and steps up
    with every replica, so that the bills may cross more than once: the last crossing is told.

    Raises:
        BadInput: no seller's model is chosen, or the own bill is unknown.
    """
    if scenario.api_model is None:
        raise BadInput("No seller's model to compare with. Set api_model=provider:model.")
    own, sold = _bills(scenario, np.atleast_1d(scenario.requests_per_day), evidence)
    loads = np.geomspace(LEAST_PER_DAY, MOST_PER_DAY, TRIED_COUNT)
    return BuildOrBuy(float(own[0]), float(sold[0]), _break_even(scenario, loads, evidence))


def _break_even(scenario: Scenario, loads: Array, evidence: Evidence) -> float | None:
    for _ in range(FINER_ROUNDS):
        own, sold = _bills(scenario, loads, evidence)
        dearer = np.flatnonzero(own >= sold)
        if not dearer.size:
            return float(loads[0])
        last = int(dearer[-1])
        if last == len(loads) - 1:
            return None
        loads = np.geomspace(loads[last], loads[last + 1], TRIED_COUNT)
    return float(loads[-1])


def _bills(scenario: Scenario, loads: Array, evidence: Evidence) -> tuple[Array, Array]:
    answer = project(scenario.replace(requests_per_day=loads), evidence)
    own, sold = answer.total.cost_usd.value, answer.deployment.api_usd.value
    if own is None or sold is None:
        raise BadInput("The bill of one's own model is unknown. `modelworth project` says why.")
    return np.broadcast_to(own, loads.shape), np.broadcast_to(sold, loads.shape)
