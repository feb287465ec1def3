"""What a meter is."""

from collections.abc import Mapping
from typing import Literal, Protocol

from engine.records import CannotContinue


class MeterUnavailable(CannotContinue):
    """This machine cannot be read this way, or no longer."""


class Meter(Protocol):
    """Reads one quantity over a window of work; may raise MeterUnavailable at any time."""

    @property
    def quantity(self) -> str:
        """Named with its unit, as in `gpu_energy_j`."""
        ...

    def start(self) -> None:
        """Open the window."""
        ...

    def stop(self) -> float:
        """The quantity since `start`."""
        ...


class EnergyMeter(Meter, Protocol):
    """A meter in J that says how it knows.

    It may have a property `metrics -> dict[str, float]`: what else it saw in its last
    window; it is kept beside the measurement, also where the energy is not known.
    """

    @property
    def kind(self) -> Literal["measured", "estimated"]:
        """Whether anything was metered; an estimate is never mixed with what was."""
        ...

    @property
    def description(self) -> str:
        """Which meter, and what it sees: stored beside the value."""
        ...

    @property
    def least_time_s(self) -> float:
        """Shorter windows are not to be trusted: many times how often the reading moves."""
        ...

    @property
    def sees_all_programs(self) -> bool:
        """Whether it meters the whole computer, so that two readers must not be added."""
        ...


class Observer(Protocol):
    """Sees several quantities of a window of work; never raises, leaves out what it cannot see."""

    def start(self) -> None:
        """Open the window."""
        ...

    def stop(self) -> Mapping[str, float]:
        """What was seen since `start`, by names that hold the unit."""
        ...
