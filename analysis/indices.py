"""The hourly VN_AQI of stations, from their stored hours."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from analysis import vn_aqi
from analysis.material import together
from analysis.rollups import meets
from analysis.series_windows import Stretch
from domain.reading import SeriesKey
from domain.rollup import IndexPoint, RollupPoint
from domain.window import HOUR, Window, WindowKind
from registry.lookup import Registry
from storage.readings import ReadingStore

_NAMES = (*vn_aqi.PARTICLES, *vn_aqi.GASES)
_REACH = vn_aqi.NOWCAST_HOURS * HOUR


def indices(stretches: Iterable[Stretch], registry: Registry, store: ReadingStore) -> list[IndexPoint]:
    """Return the index of every air station and hour that an hour of `stretches` enters into.

    Raises StoreUnavailable.
    """
    if "vn_aqi" not in registry.province.indices:
        return []
    made = _Indices(registry, store)
    return [point for group in together(_touched(stretches, registry)) for point in made.of(group)]


def _touched(stretches: Iterable[Stretch], registry: Registry) -> Iterator[Stretch]:
    """Yield, once for each station, the hours whose index may have changed; the series is of the station alone."""
    seen = set()
    for one in stretches:
        if registry.stations[one.series.station].kind == "air" and one.series.parameter in _NAMES:
            last = min(one.last + _REACH - HOUR, one.ready_to)
            if last >= one.first:
                seen.add(Stretch(SeriesKey(one.series.station, ""), one.first, last, last))
    yield from seen


class _Indices:
    def __init__(self, registry: Registry, store: ReadingStore) -> None:
        self._registry = registry
        self._store = store

    def of(self, group: list[Stretch]) -> Iterator[IndexPoint]:
        """Yield the indices of stations over the same hours."""
        at = {one.series.station: self._parameters(one.series.station) for one in group}
        keys = [SeriesKey(station, name) for station, names in at.items() for name in names]
        span = Window(group[0].first - _REACH, group[0].last)
        read = self._store.read_rollups(WindowKind.HOUR, keys, span)
        ends = [span.start + hour * HOUR for hour in range(1, group[0].hours + vn_aqi.NOWCAST_HOURS)]
        for station, names in at.items():
            means = {name: self._means(read[SeriesKey(station, name)], ends) for name in names}
            yield from self._each(station, means, ends)

    def _parameters(self, station: str) -> list[str]:
        measured = set(self._registry.stations[station].measures)
        return [name for name in _NAMES if name in measured]

    def _means(self, points: Iterable[RollupPoint], ends: list[datetime]) -> list[float | None]:
        """Return the mean of each hour that meets the capture policy."""
        capture = self._registry.province.policies.capture
        known = {point.mark: point.value for point in points if meets(point.valid, point.expected, capture)}
        return [known.get(end) for end in ends]

    def _each(
        self, station: str, means: Mapping[str, list[float | None]], ends: list[datetime]
    ) -> Iterator[IndexPoint]:
        form = self._registry.province.nowcast
        for place in range(vn_aqi.NOWCAST_HOURS, len(ends) + 1):
            newest_first = {name: line[place - vn_aqi.NOWCAST_HOURS : place][::-1] for name, line in means.items()}
            yield _point(station, ends[place - 1], vn_aqi.hourly(newest_first, form))


def _point(station: str, end: datetime, index: vn_aqi.Index | None) -> IndexPoint:
    if index is None:
        return IndexPoint(station, "vn_aqi", WindowKind.HOUR, end, None)
    figures = (index.value, index.level, index.dominant, index.concentration)
    return IndexPoint(station, "vn_aqi", WindowKind.HOUR, end, *figures)
