"""Choices between numbers, element by element; one number stays one plain number.

numpy takes a microsecond or more to choose between two plain numbers, and answers with an array
of no dimensions that slows all arithmetic after it. A formula that asks here does one scenario as
quickly as plain arithmetic and a hundred thousand as quickly as numpy.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from engine.units import Float

LARGEST_EXPONENT = 709.0
"""Beyond it e to the power has no double."""
Condition = bool | np.bool_ | npt.NDArray[np.bool_]


def maximum(one: Float, other: Float) -> Float:
    """The larger; NaN where either is."""
    if isinstance(one, float) and isinstance(other, float):
        return one if one >= other or one != one else other
    larger: Float = np.maximum(one, other)
    return larger


def minimum(one: Float, other: Float) -> Float:
    """The smaller; NaN where either is."""
    if isinstance(one, float) and isinstance(other, float):
        return one if one <= other or one != one else other
    smaller: Float = np.minimum(one, other)
    return smaller


def clip(value: Float, low: Float, high: Float) -> Float:
    """The value, or the end of the range it lies beyond."""
    return minimum(maximum(value, low), high)


def where(condition: Condition, yes: Float, no: Float) -> Float:
    """One where a condition holds, the other elsewhere; both are worked out before."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, yes, no)
    return yes if condition else no


def is_nan(value: Float) -> Condition:
    """Whether there is no number."""
    return value != value


def anywhere(condition: Condition) -> bool:
    """Whether a condition holds for any element."""
    return condition if isinstance(condition, bool) else bool(np.any(condition))


def everywhere(condition: Condition) -> bool:
    """Whether a condition holds for every element."""
    return condition if isinstance(condition, bool) else bool(np.all(condition))


def exp(value: Float) -> Float:
    """E to the power of the value."""
    if isinstance(value, float):
        return math.inf if value > LARGEST_EXPONENT else math.exp(value)
    powers: Float = np.exp(value)
    return powers


def overlapped(one: Float, other: Float, power: Float) -> Float:
    """Time of two works that overlap: their sum at power 1, the longer one at a high power."""
    both: Float = (one**power + other**power) ** (1.0 / power)
    return both


def floor(value: Float) -> Float:
    """The largest whole number that is not above."""
    if isinstance(value, float) and math.isfinite(value):
        return float(math.floor(value))
    whole: Float = np.floor(value)
    return whole


def ceil(value: Float) -> Float:
    """The smallest whole number that is not below."""
    if isinstance(value, float) and math.isfinite(value):
        return float(math.ceil(value))
    whole: Float = np.ceil(value)
    return whole


def plainly(value: Float) -> Float:
    """A float where there is one number, an array where there are several."""
    if isinstance(value, np.ndarray) and value.ndim:
        return value
    return float(value)


def plain(value: Float) -> Float:
    """The numbers; one number as a plain one, not as an array of no dimensions."""
    return value if isinstance(value, np.ndarray) and value.ndim else float(value)
