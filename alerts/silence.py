"""A silent station is an alert of its own kind; while we ourselves are behind, nobody is called silent."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from alerts.records import Recorder
from domain.alert import AlertState
from domain.clock import Clock
from domain.moment import moment
from domain.reading import SeriesKey
from registry.lookup import Registry
from registry.schema import Rule
from storage import alerting, heartbeats, ledger
from storage.alerting import Watch
from storage.heartbeats import Heartbeat
from storage.state import writing

# A part beats once a minute of the machine's time; after three it is taken for gone.
BEATS_MISSED = timedelta(minutes=3)


def is_silent(heard: datetime | None, *, listening_since: datetime, now: datetime, allowed: timedelta) -> bool:
    """Tell whether a station has been quiet for longer than allowed, counted from when we have been listening."""
    return now - max(heard or listening_since, listening_since) > allowed


def listening_since(beats: Sequence[Heartbeat], *, now: datetime, speed: float) -> datetime | None:
    """Return since when ingest has been listening; None while it is away or not ready: then we are blind."""
    ours = [one for one in beats if one.part == "ingest" and now - one.at <= BEATS_MISSED * speed]
    if not ours or not all(one.ready for one in ours):
        return None
    return max(one.started_at for one in ours)


class SilenceCheck:
    """Looks at when stations were last heard."""

    def __init__(self, registry: Registry, engine: Engine, clock: Clock, recorder: Recorder) -> None:
        """Nothing is read before the first run."""
        self._registry = registry
        self._engine = engine
        self._clock = clock
        self._recorder = recorder

    def run(self, now: datetime) -> None:
        """Open an alert for each station that fell silent, close those of stations that are heard again."""
        since = listening_since(heartbeats.read(self._engine), now=now, speed=self._clock.speed)
        if since is None:
            return
        heard = {station: one.heard_at for station, one in ledger.all_heard(self._engine).items()}
        watches = alerting.all_watches(self._engine)
        for rule in self._registry.rules.values():
            for key in self._registry.watches(rule) if rule.kind == "silent" else ():
                self._station(rule, key, heard.get(key.station), since, watches.get((rule.id, key)), now)

    def _station(
        self, rule: Rule, key: SeriesKey, heard: datetime | None, since: datetime, watch: Watch | None, now: datetime
    ) -> None:
        allowed = self._registry.silent_after(key.station)
        silent = is_silent(heard, listening_since=since, now=now, allowed=allowed)
        open_alert = watch.alert if watch else None
        if silent and open_alert is None:
            with writing(self._engine) as connection:
                alert = self._recorder.open_silent(connection, rule, key.station, heard or since, now)
                alerting.keep_watch(connection, Watch(rule.id, key, AlertState.FIRING, "{}", now, alert))
        elif open_alert is not None and heard is not None:
            self._back(rule, key, heard, open_alert, now)

    def _back(self, rule: Rule, key: SeriesKey, heard: datetime, alert: int, now: datetime) -> None:
        with writing(self._engine) as connection:
            row = alerting.alert_of(connection, alert)
            if row is None or heard <= moment(row.opened_at):
                return
            self._recorder.close_silent(connection, rule, row, heard, now)
            alerting.keep_watch(connection, Watch(rule.id, key, AlertState.NORMAL, "{}", now, None))
