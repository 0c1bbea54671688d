"""What takes long to read is read once and given to many for some minutes."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Made = TypeVar("Made")


@dataclass(slots=True)
class _Place(Generic[Made]):
    making: threading.Lock = field(default_factory=threading.Lock)
    made: Made | None = None
    until: float = 0.0


class KeptAnswers(Generic[Made]):
    """Keeps what is made by key for `seconds` of real time; who asks while it is made anew gets the old."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._places: dict[str, _Place[Made]] = {}

    def get(self, key: str, make: Callable[[], Made]) -> Made:
        """Return what is kept, made by `make` if it is not there or too old."""
        place = self._places.setdefault(key, _Place())
        if place.made is not None and (place.until > time.monotonic() or place.making.locked()):
            return place.made
        with place.making:
            if place.made is None or place.until <= time.monotonic():
                place.made = make()
                place.until = time.monotonic() + self._seconds
            return place.made
