"""A calendar month of the province: what is verified together, and what a share of time is given for."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Self
from zoneinfo import ZoneInfo

from domain.window import Window, local_day

_WRITTEN = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of a year, written 2026-03."""

    year: int
    number: int

    @classmethod
    def of(cls, moment: datetime, zone: ZoneInfo) -> Self:
        """Return the month to which a window that ends at `moment` belongs: at midnight, that of the day that is over."""
        day = local_day(moment, zone)
        return cls(day.year, day.month)

    @classmethod
    def read(cls, written: str) -> Self:
        """Return the month that stands there as 2026-03. Raises ValueError."""
        found = _WRITTEN.fullmatch(written)
        if found is None:
            raise ValueError(written)
        day = date(int(found[1]), int(found[2]), 1)
        return cls(day.year, day.month)

    def __str__(self) -> str:
        """Write it as 2026-03."""
        return f"{self.year:04d}-{self.number:02d}"

    def window(self, zone: ZoneInfo) -> Window:
        """Return the time from its first local midnight to that of the next month."""
        start, end = (
            datetime.combine(date(one.year, one.number, 1), time(0), zone).astimezone(UTC) for one in (self, self.after)
        )
        return Window(start, end)

    @property
    def after(self) -> Self:
        """The month that follows."""
        return type(self)(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def before(self) -> Self:
        """The month that it follows."""
        return type(self)(self.year - (self.number == 1), (self.number - 2) % 12 + 1)
