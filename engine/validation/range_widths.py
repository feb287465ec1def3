"""How wide a 90 % range is: from rows no fit saw, widened until it holds for a source unseen.

Rows of one source share a bias of their own, so the range that holds nine tenths of some sources
is too narrow for the next. Each source in turn is left out of the ranges, and it is seen by what
share of their half width both ends of the ranges of the others had to move to hold its rows. The
share that holds nine tenths of them, every source counting the same, moves the ends of all, and is
raised by what it proves to lack when it is itself found without each source. Nothing is set by
hand, and a share below 0 makes them narrower, but where sources are of kinds of their own.

Sources: Barber et al. 2021, "Predictive inference with the jackknife+",
https://arxiv.org/abs/1905.02928; Lee, Barber, Willett 2023, "Distribution-free inference with
hierarchical data", https://arxiv.org/abs/2306.06342; how far a row lies outside: Romano, Patterson,
Candès 2019, "Conformalized quantile regression", https://arxiv.org/abs/1905.03222
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ends = tuple[float, float]
"""Logarithms of published over predicted at both ends of a range; one on each side of 0."""

RANGE_PERCENTILES = (5.0, 95.0)
HELD_PERCENT = 90.0
FEWEST_SOURCES = 4
"""A regime known from fewer is no surer than all regimes together."""
NARROWEST = 0.02
"""Nobody measures a speed to better than this."""


class Miss(NamedTuple):
    """Logarithm of published over predicted of one row that the fit did not see."""

    source: str
    log_ratio: float
    regimes: tuple[str, ...]
    """What decides how sure a prediction is, from narrow to wide; the widest holds all."""
    quantity: str = ""
    """Ranges of one quantity are stretched alike."""


class Misses:
    """Many rows that no fit saw, and the ranges that follow from all or some of their sources."""

    def __init__(self, misses: Sequence[Miss], *, may_narrow: bool = True) -> None:
        """`may_narrow` says whether sources that need less than their ranges narrow all.

        That asks for sources alike: where nearly every regime is one source's, what the others
        need says nothing of the next.
        """
        self.misses = misses
        self._least_share = -1.0 if may_narrow else 0.0
        self.sources = sorted({miss.source for miss in misses})
        self._ends: dict[frozenset[str], dict[str, Ends]] = {}

    def ranges(self, without: str | None = None) -> dict[str, Ends]:
        """Ends of the range by regime, stretched; `without` a source, as if it was never seen."""
        left_out = frozenset() if without is None else frozenset({without})
        shares = self._shares(left_out)
        found = {
            name: _stretched(ends, max(shares.get(q, 0.0) for q in self._quantities[name]))
            for name, ends in sorted(self._plain(left_out).items())
        }
        return {
            name: ends
            for name, ends in found.items()
            if ends != range_for(found, self._wider[name])
        }

    @cached_property
    def _quantities(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for miss in self.misses:
            for name in miss.regimes:
                found[name].add(miss.quantity)
        return found

    def row_count(self, regime: str) -> int:
        """Rows known of a regime."""
        return len(self._by_regime[regime][0])

    @cached_property
    def _by_regime(self) -> dict[str, tuple[Array, npt.NDArray[np.str_]]]:
        """Log ratios, with their sources."""
        rows: dict[str, list[tuple[float, str]]] = defaultdict(list)
        for miss in self.misses:
            for name in miss.regimes:
                rows[name].append((miss.log_ratio, miss.source))
        return {
            name: (np.array([log for log, _ in found]), np.array([source for _, source in found]))
            for name, found in rows.items()
        }

    @cached_property
    def _alike(self) -> dict[str, dict[tuple[str, tuple[str, ...]], Array]]:
        """By source the log ratios of rows of the same quantity and regimes."""
        found: dict[str, dict[tuple[str, tuple[str, ...]], list[float]]]
        found = defaultdict(lambda: defaultdict(list))
        for miss in self.misses:
            found[miss.source][miss.quantity, miss.regimes].append(miss.log_ratio)
        return {
            source: {key: np.array(logs) for key, logs in of_source.items()}
            for source, of_source in found.items()
        }

    def _shares(self, left_out: frozenset[str]) -> dict[str, float]:
        """By quantity, how far the ends of the others must move, in half widths, for a source."""
        needed: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for source in self.sources:
            if source in left_out:
                continue
            known = self._plain(left_out | {source})
            for (quantity, regimes), logs in self._alike[source].items():
                ends = range_for(known, regimes)
                if ends is not None:
                    low, high = ends
                    outside = np.maximum(low - logs, logs - high) / _half_width(ends)
                    needed[quantity] += [(source, float(share)) for share in outside]
        return {n: max(_share(outside), self._least_share) for n, outside in needed.items()}

    def _plain(self, left_out: frozenset[str]) -> dict[str, Ends]:
        """Where nine tenths of the rows of the other sources fell, each counting the same."""
        if left_out not in self._ends:
            self._ends[left_out] = self._percentiles(left_out)
        return self._ends[left_out]

    def _percentiles(self, left_out: frozenset[str]) -> dict[str, Ends]:
        own: dict[str, tuple[Ends, int]] = {}
        for name, (logs, sources) in self._by_regime.items():
            kept = ~np.isin(sources, list(left_out))
            if kept.any():
                _, place, counts = np.unique(sources[kept], return_inverse=True, return_counts=True)
                low, high = _weighted(logs[kept], 1.0 / counts[place], RANGE_PERCENTILES)
                own[name] = (min(low, -NARROWEST), max(high, NARROWEST)), len(counts)
        return {name: self._sure(name, own) for name in own}

    def _sure(self, name: str, own: Mapping[str, tuple[Ends, int]]) -> Ends:
        """No narrower than the next wider regime, where few sources are known of this one."""
        ends, count = own[name]
        wider = [n for n in self._wider[name] if n in own]
        if count >= FEWEST_SOURCES or not wider:
            return ends
        next_wider = next((n for n in wider if own[n][1] >= FEWEST_SOURCES), wider[-1])
        return _both(ends, own[next_wider][0])

    @cached_property
    def _wider(self) -> dict[str, tuple[str, ...]]:
        return {
            name: miss.regimes[place + 1 :]
            for miss in self.misses
            for place, name in enumerate(miss.regimes)
        }


def range_for(ranges: Mapping[str, Ends], regimes: Sequence[str]) -> Ends | None:
    """The range of the narrowest regime that was seen; None where none was."""
    return next((ranges[name] for name in regimes if name in ranges), None)


def weighted_percentiles(
    values: Sequence[tuple[str, float]], percentiles: Sequence[float]
) -> list[float]:
    """Percentiles of values of several sources, each source counting the same."""
    counts: dict[str, int] = defaultdict(int)
    for source, _ in values:
        counts[source] += 1
    weights = np.array([1 / counts[source] for source, _ in values])
    return _weighted(np.array([value for _, value in values]), weights, percentiles)


def _weighted(values: Array, weights: Array, percentiles: Sequence[float]) -> list[float]:
    # Without interpolation: a far row is no reason to move half way to it.
    found: list[float] = np.percentile(
        values, percentiles, weights=weights, method="inverted_cdf"
    ).tolist()
    return found


def _share(needed: Sequence[tuple[str, float]]) -> float:
    """The move of both ends that holds nine tenths of the next source, from what each needed.

    What holds these sources is too little for the next where few are known and one is far off.
    So each is left out once more, and the move raised by what that of the others lacked; where
    sources are alike, ranges then hold a point or two more than nine tenths.
    """
    [found] = weighted_percentiles(needed, [HELD_PERCENT])
    sources = {source for source, _ in needed}
    if len(sources) == 1:
        return found
    others = {
        source: weighted_percentiles([pair for pair in needed if pair[0] != source], [HELD_PERCENT])
        for source in sources
    }
    lacking = [(source, share - others[source][0]) for source, share in needed]
    return found + weighted_percentiles(lacking, [HELD_PERCENT])[0]


def _stretched(ends: Ends, share: float) -> Ends:
    moved = share * _half_width(ends)
    return min(ends[0] - moved, -NARROWEST), max(ends[1] + moved, NARROWEST)


def _half_width(ends: Ends) -> float:
    return (ends[1] - ends[0]) / 2.0


def _both(one: Ends, other: Ends) -> Ends:
    return min(one[0], other[0]), max(one[1], other[1])
