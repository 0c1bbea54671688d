"""The flagger on real stores: what it judges again, what it leaves, and wherever it is stopped."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from analysis.flagging import Flagger
from domain.cause import Cause
from domain.flag import Flag, Reason
from domain.reading import Reading, SeriesKey, Status
from domain.window import Window, WindowKind
from quality.assess import CHECKS_VERSION, flag_at_the_door
from storage import overrides, rollup_history, spans
from storage.overrides import Override
from storage.readings import StoreUnavailable
from storage.state import writing
from storage.tables import audit
from support.chain import Chain, configured

START = datetime(2026, 3, 1, 17, tzinfo=UTC)  # midnight of the 2nd in Viet Nam
MINUTES = timedelta(minutes=5)
HOUR = timedelta(hours=1)
KEY = SeriesKey("KK-1", "pm25")
EPISODE = range(25, 49)  # the third and fourth hour
CALIBRATION = {"stations": ["KK-1"], "from": "2026-03-02 02:00", "to": "2026-03-02 04:00", "status": "calibrating"}


def readings(key: SeriesKey = KEY, count: int = 72, over: Any = EPISODE, **changes: Any) -> list[Reading]:
    """Return six hours of a steady level, with an exceedance in it; as they come through the door."""
    found = []
    for place in range(1, count + 1):
        value = 90.0 + place % 5 if place in over else 20.0 + place % 5
        flag, reasons = flag_at_the_door(value, (0, 1000))
        found.append(
            Reading(*key, START + place * MINUTES, value, Status.MEASURING, flag, reasons, CHECKS_VERSION, place)
        )
    return found


def opened(folder: Path, *maintenance: dict[str, Any], hours: float = 7) -> Chain:
    return Chain.open(folder, configured(*maintenance), START + hours * HOUR)


def causes(chain: Chain, *hours: int) -> set[str]:
    """Return why the figures of these hours have changed."""
    changes = rollup_history.read(chain.engine, *KEY)
    return {
        one.cause for one in changes if one.kind is WindowKind.HOUR and one.mark in {START + HOUR * at for at in hours}
    }


def alerts(chain: Chain) -> set[str]:
    """Return the rules of exceedances that stand."""
    return {one[0] for one in chain.exceedances()}


def test_a_calibration_that_is_entered_afterwards_leaves_nothing_of_a_false_exceedance(tmp_path: Path) -> None:
    """Flags, windows, indices, alerts: as though it had been known; and once it is taken out all is back."""
    chain = opened(tmp_path / "a")
    chain.feed(readings())
    chain.finish()
    before, flags = chain.windows(), chain.flags()
    assert alerts(chain) == {"reading", "hour", "held"}
    chain.again(configured(CALIBRATION)).finish()
    assert alerts(chain) == set()
    third = chain.windows()[WindowKind.HOUR, "KK-1", "pm25", START + 3 * HOUR]
    assert third == (None, None, None, 0, 12, 0, 12, 0), "counted as calibrating"
    known = opened(tmp_path / "b", CALIBRATION)
    known.feed(readings())
    known.finish()
    assert chain.flags() == known.flags()
    assert chain.windows() == known.windows()
    assert causes(chain, 3, 4) == {"calendar"}
    chain.again(configured()).finish()
    assert (chain.windows(), chain.flags()) == (before, flags)
    assert alerts(chain) == {"reading", "hour", "held"}


def test_a_fault_by_the_calendar_is_counted_as_a_fault(tmp_path: Path) -> None:
    """Where both stand, it goes before the calibration."""
    chain = opened(tmp_path, CALIBRATION, {**CALIBRATION, "status": "fault", "to": "2026-03-02 03:00"})
    chain.feed(readings())
    chain.finish()
    windows = chain.windows()
    assert windows[WindowKind.HOUR, "KK-1", "pm25", START + 3 * HOUR] == (None, None, None, 0, 12, 0, 0, 12)
    assert windows[WindowKind.HOUR, "KK-1", "pm25", START + 4 * HOUR] == (None, None, None, 0, 12, 0, 12, 0)


def word(flag: Flag, first: int, last: int) -> Override:
    return Override(
        KEY, Window(START + first * MINUTES, START + last * MINUTES), flag, "Nguyễn Văn A", "Biên bản 12", START
    )


def touched(one: Override) -> tuple[datetime, datetime]:
    return one.window.start + MINUTES, one.window.end


def test_what_a_person_says_wins_over_all_checks_survives_and_can_be_withdrawn(tmp_path: Path) -> None:
    """The windows say override as their cause; recomputed they stay; withdrawn all is back, on record."""
    chain = opened(tmp_path)
    chain.feed(readings())
    chain.finish()
    before, flags = chain.windows(), chain.flags()
    said = word(Flag.FAIL, 24, 48)
    number = overrides.add(chain.engine, said, touched(said))
    chain.finish()
    assert alerts(chain) == set()
    assert chain.flags()[KEY, START + 30 * MINUTES] == (Flag.FAIL, Reason.OVERRIDE, CHECKS_VERSION)
    overridden = chain.windows()
    assert overridden[WindowKind.HOUR, "KK-1", "pm25", START + 3 * HOUR][3] == 0
    again(chain)
    assert chain.windows() == overridden
    assert causes(chain, 3, 4) == {"override"}
    (kept,) = overrides.read(chain.engine)
    assert kept.id == number
    assert overrides.withdraw(chain.engine, kept, "B", "Nhầm", START + HOUR, touched(said))
    assert not overrides.withdraw(chain.engine, kept, "B", "Nhầm", START + HOUR, touched(said))
    chain.finish()
    assert (chain.windows(), chain.flags()) == (before, flags)
    assert overrides.read(chain.engine)[0].withdrawn_by == "B"


def again(chain: Chain) -> None:
    """Make everything once more, in a new process, as `recompute` does."""
    with writing(chain.engine) as connection:
        spans.mark(connection, "flag", [(KEY, START + MINUTES, START + 6 * HOUR)], Cause.CONFIGURATION)
    chain.again().finish()


def test_a_person_who_says_good_brings_back_what_a_calendar_took_out(tmp_path: Path) -> None:
    """Of two words on one reading the later counts; a status that the instrument itself sent stays."""
    chain = opened(tmp_path, CALIBRATION)
    chain.feed(readings())
    chain.finish()
    for said in (word(Flag.FAIL, 24, 48), word(Flag.GOOD, 24, 36)):
        overrides.add(chain.engine, said, touched(said))
    chain.finish()
    windows = chain.windows()
    assert windows[WindowKind.HOUR, "KK-1", "pm25", START + 3 * HOUR][3:] == (12, 12, 0, 0, 0)
    assert windows[WindowKind.HOUR, "KK-1", "pm25", START + 4 * HOUR][3:] == (0, 12, 0, 12, 0)


def test_checks_that_change_change_nothing_unasked(tmp_path: Path) -> None:
    """It is on record; what is recomputed is judged by the new ones."""
    chain = opened(tmp_path)
    chain.feed(readings())
    chain.finish()
    flags = chain.flags()
    chain.again(configured(suspect=[0, 80])).finish()
    assert chain.flags() == flags
    with writing(chain.engine) as connection:
        assert [row.what for row in connection.execute(sa.select(audit))] == ["checks changed"]
    again(chain)
    assert chain.flags()[KEY, START + 30 * MINUTES][0] == Flag.SUSPECT
    assert {one.cause for one in rollup_history.read(chain.engine, *KEY)} <= {"configuration", "flags"}


def test_a_stream_reading_by_reading_comes_to_what_all_at_once_does(tmp_path: Path) -> None:
    """What stands out is known only once the next reading is there, and then it is judged again."""
    every = readings(count=40, over=(10, 20, 21, 22, 30))
    whole, stream = opened(tmp_path / "whole"), opened(tmp_path / "stream", hours=0)
    whole.feed(every)
    whole.finish()
    for one in every:
        stream.clock.moment = one.measured_at
        stream.feed([one])
        stream.run()
    stream.clock.moment = whole.clock.moment
    stream.finish()
    assert stream.flags() == whole.flags()
    assert Reason.SPIKE & whole.flags()[KEY, START + 10 * MINUTES][1]
    assert stream.windows() == whole.windows()


def test_a_late_reading_of_a_neighbour_has_a_station_judged_again(tmp_path: Path) -> None:
    """Its own span does not wait; its flags and windows change all the same, by the flags."""
    chain = opened(tmp_path)
    for name in ("KK-1", "KK-2"):
        chain.feed(readings(SeriesKey(name, "pm25"), over=EPISODE if name == "KK-1" else ()))
    chain.finish()
    assert not Reason.NEIGHBOURS & chain.flags()[KEY, START + 30 * MINUTES][1]
    chain.feed(readings(SeriesKey("KK-3", "pm25"), over=()))
    chain.finish()
    assert Reason.NEIGHBOURS & chain.flags()[KEY, START + 30 * MINUTES][1]
    assert {one.cause for one in rollup_history.read(chain.engine, *KEY)} == {"flags"}


def test_a_station_that_cannot_be_judged_is_named_and_stops_no_other(tmp_path: Path) -> None:
    """After a rest it is tried again, and is judged where the fault is over."""
    chain = opened(tmp_path)
    chain.feed([*readings(), *readings(SeriesKey("KK-2", "pm25"))])
    broken = Failing(chain.store, "KK-2")
    flagger = Flagger(chain.registry, broken, chain.engine, chain.clock)
    flagger.run()
    assert set(flagger.troubles()) == {SeriesKey("KK-2", "pm25")}
    assert {one.series.station for one in spans.take(chain.engine, "flag")} == {"KK-2"}
    assert {one.series for one in spans.take(chain.engine, "roll")} == {KEY}
    broken.station = ""
    assert flagger.run() == 0, "it rests"
    chain.clock.moment += timedelta(minutes=2)
    flagger.run()
    assert flagger.troubles() == {}
    assert spans.take(chain.engine, "flag") == []


def test_a_station_that_fails_over_a_span_of_another_is_judged_after_its_rest(tmp_path: Path) -> None:
    """The neighbour's span is done and gone: what it asked of the station must not be lost with it."""
    chain = opened(tmp_path)
    for name in ("KK-1", "KK-2"):
        chain.feed(readings(SeriesKey(name, "pm25"), over=EPISODE if name == "KK-1" else ()))
    chain.finish()
    chain.feed(readings(SeriesKey("KK-3", "pm25"), over=()))
    broken = Refusing(chain.store, "KK-1")
    flagger = Flagger(chain.registry, broken, chain.engine, chain.clock)
    flagger.run()
    assert {one.series for one in spans.take(chain.engine, "flag")} == set(flagger.troubles()) == {KEY}
    broken.station = ""
    chain.clock.moment += timedelta(minutes=2)
    flagger.run()
    assert Reason.NEIGHBOURS & chain.flags()[KEY, START + 30 * MINUTES][1]
    assert spans.take(chain.engine, "flag") == []


class Failing:
    """The store, which gives nothing of one station."""

    def __init__(self, behind: Any, station: str) -> None:
        self._behind, self.station = behind, station

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    def read_many(self, series: Any, window: Window) -> Any:
        if any(one.station == self.station for one in series):
            raise ValueError("damaged")
        return self._behind.read_many(series, window)


class Refusing(Failing):
    """The store, which takes no flag of one station."""

    def read_many(self, series: Any, window: Window) -> Any:
        return self._behind.read_many(series, window)

    def write_flags(self, found: Any) -> None:
        if any(one.station == self.station for one in found):
            raise ValueError("damaged")
        self._behind.write_flags(found)


def test_while_the_store_is_away_everything_waits(tmp_path: Path) -> None:
    """Nothing is passed on, nothing is lost."""
    chain = opened(tmp_path)
    chain.feed(readings())

    class Away(Failing):
        def read_many(self, series: Any, window: Window) -> Any:
            raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable):
        Flagger(chain.registry, Away(chain.store, ""), chain.engine, chain.clock).run()
    assert set(spans.waiting(chain.engine)) == {"flag", "watch"}


class Killed(BaseException):
    """The process ended here: nothing of ours catches it."""


@contextmanager
def killed_at(chain: Chain, step: int) -> Iterator[list[int]]:
    """End the process at the given statement or commit of the state, or call of the store, whichever comes."""
    done = [0]

    def count(*_: Any) -> None:
        done[0] += 1
        if done[0] > step:
            raise Killed

    event.listen(chain.engine, "before_cursor_execute", count)
    event.listen(chain.engine, "commit", count)
    try:
        Flagger(chain.registry, Counting(chain.store, count), chain.engine, chain.clock).run()
    except Killed:
        done.append(-1)
    finally:
        event.remove(chain.engine, "before_cursor_execute", count)
        event.remove(chain.engine, "commit", count)
    yield done


class Counting:
    """The store, of which every write is a step before and after it."""

    def __init__(self, behind: Any, count: Any) -> None:
        self._behind, self._count = behind, count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    def write_flags(self, found: Any) -> None:
        self._count()
        self._behind.write_flags(found)
        self._count()


def eventful(folder: Path) -> Chain:
    """Return a chain that has seen a day; then one reading comes late, and a neighbour against which all are held."""
    chain = opened(folder, CALIBRATION)
    every, low, high = readings(), SeriesKey("KK-2", "pm25"), SeriesKey("KK-4", "pm25")
    chain.feed([*every[:60], *every[61:], *readings(low, over=()), *readings(high)])
    chain.finish()
    with writing(chain.engine) as connection:
        connection.exec_driver_sql("DELETE FROM maintenance")  # so that the calendar is applied once more, too
    jump = Reading(*KEY, every[60].measured_at, 300.0, Status.MEASURING, Flag.GOOD, Reason.NONE, CHECKS_VERSION, 99)
    chain.feed([jump, *readings(SeriesKey("KK-3", "pm25"), over=())])
    return chain


def test_wherever_the_flagger_is_stopped_the_next_run_comes_to_the_same(tmp_path: Path) -> None:
    """At every statement and commit of a run, and at both sides of every write."""
    expected = facts(eventful(tmp_path / "whole").again().finish())
    assert {one[-1] for one in expected[2]} == {"revised", "calendar", "flags"}
    step, stopped = 0, True
    while stopped:
        chain = eventful(tmp_path / str(step))
        with killed_at(chain, step) as done:
            stopped = done[-1] == -1
        assert facts(chain.again().finish()) == expected, f"stopped at step {step}"
        chain.close()
        # The first ones one by one, where spans are taken and the calendar is applied; then every third.
        step += 1 if step < 12 else 3
    assert step > 20


def facts(chain: Chain) -> tuple[Any, ...]:
    history = [one for key in chain.series for one in rollup_history.read(chain.engine, *key)]
    changes = sorted((one.station, one.kind, one.mark, one.revision, one.valid, one.cause) for one in history)
    return chain.flags(), chain.windows(), changes, chain.exceedances(), spans.waiting(chain.engine)
