"""A week before messages go that nobody has resolved, the people who run the service are told, once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from alerts.outbox import Outbox
from alerts.unresolved import UnresolvedCheck
from domain.clock import SetClock
from domain.moment import micros
from ingest import refusals
from storage.quarantine import Quarantine, RefusalState, Refused, Settled, Wanted
from support.alerting import LINKS, Scene, made, silent_rule

DAY = date(2026, 3, 1)


def midnight(days: float = 0) -> datetime:
    return datetime.combine(DAY, time(0), UTC) + timedelta(days=days)


class World:
    """A quarantine, and the check on a clock that is set by hand."""

    def __init__(self, folder: Path) -> None:
        self.scene = Scene.open(folder, made(silent_rule()))
        self.quarantine = Quarantine(folder / "quarantine.sqlite")
        self.clock = SetClock(midnight())

    @contextmanager
    def opened(self) -> Iterator[dict[str, Quarantine]]:
        yield {"main": self.quarantine}

    def check(self) -> UnresolvedCheck:
        registry = self.scene.registry
        return UnresolvedCheck(registry, self.scene.engine, self.clock, Outbox(registry, LINKS), self.opened)

    def run(self, days: float) -> int:
        """Look at so many days after the first, as after a start of the process."""
        self.clock.moment = midnight(days)
        return self.check().run()

    def refuse(self, days: float, count: int = 1, unit: str = "mg/kg") -> list[Refused]:
        rows = []
        for number in range(count):
            at = midnight(days) + timedelta(minutes=number)
            refusal = refusals.unknown_unit("cod", unit, ["mg/L"])
            rows.append(
                Refused(micros(at) * 64, "cod", refusal.reason, refusal.message, "quantrac/NT-1/water", "NT-1", at)
            )
        self.quarantine.add(rows)
        return rows


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_what_will_be_lost_is_told_once_a_week_ahead(world: World) -> None:
    """Kept for 60 days after its end, a day's messages are told of 54 days after its beginning; not before."""
    world.refuse(0, count=3)
    world.refuse(1)
    assert [world.run(days) for days in (1, 53.9, 54, 54, 54.5)] == [0, 0, 3, 0, 0]
    assert world.scene.told() == ["unresolved"]
    assert [world.run(days) for days in (55, 55.1, 90)] == [1, 0, 0]
    assert len(world.scene.told()) == 2


def test_the_mail_says_how_many_of_what_until_when_and_what_to_do(world: World) -> None:
    """In the language of who reads it, with the sentence that says what is wrong."""
    world.refuse(0, count=3)
    world.refuse(0.5, unit="ppm")
    world.run(54)
    vi, en = ({one.language: one for one in world.scene.messages}[lang] for lang in ("vi", "en"))
    assert "4" in en.subject
    for words in ("07:00, 1 May 2026", "3 × NT-1", "cod is not measured in mg/kg", "cod is not measured in ppm",
                  "quantrac quarantine replay"):  # fmt: skip
        assert words in " ".join(en.body.split()), en.body
    assert "07:00 01/05/2026" in vi.body
    assert "mg/kg" in vi.body
    assert "quarantine will be lost" not in vi.body
    assert len(en.short) <= 160


def test_after_a_pause_all_that_is_due_is_one_message(world: World) -> None:
    """Nobody gets sixty mails because the service was off."""
    for day in range(10):
        world.refuse(day)
    assert world.run(60) == 7
    assert len(world.scene.told()) == 1
    assert world.run(61) == 1


def test_what_is_resolved_is_not_told_of(world: World) -> None:
    """Nor what somebody gave up."""
    done = world.refuse(0, count=2)
    world.quarantine.settle(
        [], [(one, Settled(state, midnight())) for one, state in zip(done, [*RefusalState][1:3], strict=True)]
    )
    assert world.run(54) == 0
    assert world.scene.messages == []


def test_what_nobody_resolved_is_counted_when_its_day_goes(world: World) -> None:
    """By messages, of that UTC day alone; counted again it is the same."""
    world.refuse(0, count=3)
    world.quarantine.add([Refused(micros(midnight()) * 64, "ph", "no_unit", refusals.no_time().message, "t", "NT-1",
                                  midnight())])  # fmt: skip
    world.refuse(1, count=2)
    resolved = world.refuse(0.5)
    world.quarantine.settle([], [(resolved[0], Settled(RefusalState.DISCARDED, midnight(1)))])
    assert world.quarantine.expire("2026-03-01") == 3
    assert world.quarantine.expire("2026-03-01") == 3
    assert (world.quarantine.lost(), len(world.quarantine.list())) == (3, 2)
    assert len(world.quarantine.list(Wanted(state=RefusalState.EXPIRED))) == 4
