"""What the stores themselves take when the same rows are handed to them ready-made."""

import sqlite3
import time
from pathlib import Path

import urllib3

from bench.backlog import START, VALUES
from domain.moment import micros


def rows(messages: int) -> list[tuple[int, int, float, int, int, int, int, int]]:
    """Return the backlog's readings as the rows of a readings table: series, time and what is kept beside."""
    first = micros(START)
    return [
        (series, first + number * 1_000_000, base + number % 7 / 10, 0, 1, 0, 1, number * 64)
        for number in range(messages)
        for series, (base, _) in enumerate(VALUES.values())
    ]


def sqlite_upserts_per_second(messages: int, folder: Path) -> float:
    """Return readings a second that bare sqlite3 upserts, 2,000 in a transaction, WAL, synchronous FULL."""
    connection = sqlite3.connect(folder / "ready_made.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE r (series INT, at INT, value REAL, status INT, flag INT, reasons INT, checks INT, seq INT,"
        " PRIMARY KEY (series, at)) WITHOUT ROWID"
    )
    ready = rows(messages)
    began = time.perf_counter()
    for start in range(0, len(ready), 2_000):
        connection.execute("BEGIN")
        connection.executemany("INSERT OR REPLACE INTO r VALUES (?,?,?,?,?,?,?,?)", ready[start : start + 2_000])
        connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return len(ready) / took


def influx_points_per_second(messages: int, url: str, token: str) -> float:
    """Return points a second that InfluxDB takes of the same readings as ready-made lines, 5,000 a request."""
    names = list(VALUES)
    lines = [
        f"water,station=READY,parameter={names[series]} value={value},status={status}i,flag={flag}i,"
        f"reasons={reasons}i,checks={checks}i,seq={seq}i {at}"
        for series, at, value, status, flag, reasons, checks, seq in rows(messages)
    ]
    bodies = ["\n".join(lines[start : start + 5_000]).encode() for start in range(0, len(lines), 5_000)]
    pool = urllib3.PoolManager()
    began = time.perf_counter()
    for body in bodies:
        answer = pool.request(
            "POST", f"{url}/api/v2/write?org=quantrac&bucket=readings&precision=us",
            body=body, headers={"Authorization": f"Token {token}"},
        )  # fmt: skip
        if answer.status != 204:
            raise RuntimeError(f"InfluxDB answered {answer.status}: {answer.data.decode()}")
    return len(lines) / (time.perf_counter() - began)
