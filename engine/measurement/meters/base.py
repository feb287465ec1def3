"""What a meter is."""

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
    """A meter in J that says how it knows."""

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
