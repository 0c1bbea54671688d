"""What a part says of itself reaches those who must know whether we see."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.silence import Speed, sight
from domain.clock import SetClock
from domain.message import Incoming
from domain.text import Text
from present.words import say
from service.health import Health
from service.heart import Heart
from service.stores import Folder, Stores
from storage import heartbeats
from storage.sqlite import SqliteReadings
from storage.state import open_state
from support.builders import NOON, minutes
from support.configured import registry, station


@dataclass
class Ingesting:
    """A part as ingest is one: it has been connected for ten minutes."""

    why_not: list[Text] = field(default_factory=list)
    backlog_done: bool = True
    name: str = "ingest"
    worker: str = "main"

    def since(self) -> datetime | None:
        return NOON - minutes(10)

    def reasons(self) -> list[Text]:
        return self.why_not

    def detail(self) -> dict[str, Any]:
        return {heartbeats.BACKLOG_DONE: self.backlog_done}

    def start(self) -> None: ...

    def stop(self, seconds: float) -> bool:
        return seconds >= 0


@dataclass
class Beating:
    heart: Heart
    part: Ingesting
    folder: Folder
    clock: SetClock

    def blind(self) -> Text | None:
        """Let the heart beat; return why the check on silence is then blind."""
        self.heart.tick()
        return sight(self.beats(), self.clock.now(), Speed(1.0), None).blind

    def beats(self) -> list[heartbeats.Heartbeat]:
        return heartbeats.read(self.heart.stores.engine)


@pytest.fixture
def beating(tmp_path: Path) -> Iterator[Beating]:
    engine, clock, part = open_state(f"sqlite:///{tmp_path}/state.sqlite"), SetClock(NOON), Ingesting()
    folder = Folder(tmp_path)
    stores = Stores(engine, SqliteReadings(tmp_path / "readings.sqlite"))
    health = Health(registry(station("S-1")), folder, engine, clock)
    yield Beating(Heart([part], stores, health, clock, NOON), part, folder, clock)
    stores.close()


def test_the_check_on_silence_is_told_why_nothing_comes(beating: Beating) -> None:
    """The reason that the part gives is the one that people read."""
    beating.folder.open_journal("main", beating.clock)
    assert beating.blind() is None
    beating.part.why_not = [Text("The broker cannot be reached ({why}).", {"why": "refused"})]
    why = beating.blind()
    assert why is not None
    assert say(why, "en") == "The broker cannot be reached (refused)."


def test_while_the_broker_hands_over_what_piled_up_nobody_is_called_silent(beating: Beating) -> None:
    """It is said at once when that is over, not a minute later."""
    beating.folder.open_journal("main", beating.clock)
    beating.part.backlog_done = False
    assert beating.blind() is not None
    beating.part.backlog_done = True
    assert beating.blind() is None


def test_what_waits_in_the_journal_has_not_been_seen(beating: Beating) -> None:
    """We see up to the oldest message without an end."""
    journal = beating.folder.open_journal("main", beating.clock)
    journal.append([Incoming("quantrac/S-1/air", b"{}", live=True)])
    beating.clock.moment = NOON + timedelta(seconds=40)
    assert beating.blind() is None
    assert sight(beating.beats(), beating.clock.now(), Speed(1.0), None).until == NOON


def test_an_import_that_takes_its_time_blinds_nobody(beating: Beating) -> None:
    """Its messages wait in a journal of their own."""
    beating.folder.open_journal("main", beating.clock)
    journal = beating.folder.open_journal("import-63", beating.clock)
    journal.append([Incoming("quantrac/S-1/air", b"{}", live=False)])
    beating.clock.moment = NOON + timedelta(seconds=40)
    assert beating.blind() is None
    assert sight(beating.beats(), beating.clock.now(), Speed(1.0), None).until == beating.clock.now()
