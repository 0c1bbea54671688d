"""The public pages, while many ask for them at once."""

import asyncio
import math
import time
from collections.abc import Sequence
from pathlib import Path

from analysis.figures import Figures
from bench.child import child
from bench.figures import Figure
from bench.past import Past
from bench.province import OtherThanSent, name
from bench.sizes import Size, Told
from domain.window import HOUR
from support.mosquitto import free_port

VISITORS = 50
_LONGEST_SECONDS = 30.0


def measure(folder: Path, size: Size, told: Told) -> list[Figure]:
    """Measure, in each round: fifty visitors, each of whom asks again as soon as the page is there.

    First all for the province's page, then each for the page of another station.
    """
    told("a day of readings", 0.0)
    past = Past.made(folder)
    past.arrive(past.clock.now() - 24 * HOUR, past.clock.now())
    Figures(past.registry, past.store, past.engine, past.clock).run()
    past.close()
    bind = f"127.0.0.1:{free_port()}"
    where = {"CONFIG": folder / "config", "DATA": folder / "data", "PUBLIC_BIND": bind}
    province: list[float] = []
    stations: list[float] = []
    with child("service", "public", log=folder / "public.log", **where) as pages:
        pages.go()
        for number in range(size.rounds):
            told("visitors", (number + 1) / (size.rounds + 1))
            province.append(asyncio.run(_slowest(bind, ["/"] * VISITORS, size.visits)))
            paths = [f"/stations/{name(number)}" for number in range(VISITORS)]
            stations.append(asyncio.run(_slowest(bind, paths, size.visits)))
    return [
        Figure(f"the province's page, {VISITORS} visitors at once, 95th percentile", "ms", province, 50.0),
        Figure(f"{VISITORS} stations' pages, {VISITORS} visitors at once, 95th percentile", "ms", stations, 50.0),
    ]


async def _slowest(bind: str, paths: Sequence[str], visits: int) -> float:
    """Return the 95th percentile of the milliseconds that pages took, one visitor for each of `paths`."""
    every = await asyncio.gather(*(_visitor(bind, path, visits) for path in paths))
    took = sorted(each for one in every for each in one)
    return took[math.ceil(len(took) * 0.95) - 1]


async def _visitor(bind: str, path: str, visits: int) -> list[float]:
    reader, writer = await _connected(bind)
    took = []
    for _ in range(visits):
        began = time.monotonic()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {bind}\r\n\r\n".encode())
        await _page(reader, path)
        took.append((time.monotonic() - began) * 1_000)
    writer.close()
    return took


async def _connected(bind: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = bind.partition(":")
    return await asyncio.wait_for(asyncio.open_connection(host, int(port)), _LONGEST_SECONDS)


async def _page(reader: asyncio.StreamReader, path: str) -> None:
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _LONGEST_SECONDS)).decode().lower()
    length = next(int(line.partition(":")[2]) for line in head.splitlines() if line.startswith("content-length:"))
    await reader.readexactly(length)
    if " 200 " not in head.splitlines()[0]:
        raise OtherThanSent(f"{path} was answered with {head.splitlines()[0]}")
