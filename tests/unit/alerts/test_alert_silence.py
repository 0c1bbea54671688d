from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts.silence import Hearing, Sight, Speed, sight, silence
from domain.text import Text
from storage.heartbeats import Heartbeat
from support.builders import NOON, minutes

REAL = Speed(1.0)
ALLOWED = minutes(15)
LONG_AGO = NOON - minutes(600)


def beat(ago: timedelta = timedelta(0), *, ready: bool = True, worker: str = "main", **detail: Any) -> Heartbeat:
    return Heartbeat("ingest", worker, NOON - ago, NOON - minutes(600), ready, detail)


def seeing(since: datetime = LONG_AGO, blind: Text | None = None) -> Sight:
    return Sight(NOON, since, blind)


@pytest.mark.parametrize(
    ("ago", "since", "hearing"),
    [
        (15, 600, Hearing.HEARD),  # exactly as long as allowed
        (16, 600, Hearing.SILENT),
        (16, 10, Hearing.HEARD),  # we have not listened for so long
        (None, 15, Hearing.HEARD),
        (None, 16, Hearing.SILENT),  # never heard: silent since we began to listen
    ],
)
def test_only_time_in_which_we_listened_counts(ago: int | None, since: int, hearing: Hearing) -> None:
    """A station is silent once nothing has come for longer than allowed, while somebody listened."""
    heard = None if ago is None else NOON - minutes(ago)
    assert silence(heard, seeing(NOON - minutes(since)), ALLOWED, None).hearing is hearing


def test_who_is_blind_calls_nobody_silent() -> None:
    """While we ourselves see nothing, nothing follows from hearing nothing."""
    assert silence(NOON - minutes(60), seeing(blind=Text("…")), ALLOWED, None).hearing is Hearing.UNKNOWN


def test_a_silent_station_is_back_once_it_has_been_heard_since() -> None:
    """Listening anew does not end a silence; a message does, even while we are blind."""
    since = NOON - minutes(60)
    assert silence(since, seeing(NOON), ALLOWED, since).hearing is Hearing.SILENT
    assert silence(NOON, seeing(blind=Text("…")), ALLOWED, since).hearing is Hearing.BACK


@pytest.mark.parametrize(
    ("beats", "is_blind"),
    [
        ([], True),
        ([beat(minutes(3))], False),
        ([beat(minutes(4))], True),
        ([beat(ready=False, reasons=["…"])], True),
        ([beat(backlog_done=False)], True),
        ([beat(), beat(minutes(4), worker="ingest-2")], True),  # the stations of one worker are not heard
        ([beat(), beat(minutes(60 * 25), worker="ingest-2")], False),  # a worker taken out of service
    ],
)
def test_we_see_while_every_worker_says_that_it_receives(beats: list[Heartbeat], is_blind: bool) -> None:
    """No word, an old word, no connection or a long queue: we do not see the present."""
    assert (sight(beats, NOON, REAL, None).blind is not None) is is_blind


def test_a_faster_clock_lets_more_of_its_time_pass_between_two_words() -> None:
    """A part says once a real minute that it is there: at 60 times the speed, once an hour."""
    assert sight([beat(minutes(120))], NOON, Speed(60.0), None).blind is None


def test_what_is_not_processed_yet_has_not_been_seen() -> None:
    """We see up to the last word of the slowest worker, less what waits in its journal."""
    beats = [beat(minutes(1), lag_seconds=60), beat(worker="ingest-2")]
    assert sight(beats, NOON, REAL, None).until == NOON - minutes(2)


def test_we_listen_since_the_last_time_we_did_not() -> None:
    """A break starts the count anew."""
    assert sight([beat()], NOON, REAL, NOON - minutes(5)).since == NOON - minutes(5)
