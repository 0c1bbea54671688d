"""Open data: `/api/v1/`, read-only lists of objects, the fields named as in the CSV exports, times in ISO 8601."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.engine import Engine

from analysis.schemes import scheme_of
from analysis.status_share import hours_of, status_shares
from domain.clock import Clock
from domain.limit import Bound
from domain.month import Month
from domain.reading import SeriesKey
from domain.rollup import IndexPoint, RollupPoint
from domain.text import Text
from domain.window import Window, WindowKind, local_day, marks_ending_in, window_of_mark
from registry.limits import Confirmation, Held, confirmation_of
from registry.lookup import PERMIT, Registry
from registry.schema import LimitRow, Regulation, Station
from reports.answers import Form, Refused, answer
from reports.exceedances import Exceedances
from reports.facts import between, episodes
from reports.rows import bound_kind, rollup_row, source
from storage import confirmations, ledger, verifications
from storage.published import Published
from storage.readings import ReadingStore
from storage.verifications import Verification

_LONGEST = timedelta(days=366)
_DEFAULT = timedelta(days=2)

On = Annotated[date | None, Query()]
Moment = Annotated[str | None, Query()]
_YEARS = range(1970, 2200)  # the stores count microseconds and nanoseconds in 64 bits


@dataclass(frozen=True, slots=True)
class Asked:
    """A parameter of an operation, as the documentation says it."""

    name: str
    words: Text
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One list, as the documentation says it."""

    path: str
    words: Text
    parameters: tuple[Asked, ...] = ()

    def question(self, station: str) -> str:
        """Return what has to be added to the path so that it answers, with `station` as the example."""
        return f"?station={station}" if _STATION in self.parameters else ""


_FROM = Asked(
    "from",
    Text(
        "after this moment (2026-03-01T00:00:00+07:00, its + written %2B) or local date (2026-03-01); without it, two days before the end"
    ),
)
_TO = Asked(
    "to",
    Text(
        "up to and including this moment (2026-03-01T00:00:00+07:00, its + written %2B), or before this local date's midnight (2026-03-01); "
        "without it, now"
    ),
)
_STATION = Asked("station", Text("a station's id"), required=True)
_FORMAT = Asked("format", Text("json or csv, a file for a spreadsheet; without it, json"))
OPERATIONS = (
    Operation("/api/v1/areas", Text("the areas, with their place")),
    Operation("/api/v1/areas/{area}/trend",
              Text("whether pollution of an area is being resolved: months, trend and verdict of each parameter")),
    Operation("/api/v1/stations", Text("the stations, with what they measure and when they were last heard")),
    Operation("/api/v1/parameters", Text("what is measured, with its unit")),
    Operation("/api/v1/limits", Text("the limits, with clause, dates and who confirmed them"),
              (Asked("on", Text("only those in force on this date (2026-03-01)")),
               Asked("station", Text("only what holds for this station's facility and area, factors multiplied")))),
    Operation("/api/v1/rollups", Text("averages and sums of one station, with valid and expected counts"),
              (_STATION, Asked("parameter", Text("one parameter's id; without it, all")),
               Asked("window", Text("hour, hour8, hour24, day, month, season or year; without it, hour")), _FROM, _TO, _FORMAT)),
    Operation("/api/v1/indices", Text("indices of one station, each with its text and version, and what is missing"),
              (_STATION, Asked("window", Text("hour or day; without it, hour")), _FROM, _TO, _FORMAT)),
    Operation("/api/v1/exceedances",
              Text("times when a confirmed limit, or any limit in a verified month, was exceeded, by automatic readings"),
              (_FROM, _TO)),
    Operation("/api/v1/verifications",
              Text("the months of series that a person has verified, and those that fell back because a figure changed"),
              (Asked("station", Text("one station's id; without it, all")),
               Asked("month", Text("one month (2026-03); without it, all")))),
    Operation("/api/v1/status-share",
              Text("how much of a month a station was calibrating (status 01) or at fault (02), by parameter, in hours"),
              (_STATION, Asked("month", Text("one month (2026-03); without it, the last that is over")))),
    Operation("/api/v1/seals", Text("the signed seals of the journal, by which anybody can check that no message was changed")),
)  # fmt: skip


def refusal(path: str, wrong: Sequence[Any]) -> Text:
    """Return what is wrong with the first parameter that is, and what would be right; `wrong` as FastAPI says it."""
    first = wrong[0]
    name, given = str(first["loc"][-1]), str(first.get("input"))[:60]
    found = (one for operation in OPERATIONS if operation.path == path for one in operation.parameters)
    takes = next(one.words for one in found if one.name == name)
    if first["type"] == "missing":
        return Text("`{name}` is missing; it takes: {takes}", {"name": name, "takes": takes})
    return _not_understood(name, given, takes)


def _not_understood(name: str, given: str, takes: Text) -> Text:
    values = {"name": name, "given": given, "takes": takes}
    return Text("`{name}` cannot be “{given}”; it takes: {takes}", values)


def make_router(
    registry: Registry, store: ReadingStore, engine: Engine, clock: Clock, *, demo: bool, seals: Published | None = None
) -> APIRouter:
    """Return the routes under `/api/v1`."""
    router = APIRouter(prefix="/api/v1")
    lists = _Lists(registry, store, engine, clock, demo=demo, seals=seals)
    # What is asked of one area is answered elsewhere.
    for one in (one for one in OPERATIONS if "{" not in one.path):
        name = one.path.rpartition("/")[2]
        listed = getattr(lists, name.replace("-", "_"))
        router.add_api_route(f"/{name}", listed, methods=["GET", "HEAD"], response_model=None)
    return router


class _Lists:
    """Every list; in a demonstration each object says so."""

    def __init__(
        self, registry: Registry, store: ReadingStore, engine: Engine, clock: Clock, *, demo: bool,
        seals: Published | None,
    ) -> None:  # fmt: skip
        self._seals = seals
        self._registry, self._store, self._engine, self._clock = registry, store, engine, clock
        self._mark = {"demo": "DEMO"} if demo else {}
        self._prefix = "DEMO-" if demo else ""

    def areas(self, request: Request) -> Response:
        """The areas, with their place."""
        return answer(request, [
            {"id": one.id, "names": one.names.model_dump(), "kind": one.kind, "place": _place(one), **self._mark}
            for one in self._registry.areas.values()
        ])  # fmt: skip

    def stations(self, request: Request) -> Response:
        """The stations: id, names, kind, area, place, parameters with units, interval in seconds, last reading."""
        heard = ledger.all_heard(self._engine)
        return answer(request, [
            {**self._station(one), "last_reading": self._iso(heard[one.id].measured_at) if one.id in heard else None}
            for one in self._registry.stations.values()
        ])  # fmt: skip

    def _station(self, one: Station) -> dict[str, Any]:
        return {
            "id": one.id, "names": one.names.model_dump(), "kind": one.kind, "area": one.area, "place": _place(one),
            "parameters": [{"id": at, "unit": self._registry.parameters[at].unit} for at in one.measures],
            "interval": one.interval.total_seconds(), "grade": one.grade, **self._facility(one), **self._origin(one),
            **self._mark,
        }  # fmt: skip

    def _facility(self, one: Station) -> dict[str, Any]:
        facility = self._registry.facilities.get(one.facility or "")
        return {"facility": facility.names.model_dump()} if facility and self._publishes else {}

    @property
    def _publishes(self) -> bool:
        return self._registry.province.publish_facility_names

    @staticmethod
    def _origin(one: Station) -> dict[str, Any]:
        if one.origin is None:
            return {}
        return {
            "origin": {"kind": one.origin.kind, "text": one.origin.text.model_dump(), "licence": one.origin.licence}
        }

    def parameters(self, request: Request) -> Response:
        """What is measured: canonical unit, kind, decimals shown."""
        return answer(request, [
            {"id": one.id, "names": one.names.model_dump(), "symbol": one.symbol, "unit": one.unit, "kind": one.kind,
             "media": list(one.media), "precision": one.precision, **self._mark}
            for one in self._registry.parameters.values()
        ])  # fmt: skip

    def limits(self, request: Request, on: On = None, station: str | None = None) -> Response:
        """The rows of every regulation, or those in force on a local date; with a station, as they hold for it."""
        said = confirmations.read(self._engine)
        if station is not None:
            self._parameters(station, None)
            day = on or local_day(self._clock.now(), self._registry.zone)
            held = (
                one
                for one in self._registry.holding(station, day, said)
                if one.regulation.id != PERMIT.id or self._publishes
            )
            return answer(request, [{**self._held(station, one, said), **self._mark} for one in held])
        rows = self._registry.limits(on)
        return answer(request, [{**_limit(law, row, confirmation_of(row, said)), **self._mark} for law, row in rows])

    def rollups(
        self, request: Request, station: str, parameter: str | None = None,
        window: WindowKind = WindowKind.HOUR, start: Annotated[Moment, Query(alias="from")] = None,
        end: Annotated[Moment, Query(alias="to")] = None, form: Annotated[Form, Query(alias="format")] = "json",
    ) -> Response:  # fmt: skip
        """The windows of one station that end after `from` and not after `to`; `value` is null where none counts."""
        span = self._span(start, end)
        keys = [SeriesKey(station, one) for one in self._parameters(station, parameter)]
        found = self._store.read_rollups(window, keys, marks_ending_in(window, span))
        current = (
            point for points in found.values() for point in points if self._registry.is_current(window, point.mark)
        )
        rows = [one for point in current for one in self._rollup(point, span)]
        return answer(request, rows, form, name=f"{self._prefix}{station}-{window}")

    def indices(
        self, request: Request, station: str, window: Literal["hour", "day"] = "hour",
        start: Annotated[Moment, Query(alias="from")] = None, end: Annotated[Moment, Query(alias="to")] = None,
        form: Annotated[Form, Query(alias="format")] = "json",
    ) -> Response:  # fmt: skip
        """The indices of one station; a null value could not be computed, and `missing` says for want of what."""
        self._parameters(station, None)
        span, kind = self._span(start, end), WindowKind(window)
        marks = Window(span.start - timedelta(days=2), span.end)
        found = (
            point
            for index in self._registry.province.indices
            for point in self._store.read_indices(index, kind, [station], marks)
        )
        rows = [one for point in found for one in self._index(point, span)]
        if form == "csv":
            rows = [{**row, "missing": " ".join(row["missing"])} for row in rows]
        return answer(request, rows, form, name=f"{self._prefix}{station}-indices-{window}")

    def exceedances(
        self, request: Request, start: Annotated[Moment, Query(alias="from")] = None,
        end: Annotated[Moment, Query(alias="to")] = None,
    ) -> Response:  # fmt: skip
        """Exceedances of confirmed limits, or verified, by automatic readings, newest first. Not a finding of a violation."""
        span = self._span(start, end)
        found = episodes(self._engine, between(span.start, span.end))
        rows = Exceedances(self._registry, self._engine, found).rows()
        return answer(request, [{**one, **self._about(one["station"])} for one in rows])

    def verifications(self, request: Request, station: str | None = None, month: str | None = None) -> Response:
        """The newest word on each month of each series that was ever verified."""
        if station is not None:
            self._parameters(station, None)
        wanted = None if month is None else [self._month(month)]
        found = verifications.read(self._engine, stations=None if station is None else [station], months=wanted)
        return answer(request, [self._verification(one) for one in found])

    def status_share(self, request: Request, station: str, month: str | None = None) -> Response:
        """Time in calibration and at fault of one station in a month, by parameter."""
        self._parameters(station, None)
        keys = [SeriesKey(station, one) for one in self._registry.measured(station)]
        zone = self._registry.zone
        wanted = Month.of(self._clock.now(), zone).before if month is None else self._month(month)
        return answer(request, [
            {"month": str(wanted), "station": station, "parameter": key.parameter, **hours_of(share),
             **self._about(station)}
            for key, share in status_shares(self._store, keys, wanted, zone) if share.time
        ])  # fmt: skip

    @staticmethod
    def _month(written: str) -> Month:
        try:
            return Month.read(written)
        except ValueError as error:
            takes = Text("one month (2026-03)")
            raise Refused(422, _not_understood("month", written[:60], takes)) from error

    def _verification(self, one: Verification) -> dict[str, Any]:
        return {
            "station": one.series.station, "parameter": one.series.parameter, "month": str(one.month),
            "state": "verified" if one.holds else "provisional", "verified_by": one.verified_by,
            "verified_at": self._iso(one.verified_at), "fallen_back_at": self._iso(one.fallen_at),
            "cause": one.cause, **self._mark,
        }  # fmt: skip

    def _held(self, station: str, one: Held, said: Mapping[str, Confirmation]) -> dict[str, Any]:
        applied = one.applied
        return {
            **_limit(one.regulation, one.row, confirmation_of(one.row, said)), "station": station,
            "windows": list(one.windows), "level_low": applied.low if applied else None,
            "level_high": applied.high if applied else None,
            "level_unit": self._registry.parameters[one.row.parameter].unit,
            "factors": [{"name": each.name, "value": each.value} for each in one.factors],
            "confirmed": bool(applied and applied.confirmed),
        }  # fmt: skip

    def _about(self, station: str) -> dict[str, Any]:
        found = self._registry.stations[station]
        return {**self._facility(found), **self._origin(found), **self._mark}

    def seals(self, request: Request) -> Response:
        """The entries of every journal's book of seals, in their order; `signature` is over all other fields."""
        books = self._seals.books().values() if self._seals else ()
        rows = [{**msgspec.to_builtins(entry), **self._mark} for book in books for entry in book.entries()]
        return answer(request, rows)

    def _rollup(self, point: RollupPoint, span: Window) -> Iterator[dict[str, Any]]:
        if self._registry.window(point.kind, point.mark).end in span:
            yield {**rollup_row(self._registry, point), **source(self._registry, point.station), **self._mark}

    def _index(self, point: IndexPoint, span: Window) -> Iterator[dict[str, Any]]:
        end = window_of_mark(point.kind, point.mark, self._registry.zone).end
        if end in span:
            yield {
                "end": self._iso(end), "window": point.kind, "station": point.station, "index": point.index,
                "value": point.value, "level": point.level, "dominant": point.dominant,
                "concentration": point.concentration, "missing": point.missing,
                "scheme": str(scheme_of(point.version, point.index)), **source(self._registry, point.station), **self._mark,
            }  # fmt: skip

    def _parameters(self, station: str, parameter: str | None) -> Sequence[str]:
        found = self._registry.stations.get(station)
        if found is None:
            values = {"station": station[:60]}
            raise Refused(404, Text("There is no station “{station}”; the list is at /api/v1/stations.", values))
        known = found.measures
        if parameter is not None and parameter not in known:
            values = {"station": station, "parameter": parameter[:60], "known": ", ".join(known)}
            raise Refused(404, Text("Station {station} does not measure “{parameter}”; it measures: {known}.", values))
        return known if parameter is None else [parameter]

    def _span(self, start: str | None, end: str | None) -> Window:
        """Return what is asked for; refuses what is empty or longer than a year."""
        last = self._moment(_TO, end) if end is not None else self._clock.now()
        first = self._moment(_FROM, start) if start is not None else last - _DEFAULT
        if not first < last <= first + _LONGEST:
            raise Refused(422, Text("`from` must be before `to`, and at most 366 days before it."))
        return Window(first, last)

    def _moment(self, asked: Asked, given: str) -> datetime:
        """Return a moment as it is (without offset: local), a date as its local midnight."""
        try:
            found = datetime.fromisoformat(given)
        except ValueError as error:
            raise Refused(422, _not_understood(asked.name, given[:60], asked.words)) from error
        if found.year not in _YEARS:
            values = {"name": asked.name, "first": str(_YEARS.start), "last": str(_YEARS.stop - 1)}
            raise Refused(422, Text("`{name}` must be in the years {first} to {last}.", values))
        return found if found.tzinfo else found.replace(tzinfo=self._registry.zone)

    def _iso(self, moment: datetime | None) -> str | None:
        return None if moment is None else moment.astimezone(self._registry.zone).isoformat()


def _place(one: Any) -> dict[str, float]:
    return {"latitude": one.latitude, "longitude": one.longitude}


def _limit(regulation: Regulation, row: LimitRow, said: Confirmation | None) -> dict[str, Any]:
    bound = Bound(row.at_least, row.at_most)
    return {
        "row": row.row, "regulation": regulation.id, "document": regulation.document, "clause": row.clause,
        "column": row.column, "area_kinds": list(row.area_kinds), "parameter": row.parameter, "averaging": row.averaging,
        "bound": "class" if row.class_name else bound_kind(bound), "low": bound.low, "high": bound.high,
        "unit": row.unit, "valid_from": row.valid_from or regulation.valid_from,
        "valid_to": row.valid_to or regulation.valid_to, "confidence": row.confidence,
        "confirmed_by": said.confirmed_by if said else None, "confirmed_on": said.confirmed_on if said else None,
        **({"fictional": True} if regulation.fictional else {}),
    }  # fmt: skip
