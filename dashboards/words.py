"""What the dashboards say in one language: sentences of the catalogue, and the names of things."""

from collections.abc import Callable
from dataclasses import dataclass

from dashboards.panels import Json
from present.words import name, symbol, translator, unit
from registry.lookup import Registry
from registry.schema import Parameter, Station


@dataclass(frozen=True, slots=True)
class Words:
    """A language, and how it says things; `_` says a sentence of the catalogue."""

    lang: str
    _: Callable[..., str]

    def parameter(self, parameter: Parameter) -> str:
        """Return a parameter as lists and headings have it: PM2.5 (µg/m³)."""
        written, shown = symbol(parameter.symbol, self.lang), unit(parameter.unit, self.lang)
        return f"{written} ({shown})" if shown else written

    def suffix(self, canonical: str) -> str:
        """Return a unit as Grafana takes one that it does not know by name."""
        shown = unit(canonical, self.lang)
        return f"suffix: {shown}" if shown else "none"

    def station(self, station: Station) -> str:
        """Return a station's name, and what its readings are if they are not of this place."""
        said = name(station.names, self.lang)
        if station.origin is None:
            return said
        kind = self._("invented data") if station.origin.kind == "invented" else self._("recording of another place")
        return f"{said} [{kind}]"

    def root(self) -> str:
        """Return the address of the public pages in this language, without a slash at its end."""
        return "${pages}" if self.lang == "vi" else f"${{pages}}/{self.lang}"

    def station_page(self) -> list[Json]:
        """Return the link of a cell that holds a station's id to the station's page."""
        url = self.root() + "/stations/${__value.raw}"
        return [{"title": self._("Page of the station"), "url": url, "targetBlank": True}]


def speak(registry: Registry, lang: str) -> Words:
    """Return the words of `lang`."""
    return Words(lang, translator(lang, registry.zone))
