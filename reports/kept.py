"""Pages are made once and given to many: a made page is kept for a few seconds."""

import gzip
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Page:
    """A made page, plain and packed by gzip. `until` is a moment of the machine's monotonic clock."""

    body: bytes
    packed: bytes
    until: float
    tag: str


@dataclass(slots=True)
class _Slot:
    making: threading.Lock = field(default_factory=threading.Lock)
    page: Page | None = None


class Kept:
    """Keeps pages by key for `seconds` of real time; while one visitor's request makes one anew, others get the old."""

    def __init__(self, seconds: float, most: int | None = None) -> None:
        """Keep at most so many pages, those that were asked for first go first; None: as many as there are."""
        self._seconds, self._most = seconds, most
        self._slots: dict[str, _Slot] = {}

    def fresh(self, key: str) -> Page | None:
        """Return the page if nothing has to be made for it: it is new, or somebody is making it."""
        slot = self._slots.get(key)
        if slot is None or slot.page is None:
            return None
        return slot.page if slot.page.until > time.monotonic() or slot.making.locked() else None

    def get(self, key: str, make: Callable[[], str]) -> Page:
        """Return the page, made by `make` if it is not there or too old."""
        slot = self._slots.setdefault(key, _Slot())
        while self._most is not None and len(self._slots) > self._most:
            self._slots.pop(next(iter(self._slots)), None)
        with slot.making:
            if slot.page is None or slot.page.until <= time.monotonic():
                body = make().encode()
                # Weak, since the same tag stands for the packed page.
                tag = f'W/"{sha256(body).hexdigest()[:20]}"'
                slot.page = Page(body, gzip.compress(body, 5, mtime=0), time.monotonic() + self._seconds, tag)
            return slot.page
