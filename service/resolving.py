"""Refused messages again, or given up: asked for by a command, carried out by the worker's own pipeline.

The running service does it where one runs; where none does, this process takes the worker's lock and does it itself. A
command that is ended leaves what it asked for on record: the service, or the next such command, finishes it.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

from domain.clock import Clock
from domain.text import QuantracError, Text
from registry.lookup import Registry
from service.build import open_pipeline
from service.catching_up import PATIENCE_SECONDS, Progress, catch_up, catch_up_alerts, patiently
from service.health import ENDED
from service.locks import Locks
from service.settings import IMPORT_WORKER, Settings
from service.stores import Folder, Stores
from storage import heartbeats, resolutions
from storage.heartbeats import CONFIGURATION, PROCESS, REASONS
from storage.quarantine import Cause
from storage.resolutions import Word

_LOOK_SECONDS = 0.2

# What is chosen: of each worker the numbers of messages with the part that is meant.
Chosen = Mapping[str, Collection[tuple[int, str]]]


@dataclass(frozen=True)
class Resolved:
    """What came of it: messages by outcome, and what is still refused."""

    messages: int
    outcomes: dict[str, int]
    causes: Sequence[Cause]
    is_judged: bool


@dataclass
class Resolver:
    """Takes what was asked to its end. `told` hears how far it has got."""

    settings: Settings
    registry: Registry
    clock: Clock
    stores: Stores
    told: Progress

    def replay(self, chosen: Chosen, word: Word) -> Resolved:
        """Read messages again until readings, figures and alerts have caught up.

        Raises QuantracError where the running service has another configuration than the one here, or does nothing.
        """
        with Locks(self.settings.data) as locks:
            self._refuse_another_configuration(chosen, locks)
            self._carry_out(chosen, word, locks)
            catch_up(self.registry, self.clock, self.stores, locks, self.told)
            return self._resolved(chosen, is_judged=catch_up_alerts(self.stores, locks))

    def discard(self, chosen: Chosen, word: Word) -> Resolved:
        """Give messages up."""
        with Locks(self.settings.data) as locks:
            self._carry_out(chosen, word, locks)
        return self._resolved(chosen, is_judged=True)

    def _refuse_another_configuration(self, chosen: Chosen, locks: Locks) -> None:
        """Nothing is read again by what is no longer meant. Raises QuantracError."""
        parts = [*(("ingest", worker) for worker in chosen if worker != IMPORT_WORKER), ("schedule", "main")]
        for part, worker in parts:
            running = self._configuration_of(part, worker, locks)
            if running not in {None, self.registry.hash}:
                raise QuantracError(
                    Text("The running service (part {part}) was started with another configuration than the one in "
                         "{folder}. Restart it, then replay.", {"part": part, "folder": str(self.settings.config)})
                )  # fmt: skip

    def _configuration_of(self, part: str, worker: str, locks: Locks) -> Any:
        """Return the configuration of the process that does a part, None where none does: then it is ours now."""
        name = lock_of(worker) if part == "ingest" else part
        until = time.monotonic() + PATIENCE_SECONDS
        while not locks.try_take(name):
            for beat in heartbeats.read(self.stores.engine):
                is_there = beat.detail.get(PROCESS) == locks.holder(name) and beat.detail.get(REASONS) != ENDED
                if (beat.part, beat.worker) == (part, worker) and is_there:
                    return beat.detail.get(CONFIGURATION)
            if time.monotonic() > until:
                raise QuantracError(
                    Text("The process {process} does the part {part} and does not say with which configuration. End it, "
                         "then replay.", {"process": locks.holder(name), "part": part})
                )  # fmt: skip
            time.sleep(_LOOK_SECONDS)
        return None

    def _carry_out(self, chosen: Chosen, word: Word, locks: Locks) -> None:
        request = resolutions.ask(self.stores.engine, chosen, word)
        total = left = sum(len(ids) for ids in chosen.values())
        until = time.monotonic() + PATIENCE_SECONDS
        while waiting := resolutions.waiting(self.stores.engine, request):
            for worker in waiting:
                if locks.try_take(lock_of(worker)):
                    self._step(worker, request, total)
            now = sum(resolutions.waiting(self.stores.engine, request).values())
            self.told(total - now, total)
            if now < left:
                left, until = now, time.monotonic() + PATIENCE_SECONDS
            elif time.monotonic() > until:
                raise QuantracError(_not_done(left), exit_status=3)
            else:
                time.sleep(_LOOK_SECONDS)

    def _step(self, worker: str, request: int, total: int) -> None:
        """Be the worker where it does not run, until nothing of the request waits for it."""
        with ExitStack() as stack:
            journal = stack.enter_context(closing(Folder(self.settings.data).open_journal(worker, self.clock)))
            pipeline = open_pipeline(self.settings, self.registry, self.clock, self.stores, journal, worker)
            while patiently(pipeline.step):
                left = sum(resolutions.waiting(self.stores.engine, request).values())
                self.told(total - left, total)

    def _resolved(self, chosen: Chosen, *, is_judged: bool) -> Resolved:
        outcomes: dict[str, int] = {}
        causes: list[Cause] = []
        for worker, ids in chosen.items():
            seqs = sorted({seq for seq, _ in ids})
            for outcome, count in resolutions.counted(self.stores.engine, seqs).items():
                outcomes[outcome.value] = outcomes.get(outcome.value, 0) + count
            with closing(Folder(self.settings.data).open_quarantine(worker)) as quarantine:
                causes += quarantine.causes(of=seqs)
        causes.sort(key=lambda one: -one.messages)
        return Resolved(sum(outcomes.values()), outcomes, causes, is_judged)


def lock_of(worker: str) -> str:
    """Return the name of the lock that a worker holds while it runs."""
    return "import" if worker == IMPORT_WORKER else f"ingest-{worker}"


def _not_done(left: int) -> Text:
    return Text("The running service has done nothing of it for a minute ({left} left). What was asked is kept, and is "
                "done when it can: `quantrac status` says what it waits for.", {"left": left})  # fmt: skip
