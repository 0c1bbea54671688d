"""What the dashboards ask InfluxDB, in InfluxQL. Grafana puts in `$timeFilter`, `$__interval` and the variables.

Two rules hold for every question about rollups: one for a value asks for `valid > 0` (a window without a value is kept
as zeroes), one for a limit asks for its bit in `limit_kind` (a limit that there is not is kept as 0).
"""

from collections.abc import Iterable, Sequence

from domain import health_fields as health
from domain.rollup import LimitKind

_STATIONS = '"station" =~ /^${station:regex}$/'
_PARAMETER = '"parameter" =~ /^${parameter:regex}$/'
_VALUE = '"valid" > 0'
_IN_RANGE = "$timeFilter"
_INGEST = "\"part\" = 'ingest'"

# Hours are kept by their end, a full hour in UTC, so buckets of an hour without a time zone hit them exactly; with one
# they would miss them by half an hour where the zone is not a whole number of hours from UTC. `fill(null)` makes an
# hour without a value break the line.
_BY_HOUR = 'GROUP BY time(1h), "station" fill(null)'


def hourly(parameters: Iterable[str]) -> str:
    """Return the question for the hourly means of the chosen parameter, if it is one of `parameters`."""
    return _select('mean("value")', "hour", [_VALUE, _STATIONS, _PARAMETER, _one_of(parameters), _IN_RANGE], _BY_HOUR)


def daily(parameters: Iterable[str], zone: str) -> str:
    """Return the question for the daily means: local days of `zone`, kept by the midnight at which they begin."""
    wanted = [_VALUE, _STATIONS, _PARAMETER, _one_of(parameters), _IN_RANGE]
    return _select('mean("value")', "day", wanted, _by_day(zone))


def hourly_limit(parameters: Iterable[str], *, confirmed: bool) -> str:
    """Return the question for the upper limit of hourly means."""
    wanted = [_high(confirmed=confirmed), _STATIONS, _PARAMETER, _one_of(parameters), _IN_RANGE]
    return _select('mean("limit_high")', "hour", wanted, _BY_HOUR)


def daily_limit(parameters: Iterable[str], zone: str, *, confirmed: bool) -> str:
    """Return the question for the upper limit of daily means."""
    wanted = [_high(confirmed=confirmed), _STATIONS, _PARAMETER, _one_of(parameters), _IN_RANGE]
    return _select('mean("limit_high")', "day", wanted, _by_day(zone))


def capture(zone: str) -> str:
    """Return the question for the share of expected readings that counted, in per cent, by local day of `zone`.

    Reads all points, those without a value too: they are what is missing. The hours of a day end at 01:00–24:00, so its
    bucket begins at 01:00.
    """
    wanted = ['"expected" > 0', _STATIONS, _PARAMETER, _IN_RANGE]
    tail = f"GROUP BY time(1d, 1h), \"station\" fill(none) tz('{zone}')"
    return _select('100 * sum("valid") / sum("expected")', "hour", wanted, tail)


def index(name: str, zone: str | None = None) -> str:
    """Return the question for the hourly values of an index; with a time zone, for those of its local days."""
    kind = "hour" if zone is None else "day"
    wanted = [_VALUE, f"\"parameter\" = '{name}'", f"\"window\" = '{kind}'", _STATIONS, _IN_RANGE]
    return _select('mean("value")', "index", wanted, _BY_HOUR if zone is None else _by_day(zone))


def index_rows() -> str:
    """Return the question for every figure of every index, with what it rests on."""
    fields = ("station", "parameter", "window", "value", "dominant", "concentration", "missing", "version")
    asked = ", ".join(f'"{field}"' for field in fields)
    return _select(asked, "index", [_VALUE, _STATIONS, _IN_RANGE], "ORDER BY time DESC")


# The three questions behind the table of hours: Grafana puts rows of the same hour, station and parameter together, so
# that an hour without a value has its counts and an empty cell.


def hour_counts() -> str:
    """Return the question for what every hour rests on."""
    fields = ("valid", "expected", "suspect", "calibrating", "fault", "state", "revision")
    return _rows(fields, [_STATIONS, _PARAMETER, _IN_RANGE])


def hour_values() -> str:
    """Return the question for the values of the hours that have one."""
    return _rows(("value", "min", "max"), [_VALUE, _STATIONS, _PARAMETER, _IN_RANGE])


def hour_limits() -> str:
    """Return the question for the upper limits of the hours that have one; `confirmed` is 0 where it is not."""
    asked = f'"limit_high", "limit_kind" & {LimitKind.CONFIRMED:d} AS "confirmed"'
    wanted = [_has(LimitKind.HIGH, LimitKind.HIGH), _STATIONS, _PARAMETER, _IN_RANGE]
    return _select(f'"station", "parameter", {asked}', "hour", wanted, "ORDER BY time DESC")


def ingest_now(field: str) -> str:
    """Return the question for the newest word on a figure of the ingest; of several workers, the greatest."""
    return _select(f'max("{field}")', health.HEALTH, [_INGEST, _IN_RANGE], "GROUP BY time(1m) fill(none)")


def ingest_total(field: str) -> str:
    """Return the question for a figure that adds up over workers, each with its own."""
    inner = _select(f'last("{field}") AS "one"', health.HEALTH, [_INGEST, _IN_RANGE],
                    'GROUP BY time(1m), "worker" fill(none)')  # fmt: skip
    # Nothing in it comes from outside: measurements and fields are constants of ours.
    return f'SELECT sum("one") FROM ({inner}) WHERE {_IN_RANGE} GROUP BY time(1m) fill(none)'  # noqa: S608 - see above


def least_disk() -> str:
    """Return the question for the free disk space of the worker that has least of it."""
    return least_ingest(health.DISK_FREE_BYTES)


def least_ingest(field: str) -> str:
    """Return the question for the course of a figure of the ingest; the least of each interval."""
    return _select(f'min("{field}")', health.HEALTH, [_INGEST, _IN_RANGE], "GROUP BY time($__interval) fill(none)")


def stations_now(field: str) -> str:
    """Return the question for of how many stations `field` is 1."""
    return _select(f'sum("{field}")', health.STATION, [_IN_RANGE], "GROUP BY time(1m) fill(none)")


def ingest(field: str) -> str:
    """Return the question for the course of a figure of the ingest; the greatest of each interval."""
    return _select(f'max("{field}")', health.HEALTH, [_INGEST, _IN_RANGE], "GROUP BY time($__interval) fill(none)")


def happened(field: str) -> str:
    """Return the question for what a total rose by in each interval."""
    asked = f'non_negative_difference(max("{field}"))'
    return _select(asked, health.HEALTH, [_INGEST, _IN_RANGE], "GROUP BY time($__interval) fill(none)")


def quarantine() -> str:
    """Return the question for what is in quarantine, by reason and worker."""
    tail = 'GROUP BY time($__interval), "worker" fill(none)'
    return _select(f"max(/^{health.QUARANTINE_PREFIX}/)", health.HEALTH, [_INGEST, _IN_RANGE], tail)


def rollups_late() -> str:
    """Return the question for how late the figures are."""
    tail = "GROUP BY time($__interval) fill(none)"
    return _select(f'max("{health.ROLLUPS_LATE_SECONDS}")', health.HEALTH, ["\"part\" = 'schedule'", _IN_RANGE], tail)


def stations() -> str:
    """Return the question for the newest word on every station; `heard` in ms since 1970, as Grafana has moments."""
    asked = (
        f'last("{health.LAST_MESSAGE}") * 1000 AS "heard", last("{health.SKEW_SECONDS}") AS "skew", '
        f'last("{health.SILENT}") AS "silent"'
    )
    return _select(asked, health.STATION, [_IN_RANGE], 'GROUP BY "station"')


def _high(*, confirmed: bool) -> str:
    both = LimitKind.HIGH | LimitKind.CONFIRMED
    return _has(both, both if confirmed else LimitKind.HIGH)


def _has(among: LimitKind, wanted: LimitKind) -> str:
    return f'("limit_kind" & {among:d}) = {wanted:d}'


def _by_day(zone: str) -> str:
    return f"GROUP BY time(1d), \"station\" fill(null) tz('{zone}')"


def _one_of(parameters: Iterable[str]) -> str:
    return f'"parameter" =~ /^({"|".join(parameters)})$/'


def _rows(fields: Sequence[str], wanted: Sequence[str]) -> str:
    asked = ", ".join(f'"{field}"' for field in ("station", "parameter", *fields))
    return _select(asked, "hour", wanted, "ORDER BY time DESC")


def _select(asked: str, measurement: str, wanted: Sequence[str], tail: str) -> str:
    return f'SELECT {asked} FROM "{measurement}" WHERE {" AND ".join(wanted)} {tail}'  # noqa: S608 - fields are constants, ids [A-Za-z0-9_-]
