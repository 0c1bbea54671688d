"""What failed waits, longer each time, so that one broken rule can neither spin the loop nor fill the log. Pure."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_SHORTEST = timedelta(minutes=1)
_LONGEST = timedelta(hours=1)


@dataclass(slots=True)
class Postponed:
    """Until when each thing that failed is left alone; forgotten at a restart, which may have mended it."""

    _until: dict[Hashable, tuple[datetime, timedelta]] = field(default_factory=dict)

    def put(self, key: Hashable, now: datetime) -> timedelta:
        """Leave `key` alone for a while; return for how long."""
        _, before = self._until.get(key, (now, _SHORTEST / 2))
        pause = min(before * 2, _LONGEST)
        self._until[key] = (now + pause, pause)
        return pause

    def is_waiting(self, key: Hashable, now: datetime) -> bool:
        """Tell whether `key` is to be left alone still."""
        return key in self._until and now < self._until[key][0]

    def forget(self, key: Hashable) -> None:
        """`key` went well."""
        self._until.pop(key, None)

    def is_any_due(self, now: datetime) -> bool:
        """Tell whether something may be tried again, or nothing is known to wait."""
        return not self._until or any(until <= now for until, _ in self._until.values())
