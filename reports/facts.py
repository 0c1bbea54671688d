"""What the stores say, gathered once for a page: everything after this is pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from domain.alert import AlertKind
from domain.limit import Bound
from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.rollup import IndexPoint, RollupPoint
from domain.text import Text
from domain.window import HOUR, Window, WindowKind, local_day
from registry.limits import Confirmation
from registry.lookup import Registry
from registry.schema import ParameterKind
from reports.computed import not_computed
from storage import confirmations, ledger, verifications
from storage.alerting import EarlierLaw, revived
from storage.readings import ReadingStore
from storage.tables import alerts, cases
from storage.verifications import Verification

DAY = timedelta(days=1)
# Compared beside the base window of a series, where a limit names them.
_AVERAGES = (WindowKind.HOUR8, WindowKind.HOUR24)

Points = Mapping[tuple[SeriesKey, WindowKind], Sequence[RollupPoint]]


class RestsOn(msgspec.Struct):
    """What pages and lists need of all that an alert rests on; see `storage.alerting.Record`."""

    rule_kind: str = ""
    window: str = ""
    row: str | None = None
    regulation: str | None = None
    document: str | None = None
    clause: str | None = None
    column: str | None = None
    figures: tuple[float, ...] = ()
    factors: tuple[str, ...] = ()
    row_unit: str | None = None
    confirmed_by: str | None = None
    confirmed_on: date | None = None
    earlier: tuple[EarlierLaw, ...] = ()
    suspect: int = 0
    unmet: tuple[Text, ...] = ()
    doubts: tuple[Text, ...] = ()
    withdrawn: bool = False
    first_end: datetime | None = None
    levels: tuple[tuple[datetime, float], ...] = ()
    checks: int = 0
    software: str = ""
    configuration: int = 0
    figures_by: int = 0


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert as a page needs it. Levels are in the parameter's canonical unit; `parameter` is '' for silence."""

    case: str
    rule: str
    station: str
    parameter: str
    kind: AlertKind
    crossed_at: datetime  # start of the first window that was over
    since: datetime  # by what people name that window: its end; of a day, its beginning
    over_until: datetime | None  # end of the last window that was over; None while the alert is open
    last_at: datetime  # end of the newest window judged
    level: float | None
    peak: float | None
    peak_at: datetime | None
    bound: Bound
    valid: int | None
    expected: int | None
    confirmed: bool  # an exceedance of a confirmed limit, in time or found late
    withdrawn: bool  # later data say that it never was
    rests_on: RestsOn = field(default_factory=RestsOn)

    @property
    def series(self) -> SeriesKey:
        """The series it is about."""
        return SeriesKey(self.station, self.parameter)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known at `now`. `points` are ascending in time; `indices` has the newest hours of each station."""

    now: datetime
    heard: Mapping[str, datetime] = field(default_factory=dict)
    episodes: Sequence[Episode] = ()
    points: Points = field(default_factory=dict)
    indices: Mapping[str, Sequence[IndexPoint]] = field(default_factory=dict)
    confirmations: Mapping[str, Confirmation] = field(default_factory=dict)
    verifications: Sequence[Verification] = ()  # the newest word on each month, ascending
    not_computed: Mapping[SeriesKey, Sequence[Text]] = field(default_factory=dict)


def windows_of(
    registry: Registry, series: SeriesKey, facts_on: datetime, said: Mapping[str, Confirmation]
) -> list[WindowKind]:
    """Return the windows in which a series is shown: its base window, then every average that has a limit.

    The base is the hour, or the local day for what is measured less often than every hour.
    """
    base = base_window(registry, series)
    if base is WindowKind.DAY or registry.parameters[series.parameter].kind is not ParameterKind.LEVEL:
        return [base]
    on = local_day(facts_on, registry.zone)
    return [base, *(kind for kind in _AVERAGES if registry.limit_for(series, kind, on, said) is not None)]


def base_window(registry: Registry, series: SeriesKey) -> WindowKind:
    """Return the shortest window that is made of a series."""
    interval = registry.interval(series.station, series.parameter)
    return WindowKind.HOUR if interval is None or interval <= HOUR else WindowKind.DAY


def gather(
    registry: Registry, store: ReadingStore, engine: Engine, now: datetime, stations: Sequence[str], hours: int
) -> Facts:
    """Read what pages need of `stations`: `hours` of hours, thirty times as long of days.

    Raises StoreUnavailable.
    """
    said = confirmations.read(engine)
    wanted: dict[WindowKind, list[SeriesKey]] = {}
    for station in stations:
        for parameter in registry.stations[station].measures:
            series = SeriesKey(station, parameter)
            for kind in windows_of(registry, series, now, said):
                wanted.setdefault(kind, []).append(series)
    points = {
        (series, kind): points
        for kind, keys in wanted.items()
        for series, points in store.read_rollups(kind, keys, _back(kind, now, hours)).items()
    }
    bases = ((series, base_window(registry, series)) for series, _ in points)
    return Facts(
        now=now,
        heard={station: heard.heard_at for station, heard in ledger.all_heard(engine).items()},
        episodes=episodes(engine, sa.and_(alerts.c.closed_at.is_(None), alerts.c.station.in_(stations))),
        points=points,
        indices=_indices(registry, store, now, [one for one in stations if registry.stations[one].kind == "air"]),
        confirmations=said,
        verifications=verifications.read(engine, stations=stations),
        not_computed=not_computed(registry, store, points, dict.fromkeys(bases)),
    )


def _back(kind: WindowKind, now: datetime, hours: int) -> Window:
    return Window(now - (hours * HOUR if kind is not WindowKind.DAY else max(hours * HOUR, 3 * DAY) * 15), now)


def _indices(
    registry: Registry, store: ReadingStore, now: datetime, stations: list[str]
) -> dict[str, list[IndexPoint]]:
    found: dict[str, list[IndexPoint]] = {station: [] for station in stations}
    if stations and "vn_aqi" in registry.province.indices:
        for point in store.read_indices("vn_aqi", WindowKind.HOUR, stations, Window(now - 6 * HOUR, now)):
            found[point.station].append(point)
    return found


def episodes(engine: Engine, condition: Any) -> tuple[Episode, ...]:
    """Return the alerts that meet an SQLAlchemy condition on the table `alerts`, newest first."""
    statement = (
        sa
        .select(alerts, cases.c.number)
        .join(cases, cases.c.id == alerts.c.case_id)
        .where(condition)
        .order_by(alerts.c.crossed_at.desc(), alerts.c.id.desc())
    )
    with engine.connect() as connection:
        return tuple(_episode(row) for row in connection.execute(statement))


def between(start: datetime, end: datetime) -> Any:
    """Return the condition that an alert was open at some time after `start` and before `end`."""
    over = sa.or_(alerts.c.closed_at.is_(None), alerts.c.closed_at > micros(start))
    return sa.and_(over, alerts.c.crossed_at < micros(end))


def _episode(row: Any) -> Episode:
    rests_on = msgspec.json.decode(row.record, type=RestsOn)
    rests_on.unmet, rests_on.doubts = revived(rests_on.unmet), revived(rests_on.doubts)
    return Episode(
        case=row.number, rule=row.rule, station=row.station, parameter=row.parameter, kind=AlertKind(row.kind),
        crossed_at=moment(row.crossed_at), since=_since(row, rests_on), over_until=_over_until(row, rests_on),
        last_at=moment(row.last_at), level=row.level, peak=row.peak,
        peak_at=None if row.peak_at is None else moment(row.peak_at), bound=Bound(row.limit_low, row.limit_high),
        valid=row.valid, expected=row.expected, withdrawn=rests_on.withdrawn,
        confirmed=row.kind in {AlertKind.OVER, AlertKind.LATE} and not rests_on.unmet,
        rests_on=rests_on,
    )  # fmt: skip


def _over_until(row: Any, rests_on: RestsOn) -> datetime | None:
    if row.closed_at is None:
        return None
    return rests_on.levels[-1][0] if rests_on.levels else moment(row.closed_at)


def _since(row: Any, rests_on: RestsOn) -> datetime:
    first = rests_on.first_end
    return moment(row.crossed_at) if first is None or rests_on.window == "day" else first
