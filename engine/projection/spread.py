"""The range of a fact that one source prints as one number."""

from __future__ import annotations

from engine.projection.working import assumed
from engine.records import Estimate


def spread(known: Estimate, ratio_name: str) -> Estimate:
    """The fact with a 90 % range around it, as far as others of its kind lie from what is printed.

    A fact whose source prints a range keeps it.

    Args:
        known: A fact with a number.
        ratio_name: The assumption that says how far, as ratios to 1.
    """
    if known.low is not None or known.value is None:
        return known
    ratio = assumed(ratio_name)
    assert ratio.low is not None
    assert ratio.high is not None
    note = "; ".join(part for part in (known.note, ratio.note) if part)
    return known._replace(low=known.value * ratio.low, high=known.value * ratio.high, note=note)
