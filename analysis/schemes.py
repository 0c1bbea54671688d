"""The indices there are: by which text and which reading of it, from what, and whether a person must confirm them first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import nan

from analysis import us_aqi, vn_aqi, vn_wqi
from analysis.composite import Day, Figure, Floats
from domain.text import Text
from domain.window import WindowKind
from registry.limits import Confirmation
from registry.lookup import Registry
from registry.schema import IndexId
from registry.units import NORMAL, mass_of, ug_per_ppb
from registry.values import StationKind

# Kept with every figure, never given another meaning: what is read or weighed otherwise is another version.
VERSIONS: Mapping[str, Text] = {
    "qd1459-2019-nowcast-normalised": Text("VN_AQI, Decision 1459/QĐ-TCMT of 2019, hourly, NowCast normalised"),
    "qd1459-2019-nowcast-as-printed": Text("VN_AQI, Decision 1459/QĐ-TCMT of 2019, hourly, NowCast as printed"),
    "qd1459-2019-day": Text("VN_AQI, Decision 1459/QĐ-TCMT of 2019, daily"),
    "epa-2024-nowcast-pm": Text("US AQI, EPA 2024, hourly, NowCast of PM2.5 and PM10 (without ozone and other gases)"),
    "epa-2024-day": Text("US AQI, EPA 2024, daily"),
    "qd1460-2019-day-form-a": Text(
        "VN_WQI, Decision 1460/QĐ-TCMT of 2019, daily, form A (I × II × III × √(IV × V), IV alone without V)"
    ),
}


@dataclass(frozen=True, slots=True)
class Scheme:
    """An index: what it is called, of which stations it is made, and what of them enters into it.

    `of_hours` are the parameters of its hours, whose means `hourly` takes with eleven hours before the first; none where
    it has no hours. `of_days` are those of its days, by the windows that `daily` takes.
    """

    id: IndexId
    name: str
    kind: StationKind
    of_hours: tuple[str, ...]
    of_days: Mapping[WindowKind, tuple[str, ...]]
    hourly: Callable[[Mapping[str, Floats], Registry], list[Figure]]
    daily: Callable[[Day, Registry], list[Figure]]
    unconfirmed: Text | None = None  # why a person must confirm it before it is made

    def version(self, kind: WindowKind, registry: Registry) -> str:
        """Return the version by which windows of a kind are made."""
        if self.id == "vn_aqi" and kind is WindowKind.HOUR:
            return f"qd1459-2019-nowcast-{registry.province.nowcast.replace('_', '-')}"
        return _VERSIONS[self.id, kind]

    @property
    def parameters(self) -> frozenset[str]:
        """Return all that enters into it."""
        return frozenset(self.of_hours).union(*self.of_days.values())

    @property
    def kinds(self) -> tuple[WindowKind, ...]:
        """Return the windows of which it is made."""
        return (WindowKind.HOUR, WindowKind.DAY) if self.of_hours else (WindowKind.DAY,)

    @property
    def row(self) -> str:
        """Under which its confirmation is kept, beside those of limits: no row of a regulation has a colon."""
        return f"index:{self.id}"

    def confirmation(self, said: Mapping[str, Confirmation], registry: Registry) -> Confirmation | None:
        """Return who has confirmed the version that would be made; a word on another one does not hold."""
        newest = said.get(self.row)
        version = self.version(WindowKind.DAY, registry)
        return newest if newest is not None and newest.figure == version else None

    def withheld(self, registry: Registry, said: Mapping[str, Confirmation]) -> Text | None:
        """Return why it is not made, though province.yaml lists it; None where it is."""
        return None if self.confirmation(said, registry) is not None else self.unconfirmed


_VERSIONS: Mapping[tuple[str, WindowKind], str] = {
    ("vn_aqi", WindowKind.DAY): "qd1459-2019-day",
    ("us_aqi", WindowKind.HOUR): "epa-2024-nowcast-pm",
    ("us_aqi", WindowKind.DAY): "epa-2024-day",
    ("vn_wqi", WindowKind.DAY): "qd1460-2019-day-form-a",
}


def _us_daily(day: Day, registry: Registry) -> list[Figure]:
    # A gas that is measured has one, see the checks of the configuration; of any other nothing is made.
    known = {name: mass_of(registry.parameters[name]) for name in us_aqi.GASES if name in registry.parameters}
    state = registry.reference_state() or NORMAL
    return us_aqi.daily(day, {name: ug_per_ppb(known.get(name) or nan, state) for name in us_aqi.GASES})


SCHEMES: Mapping[IndexId, Scheme] = {
    one.id: one
    for one in (
        Scheme(
            "vn_aqi", "VN_AQI", "air", of_hours=vn_aqi.PARAMETERS,
            of_days={WindowKind.DAY: vn_aqi.PARTICLES, WindowKind.HOUR: vn_aqi.GASES, WindowKind.HOUR8: ("o3",)},
            hourly=lambda means, registry: vn_aqi.hourly(means, registry.province.nowcast),
            daily=lambda day, _: vn_aqi.daily(day),
        ),
        Scheme(
            "us_aqi", "US AQI", "air", of_hours=us_aqi.PARTICLES,
            of_days={
                WindowKind.DAY: (*us_aqi.PARTICLES, "so2"), WindowKind.HOUR: ("so2", "no2", "o3"),
                WindowKind.HOUR8: ("co", "o3"),
            },
            hourly=lambda means, _: us_aqi.hourly(means), daily=_us_daily,
        ),
        Scheme(
            "vn_wqi", "VN_WQI", "surface_water", of_hours=(),
            of_days={WindowKind.DAY: (*vn_wqi.parameters(), *vn_wqi.BESIDES)},
            hourly=lambda _, __: [], daily=lambda day, _: vn_wqi.daily(day.means),
            unconfirmed=Text(
                "VN_WQI is not made: our sources do not agree on how Decision 1460/QĐ-TCMT puts the groups together. Once "
                "a person has read the Decision and found it to be {version}: quantrac indices confirm vn_wqi",
                {"version": VERSIONS["qd1460-2019-day-form-a"]},
            ),
        ),
    )
}  # fmt: skip


def listed(registry: Registry) -> list[Scheme]:
    """Return the indices of province.yaml, in their order."""
    return [SCHEMES[one] for one in registry.province.indices]


def made(registry: Registry, said: Mapping[str, Confirmation]) -> list[Scheme]:
    """Return the indices that are made: listed, and confirmed where that is needed."""
    return [one for one in listed(registry) if one.withheld(registry, said) is None]


def scheme_of(version: str, index: str) -> Text:
    """Return scheme and version of a figure in words; of one that an older service made, no more than its name."""
    names: dict[str, str] = {one.id: one.name for one in SCHEMES.values()}
    return VERSIONS.get(version) or Text("{index}, version not noted", {"index": names.get(index, index)})
