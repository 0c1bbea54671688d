"""The whole chain comes to the same whatever the order of arrival: flags, windows, indices, the set of exceedances."""

import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.reading import Reading, SeriesKey, Status
from quality.assess import CHECKS_VERSION, flag_at_the_door
from support.chain import STATIONS, Chain, configured

START = datetime(2026, 3, 1, 17, tzinfo=UTC)  # midnight of the 2nd in Viet Nam
MINUTES = timedelta(minutes=5)
HOUR = timedelta(hours=1)
MAINTENANCE = {
    "stations": ["KK-1"], "parameters": ["pm25"], "from": "2026-03-02 01:00", "to": "2026-03-02 01:20",
    "status": "calibrating",
}  # fmt: skip

# Values that meet the checks: steady, jumping, at a pinned end, out of range, missing.
VALUES = st.one_of(st.sampled_from([20.0, 20.0, 20.5, 7.0, 55.0, 90.0, 300.0, -1.0, 1500.0, None]))
STATUS = st.sampled_from([Status.MEASURING] * 8 + [Status.CALIBRATING, Status.FAULT])


@st.composite
def arriving(draw: st.DrawFn) -> list[Reading]:
    """Return a few hours of four stations with holes, some of it twice and with other values."""
    found: list[Reading] = []
    for station in STATIONS:
        for parameter in ("pm25", "pm10") if station == "KK-1" else ("pm25",):
            places = draw(st.sets(st.integers(1, 60), min_size=1, max_size=40))
            for place in sorted(places):
                found.append(read(SeriesKey(station, parameter), place, draw(VALUES), draw(STATUS)))
    revised = draw(st.lists(st.sampled_from(found), max_size=5))
    return found + [read(one.series, place_of(one), draw(VALUES), Status.MEASURING) for one in revised]


def read(series: SeriesKey, place: int, value: float | None, status: Status) -> Reading:
    # A day apart from the last, so that a day is over and teaches.
    at = START + place * MINUTES + (timedelta(days=1) if place > 40 else timedelta(0))
    flag, reasons = flag_at_the_door(value, (0, 1000))
    return Reading(*series, at, value, status, flag, reasons, CHECKS_VERSION)


def place_of(one: Reading) -> int:
    apart = one.measured_at - START
    return (apart - timedelta(days=1) if apart > timedelta(days=1) else apart) // MINUTES


def numbered(readings: list[Reading]) -> Iterator[Reading]:
    """Number readings as their messages are; of one identity the last counts."""
    for seq, one in enumerate(readings, 1):
        yield Reading(*one.series, one.measured_at, one.value, one.status, one.flag, one.reasons, one.checks, seq)


def newest(readings: list[Reading]) -> list[Reading]:
    return list({(one.series, one.measured_at): one for one in sorted(readings, key=lambda one: one.seq)}.values())


@settings(max_examples=15, deadline=None)
@given(arriving(), st.randoms(use_true_random=False))
def test_flags_figures_and_exceedances_are_those_of_all_at_once(readings: list[Reading], chance: random.Random) -> None:
    """Shuffled, duplicated, late, split into runs with a restart between any two; compared with one batch in order."""
    everything = list(numbered(readings))
    with tempfile.TemporaryDirectory() as folder:
        end = START + timedelta(days=3)
        batch = Chain.open(Path(folder) / "batch", configured(MAINTENANCE), end)
        batch.feed(newest(everything))
        batch.finish()
        stream = Chain.open(Path(folder) / "stream", configured(MAINTENANCE), START)
        in_pieces(stream, everything, chance)
        stream.clock.moment = end
        stream.finish()
        assert stream.flags() == batch.flags()
        assert stream.windows() == batch.windows()
        assert stream.exceedances() == batch.exceedances()
        batch.close()
        stream.close()


def in_pieces(stream: Chain, everything: list[Reading], chance: random.Random) -> None:
    """Let readings arrive in any order; what is there already is left as the pipeline leaves it."""
    left, stored = list(everything), dict[object, int]()
    chance.shuffle(left)
    while left:
        size = chance.randint(1, 60)
        some, left = left[:size], left[size:]
        # The greater number counts, whichever comes first.
        counts = [one for one in newest(some) if one.seq > stored.get((one.series, one.measured_at), 0)]
        stored.update({(one.series, one.measured_at): one.seq for one in counts})
        stream.clock.moment = max(stream.clock.moment, *(one.measured_at for one in some)) + chance.random() * HOUR
        if counts:
            stream.feed(counts)
        if chance.random() < 0.6:
            stream.run()
        if chance.random() < 0.3:
            stream.again()
