"""What the service says of itself, from stored facts only: whoever asks, in whichever process, gets the same answer."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from analysis.roller import JOB
from analysis.schemes import listed
from domain.clock import Clock, SystemClock
from domain.moment import moment
from domain.text import Text, pack, unpack
from domain.window import HOUR
from ingest.refusals import SECURITY
from registry.lookup import Registry
from service.room import Room, room
from service.stores import Folder
from storage import alerting, broker_figures, confirmations, heartbeats, pruning, spans, verifications
from storage.heartbeats import REASONS, REMARKS, Heartbeat
from storage.journal import Journal
from storage.ledger import Heard, Ledger, all_heard, outcome_counts, reading_counts
from storage.quarantine import Quarantine
from storage.readings import ReadingStore, StoreUnavailable

# A part says once a minute that it is there; two missed words may be a busy machine, three are not.
BEAT_SECONDS = 60.0
_STALE_SECONDS = 3 * BEAT_SECONDS

# A message is on its way for seconds; what is received so much later than it was measured is a clock that is off.
CLOCK_OFF = timedelta(minutes=2)
_RATE_OVER = timedelta(minutes=1)

# What a part that was ended leaves behind as its last word.
ENDED = [pack(Text("It was ended."))]


@dataclass(frozen=True, slots=True)
class Station:
    """How a station stands: when it was last heard, and whether that is too long ago."""

    id: str
    heard: Heard | None
    silent: bool

    @property
    def is_clock_off(self) -> bool:
        """Whether its clock is so far off, ahead or behind, that somebody should set it."""
        skew = self.heard.skew if self.heard else None
        return skew is not None and abs(skew) > CLOCK_OFF

    def said(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        skew = self.heard.skew if self.heard else None
        return {
            "station": self.id, "last_message": self.heard.heard_at.isoformat() if self.heard else None,
            "skew_seconds": None if skew is None else skew.total_seconds(), "silent": self.silent,
        }  # fmt: skip


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
        stations = self.stations()
        found: dict[str, Any] = {
            "messages": self.messages(),
            "messages_per_second": self.rate(),
            "readings": self.readings(),
            "lag_seconds": self.lag().total_seconds(),
            "stations": {
                "expected": len(stations),
                "reporting": sum(not one.silent for one in stations),
                "silent": [one.id for one in stations if one.silent],
                "clocks_off": [one.id for one in stations if one.is_clock_off],
                "each": [one.said() for one in stations],
            },
            "quarantine": self.quarantine(),
            "disk": self.disk(),
            "broker": self.broker(),
            "jobs": {JOB: self.rollups()},
            "indices_withheld": self.withheld(),
            **alerting.counts(self._engine),
            "security_events": self.security_events(),
            "unresolved_lost": self.lost(),
            "verifications": verifications.counts(self._engine),
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

    def readings(self) -> dict[str, int]:
        """Return how many readings were new, and how many changed one that was there."""
        stored, revised = reading_counts(self._engine)
        return {"stored": stored, "revised": revised}

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

    def rate(self) -> float:
        """Return how many messages a second have come over the last minute of the machine."""
        span = _RATE_OVER * max(self._clock.speed, 1.0)
        since = self._clock.now() - span
        return sum(journal.count_since(since) for journal in self.journals().values()) / _RATE_OVER.total_seconds()

    def quarantine(self) -> list[dict[str, Any]]:
        """Return how many messages or parts are in quarantine, by worker and reason, the most first."""
        found = [
            {"worker": worker, "reason": reason, "count": count}
            for worker in self.journals()
            for reason, count in self.refusals(worker).items()
        ]
        return sorted(found, key=lambda one: (-one["count"], one["reason"], one["worker"]))

    def room(self) -> Room:
        """Return how much room there is on the disk of the data."""
        return room(self._folder.path, self.journals().values(), self._clock.now())

    def disk(self) -> dict[str, Any]:
        """Return the room as JSON has it; no days where nothing has come for one."""
        found = self.room()
        return {
            "free_bytes": found.free, "kept_bytes": found.kept, "journal_bytes": found.journal,
            "bytes_a_day": found.a_day, "days_until_full": found.days,
        }  # fmt: skip

    def broker(self) -> dict[str, Any]:
        """Return what the broker last said of itself, by what it told the worker that asked last.

        `queued` are the messages that it holds for somebody; `thrown_away` what it was found to have dropped lately.
        """
        looks = broker_figures.read(self._engine).values()
        if not looks:
            return {"shown": False, "at": None, "thrown_away": 0, "thrown_away_since": None}
        last = max(looks, key=lambda one: one.at)
        queued = {}
        if {"stored", "retained"} <= last.figures.keys():
            queued = {"queued": max(last.figures["stored"] - last.figures["retained"], 0)}
        return {
            "shown": bool(last.figures), "at": last.at.isoformat(timespec="seconds"), **queued, **last.figures,
            "thrown_away": sum(count for _, count in last.thrown_away),
            "thrown_away_since": moment(last.thrown_away[0][0]).isoformat() if last.thrown_away else None,
        }  # fmt: skip

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

    def withheld(self) -> list[dict[str, Any]]:
        """Return the indices that province.yaml lists and that are not made, and why."""
        said = confirmations.read(self._engine)
        found = ((one, one.withheld(self._registry, said)) for one in listed(self._registry))
        return [{"index": one.id, "why": why} for one, why in found if why is not None]

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
