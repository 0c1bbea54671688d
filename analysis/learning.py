"""What whole days of a series teach its checks, remembered from one look to the next."""

from collections.abc import Iterable

from analysis.check_days import CheckDays
from domain.reading import SeriesKey
from quality.learned import LEARNED_DAYS, DayFigures, day_figures
from quality.settings import Checks
from quality.trace import Trace
from storage.spans import DAY_US

# So many days of series are remembered: what else would teach is read again.
_REMEMBERED = 400_000


class Learning:
    """Figures of days, by series and UTC day; a day that changes is to be forgotten."""

    def __init__(self, days: CheckDays) -> None:
        """Nothing has been learned yet."""
        self._checks = days
        self._figures: dict[tuple[SeriesKey, int], DayFigures | None] = {}

    def forget(self, days: Iterable[tuple[SeriesKey, int]]) -> None:
        """Forget days of series: readings of them have changed."""
        for one in days:
            self._figures.pop(one, None)

    def needs_from(self, series: Iterable[SeriesKey], first: int, last: int) -> int:
        """Return from when on (µs) readings of `series` are needed to know what `before` gives."""
        if len(self._figures) > _REMEMBERED:
            self._figures.clear()
        days = _teaching(first, last)
        unknown = (day for day in days if any((one, day) not in self._figures for one in series))
        return next((day * DAY_US for day in unknown), first)

    def before(self, series: SeriesKey, trace: Trace, first: int, last: int) -> dict[int, DayFigures]:
        """Return what the days before each of `first` to `last` (µs) teach; `trace` begins where `needs_from` says."""
        found = {day: self._of_day(series, trace, day) for day in _teaching(first, last)}
        return {day: figures for day, figures in found.items() if figures is not None}

    def _of_day(self, series: SeriesKey, trace: Trace, day: int) -> DayFigures | None:
        key = (series, day)
        if key not in self._figures:
            of_day = trace.part(day * DAY_US - 1, (day + 1) * DAY_US - 1)
            self._figures[key] = day_figures(of_day, self._on(series, day)) if len(of_day) else None
        return self._figures[key]

    def _on(self, series: SeriesKey, day: int) -> Checks:
        return self._checks.at(series.station, day * DAY_US + 1)[series.parameter]


def _teaching(first: int, last: int) -> range:
    return range(first // DAY_US - LEARNED_DAYS, last // DAY_US)
