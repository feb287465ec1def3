"""Which part of a training step takes the time: batch, forward, backward, update."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from engine.measurement.execution import wait

SHARES = ("input_share", "forward_share", "backward_share", "update_share")
EVERY = 8
"""One step in so many is looked at: marking costs little, on a GPU not nothing."""


class Phases:
    """Marks at the edges of the four parts, on some of the steps.

    On a GPU the marks are events in its own queue, so that nothing waits for them.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._step_number = 0
        self._times_s: list[float] = []
        self._events: list[torch.cuda.Event] = []

    def of_next_step(self) -> Callable[[], None]:
        """What to call at each of the five edges of the step that begins."""
        self._step_number += 1
        # The first step of a training also sets up what later ones find ready.
        if self._step_number % EVERY:
            return _nothing
        return self._record if self._device.type == "cuda" else self._note

    def shares(self) -> dict[str, float]:
        """Share of the step's time in each part; empty where too few steps were taken."""
        spent = [0.0] * len(SHARES)
        lasted = self._lasted()
        for place, time_s in enumerate(lasted):
            spent[place % len(SHARES)] += time_s
        whole = sum(spent)
        if not whole:
            return {}
        return {name: part / whole for name, part in zip(SHARES, spent, strict=True)}

    def _lasted(self) -> list[float]:
        edge_count = len(SHARES) + 1
        if self._device.type == "cuda":
            wait(self._device)
            edges = zip(self._events, self._events[1:], strict=False)
            times = [before.elapsed_time(after) for before, after in edges]
        else:
            times = [b - a for a, b in zip(self._times_s, self._times_s[1:], strict=False)]
        # Between the last edge of a step and the first of the next marked one lies nothing of ours.
        return [t for place, t in enumerate(times) if place % edge_count != len(SHARES)]

    def _note(self) -> None:
        self._times_s.append(time.perf_counter())

    def _record(self) -> None:
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record()
        self._events.append(event)


def _nothing() -> None:
    pass
