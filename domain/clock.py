"""Clocks. Time is handed in: nothing that decides anything asks the machine for it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and how fast it passes."""

    @property
    def speed(self) -> float:
        """Seconds of this clock in one second of the machine; 1.0 for the real one."""
        ...

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    speed = 1.0

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SimulatedClock:
    """A clock that showed `simulated` when the machine's showed `real`, and runs `speed` times as fast."""

    real: datetime
    simulated: datetime
    speed: float

    def now(self) -> datetime:
        """Return the simulated moment, aware, in UTC."""
        return self.simulated + (datetime.now(UTC) - self.real) * self.speed


@dataclass(slots=True)
class SetClock:
    """A clock that stands still until it is set: for tests and for replaying a stretch of time."""

    moment: datetime
    speed: float = 1.0

    def now(self) -> datetime:
        """Return the moment it was last set to."""
        return self.moment
