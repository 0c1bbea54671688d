"""From a value as it was written to a reading: the steps, in their order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import isfinite
from typing import TypeAlias

import msgspec

from domain.flag import Flag, Reason
from domain.message import JournalMessage
from domain.reading import Reading, Status
from ingest import refusals
from ingest.decoded import RawValue
from ingest.refusals import Refusal
from quality.assess import CHECKS_VERSION, flag_at_the_door
from registry.lookup import Registry
from registry.schema import AcceptedUnit, Station, StationParameter
from registry.units import normal

_STATUSES = {
    "00": Status.MEASURING, "01": Status.CALIBRATING, "02": Status.FAULT,
    "0": Status.MEASURING, "1": Status.CALIBRATING, "2": Status.FAULT,
}  # fmt: skip


_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """What the steps need to know of one parameter at one station, looked up once.

    Where the station measures it otherwise since some day there are several places, each for its own time.
    """

    station: str
    parameter: str
    units: Mapping[str, AcceptedUnit]
    # Every spelling met so far; the registry knows how to read them, this saves doing so for each value.
    spellings: dict[str, AcceptedUnit]
    own_unit: str | None
    plausible: tuple[float, float]
    shift: timedelta
    start: datetime
    # When the station measures the parameter so: `after < moment ≤ until`.
    after: datetime
    until: datetime
    ahead: timedelta

    def end_of(self, stamp: datetime) -> datetime:
        """Return the end of what was averaged, by its stamp."""
        if self.shift:
            with suppress(OverflowError):
                return stamp + self.shift
        return stamp

    def is_for(self, moment: datetime) -> bool:
        """Tell whether the station measured the parameter so at `moment`."""
        return self.after < moment <= self.until


class Draft(msgspec.Struct, gc=False):
    """A reading while the steps work on it."""

    value: float | None
    unit: str | None
    written_status: str | int | None
    measured_at: datetime
    received_at: datetime
    status: Status = Status.MEASURING
    flag: Flag = Flag.NOT_EVALUATED
    reasons: Reason = Reason.NONE


def to_canonical_unit(draft: Draft, place: Place) -> None:
    """Convert the value; a missing one has no unit to convert."""
    if draft.value is None:
        return
    unit = _accepted(draft.unit, place)
    value = draft.value * unit.factor + unit.offset
    if not isfinite(value):
        raise refusals.not_a_number(place.parameter, draft.value)
    draft.value = value


def _accepted(written: str | None, place: Place) -> AcceptedUnit:
    # No unit and an empty one say the same, and a parameter without dimension accepts it as such.
    spelled = written or place.own_unit or ""
    known = place.spellings.get(spelled)
    if known is not None:
        return known
    found = place.units.get(normal(spelled))
    if found is None and not spelled.strip():
        raise refusals.no_unit(place.parameter, _spellings(place))
    if found is None:
        raise refusals.unknown_unit(place.parameter, spelled, _spellings(place))
    if len(place.spellings) < 100:  # as many as honest loggers have; a strange one must not fill our memory
        place.spellings[spelled] = found
    return found


def _spellings(place: Place) -> set[str]:
    return {one.unit for one in place.units.values() if one.unit}


def settle_time(draft: Draft, place: Place) -> None:
    """Make the stamp the end of what was averaged, and refuse one that cannot be."""
    moment = place.end_of(draft.measured_at)
    if moment - draft.received_at > place.ahead:
        raise refusals.in_future(moment, draft.received_at)
    if moment < place.start:
        raise refusals.before_start(moment, place.start)
    if not place.is_for(moment):
        raise refusals.not_at_station(place.parameter, place.station)
    draft.measured_at = moment


def read_status(draft: Draft, place: Place) -> None:
    """Read what the message says; the calendar of maintenance is applied later, so that it also works backwards."""
    if draft.written_status is None:
        return
    status = _STATUSES.get(str(draft.written_status))
    if status is None:
        raise refusals.unknown_status(place.parameter, draft.written_status)
    draft.status = status


def check_range(draft: Draft, place: Place) -> None:
    """Judge the value, never change it."""
    draft.flag, draft.reasons = flag_at_the_door(draft.value, place.plausible)


Step: TypeAlias = Callable[[Draft, Place], None]

STEPS: tuple[Step, ...] = (
    to_canonical_unit,  # limits and indices are written in canonical units
    settle_time,
    read_status,
    check_range,
)


class Door:
    """Everything that comes in passes here: values as written go in, readings come out, or refusals."""

    def __init__(self, registry: Registry) -> None:
        """Look nothing up yet: places are made as their first values come."""
        self._registry = registry
        self._places: dict[tuple[str, str], tuple[Place, ...]] = {}

    def admit(
        self, values: Iterable[RawValue], station: Station, message: JournalMessage
    ) -> tuple[list[Reading], list[Refusal]]:
        """Return the readings of one message and what of it is refused.

        Of several values of one parameter and moment in one message the last counts.
        """
        taken: dict[tuple[str, datetime], Reading] = {}
        refused: list[Refusal] = []
        for raw in values:
            try:
                reading = self._prepare(raw, station, message)
            except Refusal as refusal:
                refused.append(refusal.of(raw.part or raw.parameter))
            else:
                taken[reading.parameter, reading.measured_at] = reading
        return list(taken.values()), refused

    def _prepare(self, raw: RawValue, station: Station, message: JournalMessage) -> Reading:
        places = self._places.get((station.id, raw.parameter)) or self._looked_up(station, raw.parameter)
        place = places[0] if len(places) == 1 else _at(places, raw.stamped_at)
        draft = Draft(raw.value, raw.unit, raw.status, raw.stamped_at, message.received_at)
        for step in STEPS:
            step(draft, place)
        return Reading(
            station.id, raw.parameter, draft.measured_at, draft.value, draft.status, draft.flag,
            draft.reasons, CHECKS_VERSION, message.seq,
        )  # fmt: skip

    def _looked_up(self, station: Station, parameter: str) -> tuple[Place, ...]:
        if parameter not in self._registry.parameters:
            raise refusals.unknown_parameter(parameter)
        found = tuple(self._place(station, one) for one in self._registry.measurings(station.id, parameter))
        if not found:
            raise refusals.not_at_station(parameter, station.id)
        self._places[station.id, parameter] = found
        return found

    def _place(self, station: Station, measuring: StationParameter) -> Place:
        interval = self._registry.interval_of(station.id, measuring)
        return Place(
            station=station.id,
            parameter=measuring.id,
            units=self._registry.units(measuring.id),
            spellings={},
            own_unit=measuring.unit,
            plausible=self._registry.plausible(station.id, measuring),
            shift=interval if station.stamp == "start" and interval else timedelta(0),
            start=self._midnight(station.active_from),
            after=self._midnight(measuring.valid_from) if measuring.valid_from else _EARLIEST,
            until=self._midnight(measuring.valid_to) if measuring.valid_to else _LATEST,
            ahead=self._registry.province.policies.future,
        )

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(0), self._registry.zone).astimezone(UTC)


def _at(places: Sequence[Place], stamp: datetime) -> Place:
    """Return the place for what was stamped so; the last, which will refuse it, where there is none."""
    return next((one for one in places if one.is_for(one.end_of(stamp))), places[-1])
