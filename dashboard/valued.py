"""What a scenario is worth, with everything the page shows of it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.projection import cash_flow
from engine.projection.sensitivity import Swing, tornado
from engine.projection.uncertainty import (
    Doubt,
    Outlook,
    Risk,
    doubts,
    normals,
    outlook,
    risk,
    worked_out,
)
from engine.projection.working import estimates
from engine.projection.worth import Worth, worth
from engine.records import Projection
from engine.scenario import Scenario
from engine.value_case import ValueCase

Array = npt.NDArray[np.float64]

DRAW_COUNT = 5_000
"""Enough for percentiles that hold in two digits, and quick enough for every key press."""
SEED = 0


@dataclass(frozen=True)
class Valued:
    """Worth, and how sure it is."""

    worth: Worth
    doubts: tuple[Doubt, ...]
    npv_usd: Array | None
    """Of every draw; None where a cost is unknown, or nothing is uncertain."""
    outlooks: dict[str, Outlook | None]
    risk: Risk | None
    swings: list[Swing]
    """Of the net present value, one input at a time."""
    balance_usd: Array | None
    """Gains less costs up to each month's end, from the start on."""


def value_of(scenario: Scenario, case: ValueCase, answer: Projection) -> Valued:
    """Everything the page shows of one case."""
    found = worth(scenario, case, answer)
    shown = {name: e for name, e in estimates(found) if e.known}
    uncertain = doubts(shown, found.known)
    drawn = worked_out(shown, uncertain, normals(uncertain, DRAW_COUNT, SEED))
    npv = drawn.get("npv_usd")
    return Valued(
        worth=found,
        doubts=uncertain,
        npv_usd=npv,
        outlooks={name: outlook(values) for name, values in drawn.items()},
        risk=None if npv is None else risk(npv),
        swings=[] if npv is None else tornado(found.npv_usd, uncertain),
        balance_usd=_balance(found),
    )


def _balance(found: Worth) -> Array | None:
    inputs = dict(found.payback_months.inputs)
    if not all(part.known for part in inputs.values()):
        return None
    upfront = inputs.pop("upfront_usd").value
    flow = cash_flow.monthly_net_usd(**{n: e.value for n, e in inputs.items()})  # type: ignore[arg-type]
    return np.cumsum(np.concatenate([[-float(upfront or 0.0)], flow]))
