"""What is done again and again: figures, rules, delivery. The scheduler only wakes; what is due, the clock handed in says.

A job is woken by its interval of real time and, so that nothing waits for that, by whoever left it something to do.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Event, Lock

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from domain.text import Text
from storage.readings import StoreUnavailable

log = structlog.get_logger(__name__)

# A live reading over a threshold is to be on its way within two seconds even where another process took it in.
EVERY_SECONDS = 1.0
# After a failure the next ordinary waking tries again, but a store that is away must not fill the log.
QUIET_SECONDS = 30.0
REST_SECONDS = 1.0


class Job:
    """Steps that are done in order, one run at a time. A waking that comes during a run is a run of its own."""

    def __init__(
        self, name: str, steps: Sequence[Callable[[], object]], *, on_end: Callable[[], object] = lambda: None,
        hindered: Callable[[], list[Text]] = list,
    ) -> None:  # fmt: skip
        """Do `steps` at every run.

        `on_end` asks a step that takes long to leave off; `hindered` says what they could not do though they went on.
        """
        self.name = name
        self.hindered = hindered
        self._on_end = on_end
        self.trouble: str | None = None
        self._steps = steps
        self._woken = Event()
        self._ended = Event()
        self._running = Lock()
        self._told_at: float | None = None

    def wake(self) -> None:
        """Ask for a run, from any thread."""
        self._woken.set()

    @property
    def is_woken(self) -> bool:
        """Whether a run has been asked for and has not begun."""
        return self._woken.is_set()

    def end(self) -> None:
        """Begin no further run."""
        self._ended.set()
        self._on_end()

    def run(self) -> None:
        """Do the steps; again if somebody asked for it meanwhile, after a rest as long as that took.

        A backlog wakes us all the time; taking it in must not wait for us more than half of the time.
        """
        with self._running:
            while not self._ended.is_set():
                self._woken.clear()
                began = time.monotonic()
                done = self._once()
                self._ended.wait(min(time.monotonic() - began, REST_SECONDS))
                if not done or not self._woken.is_set():
                    return

    def _once(self) -> bool:
        for step in self._steps:
            try:
                step()
            except StoreUnavailable as error:
                self._tell("store is away", str(error))
                return False
            except Exception as error:
                # The next waking tries again: every step works from its own watermark and loses nothing.
                self._tell("job failed", f"{type(error).__name__}: {error}", trace=True)
                return False
        self.trouble = None
        return True

    def _tell(self, event: str, why: str, *, trace: bool = False) -> None:
        now = time.monotonic()
        if self.trouble != why or self._told_at is None or now - self._told_at > QUIET_SECONDS:
            log.error(event, job=self.name, why=why, exc_info=trace)
            self._told_at = now
        self.trouble = why


class Schedule:
    """APScheduler, woken by the interval and by `wake`."""

    def __init__(self, jobs: Sequence[Job], *, every: float = EVERY_SECONDS) -> None:
        """Nothing runs before `start`."""
        # A run that is skipped because the one before still runs is nothing to report: that one sees to it.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self.jobs = tuple(jobs)
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        for job in self.jobs:
            self._scheduler.add_job(job.run, "interval", seconds=every, id=job.name, next_run_time=datetime.now(UTC))

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def wake(self, name: str | None = None) -> None:
        """Have the job `name` (all, if None) run now, in the scheduler's threads."""
        for job in self.jobs:
            if name in {None, job.name} and not job.is_woken:
                job.wake()
                if self._scheduler.running:
                    self._scheduler.modify_job(job.name, next_run_time=datetime.now(UTC))

    def stop(self) -> None:
        """Let the runs at hand end, and begin no other."""
        for job in self.jobs:
            job.end()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
