"""The clock of a data folder: the machine's, or another one whose origin is written down once."""

import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from domain.clock import Clock, SimulatedClock, SystemClock
from domain.text import QuantracError, Text
from service.data_folder import make_data_folder

FILE = "clock.json"
_WRITTEN = re.compile(r"^(?P<moment>[^@]+)@(?P<speed>\d+(\.\d+)?)$")


class ClockError(QuantracError):
    """The clock that was asked for cannot be had on this data folder."""


@dataclass(frozen=True, slots=True)
class ClockChoice:
    """What QUANTRAC_CLOCK says: which moment it begins at, and how many seconds pass in one."""

    begins: datetime
    speed: float

    @classmethod
    def of(cls, written: str) -> "ClockChoice":
        """Read `2026-03-01T00:00+07:00@60`. Raises ClockError."""
        found = _WRITTEN.match(written.strip())
        try:
            begins = datetime.fromisoformat(found["moment"]) if found else None
        except ValueError:
            begins = None
        if found is None or begins is None or begins.tzinfo is None or float(found["speed"]) <= 0:
            raise ClockError(
                Text("QUANTRAC_CLOCK is {written}, which cannot be used: write moment@speed with an offset, such as "
                     "2026-03-01T00:00+07:00@60.", {"written": written})
            )  # fmt: skip
        return cls(begins.astimezone(UTC), float(found["speed"]))

    def __str__(self) -> str:
        """Write it as the environment does, in UTC."""
        return f"{self.begins.isoformat()}@{self.speed:g}"


def open_clock(written: str | None, data: Path) -> Clock:
    """Return the clock of the data folder; where `written` asks for one and it has none, note its origin there.

    Every process on the folder, now and later, gets the same clock. Raises ClockError where another one is asked for.
    """
    asked = None if written is None else ClockChoice.of(written)
    kept = _read(data / FILE)
    if kept is None and asked is None:
        return SystemClock()
    if kept is None and asked is not None:
        _refuse_used_folder(data, asked)
        note_origin(data, SimulatedClock(datetime.now(UTC), asked.begins, asked.speed), asked)
        kept = _read(data / FILE)
    assert kept is not None  # noqa: S101 - just written, by us or by a process that was quicker
    choice, clock = kept
    if asked is not None and asked != choice:
        raise ClockError(
            Text("The data folder {folder} runs on the clock {kept}; QUANTRAC_CLOCK asks for {asked}. Take another "
                 "folder (--data), or ask for the same clock.",
                 {"folder": str(data), "kept": str(choice), "asked": str(asked)})
        )  # fmt: skip
    return clock


def note_origin(data: Path, clock: SimulatedClock, choice: ClockChoice, *, again: bool = False) -> None:
    """Write down a clock's origin. Of two processes the quicker one's stays, unless `again` says to replace it."""
    make_data_folder(data)
    draft = data / f"{FILE}.{uuid4().hex}"
    draft.write_text(json.dumps({
        "real": clock.real.isoformat(), "simulated": clock.simulated.isoformat(), "speed": clock.speed,
        "begins": choice.begins.isoformat(),
    }))  # fmt: skip
    if again:
        draft.replace(data / FILE)
        return
    try:
        os.link(draft, data / FILE)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _read(path: Path) -> tuple[ClockChoice, SimulatedClock] | None:
    try:
        kept = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    speed = float(kept["speed"])
    choice = ClockChoice(datetime.fromisoformat(kept["begins"]), speed)
    real, simulated = (datetime.fromisoformat(kept[name]) for name in ("real", "simulated"))
    return choice, SimulatedClock(real, simulated, speed)


def _refuse_used_folder(data: Path, asked: ClockChoice) -> None:
    if any((data / "journal").glob("*/*.sqlite")):
        raise ClockError(
            Text("The data folder {folder} holds messages received on the real clock, so QUANTRAC_CLOCK={asked} is "
                 "refused. Take another folder (--data).", {"folder": str(data), "asked": str(asked)})
        )  # fmt: skip
