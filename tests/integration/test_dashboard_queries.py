"""The questions of the generated dashboards, put to a real InfluxDB whose points were written by hand."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboards import queries
from dashboards.generate import generate
from domain.moment import micros
from domain.rollup import IndexPoint
from domain.window import WindowKind
from storage import influx_lines
from support.configured import registry, station
from support.grafana import filled
from support.influxdb import InfluxDB

ZONE = "Asia/Ho_Chi_Minh"
MIDNIGHT = datetime(2026, 2, 28, 17, tzinfo=UTC)  # 2026-03-01 00:00 in the province
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB]:
    influx = InfluxDB(tmp_path_factory.mktemp("influx")).start()
    yield influx
    influx.close()


@pytest.fixture
def influx(server: InfluxDB) -> InfluxDB:
    server.clear()
    return server


def put(influx: InfluxDB, bucket: str, *lines: str) -> None:
    """Write lines as they stand, times in µs."""
    status, answer = influx.forward("POST", f"/write?db={bucket}&precision=u", "\n".join(lines).encode(), {})
    assert status == 204, answer


def window(at: datetime, *, measurement: str = "hour", kind: int = 0, **fields: float) -> str:
    """Return the line of a window; `valid` and `expected` are whole numbers, what is not named is 0 as in the store."""
    counts = {name: int(fields.get(name, 12 if name == "expected" else 0)) for name in ("valid", "expected")}
    written = ",".join(f"{name}={number}i" for name, number in counts.items())
    return (
        f"{measurement},station=A-1,parameter=pm25 value={fields.get('value', 0.0)},min=0,max=0,{written},"
        f"suspect=0i,calibrating=0i,fault=0i,limit_low=0,limit_high={fields.get('limit', 0.0)},limit_kind={kind}i,"
        f"state=0i,revision=0i,configuration=1i {micros(at)}"
    )


def ask(influx: InfluxDB, bucket: str, query: str, *, length: timedelta = DAY) -> list[list[Any]]:
    """Return the rows that Grafana would get for station A-1 and PM2.5 from the province's midnight on."""
    asked = filled(query, stations=["A-1"], parameter="pm25", start=MIDNIGHT, end=MIDNIGHT + length)
    answer: Any = influx.query(bucket, asked)
    (result,) = answer["results"]
    assert "error" not in result, result
    return [row for series in result.get("series", []) for row in series["values"]]


def test_influxdb_understands_every_question(influx: InfluxDB) -> None:
    """None is refused, with one station chosen, with several, and with nothing stored at all."""
    found = generate(registry(station("A-1"), station("A-2")), "en")
    targets = [
        one for text in found.values() for panel in json.loads(text)["panels"] for one in panel.get("targets", [])
    ]
    assert len(targets) > 15
    for target in targets:
        bucket = target["datasource"]["uid"].removeprefix("quantrac-")
        for stations in (["A-1"], ["A-1", "A-2"]):
            asked = filled(target["query"], stations=stations, parameter="pm25", start=MIDNIGHT, end=MIDNIGHT + DAY)
            answer: Any = influx.query(bucket, asked)
            assert [result.get("error") for result in answer["results"]] == [None], asked


def test_a_window_without_a_value_never_shows_as_one(influx: InfluxDB) -> None:
    """It is stored as 0 with valid = 0: the chart has a gap there, the table an empty cell."""
    put(influx, "rollups", window(MIDNIGHT + HOUR, valid=12, value=41.5), window(MIDNIGHT + 2 * HOUR, valid=0),
        window(MIDNIGHT + 3 * HOUR, valid=9, value=0.0))  # fmt: skip
    rows = ask(influx, "rollups", queries.hourly(["pm25"]), length=3 * HOUR)
    assert [value for _, value in rows] == [None, 41.5, None, 0]
    assert [row[3] for row in ask(influx, "rollups", queries.hour_values())] == [0, 41.5]
    assert [row[3:5] for row in ask(influx, "rollups", queries.hour_counts())] == [[9, 12], [0, 12], [12, 12]]


def test_hours_stand_where_they_end(influx: InfluxDB) -> None:
    """The bucket of a full hour is the hour's own mark: nothing moves by an hour."""
    put(influx, "rollups", window(MIDNIGHT + HOUR, valid=12, value=41.5))
    rows = ask(influx, "rollups", queries.hourly(["pm25"]), length=HOUR)
    assert [row for row in rows if row[1] is not None] == [["2026-02-28T18:00:00Z", 41.5]]


@pytest.mark.parametrize(
    ("kind", "confirmed", "unconfirmed"),
    [(0, [], []), (1, [], []), (2, [], [50]), (3, [], [50]), (4, [], []), (6, [50], []), (7, [50], [])],
)
def test_a_limit_shows_only_where_its_bit_is_set(
    influx: InfluxDB, kind: int, confirmed: list[float], unconfirmed: list[float]
) -> None:
    """Bits: 1 lower, 2 upper, 4 confirmed. The figure of a limit that there is not is never drawn."""
    put(influx, "rollups", window(MIDNIGHT + HOUR, valid=12, value=41.5, kind=kind, limit=50.0))
    for is_confirmed, wanted in ((True, confirmed), (False, unconfirmed)):
        rows = ask(influx, "rollups", queries.hourly_limit(["pm25"], confirmed=is_confirmed))
        assert [value for _, value in rows if value is not None] == wanted
    table = ask(influx, "rollups", queries.hour_limits())
    assert [row[3:] for row in table] == ([[50, kind & 4]] if kind & 2 else [])


def test_a_parameter_of_another_unit_is_not_answered(influx: InfluxDB) -> None:
    """Each unit has its own question: the others stay empty, so that no figure bears a wrong unit."""
    put(influx, "rollups", window(MIDNIGHT + HOUR, valid=12, value=41.5))
    assert ask(influx, "rollups", queries.hourly(["air_temperature", "pm2"])) == []


def test_a_day_stands_at_the_midnight_of_the_province(influx: InfluxDB) -> None:
    """`tz()` puts the buckets where the days are kept; in UTC they would miss them."""
    put(influx, "rollups", *(window(MIDNIGHT + n * DAY, measurement="day", valid=24, value=n + 1.0) for n in (0, 2)))
    rows = ask(influx, "rollups", queries.daily(["pm25"], ZONE), length=2 * DAY)
    assert rows == [
        ["2026-03-01T00:00:00+07:00", 1],
        ["2026-03-02T00:00:00+07:00", None],
        ["2026-03-03T00:00:00+07:00", 3],
    ]


def test_capture_counts_what_is_missing(influx: InfluxDB) -> None:
    """12 of 12 and 0 of 12 are half; a window of which nothing was expected does not count."""
    put(influx, "rollups", window(MIDNIGHT + HOUR, valid=12), window(MIDNIGHT + 2 * HOUR, valid=0),
        window(MIDNIGHT + 3 * HOUR, valid=1, expected=0))  # fmt: skip
    rows = ask(influx, "rollups", queries.capture(ZONE), length=4 * HOUR)
    assert rows == [["2026-03-01T01:00:00+07:00", 50]]


def test_the_last_hour_of_a_day_counts_for_that_day(influx: InfluxDB) -> None:
    """The hour that ends at midnight is 24:00 of the day that is over, not 00:00 of the next."""
    put(
        influx, "rollups", window(MIDNIGHT, valid=0), window(MIDNIGHT + HOUR, valid=12), window(MIDNIGHT + DAY, valid=0)
    )
    rows = ask(influx, "rollups", queries.capture(ZONE))
    assert rows == [["2026-02-28T01:00:00+07:00", 0], ["2026-03-01T01:00:00+07:00", 50]]


def test_an_index_is_that_of_its_own_window(influx: InfluxDB) -> None:
    """Hour and day may have the same mark; one that cannot be computed is a gap."""
    lines = [(1, "hour", 120.0, 1), (1, "day", 80.0, 1), (2, "hour", 0.0, 0)]
    put(influx, "rollups", *(
        f"index,station=A-1,parameter=vn_aqi,window={name} value={value},valid={valid}i {micros(MIDNIGHT + n * HOUR)}"
        for n, name, value, valid in lines
    ))  # fmt: skip
    rows = ask(influx, "rollups", queries.index("vn_aqi"), length=2 * HOUR)
    assert [value for _, value in rows] == [None, 120, None]


def test_an_index_of_days_stands_at_the_midnight_of_the_province(influx: InfluxDB) -> None:
    """A day that could not be computed is a gap; the hour with the same mark is none of it."""
    known = [(0, "day", 80.0, 1), (0, "hour", 120.0, 1), (1, "day", 0.0, 0), (2, "day", 40.0, 1)]
    put(influx, "rollups", *(
        f"index,station=A-1,parameter=vn_aqi,window={name} value={value},valid={valid}i {micros(MIDNIGHT + n * DAY)}"
        for n, name, value, valid in known
    ))  # fmt: skip
    rows = ask(influx, "rollups", queries.index("vn_aqi", ZONE), length=2 * DAY)
    assert rows == [
        ["2026-03-01T00:00:00+07:00", 80],
        ["2026-03-02T00:00:00+07:00", None],
        ["2026-03-03T00:00:00+07:00", 40],
    ]


def test_the_table_of_indices_says_what_a_figure_rests_on(influx: InfluxDB) -> None:
    """Newest first, with version and what is missing; what could not be computed is not listed, since it is kept as 0."""
    made = IndexPoint(
        "A-1", "us_aqi", WindowKind.HOUR, MIDNIGHT + HOUR, 151, 4, "pm25", 55.7, ("co", "o3"), "epa-2024-day"
    )
    none = IndexPoint("A-1", "vn_aqi", WindowKind.HOUR, MIDNIGHT + 2 * HOUR, None, missing=("pm25", "pm10"))
    put(influx, "rollups", influx_lines.index(made), influx_lines.index(none))
    ((_, *row),) = ask(influx, "rollups", queries.index_rows())
    assert row == ["A-1", "us_aqi", "hour", 151, "pm25", 55.7, "co o3", "epa-2024-day"]


def test_totals_of_workers_add_up_and_shared_figures_do_not(influx: InfluxDB) -> None:
    """Each worker writes its own rate, and all of them write the same sum of messages."""
    put(influx, "service", *(
        f"health,part=ingest,worker={worker} rate={rate},pending=7 {micros(MIDNIGHT + timedelta(seconds=second))}"
        for worker, rate, second in (("main", 2.0, 5), ("ingest-1", 3.0, 20))
    ))  # fmt: skip
    assert [value for _, value in ask(influx, "service", queries.ingest_total("rate"))] == [5]
    assert [value for _, value in ask(influx, "service", queries.ingest_now("pending"))] == [7]


def test_what_happened_is_the_difference_of_totals(influx: InfluxDB) -> None:
    """A total that begins again (a new data folder) is no negative number of messages."""
    totals = (100, 160, 165, 3)
    put(influx, "service", *(
        f"health,part=ingest,worker=main stored={total} {micros(MIDNIGHT + timedelta(minutes=minute))}"
        for minute, total in enumerate(totals)
    ))  # fmt: skip
    rows = ask(influx, "service", queries.happened("stored"))
    assert [value for _, value in rows] == [60, 5]


def test_the_newest_word_on_each_station_is_listed(influx: InfluxDB) -> None:
    """One row a station; the moment in ms, as Grafana has moments."""
    at = micros(MIDNIGHT + HOUR)
    put(influx, "service",
        f"station,station=A-1 last_message={at / 1e6},silent=0,skew_seconds=2.5 {at}",
        f"station,station=A-1 last_message={at / 1e6},silent=1 {at + 60_000_000}",
        f"station,station=A-2 last_message={at / 1e6},silent=0 {at}")  # fmt: skip
    rows = ask(influx, "service", queries.stations())
    assert [row[1:] for row in rows] == [[at / 1000, 2.5, 1], [at / 1000, None, 0]]
