"""What the service says of itself, from stored facts only: whoever asks, in whichever process, gets the same answer."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from analysis.roller import JOB
from domain.clock import Clock, SystemClock
from domain.text import Text, pack, unpack
from domain.window import HOUR
from ingest.refusals import SECURITY
from registry.lookup import Registry
from service.stores import Folder
from storage import alerting, heartbeats, pruning, spans
from storage.heartbeats import REASONS, REMARKS, Heartbeat
from storage.journal import Journal
from storage.ledger import Heard, Ledger, all_heard, outcome_counts, reading_counts
from storage.quarantine import Quarantine
from storage.readings import ReadingStore, StoreUnavailable

# A part says once a minute that it is there; two missed words may be a busy machine, three are not.
BEAT_SECONDS = 60.0
_STALE_SECONDS = 3 * BEAT_SECONDS

# What a part that was ended leaves behind as its last word.
ENDED = [pack(Text("It was ended."))]


@dataclass(frozen=True, slots=True)
class Station:
    """How a station stands: when it was last heard, and whether that is too long ago."""

    id: str
    heard: Heard | None
    silent: bool


def is_silent(heard: Heard | None, *, now: datetime, allowed: timedelta) -> bool:
    """Tell whether a station has said nothing for longer than it may; one never heard is silent."""
    return heard is None or now - heard.heard_at > allowed


class Health:
    """Gathers the facts of one data folder."""

    def __init__(self, registry: Registry, folder: Folder, engine: Engine, clock: Clock) -> None:
        """Nothing is read yet."""
        self._registry = registry
        self._folder = folder
        self._engine = engine
        self._clock = clock
        self.configuration = registry.hash
        self._journals: dict[str, Journal] = {}
        self._quarantines: dict[str, Quarantine] = {}

    def status(self) -> dict[str, Any]:
        """Return the state of the running service as `quantrac status --json` gives it."""
        stored, revised = reading_counts(self._engine)
        stations = self.stations()
        found: dict[str, Any] = {
            "messages": self.messages(),
            "readings": {"stored": stored, "revised": revised},
            "lag_seconds": self.lag().total_seconds(),
            "stations": {
                "expected": len(stations),
                "reporting": sum(not one.silent for one in stations),
                "silent": [one.id for one in stations if one.silent],
            },
            "jobs": {JOB: self.rollups()},
            **alerting.counts(self._engine),
            "security_events": self.security_events(),
            "unresolved_lost": self.lost(),
            "parts": self.parts(),
            "journal": self.kept(),
        }
        if not isinstance(self._clock, SystemClock):
            found["clock"] = {"now": self._clock.now().isoformat(timespec="seconds"), "speed": self._clock.speed}
        return found

    def messages(self) -> dict[str, int]:
        """Return how many messages were received and what became of them; the second sum is the first number."""
        # Outcomes first: a message counted as received a moment later is pending, never missing.
        outcomes = outcome_counts(self._engine)
        received = sum(journal.count() for journal in self.journals().values())
        counted = {outcome.value: count for outcome, count in outcomes.items()}
        return {"received": received, **counted, "pending": received - sum(counted.values())}

    def lag(self, of: str | None = None) -> timedelta:
        """Return how long the oldest message without an end has been waiting, of one worker or all."""
        now = self._clock.now()
        waiting = [
            now - message.received_at
            for worker, journal in self.journals().items()
            if of in {None, worker}
            for message in journal.read(Ledger(self._engine, worker).cursor(), 1)
        ]
        return max(waiting, default=timedelta(0))

    def stations(self) -> list[Station]:
        """Return how every configured station stands."""
        now, heard = self._clock.now(), all_heard(self._engine)
        today = now.astimezone(self._registry.zone).date()
        return [
            Station(one, heard.get(one), is_silent(heard.get(one), now=now, allowed=self._registry.silent_after(one)))
            for one, station in self._registry.stations.items()
            if station.active_from <= today
        ]

    def rollups(self) -> dict[str, Any]:
        """Return up to which hour figures are made, and by how much that is later than policy allows."""
        watermark = spans.watermark(self._engine, JOB)
        if watermark is None:
            return {"watermark": None, "late_seconds": 0.0}
        due = watermark + HOUR + self._registry.province.policies.grace
        late = max(self._clock.now() - due, timedelta(0))
        return {"watermark": watermark.isoformat(), "late_seconds": late.total_seconds()}

    def journals(self) -> Mapping[str, Journal]:
        """Return the journal of every worker."""
        for worker in self._folder.workers():
            if worker not in self._journals:
                self._journals[worker] = self._folder.open_journal(worker, self._clock)
        return self._journals

    def kept(self) -> list[dict[str, Any]]:
        """Return what of every worker's journal is kept, up to which day it is sealed, and what is due to be pruned."""
        now, kept = self._clock.now(), self._registry.province.policies.journal_kept
        return [
            {
                "worker": worker, "days": len(files), "oldest": files[0].stem if files else None,
                "bytes": journal.size(), "sealed_to": journal.seals.sealed_to(),
                "to_prune": len(pruning.due(journal.seals, now, kept)),
            }
            for worker, journal in self.journals().items()
            for files in [journal.files()]
        ]  # fmt: skip

    def refusals(self, worker: str) -> dict[str, int]:
        """Return how many messages or parts of a worker are in quarantine, by reason."""
        found = self._quarantine(worker)
        return found.counts() if found else {}

    def security_events(self) -> int:
        """Return how many messages or parts in quarantine claim to be from another than they came from."""
        counts = [self.refusals(worker) for worker in self._folder.workers()]
        return sum(count for one in counts for reason, count in one.items() if reason in SECURITY)

    def lost(self) -> int:
        """Return how many messages nobody resolved before their day of the journal went."""
        found = [self._quarantine(worker) for worker in self._folder.workers()]
        return sum(one.lost() for one in found if one)

    def _quarantine(self, worker: str) -> Quarantine | None:
        if worker not in self._quarantines and self._folder.quarantine(worker).exists():
            self._quarantines[worker] = self._folder.open_quarantine(worker)
        return self._quarantines.get(worker)

    def disk_free(self) -> int:
        """Return how many bytes are free where the data are."""
        return shutil.disk_usage(self._folder.path).free

    def beats(self) -> list[tuple[Heartbeat, bool]]:
        """Return the last word of every part, and whether it is recent enough to believe."""
        now = self._clock.now()
        allowed = timedelta(seconds=_STALE_SECONDS) * max(self._clock.speed, 1.0)
        return [(beat, now - beat.at <= allowed) for beat in heartbeats.read(self._engine)]

    def parts(self) -> list[dict[str, Any]]:
        """Return how every part stands that ever ran; one that has not spoken for long neither runs nor is ready."""
        return [
            {
                "part": beat.part, "worker": beat.worker, "ready": fresh and beat.ready,
                "runs": fresh and beat.detail.get(REASONS) != ENDED, "since": beat.started_at,
                "last_word": beat.at, "reasons": [unpack(one) for one in beat.detail.get(REASONS, [])],
                "remarks": [unpack(one) for one in beat.detail.get(REMARKS, [])] if fresh else [],
            }
            for beat, fresh in self.beats()
        ]  # fmt: skip


def unready(health: Health, store: ReadingStore) -> list[Text]:
    """Return why the service is not ready: none once it is subscribed and the stores answer."""
    reasons: list[Text] = []
    try:
        reasons += [*_unsubscribed(health.beats())]
    except SQLAlchemyError as error:
        reasons.append(Text("The state's database does not answer ({why}).", {"why": type(error).__name__}))
    try:
        store.ping()
    except StoreUnavailable as error:
        reasons.append(Text("The store of readings does not answer ({why}).", {"why": str(error)}))
    return reasons


def _unsubscribed(beats: Iterable[tuple[Heartbeat, bool]]) -> Iterator[Text]:
    of_ingest = [(beat, fresh) for beat, fresh in beats if beat.part == "ingest"]
    if not any(fresh for _, fresh in of_ingest):
        yield Text("Nothing takes messages in: the part ingest does not run.")
    for beat, fresh in of_ingest:
        if fresh and not beat.ready:
            yield Text("The part {part} ({worker}) is not ready: {why}", {
                "part": beat.part, "worker": beat.worker, "why": [unpack(one) for one in beat.detail[REASONS]],
            })  # fmt: skip


def is_part_ready(health: Health, part: str) -> bool:
    """Tell whether every worker of `part` that spoke lately is ready, and there is one."""
    fresh = [beat for beat, recent in health.beats() if recent and beat.part == part]
    return bool(fresh) and all(beat.ready for beat in fresh)


class _Collector:
    """Gives Prometheus what `status` says."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Yield every figure."""
        status = self._health.status()
        yield _family("messages", "Messages by what became of them.", "outcome", status["messages"])
        yield _family("readings", "Readings that were new, and that changed one that was there.", "kind",
                      status["readings"])  # fmt: skip
        yield _gauge("lag_seconds", "Age of the oldest message without an end.", status["lag_seconds"])
        stations = status["stations"]
        counted = {"expected": stations["expected"], "reporting": stations["reporting"],
                   "silent": len(stations["silent"])}  # fmt: skip
        yield _family("stations", "Stations that should report, that do, and that do not.", "state", counted)
        yield _gauge("rollups_late_seconds", "By how much figures are later than policy allows.",
                     status["jobs"][JOB]["late_seconds"])  # fmt: skip
        yield _family("alerts", "Alerts that are open, and that nobody has taken over.", "state", status["alerts"])
        yield _family("outbox", "Messages to people by state.", "state", status["outbox"])
        yield from self._workers()
        yield _gauge("security_events", "Refused messages or parts that claim to be from another.",
                     status["security_events"])  # fmt: skip
        yield _gauge("unresolved_lost", "Messages that nobody resolved before their day of the journal went.",
                     status["unresolved_lost"])  # fmt: skip
        yield _gauge("disk_free_bytes", "Bytes free where the data are.", self._health.disk_free())

    def _workers(self) -> Iterator[Metric]:
        refused = GaugeMetricFamily("quantrac_quarantine", "Refused messages or parts.", labels=["worker", "reason"])
        size = GaugeMetricFamily("quantrac_journal_bytes", "Bytes of the journal on disk.", labels=["worker"])
        for worker, journal in self._health.journals().items():
            size.add_metric([worker], journal.size())
            for reason, count in self._health.refusals(worker).items():
                refused.add_metric([worker, reason], count)
        ready = GaugeMetricFamily("quantrac_ready", "Whether a part is ready.", labels=["part", "worker"])
        for beat, fresh in self._health.beats():
            ready.add_metric([beat.part, beat.worker], float(beat.ready and fresh))
        yield from (refused, size, ready)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"quantrac_{name}", meaning, value=value)


def _family(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"quantrac_{name}", meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def metrics(health: Health) -> bytes:
    """Return the facts as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(health))
    return generate_latest(registry)


class Watch:
    """What the staff's address says of the service."""

    def __init__(self, health: Health, store: ReadingStore) -> None:
        """Nothing is asked yet."""
        self._health = health
        self._store = store

    def reasons(self) -> list[Text]:
        """Return why the service is not ready; empty where it is."""
        return unready(self._health, self._store)

    def metrics(self) -> bytes:
        """Return the facts as Prometheus reads them."""
        return metrics(self._health)
