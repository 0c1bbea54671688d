"""Reads the levels that rules are held against, each with the bound that was in force on its day."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from math import isnan

from alerts.rules import Level
from domain.flag import COUNTED, Flag
from domain.limit import Bound
from domain.moment import moment
from domain.reading import SeriesKey, Status
from domain.rollup import RollupPoint
from domain.window import Window, WindowKind, local_day, marks_ending_in
from registry.limits import AppliedLimit, Confirmation
from registry.lookup import Registry
from registry.schema import Rule
from storage.readings import ReadingStore, Series

INSTANT = timedelta(microseconds=1)
_COUNTED = frozenset(int(flag) for flag in COUNTED)


# So many limits are remembered: some weeks of a large province.
_REMEMBERED = 200_000


class Limits:
    """The bound of each rule, series and local day; looked up once."""

    def __init__(self, registry: Registry, confirmations: Mapping[str, Confirmation]) -> None:
        """Nothing is looked up yet."""
        self._registry = registry
        self._confirmations = confirmations
        self._limits: dict[tuple[str, SeriesKey, date], AppliedLimit | None] = {}
        self._thresholds: dict[tuple[str, str], Bound] = {}

    def answers_for(self, confirmations: Mapping[str, Confirmation]) -> bool:
        """Tell whether it may be asked on: nothing has been confirmed since, and it has not grown too large."""
        return confirmations == self._confirmations and len(self._limits) < _REMEMBERED

    def limit(self, rule: Rule, series: SeriesKey, at: datetime) -> AppliedLimit | None:
        """Return the limit in force for the window of `rule` that ends at `at`; None for an own threshold."""
        if rule.kind != "limit":
            return None
        key = (rule.id, series, local_day(at, self._registry.zone))
        if key not in self._limits:
            kind = WindowKind(rule.window)
            self._limits[key] = self._registry.limit_for(series, kind, key[2], self._confirmations, rule.regulation)
        return self._limits[key]

    def bound(self, rule: Rule, series: SeriesKey, at: datetime) -> Bound | None:
        """Return what the level at `at` is held against, in the canonical unit; None where nothing is in force."""
        if rule.threshold is not None:
            return self._threshold(rule, series.parameter)
        limit = self.limit(rule, series, at)
        return None if limit is None else limit.bound

    def _threshold(self, rule: Rule, parameter: str) -> Bound:
        own, key = rule.threshold, (rule.id, parameter)
        if key not in self._thresholds and own is not None:
            low, high = (
                None if one is None else self._registry.canonical(parameter, one, own.unit)
                for one in (own.at_least, own.at_most)
            )
            self._thresholds[key] = Bound(low, high)
        return self._thresholds[key]


class LevelReader:
    """Gives levels in order of time. What many series need of the same stretch is asked for once, by `fetch`."""

    def __init__(self, registry: Registry, store: ReadingStore, limits: Limits) -> None:
        """Nothing is read yet."""
        self._registry = registry
        self._store = store
        self._limits = limits
        self._fetched: dict[tuple[str, Window], dict[SeriesKey, list[RollupPoint]]] = {}

    def fetch(self, wanted: Iterable[tuple[Rule, SeriesKey, Window]]) -> None:
        """Read windows ahead. Raises StoreUnavailable."""
        groups: dict[tuple[str, Window], set[SeriesKey]] = {}
        for rule, series, span in wanted:
            if rule.window != "reading":
                groups.setdefault((rule.window, span), set()).add(series)
        for (window, span), keys in groups.items():
            self._fetched[window, span] = self._points(WindowKind(window), sorted(keys), span)

    def levels(self, rule: Rule, series: SeriesKey, span: Window) -> list[Level]:
        """Return the levels of `series` whose windows end in `span`, ascending. Raises StoreUnavailable."""
        if rule.window == "reading":
            return list(self._of_readings(rule, series, self._store.read(series, span)))
        found = self._fetched.get((rule.window, span), {})
        points = found[series] if series in found else self._points(WindowKind(rule.window), [series], span)[series]
        return list(self._of_points(rule, series, points, span))

    def _points(self, kind: WindowKind, keys: list[SeriesKey], span: Window) -> dict[SeriesKey, list[RollupPoint]]:
        return self._store.read_rollups(kind, keys, marks_ending_in(kind, span))

    def _of_points(
        self, rule: Rule, series: SeriesKey, points: Iterable[RollupPoint], span: Window
    ) -> Iterator[Level]:  # fmt: skip
        for point in points:
            window = self._registry.window(point.kind, point.mark)
            if window.end in span:
                yield Level(
                    window.start, window.end, point.value, self._limits.bound(rule, series, window.end),
                    point.valid, point.expected, point.suspect, point.calibrating, point.configuration,
                )  # fmt: skip

    def _of_readings(self, rule: Rule, series: SeriesKey, found: Series) -> Iterator[Level]:
        columns = (found.times.tolist(), found.values.tolist(), found.status.tolist(), found.flags.tolist())
        for time, value, status, flag in zip(*columns, strict=True):
            at = moment(time)
            counts = flag in _COUNTED and status == Status.MEASURING and not isnan(value)
            yield Level(
                at, at, value if counts else None, self._limits.bound(rule, series, at), valid=int(counts),
                suspect=int(flag == Flag.SUSPECT), calibrating=int(status == Status.CALIBRATING),
            )  # fmt: skip
