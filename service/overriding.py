"""A person's word on readings: kept first, then flags and figures follow, by the running service or by ourselves."""

from dataclasses import dataclass
from datetime import datetime

from domain.clock import Clock
from domain.moment import moment
from domain.text import QuantracError, Text
from registry.lookup import Registry
from service.catching_up import Progress, catch_up
from service.locks import Locks
from service.settings import Settings
from service.stores import Stores
from storage import overrides
from storage.overrides import Override


@dataclass(frozen=True, slots=True)
class Overriding:
    """Keeps and withdraws words. `told` hears how far what follows has got."""

    settings: Settings
    registry: Registry
    clock: Clock
    stores: Stores
    told: Progress

    def add(self, word: Override) -> tuple[int, int]:
        """Keep `word`; return its number, and of how many readings it is. Raises QuantracError where there are none."""
        touched, count = self._touched(word)
        if touched is None:
            raise QuantracError(
                Text("There are no readings of {station} {parameter} in this span; nothing was kept.",
                     {"station": word.series.station, "parameter": word.series.parameter}), exit_status=1,
            )  # fmt: skip
        number = overrides.add(self.stores.engine, word, touched)
        self._follow()
        return number, count

    def withdraw(self, word: Override, by: str, note: str) -> bool:
        """Let `word` count no more; False where it was withdrawn already."""
        touched, _ = self._touched(word)
        done = overrides.withdraw(self.stores.engine, word, by, note, self.clock.now(), touched)
        self._follow()
        return done

    def _touched(self, word: Override) -> tuple[tuple[datetime, datetime] | None, int]:
        times = self.stores.readings.read(word.series, word.window).times
        return ((moment(int(times[0])), moment(int(times[-1]))) if len(times) else None), len(times)

    def _follow(self) -> None:
        with Locks(self.settings.data) as locks:
            catch_up(self.registry, self.clock, self.stores, locks, self.told)
