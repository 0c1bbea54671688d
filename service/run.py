"""One foreground process: the parts it was built of, from their start to a clean end."""

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from types import FrameType

import structlog

from domain.clock import Clock, SystemClock
from service.health import Health
from service.heart import Heart
from service.parts import Part
from service.stores import Stores

log = structlog.get_logger(__name__)

# A clean end takes less than five seconds; what a server that hangs still holds is safe without it.
END_SECONDS = 4.0


class Service:
    """The parts of one process, and the stores that they share."""

    def __init__(self, parts: Sequence[Part], stores: Stores, health: Health, clock: Clock) -> None:
        """Nothing runs yet."""
        self.parts = tuple(parts)
        self.stores = stores
        self.health = health
        self._clock = clock
        self._heart = Heart(self.parts, stores, health, clock, clock.now())

    def start(self) -> None:
        """Start every part."""
        if not isinstance(self._clock, SystemClock):
            log.warning("THIS IS NOT THE REAL TIME", now=self._clock.now().isoformat(), speed=self._clock.speed)
        for part in self.parts:
            part.start()
        log.info("started", parts=[part.name for part in self.parts])

    def tick(self) -> None:
        """Say how it goes; to be called about once a second."""
        self._heart.tick()

    def run(self, stop: Event) -> bool:
        """Start, run until `stop` is set, and end; False where something could not be ended in time."""
        self.start()
        while not stop.wait(1.0):
            self.tick()
        return self.stop()

    def stop(self) -> bool:
        """End the parts and close the stores; False where something could not be ended in time."""
        clean = self.stop_parts()
        if clean:
            self.close()
        return clean

    def stop_parts(self) -> bool:
        """End the parts, receiving first; False where something could not be ended in time."""
        until = time.monotonic() + END_SECONDS
        clean = True
        for part in reversed(self.parts):
            ended = part.stop(max(until - time.monotonic(), 0.2))
            if not ended:
                log.warning("not ended in time", part=part.name)
            clean = clean and ended
        self._heart.last()
        log.info("ended")
        return clean

    def close(self) -> None:
        """Let go of the stores."""
        self.stores.close()


def suit_python() -> None:
    """Suit this process to a service, for good: what is loaded by now stays, and threads that wait for files get their turn soon.

    A batch makes hundreds of thousands of small objects and no rings of them: looking for rings at every 700 objects,
    as Python does, took a sixth of the pipeline's time. And a thread that writes rows waits at each for a turn of the
    others, five milliseconds long unless they are told otherwise.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    sys.setswitchinterval(0.0005)


@contextmanager
def until_signalled(stop: Event, told: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Have SIGTERM and SIGINT set `stop` meanwhile; `told` is called at the first of them."""

    def on_signal(_signal: int, _frame: FrameType | None) -> None:
        if not stop.is_set():
            stop.set()
            told()

    before = {one: signal.signal(one, on_signal) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def leave_now() -> None:
    """End the process though a thread of it still waits for a server that hangs; nothing is lost by that."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
