"""The other half of the scheduled job: stations that say nothing, and a service that hears nothing."""

import json
from datetime import datetime, timedelta

import structlog
from sqlalchemy.engine import Connection, Engine

from alerts.postponed import Postponed
from alerts.records import Fallen, Recorder
from alerts.silence import Hearing, Sight, Silence, Speed, sight, silence
from alerts.silence_words import Neighbours
from domain.alert import AlertState
from domain.clock import Clock
from domain.reading import SeriesKey
from registry.lookup import Registry
from registry.schema import Rule
from storage import alerting, heartbeats, ledger
from storage.alerting import Watch
from storage.ledger import Heard
from storage.state import writing

log = structlog.get_logger(__name__)

# Where it is kept since when the service itself sees, or does not.
_SERVICE = ("-", SeriesKey("-", "-"))
# A restart is no blindness: only what lasts is told.
_BLIND_FOR = timedelta(minutes=2)

Watches = dict[tuple[str, SeriesKey], Watch]


class HearingCheck:
    """Notices silent stations while we see, and tells once when we do not."""

    def __init__(self, registry: Registry, engine: Engine, clock: Clock, recorder: Recorder) -> None:
        """Nothing is read before the first run."""
        self._registry = registry
        self._engine = engine
        self._speed = Speed(clock.speed)
        self._recorder = recorder
        self._rules = [rule for rule in registry.rules.values() if rule.kind == "silent"]
        self._postponed = Postponed()

    def run(self, now: datetime) -> int:
        """Look at every station that a rule on silence is for; return how many fell silent or came back."""
        if not self._rules:
            return 0
        watches = alerting.watches_of(self._engine, [*self._registry.stations, _SERVICE[1].station])
        seen = self._look(watches.get(_SERVICE), now)
        heard = ledger.all_heard(self._engine)
        return sum(
            self._judge(rule, series, (seen, heard, watches), now)
            for rule in self._rules
            for series in self._registry.watches(rule)
            if self._is_active(series.station, now)
        )

    def _is_active(self, station: str, now: datetime) -> bool:
        return self._registry.stations[station].active_from <= now.astimezone(self._registry.zone).date()

    # The service itself.

    def _look(self, watch: Watch | None, now: datetime) -> Sight:
        """Return how far we see, and tell when that has changed for long enough."""
        sees = watch is not None and watch.state is AlertState.NORMAL
        since = watch.judged_to if watch is not None and sees else None
        seen = sight(heartbeats.read(self._engine), now, self._speed, since)
        if seen.blind is None and not sees:
            self._sees_again(watch, now)
            return Sight(seen.until, now, None)
        if seen.blind is not None:
            self._is_blind(watch if not sees else None, seen, now)
        return seen

    def _sees_again(self, watch: Watch | None, now: datetime) -> None:
        with writing(self._engine) as connection:
            if self._is_kept(connection, _SERVICE, watch):
                alerting.save_watches(connection, [Watch(*_SERVICE, AlertState.NORMAL, "", now)])
                if watch is not None and watch.state is AlertState.FIRING:
                    self._recorder.outbox.seeing(connection, watch.judged_to, now)

    def _is_blind(self, watch: Watch | None, seen: Sight, now: datetime) -> None:
        """Note since when we have been blind (PENDING), and tell once it has lasted (FIRING)."""
        allowed = max(self._registry.province.policies.grace, self._speed.of(_BLIND_FOR))
        if watch is None:
            with writing(self._engine) as connection:
                alerting.save_watches(connection, [Watch(*_SERVICE, AlertState.PENDING, "", now)])
        elif watch.state is AlertState.PENDING and now - watch.judged_to >= allowed and seen.blind is not None:
            with writing(self._engine) as connection:
                if self._is_kept(connection, _SERVICE, watch):
                    told = Watch(*_SERVICE, AlertState.FIRING, "", watch.judged_to)
                    alerting.save_watches(connection, [told])
                    self._recorder.outbox.blind(connection, watch.judged_to, seen.blind, now)

    # Stations.

    def _judge(
        self, rule: Rule, series: SeriesKey, known: tuple[Sight, dict[str, Heard], Watches], now: datetime
    ) -> int:  # fmt: skip
        seen, heard, watches = known
        watch, spoke = watches.get((rule.id, series)), heard.get(series.station)
        if self._postponed.is_waiting((rule.id, series), now):
            return 0
        since = _silent_since(watch)
        found = silence(spoke.heard_at if spoke else None, seen, self._registry.silent_after(series.station), since)
        try:
            if found.hearing is Hearing.SILENT and since is None:
                return self._fell_silent(rule, series, found, (heard, watch), now)
            if found.hearing is Hearing.BACK and watch is not None:
                return self._came_back(watch, found, now)
        except Exception:
            pause = self._postponed.put((rule.id, series), now)
            log.exception("rule failed", rule=rule.id, station=series.station, again_in=str(pause))
        return 0

    def _fell_silent(
        self, rule: Rule, series: SeriesKey, found: Silence, known: tuple[dict[str, Heard], Watch | None], now: datetime
    ) -> int:  # fmt: skip
        heard, watch = known
        with writing(self._engine) as connection:
            if not self._is_kept(connection, (rule.id, series), watch):
                return 0
            neighbours = self._neighbours(series.station, heard, now)
            fallen = Fallen(rule, series.station, found.since, series.station in heard, neighbours)
            alert = self._recorder.open_silent(connection, fallen, now)
            standing = json.dumps({"since": found.since.isoformat()})
            alerting.save_watches(
                connection, [Watch(rule.id, series, AlertState.FIRING, standing, now, alert.id)]
            )  # fmt: skip
        return 1

    def _came_back(self, watch: Watch, found: Silence, now: datetime) -> int:
        alert = alerting.alerts_by_id(self._engine, [watch.alert or 0]).get(watch.alert or 0)
        with writing(self._engine) as connection:
            if not self._is_kept(connection, (watch.rule, watch.series), watch):
                return 0
            if alert is not None and alert.closed_at is None:
                self._recorder.close_silent(connection, alert, found.since, now)
            alerting.save_watches(connection, [Watch(watch.rule, watch.series, AlertState.NORMAL, "", now)])
        return 1

    @staticmethod
    def _is_kept(connection: Connection, key: tuple[str, SeriesKey], watch: Watch | None) -> bool:
        """Tell whether the watch is still as it was read: another judge may have been quicker."""
        return alerting.read_watches(connection, [key[1].station], lock=True).get(key) == watch

    def _neighbours(self, station: str, heard: dict[str, Heard], now: datetime) -> Neighbours:
        area = self._registry.stations[station].area
        others = [
            one.id for one in self._registry.stations.values()
            if one.area == area and one.id != station and one.id in heard
        ]  # fmt: skip
        silent = [one for one in others if now - heard[one].heard_at > self._registry.silent_after(one)]
        return Neighbours(len(others) - len(silent), len(silent))


def _silent_since(watch: Watch | None) -> datetime | None:
    if watch is None or watch.state is not AlertState.FIRING:
        return None
    return datetime.fromisoformat(json.loads(watch.standing)["since"])
