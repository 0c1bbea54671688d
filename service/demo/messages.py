"""What each station of the demonstration sends: its readings of a moment, in the shape in which it speaks."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from registry.lookup import Registry
from registry.schema import Station
from service.demo import invented
from service.demo.recordings import Recording, moments_between, recording_of
from service.demo.script import Script

Values = Mapping[str, tuple[float | None, str]]

_PATH = re.compile(r'"([^"]*)"|([^.\[\]"]+)')


@dataclass(frozen=True, slots=True)
class Sent:
    """One message, and the moment at which the station sends it."""

    at: datetime
    topic: str
    payload: bytes


@dataclass(frozen=True)
class Stations:
    """All stations of the registry, speaking as their configuration says. `anchor`: the recordings' first day."""

    registry: Registry
    script: Script
    anchor: date
    _recordings: dict[str, Recording | None] = field(default_factory=dict)

    def between(self, after: datetime, until: datetime) -> list[Sent]:
        """Return everything that is sent in `after < moment ≤ until`, in the order of sending."""
        found = [sent for station in self.registry.stations.values() for sent in self._of(station, after, until)]
        return sorted(found, key=lambda sent: sent.at)

    def _of(self, station: Station, after: datetime, until: datetime) -> Iterator[Sent]:
        for moment in moments_between(after, until, station.interval):
            if self.script.is_cut_off(station.id, moment):
                continue
            for missed in self._missed(station, moment):
                yield self._message(station, missed, sent_at=moment)
            yield self._message(station, moment, sent_at=moment)
        if any(parameter.irregular for parameter in station.parameters):
            for moment, weight in invented.tickets(station.id, after, until, self.registry.zone):
                yield self._packed(station, moment, {"weight": (weight, "t")}, sent_at=moment)

    def _missed(self, station: Station, moment: datetime) -> list[datetime]:
        """Return what the logger kept while its line was down, if this is the first moment that it is up again."""
        missed: list[datetime] = []
        earlier = moment - station.interval
        while self.script.is_cut_off(station.id, earlier):
            missed.append(earlier)
            earlier -= station.interval
        return missed[::-1]

    def _message(self, station: Station, moment: datetime, *, sent_at: datetime) -> Sent:
        if self.script.is_garbled(station.id, moment):
            whole = self._packed(station, moment, self._values(station, moment), sent_at=sent_at)
            return Sent(sent_at, whole.topic, whole.payload[: len(whole.payload) // 2])
        return self._packed(station, moment, self._values(station, moment), sent_at=sent_at)

    def _packed(self, station: Station, moment: datetime, values: Values, *, sent_at: datetime) -> Sent:
        if station.decoder.name == "fields":
            body = _as_fields(station, moment, values, self.registry.zone)
        else:
            status = "01" if self.script.calibrates(station.id, moment) else "00"
            body = _as_native(moment.astimezone(self.registry.zone), values, status)
        return Sent(sent_at, station.topic, json.dumps(body, ensure_ascii=False).encode())

    def _values(self, station: Station, moment: datetime) -> Values:
        if station.id not in self._recordings:
            self._recordings[station.id] = recording_of(station.id)
        recording = self._recordings[station.id]
        if recording is not None:
            found = recording.at(moment, self.anchor, self.registry.zone)
            names = {parameter.id for parameter in station.parameters}
            return {name: (value, recording.units[name]) for name, value in found.items() if name in names}
        return dict(self._invented(station, moment))

    def _invented(self, station: Station, moment: datetime) -> Iterator[tuple[str, tuple[float, str]]]:
        for parameter in station.parameters:
            name = parameter.id
            if name == "fill_level":
                yield name, (invented.fill_at(station.id, moment), "%")
            shape = invented.shape_of(station.kind, name)
            if shape is None or parameter.irregular:
                continue
            value = invented.value_at(station.id, name, shape, moment, self.registry.zone)
            if name == "cod":
                value = self.script.cod(station.id, moment, value)
            confused = name == "cod" and self.script.speaks_another_unit(station.id, moment)
            yield name, (value, "mg/kg" if confused else shape.unit)


def _as_native(local: datetime, values: Values, status: str) -> dict[str, Any]:
    stated = {} if status == "00" else {"status": status}
    return {
        "time": local.isoformat(timespec="seconds"),
        "values": {name: {"value": value, "unit": unit, **stated} for name, (value, unit) in values.items()},
    }


def _as_fields(station: Station, moment: datetime, values: Values, zone: ZoneInfo) -> dict[str, Any]:
    """Return the body that the station's `fields` decoder takes apart again."""
    decoder = station.decoder
    body: dict[str, Any] = {}
    if decoder.time is not None:
        _put(body, decoder.time, _time(moment, decoder.time_format, ZoneInfo(decoder.timezone or zone.key)))
    if decoder.device is not None:
        _put(body, decoder.device, decoder.device_id)
    for one in decoder.fields:
        if one.parameter in values:
            value, _ = values[one.parameter]
            _put(body, one.path, None if value is None else value / one.scale)
    return body


def _time(moment: datetime, written: str, zone: ZoneInfo) -> str | float:
    if written == "iso":
        return moment.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds")
    seconds = moment.astimezone(UTC).timestamp()
    return int(seconds) if written == "epoch_s" else int(seconds * 1000)


def _put(body: dict[str, Any], path: str, value: Any) -> None:
    keys = [quoted or bare for quoted, bare in _PATH.findall(path)]
    for key in keys[:-1]:
        body = body.setdefault(key, {})
    body[keys[-1]] = value
