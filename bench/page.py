"""The public pages, while many ask for them at once."""

import asyncio
import math
import time
from pathlib import Path

from analysis.roller import Roller
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
    """Measure, in each round: fifty visitors, each of whom asks for the next page as soon as the one before is there."""
    told("a day of readings", 0.0)
    past = Past.made(folder)
    past.arrive(past.clock.now() - 24 * HOUR, past.clock.now())
    Roller(past.registry, past.store, past.engine, past.clock).run()
    past.close()
    bind = f"127.0.0.1:{free_port()}"
    where = {"CONFIG": folder / "config", "DATA": folder / "data", "PUBLIC_BIND": bind}
    rounds = []
    with child("service", "public", log=folder / "public.log", **where) as pages:
        pages.go()
        for number in range(size.rounds):
            told("visitors", (number + 1) / (size.rounds + 1))
            rounds.append(sorted(asyncio.run(_visits(bind, size.visits))))
    slowest = [one[math.ceil(len(one) * 0.95) - 1] for one in rounds]
    return [Figure(f"public pages, {VISITORS} visitors at once, 95th percentile", "ms", slowest, 50.0)]


async def _visits(bind: str, visits: int) -> list[float]:
    every = await asyncio.gather(*(_visitor(bind, number, visits) for number in range(VISITORS)))
    return [took for one in every for took in one]


async def _visitor(bind: str, number: int, visits: int) -> list[float]:
    """Return how many milliseconds each page took: the province and a station in turn."""
    reader, writer = await _connected(bind)
    took = []
    for visit in range(visits):
        path = f"/stations/{name(number)}" if visit % 2 else "/"
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
