"""From a value as it was written to a reading: the steps, in their order."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from math import isfinite

from domain.flag import Flag
from domain.message import JournalMessage
from domain.reading import Reading, SeriesKey, Status
from ingest import refusals
from ingest.decoded import RawValue
from ingest.refusals import Refusal
from quality.assess import CHECKS_VERSION, flag_at_the_door
from registry.calendar import Closed, reason_at
from registry.lookup import Registry
from registry.schema import AcceptedUnit, Station, StationParameter
from registry.units import Units
from storage.journal_day import received_at

_STATUSES = {
    "00": Status.MEASURING, "01": Status.CALIBRATING, "02": Status.FAULT,
    "0": Status.MEASURING, "1": Status.CALIBRATING, "2": Status.FAULT,
}  # fmt: skip
_MEASURING = Status.MEASURING

_EARLIEST = datetime.min.replace(tzinfo=UTC)
# So far a clock may have been set back while the messages' numbers tell that it was later; more is not believed.
_SET_BACK = timedelta(hours=2)
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Times:
    """Which moments a value can be of. `shift` leads from its stamp to the end of what it averages.

    `after < moment ≤ until` is when the station measures the parameter so; before `start` there was no station, and
    `ahead` is how far its clock may be ahead of ours.
    """

    shift: timedelta
    start: datetime
    after: datetime
    until: datetime
    ahead: timedelta

    def end_of(self, stamp: datetime) -> datetime:
        """Return the end of what was averaged, by its stamp."""
        if self.shift:
            with suppress(OverflowError):
                return stamp + self.shift
        return stamp

    def hold(self, moment: datetime) -> bool:
        """Tell whether the station measured the parameter so at `moment`."""
        return self.after < moment <= self.until


@dataclass(frozen=True, slots=True)
class Place:
    """What the steps need to know of one parameter at one station, looked up once.

    Where the station measures it otherwise since some day there are several places, each for its own time.
    """

    station: str
    parameter: str
    units: Units
    # Every spelling met so far; the registry knows how to read them, this saves doing so for each value.
    spellings: dict[str, AcceptedUnit]
    own_unit: str | None
    plausible: tuple[float, float]
    suspect: tuple[float, float] | None
    times: Times
    # When it does not measure, by the calendar: what comes then is known at once to count for nothing.
    closed: tuple[Closed, ...] = ()


def in_canonical_unit(value: float | None, unit: str | None, place: Place) -> float | None:
    """Return the value in the unit that limits and indices are written in; a missing one has no unit to convert."""
    if value is None:
        return None
    accepted = place.spellings.get(unit or place.own_unit or "") or _accepted(unit, place)
    converted = value * accepted.factor + accepted.offset
    if not isfinite(converted):
        raise refusals.not_a_number(place.parameter, value)
    return converted


def _accepted(written: str | None, place: Place) -> AcceptedUnit:
    # No unit and an empty one say the same, and a parameter without dimension accepts it as such.
    spelled = written or place.own_unit or ""
    found = place.units.find(spelled)
    if found is None and not spelled.strip():
        raise refusals.no_unit(place.parameter, _spellings(place))
    if found is None and place.units.lacks_state:
        raise refusals.no_state(place.parameter, spelled, _spellings(place))
    if found is None:
        raise refusals.unknown_unit(place.parameter, spelled, _spellings(place))
    if len(place.spellings) < 100:  # as many as honest loggers have; a strange one must not fill our memory
        place.spellings[spelled] = found
    return found


def _spellings(place: Place) -> set[str]:
    return {one.unit for one in place.units.values() if one.unit}


def end_of_average(stamp: datetime, message: JournalMessage, place: Place) -> datetime:
    """Return the end of what was averaged, and refuse one that cannot be."""
    times = place.times
    moment = times.end_of(stamp)
    if moment - message.received_at > times.ahead and moment - _numbered_at(message) > times.ahead:
        raise refusals.in_future(moment, message.received_at)
    if moment < times.start:
        raise refusals.before_start(moment, times.start)
    if not times.hold(moment):
        raise refusals.not_at_station(place.parameter, place.station)
    return moment


def _numbered_at(message: JournalMessage) -> datetime:
    """Return the latest that the clock had shown by then: while it is set back, the messages' numbers stand still."""
    numbered_at = received_at(message.seq)
    return numbered_at if numbered_at - message.received_at <= _SET_BACK else message.received_at


def status_of(written: str | int | None, place: Place) -> Status:
    """Return what the message says; what the calendar of maintenance says is kept with the flag, as a reason."""
    if written is None:
        return _MEASURING
    status = _STATUSES.get(str(written))
    if status is None:
        raise refusals.unknown_status(place.parameter, written)
    return status


class Door:
    """Everything that comes in passes here: values as written go in, readings come out, or refusals."""

    def __init__(self, registry: Registry) -> None:
        """Look nothing up yet: places are made as their first values come."""
        self._registry = registry
        self._places: dict[str, dict[str, tuple[Place, ...]]] = {}
        self._times_met: dict[Times, Times] = {}

    def admit(
        self, values: Sequence[RawValue], station: Station, message: JournalMessage
    ) -> tuple[list[Reading], list[Refusal]]:
        """Return the readings of one message and what of it is refused.

        Of several values of one parameter and moment in one message the last counts.
        """
        places = self._places.setdefault(station.id, {})
        steps = _Steps(message)
        taken: list[Reading] = []
        refused: list[Refusal] = []
        for raw in values:
            try:
                of = places.get(raw.parameter) or self._looked_up(station, raw.parameter)
                taken.append(steps.reading(raw, of[0] if len(of) == 1 else _at(of, raw.stamped_at)))
            except Refusal as refusal:
                refused.append(refusal.of(raw.part or raw.parameter))
        return _last_of_each(taken), refused

    def _looked_up(self, station: Station, parameter: str) -> tuple[Place, ...]:
        if parameter not in self._registry.parameters:
            raise refusals.unknown_parameter(parameter)
        if self._registry.is_derived(SeriesKey(station.id, parameter)):
            raise refusals.computed_here(parameter, station.id)
        measurings = self._registry.measurings(station.id, parameter)
        found = tuple(self._place(station, part) for one in measurings for part in self._by_state(one))
        if not found:
            raise refusals.not_at_station(parameter, station.id)
        self._places.setdefault(station.id, {})[parameter] = found
        return found

    def _by_state(self, measuring: StationParameter) -> Iterator[StationParameter]:
        """Yield the parts of a station parameter's time in which a Nm³ is one thing."""
        states = self._registry.province.reference_state
        days = {one for state in states for one in (state.valid_from, state.valid_to) if one is not None}
        cuts = [measuring.valid_from, *sorted(day for day in days if _inside(day, measuring)), measuring.valid_to]
        for start, end in pairwise(cuts):
            yield measuring.model_copy(update={"valid_from": start, "valid_to": end})

    def _place(self, station: Station, measuring: StationParameter) -> Place:
        return Place(
            station=station.id,
            parameter=measuring.id,
            units=self._registry.units_at(station.id, measuring, measuring.valid_from or date.min),
            spellings={},
            own_unit=measuring.unit,
            plausible=self._registry.plausible(station.id, measuring),
            suspect=self._registry.suspect(station.id, measuring),
            times=self._times(station, measuring),
            closed=self._registry.calendar.of_series(SeriesKey(station.id, measuring.id)),
        )

    def _times(self, station: Station, measuring: StationParameter) -> Times:
        interval = self._registry.interval_of(station.id, measuring)
        found = Times(
            shift=interval if station.stamp == "start" and interval else timedelta(0),
            start=self._midnight(station.active_from),
            after=self._midnight(measuring.valid_from) if measuring.valid_from else _EARLIEST,
            until=self._midnight(measuring.valid_to) if measuring.valid_to else _LATEST,
            ahead=self._registry.province.policies.future,
        )
        return self._times_met.setdefault(found, found)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(0), self._registry.zone).astimezone(UTC)


class _Steps:
    """From each value of one message to its reading."""

    def __init__(self, message: JournalMessage) -> None:
        self._message = message
        self._stamp: datetime | None = None
        self._times: Times | None = None
        self._moment = _EARLIEST

    def reading(self, raw: RawValue, place: Place) -> Reading:
        """Judge the value, never change it but for its unit. Raises Refusal."""
        value = in_canonical_unit(raw.value, raw.unit, place)
        moment = self._end_of(raw.stamped_at, place)
        status = status_of(raw.status, place)
        flag, reasons = flag_at_the_door(value, place.plausible, place.suspect)
        if place.closed and (closed := reason_at(place.closed, moment)):
            flag, reasons = (flag if value is None else Flag.FAIL), reasons | closed
        return Reading(
            place.station, place.parameter, moment, value, status, flag, reasons, CHECKS_VERSION, self._message.seq
        )

    def _end_of(self, stamp: datetime, place: Place) -> datetime:
        # Values of one message mostly share their stamp, and what is true of it for one is for the others.
        if stamp is not self._stamp or place.times is not self._times:
            self._moment = end_of_average(stamp, self._message, place)
            self._stamp, self._times = stamp, place.times
        return self._moment


def _inside(day: date, measuring: StationParameter) -> bool:
    return (measuring.valid_from or date.min) < day < (measuring.valid_to or date.max)


def _last_of_each(readings: list[Reading]) -> list[Reading]:
    if len({one.parameter for one in readings}) == len(readings):
        return readings
    return list({(one.parameter, one.measured_at): one for one in readings}.values())


def _at(places: Sequence[Place], stamp: datetime) -> Place:
    """Return the place for what was stamped so; the last, which will refuse it, where there is none."""
    return next((one for one in places if one.times.hold(one.times.end_of(stamp))), places[-1])
