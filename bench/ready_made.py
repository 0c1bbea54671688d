"""What the stores themselves take, when the very rows that our service wrote are handed to them ready-made."""

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import urllib3

from domain.moment import micros
from domain.reading import Reading
from ingest.pipeline import BATCH
from storage import influx_lines
from storage.influx_server import BATCH as LINES
from storage.statements import statements
from support.influxdb import InfluxDB

_SQL = statements("sqlite.sql")


def sqlite_rows_per_second(readings: Sequence[Reading], file: Path) -> float:
    """Return how many rows bare sqlite3 upserts in a second: our table and durability, as many in a transaction."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(_SQL["schema_readings"])
    numbers = {series: number for number, series in enumerate({one.series for one in readings})}
    rows = [
        (
            numbers[one.series], micros(one.measured_at), one.value, int(one.status), int(one.flag), int(one.reasons),
            one.checks, one.seq,
        )
        for one in readings
    ]  # fmt: skip
    size = BATCH * 4  # of four values each
    began = time.monotonic()
    for start in range(0, len(rows), size):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_SQL["write"], rows[start : start + size])
        connection.execute("COMMIT")
    took = time.monotonic() - began
    connection.close()
    return len(rows) / took


def influx_lines_per_second(readings: Sequence[Reading], influx: InfluxDB) -> float:
    """Return how many lines InfluxDB takes in a second, by the same way and in requests of the same size as ours."""
    lines = [influx_lines.reading(one, "water", micros(one.measured_at)) for one in readings]
    bodies = ["\n".join(lines[start : start + LINES]).encode() for start in range(0, len(lines), LINES)]
    pool, headers = urllib3.PoolManager(), {"Authorization": f"Token {influx.token}"}
    where = f"{influx.url}/api/v2/write?org={influx.org}&bucket=readings&precision=us"
    began = time.monotonic()
    for body in bodies:
        answer = pool.request("POST", where, body=body, headers=headers)
        if answer.status != 204:
            raise RuntimeError(f"InfluxDB answered {answer.status}: {answer.data.decode()}")
    return len(lines) / (time.monotonic() - began)
