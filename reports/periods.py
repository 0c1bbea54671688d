"""Periods of a report: a local day, month or year."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.window import Window


class PeriodKind(StrEnum):
    """What a report is of."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Period:
    """From the midnight at which `first` begins to that at which `after` does."""

    kind: PeriodKind
    first: date
    after: date

    @classmethod
    def of(cls, kind: PeriodKind, day: date) -> "Period":
        """Return the period of `kind` that holds `day`."""
        if kind is PeriodKind.DAY:
            return cls(kind, day, day + timedelta(days=1))
        if kind is PeriodKind.YEAR:
            return cls(kind, date(day.year, 1, 1), date(day.year + 1, 1, 1))
        return cls(kind, day.replace(day=1), date(day.year + day.month // 12, day.month % 12 + 1, 1))

    @classmethod
    def read(cls, kind: PeriodKind, written: str) -> "Period":
        """Return the period that a date names; a month may be 2026-03, a year 2026. Raises ValueError."""
        short = {PeriodKind.MONTH: 7, PeriodKind.YEAR: 4}.get(kind, 10)
        if len(written) not in {10, short}:
            raise ValueError(written)
        return cls.of(kind, date.fromisoformat(written + "0000-01-01"[len(written) :]))

    @property
    def key(self) -> str:
        """Its name in files and addresses: 2026-03-01, 2026-03, 2026."""
        return self.first.isoformat()[: {PeriodKind.DAY: 10, PeriodKind.MONTH: 7, PeriodKind.YEAR: 4}[self.kind]]

    def span(self, zone: ZoneInfo) -> Window:
        """Return its time."""
        return Window(*(datetime.combine(day, time(0), zone) for day in (self.first, self.after)))

    def days(self) -> Iterator[date]:
        """Yield its days."""
        yield from (self.first + timedelta(days=place) for place in range((self.after - self.first).days))
