"""The whole configuration in memory, and the questions that are asked of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from math import prod
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from domain.limit import Bound
from domain.reading import SeriesKey
from domain.text import Text
from domain.window import Window, WindowKind, window_of_mark
from registry.calendar import Calendar
from registry.check_settings import CheckSettings, layered
from registry.derived import Recipe, spread
from registry.limits import AVERAGING_OF, AppliedLimit, Confirmation, Held, Lacking, NotCompared, confirmation_of
from registry.schema import (
    Applies,
    Area,
    Dated,
    Derived,
    Facility,
    Factor,
    GasState,
    LimitRow,
    Maintenance,
    Parameter,
    Permit,
    Person,
    Province,
    Regulation,
    Rule,
    Station,
    StationParameter,
    Team,
)
from registry.units import Units

_Candidate = tuple[LimitRow, Regulation, tuple[Factor, ...]]
_DAYS_KEPT = 20_000  # of all series together; a month of a large province
_LEAST_SILENCE = timedelta(minutes=15)


@dataclass(frozen=True)
class Registry:
    """What is watched, where, by which law, and who is told. Validated whole; nothing checks it again."""

    province: Province
    areas: Mapping[str, Area]
    facilities: Mapping[str, Facility]
    stations: Mapping[str, Station]
    parameters: Mapping[str, Parameter]
    regulations: Mapping[str, Regulation]
    rules: Mapping[str, Rule]
    teams: Mapping[str, Team]
    people: Mapping[str, Person]
    hash: int  # 63 bits of the files' content
    maintenance: tuple[Maintenance, ...] = ()
    _units: dict[tuple[str, GasState | None], Units] = field(default_factory=dict, repr=False)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The province's time zone."""
        return ZoneInfo(self.province.timezone)

    @cached_property
    def seasons(self) -> tuple[tuple[int, int], ...]:
        """On which (month, day) the seasons begin, in the order of the year; none where there are none."""
        starts = (one.starts.partition("-") for one in self.province.seasons)
        return tuple(sorted((int(month), int(day)) for month, _, day in starts))

    def window(self, kind: WindowKind, mark: datetime) -> Window:
        """Return the window whose mark in the stores is `mark`, in the province's time zone and seasons."""
        return window_of_mark(kind, mark, self.zone, self.seasons)

    def is_current(self, kind: WindowKind, mark: datetime) -> bool:
        """Tell whether there is such a window still: seasons that began on other days may be in the stores."""
        local = mark.astimezone(self.zone)
        return kind is not WindowKind.SEASON or (local.month, local.day) in self.seasons

    @cached_property
    def law_changes(self) -> tuple[date, ...]:
        """Every local date from which on something that is dated may be otherwise: between two of them no limit changes."""
        things = (self.regulations, self.facilities, self.stations, self.areas)
        return tuple(sorted({day for items in things for one in items.values() for day in _dates(one)}))

    @cached_property
    def _by_topic(self) -> Mapping[str, Station]:
        return {topic: station for station in self.stations.values() for topic in station.topics}

    @cached_property
    def _by_file(self) -> Mapping[str, Station]:
        return {name: station for station in self.stations.values() for name in station.decoder.files}

    @cached_property
    def _by_folder(self) -> Mapping[str, Station]:
        return {station.decoder.folder or station.id: station for station in self.stations.values()}

    @cached_property
    def _at_station(self) -> Mapping[SeriesKey, tuple[StationParameter, ...]]:
        found: dict[SeriesKey, tuple[StationParameter, ...]] = {}
        for station in self.stations.values():
            for parameter in sorted(self._spread(station), key=lambda one: one.valid_from or date.min):
                series = SeriesKey(station.id, parameter.id)
                found[series] = (*found.get(series, ()), parameter)
        return found

    def _spread(self, station: Station) -> Iterator[StationParameter]:
        """Yield what a station measures, and what is computed of it for as long as that is measured."""
        for one in station.parameters:
            derived = self.parameters[one.id].derived if one.id in self.parameters else None
            if derived is None:
                yield one
            else:
                sources = (source for source in station.parameters if source.id == derived.of)
                yield from (part for source in sources for part in spread(one, source))

    def is_derived(self, series: SeriesKey) -> bool:
        """Tell whether a series is computed here rather than measured."""
        station, parameter = self.stations.get(series.station), self.parameters.get(series.parameter)
        return parameter is not None and parameter.derived is not None and station is not None and (
            series.parameter in station.measures
        )  # fmt: skip

    def measured(self, station: str) -> tuple[str, ...]:
        """Return the parameters that a station measures, without what is computed of them here."""
        names = self.stations[station].measures
        return tuple(name for name in names if not self.is_derived(SeriesKey(station, name)))

    def recipes(self, station: str) -> tuple[Recipe, ...]:
        """Return how the derived series of a station are computed, each for as long as it is computed so."""
        return self._recipes.get(station, ())

    @cached_property
    def _recipes(self) -> Mapping[str, tuple[Recipe, ...]]:
        found: dict[str, tuple[Recipe, ...]] = {}
        for series, measurings in self._at_station.items():
            derived = self.parameters[series.parameter].derived if series.parameter in self.parameters else None
            if derived is not None:
                recipes = (self._recipe(series, derived, one) for one in measurings)
                found[series.station] = (*found.get(series.station, ()), *recipes)
        return found

    def _recipe(self, series: SeriesKey, derived: Derived, measuring: StationParameter) -> Recipe:
        return Recipe(series, derived.kind, derived.of, measuring, self.interval_of(series.station, measuring))

    def speed_of(self, direction: SeriesKey) -> SeriesKey | None:
        """Return the series by which a direction is known to be of a calm, if the station measures one."""
        speed = self.parameters[direction.parameter].speed
        return None if speed is None or speed not in self.stations[direction.station].measures else (
            SeriesKey(direction.station, speed)
        )  # fmt: skip

    def directions_by(self, speed: SeriesKey) -> tuple[SeriesKey, ...]:
        """Return the directions whose calms are known by a series."""
        return self._directions.get(speed, ())

    @cached_property
    def _directions(self) -> Mapping[SeriesKey, tuple[SeriesKey, ...]]:
        found: dict[SeriesKey, tuple[SeriesKey, ...]] = {}
        for series in self._at_station:
            speed = self.speed_of(series) if series.parameter in self.parameters else None
            if speed is not None:
                found[speed] = (*found.get(speed, ()), series)
        return found

    def feeds(self, series: SeriesKey) -> bool:
        """Tell whether other series of the station depend on the readings of one."""
        return series in self._directions or series in self._sources

    @cached_property
    def _sources(self) -> frozenset[SeriesKey]:
        return frozenset(
            SeriesKey(station, name)
            for station, all_of in self._recipes.items()
            for one in all_of
            for name in one.sources
        )

    def reference_o2(self, station: str, on: date) -> float | None:
        """Return the oxygen to which the values of a stack are corrected on the local date `on`, if any is named."""
        found = self.stations[station]
        facility = self.facilities.get(found.facility or "")
        applies = (one for _, one in self._in_force(found, facility, on) if one is not None)
        return next((one.reference_o2 for one in applies if one.reference_o2 is not None), None)

    def corrected_of(self, series: SeriesKey) -> str | None:
        """Return the parameter at the series' station that holds its values at the reference oxygen, if there is one."""
        for name in self.stations[series.station].measures:
            derived = self.parameters[name].derived
            if derived is not None and (derived.kind, derived.of) == ("corrected", series.parameter):
                return name
        return None

    @cached_property
    def _by_place(self) -> Mapping[tuple[str, str, str], tuple[SeriesKey, ...]]:
        found: dict[tuple[str, str, str], tuple[SeriesKey, ...]] = {}
        for one in sorted(self.stations.values(), key=lambda one: one.id):
            for parameter in self.measured(one.id):
                place = (one.area, one.kind, parameter)
                found[place] = (*found.get(place, ()), SeriesKey(one.id, parameter))
        return found

    def peers(self, series: SeriesKey) -> tuple[SeriesKey, ...]:
        """Return the same parameter at the other stations of its kind in the area, by their ids."""
        mine = self.stations[series.station]
        together = self._by_place.get((mine.area, mine.kind, series.parameter), ())
        return tuple(one for one in together if one.station != mine.id)

    def topic_filters(self) -> tuple[str, ...]:
        """Return the MQTT filters that cover every station."""
        own = {topic for station in self.stations.values() for topic in station.decoder.own_topics}
        return ("quantrac/+/+", *sorted(topic for topic in own if not _is_native(topic)))

    def station_of_topic(self, topic: str) -> Station | None:
        """Return the station whose messages come under `topic`."""
        found = self._by_topic.get(topic)
        above = topic
        while found is None and above:
            found = self._by_topic.get(f"{above}/#")
            above = above.rpartition("/")[0]
        return found

    def station_of_file(self, name: str) -> Station | None:
        """Return the station whose files are called `name`, the time left out."""
        return self._by_file.get(name)

    def station_of_folder(self, folder: str) -> Station | None:
        """Return the station to which a folder of the watched one belongs."""
        return self._by_folder.get(folder)

    def measurings(self, station: str, parameter: str) -> tuple[StationParameter, ...]:
        """Return how `station` measures `parameter`, in order of time; several where that has changed."""
        return self._at_station.get(SeriesKey(station, parameter), ())

    def measuring(self, series: SeriesKey, on: date | None = None) -> StationParameter:
        """Return how a series is measured on the local date `on`; None for the newest.

        Before the first that is dated it is that one, after the end of one and before the next it is the one that
        ended.
        """
        known = self._at_station[series]
        begun = [one for one in known if on is None or one.valid_from is None or one.valid_from <= on]
        return begun[-1] if begun else known[0]

    def interval(self, station: str, parameter: str, on: date | None = None) -> timedelta | None:
        """Return the expected time between readings on the local date `on` (None: now); None for an irregular series."""
        return self.interval_of(station, self.measuring(SeriesKey(station, parameter), on))

    def interval_of(self, station: str, measuring: StationParameter) -> timedelta | None:
        """Return the expected time between readings; None for an irregular series."""
        return None if measuring.irregular else measuring.interval or self.stations[station].interval

    def plausible(self, station: str, measuring: StationParameter) -> tuple[float, float]:
        """Return the range, in the canonical unit, outside which a value fails."""
        return measuring.plausible or self.parameters[measuring.id].plausible_for(self.stations[station].kind)

    def suspect(self, station: str, measuring: StationParameter) -> tuple[float, float] | None:
        """Return the range, in the canonical unit, outside which a plausible value is suspect; None where there is none."""
        return measuring.suspect or self.parameters[measuring.id].suspect_for(self.stations[station].kind)

    def check_settings(self, station: str, measuring: StationParameter) -> CheckSettings:
        """Return the checks of a series: the parameter's for its interval and this kind of station, then the station's."""
        kind, interval = self.stations[station].kind, self.interval_of(station, measuring)
        found = self.parameters[measuring.id].checks
        return layered((*(one for one in found if one.hold_for(kind, interval)), measuring.checks))

    def silent_after(self, station: str) -> timedelta:
        """Return how long a station may say nothing: three times what it measures most often, if it says nothing else."""
        return self._silent_after[station]

    @cached_property
    def _silent_after(self) -> Mapping[str, timedelta]:
        return {
            one.id: one.silent_after or max(3 * self._shortest_interval(one), _LEAST_SILENCE)
            for one in self.stations.values()
        }

    def _shortest_interval(self, station: Station) -> timedelta:
        found = (self.interval(station.id, parameter) for parameter in station.measures)
        return min((one for one in found if one is not None), default=station.interval)

    def reference_state(self, on: date | None = None) -> GasState | None:
        """Return what a Nm³ is on the local date `on` (None: now), and so the state in which gases are kept."""
        states = self.province.reference_state
        return next((one for one in reversed(states) if one.holds_on(on or date.max)), None)

    def units(self, parameter: str, on: date | None = None) -> Units:
        """Return the units in which a parameter may arrive on the local date `on`, by their normal spelling."""
        key = (parameter, self.reference_state(on))
        if key not in self._units:
            self._units[key] = Units(self.parameters[parameter], key[1])
        return self._units[key]

    def units_at(self, station: str, measuring: StationParameter, on: date | None = None) -> Units:
        """Return the units in which a station's messages may name a parameter: by the state that its instrument states."""
        is_gas = self.stations[station].medium == "air"
        return Units(self.parameters[measuring.id], self.reference_state(on), measuring.state, is_gas=is_gas)

    def canonical(self, parameter: str, value: float, unit: str, on: date | None = None) -> float:
        """Return `value` in the parameter's canonical unit; the unit has been checked to fit."""
        found = self.units(parameter, on).find(unit)
        if found is None:
            raise KeyError(unit)
        return found.into(value)

    def watches(self, rule: Rule) -> tuple[SeriesKey, ...]:
        """Return the series that a rule is for; for a rule on silence, the stations with an empty parameter."""
        stations = [station for station in self.stations.values() if self._selected(rule, station)]
        if rule.kind == "silent":
            return tuple(SeriesKey(station.id, "") for station in stations)
        return tuple(
            SeriesKey(station.id, parameter)
            for station in stations
            for parameter in station.measures
            if not rule.parameters or parameter in rule.parameters
        )

    @staticmethod
    def _selected(rule: Rule, station: Station) -> bool:
        wanted = rule.applies_to
        return (
            (not wanted.stations or station.id in wanted.stations)
            and (not wanted.kinds or station.kind in wanted.kinds)
            and (not wanted.areas or station.area in wanted.areas)
        )

    @cached_property
    def calendar(self) -> Calendar:
        """When which series do not measure."""
        return Calendar.of(self.maintenance, self.stations, self.zone)

    def limit_for(
        self, series: SeriesKey, kind: WindowKind, on: date, confirmations: Mapping[str, Confirmation],
        regulation: str | None = None,
    ) -> AppliedLimit | None:  # fmt: skip
        """Return the limit in force for windows of `kind` of a series on the local date `on`.

        Of several, the permit goes first, then a row whose text names this averaging, then one whose text names none.
        `regulation` asks for rows of that one only.
        """
        found = [
            one
            for one in self._known_candidates(series, on)
            if self._compares(one[0], kind) and regulation in {None, one[1].id}
        ]
        if not found:
            return None
        row, source, factors = min(found, key=lambda one: (one[1].id != "permit", one[0].averaging == "unstated"))
        return self._applied(series, row, source, factors, on, confirmations)

    def not_compared(self, series: SeriesKey, on: date) -> tuple[NotCompared, ...]:
        """Return the rows in force with which nothing is compared: without a figure, or for want of a reference O₂."""
        found: list[NotCompared] = []
        for row, regulation, _ in self._rows(series, on):
            lacking = self._lacking(series, row, on)
            if row.class_name is None and lacking is not None and self._is_said_of(series, row):
                found.append(NotCompared(row, regulation, lacking))
        return tuple(found)

    def _is_said_of(self, series: SeriesKey, row: LimitRow) -> bool:
        """Tell whether a row is spoken of at a series: one at a reference O₂ is at the corrected one, where there is one."""
        if not row.needs_reference_o2:
            return True
        return row.parameter != series.parameter or self.corrected_of(series) is None

    def _lacking(self, series: SeriesKey, row: LimitRow, on: date) -> Lacking | None:
        """Say for want of what a row is not compared; None where it is, with this series or its corrected one."""
        if not row.has_figure:
            return Lacking.FIGURE
        if not row.needs_reference_o2:
            return None
        if self.reference_o2(series.station, on) is None:
            return Lacking.REFERENCE
        is_there = row.parameter != series.parameter or self.corrected_of(series) is not None
        return None if is_there else Lacking.CORRECTED

    def holding(self, station: str, on: date, confirmations: Mapping[str, Confirmation]) -> Iterator[Held]:
        """Yield every row in force for a station on the local date `on`, by parameter, and what is compared with it."""
        for parameter in self.stations[station].measures:
            series = SeriesKey(station, parameter)
            compared = {kind: self.limit_for(series, WindowKind(kind), on, confirmations) for kind in AVERAGING_OF}
            for row, regulation, factors in self._rows(series, on):
                if not self._is_said_of(series, row):
                    continue
                windows = tuple(str(kind) for kind, one in compared.items() if one is not None and one.row == row)
                is_compared = row.class_name is None and self._lacking(series, row, on) is None
                applied = self._applied(series, row, regulation, factors, on, confirmations) if is_compared else None
                yield Held(row, regulation, factors, applied, windows)

    @cached_property
    def _candidates_by_day(self) -> dict[tuple[SeriesKey, date], list[_Candidate]]:
        return {}

    def _known_candidates(self, series: SeriesKey, on: date) -> list[_Candidate]:
        """Return what `_candidates` yields, looked for once a day and series: pages and rollers ask without end."""
        known = self._candidates_by_day
        found = known.get((series, on))
        if found is None:
            if len(known) >= _DAYS_KEPT:
                known.clear()
            found = known[series, on] = list(self._candidates(series, on))
        return found

    def _candidates(self, series: SeriesKey, on: date) -> Iterator[_Candidate]:
        for row, regulation, factors in self._rows(series, on):
            # What is to be corrected first is compared with the corrected series and with no other.
            if self._is_said_of(series, row) and row.class_name is None and self._lacking(series, row, on) is None:
                yield row, regulation, factors

    def _rows(self, series: SeriesKey, on: date) -> Iterator[_Candidate]:
        station = self.stations[series.station]
        facility = self.facilities.get(station.facility or "")
        if facility is not None and station.kind in PERMIT.kinds:
            for permit in facility.permits:
                if self._limits(permit, series) and permit.holds_on(on):
                    yield _row_of(facility, permit), PERMIT, ()
        for regulation, applies in self._in_force(station, facility, on):
            for row in regulation.rows:
                about = self._limits(row, series)
                if about and row.holds_on(on) and self._concerns(row, station, applies):
                    factors = applies.factors if applies else ()
                    yield row, regulation, tuple(one for one in factors if one.name in row.factors)

    def _limits(self, limit: LimitRow | Permit, series: SeriesKey) -> bool:
        """Tell whether a limit is about a series: of its parameter, or of what it is at the reference oxygen."""
        if limit.parameter == series.parameter:
            return True
        derived = self.parameters[series.parameter].derived
        about = None if derived is None else (derived.kind, derived.of)
        return limit.needs_reference_o2 and about == ("corrected", limit.parameter)

    def _in_force(
        self, station: Station, facility: Facility | None, on: date
    ) -> Iterator[tuple[Regulation, Applies | None]]:
        for applies in facility.applies if facility else ():
            regulation = self.regulations[applies.regulation]
            if applies.holds_on(on) and regulation.holds_on(on) and station.kind in regulation.kinds:
                yield regulation, applies
        for regulation in self.regulations.values():
            if regulation.general and regulation.holds_on(on) and station.kind in regulation.kinds:
                yield regulation, None

    def _concerns(self, row: LimitRow, station: Station, applies: Applies | None) -> bool:
        area = self.areas[station.area].kind
        return row.column in {None, applies.column if applies else None} and (
            not row.area_kinds or area in row.area_kinds
        )

    def _compares(self, row: LimitRow, kind: WindowKind) -> bool:
        if row.averaging == "unstated":
            return kind == self.province.policies.unstated_averaging
        return row.averaging == AVERAGING_OF.get(kind)

    def _applied(
        self, series: SeriesKey, row: LimitRow, regulation: Regulation, factors: tuple[Factor, ...], on: date,
        confirmations: Mapping[str, Confirmation],
    ) -> AppliedLimit:  # fmt: skip
        # As the text writes them: binary 150 × 0.9 × 1.1 is not 148.5.
        scale = prod((Decimal(str(factor.value)) for factor in factors), start=Decimal(1))

        def figure(value: float | None) -> float | None:
            exact = None if value is None else float(Decimal(str(value)) * scale)
            return None if exact is None else self.canonical(row.parameter, exact, row.unit, on)

        confirmation = confirmation_of(row, confirmations)
        return AppliedLimit(
            bound=Bound(figure(row.at_least), figure(row.at_most)), row=row, regulation=regulation, factors=factors,
            unmet=tuple(self._unmet(series, row, factors, on, confirmation)),
            confirmed_by=confirmation.confirmed_by if confirmation else None,
            confirmed_on=confirmation.confirmed_on if confirmation else None,
        )  # fmt: skip

    def _unmet(
        self, series: SeriesKey, row: LimitRow, factors: tuple[Factor, ...], on: date, confirmation: Confirmation | None
    ) -> Iterator[Text]:
        if confirmation is None:
            yield Text("the department has not confirmed this limit")
        elif row.averaging == "unstated" and confirmation.averaging != self.province.policies.unstated_averaging:
            yield Text("the averaging is the department's policy and has not been confirmed")
        for factor in factors:
            if factor.confirmed_by is None:
                yield Text("the factor {name} has not been confirmed", {"name": factor.name})
        station = self.stations[series.station]
        if station.grade != "regulatory":
            yield Text("the instrument is indicative, not regulatory")
        elif not any(certificate.holds_on(on) for certificate in station.certificates):
            yield Text("the instrument has no valid calibration certificate")

    def limits(self, on: date | None = None) -> Iterator[tuple[Regulation, LimitRow]]:
        """Yield every row, or those in force on the local date `on`, with its regulation."""
        for regulation in self.regulations.values():
            for row in regulation.rows:
                if on is None or (regulation.holds_on(on) and row.holds_on(on)):
                    yield regulation, row

    def permits(self, on: date | None = None) -> Iterator[tuple[Regulation, LimitRow]]:
        """Yield what licences set, or what of it holds on the local date `on`, as rows."""
        for facility in self.facilities.values():
            for permit in facility.permits:
                if on is None or permit.holds_on(on):
                    yield PERMIT, _row_of(facility, permit)


# What a licence sets is for what leaves the facility.
PERMIT = Regulation.model_validate({
    "id": "permit", "names": {"vi": "Giấy phép môi trường", "en": "Environmental licence"},
    "document": "Giấy phép môi trường", "kinds": ["outfall", "stack"],
})  # fmt: skip


def _row_of(facility: Facility, permit: Permit) -> LimitRow:
    parts = ("permit", facility.id, permit.parameter, permit.averaging, permit.valid_from)
    return LimitRow.model_validate({
        "row": "-".join(str(part) for part in parts if part is not None), "clause": "", "parameter": permit.parameter, "averaging": permit.averaging,
        "at_most": permit.at_most, "at_least": permit.at_least, "unit": permit.unit, "confidence": "S1",
        "confirmed_by": permit.confirmed_by, "confirmed_on": permit.confirmed_on,
        "needs_reference_o2": permit.needs_reference_o2,
        "from": permit.valid_from, "to": permit.valid_to,
    })  # fmt: skip


def _dates(thing: object) -> Iterator[date]:
    """Yield the dates at which what is in `thing` begins or ends to hold."""
    if isinstance(thing, Dated):
        yield from (day for day in (thing.valid_from, thing.valid_to) if day is not None)
    parts: Iterable[object] = ()
    if isinstance(thing, BaseModel):
        parts = (getattr(thing, name) for name in type(thing).model_fields)
    elif isinstance(thing, tuple):
        parts = thing
    for part in parts:
        yield from _dates(part)


def _is_native(topic: str) -> bool:
    parts = topic.split("/")
    return len(parts) == 3 and parts[0] == "quantrac"
