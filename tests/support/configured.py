"""A small configuration without files: a few parameters, and the stations that a test names."""

from datetime import timedelta
from typing import Any

from domain.message import Incoming, JournalMessage
from domain.moment import micros
from registry.lookup import Registry
from registry.schema import Area, Parameter, Province, Station
from support.builders import NOON

_PARAMETERS: list[dict[str, Any]] = [
    {"id": "pm25", "symbol": "PM2.5", "media": ["air"], "unit": "ug/m3", "plausible": [0, 1000],
     "accepts": [{"unit": "mg/m3", "factor": 1000}]},
    {"id": "pm10", "symbol": "PM10", "media": ["air"], "unit": "ug/m3", "plausible": [0, 2000]},
    {"id": "so2", "symbol": "SO₂", "media": ["air"], "unit": "ug/m3", "plausible": [0, 5000], "molar_mass": 64.066},
    {"id": "cod", "symbol": "COD", "media": ["water"], "unit": "mg/L", "plausible": [0, 5000]},
    {"id": "ph", "symbol": "pH", "media": ["water"], "unit": "", "plausible": [0, 14]},
    {"id": "water_temperature", "symbol": "T", "media": ["water"], "unit": "°C", "plausible": [-5, 60],
     "accepts": [{"unit": "°F", "factor": 5 / 9, "offset": -160 / 9}]},
]  # fmt: skip
_PROVINCE: dict[str, Any] = {
    "id": "test", "names": {"vi": "Tỉnh", "en": "Province"}, "department": {"vi": "Sở", "en": "Department"},
    "timezone": "Asia/Ho_Chi_Minh", "box": {"south": 10, "north": 11, "west": 105, "east": 107},
}  # fmt: skip


def station(identity: str = "A-1", **changes: Any) -> Station:
    """Return a station as `stations.yaml` would have it; by default ambient air with PM2.5, PM10 and SO₂."""
    return Station.model_validate({
        "id": identity, "names": {"vi": identity, "en": identity}, "kind": "air", "area": "area", "latitude": 10.5,
        "longitude": 106.5, "parameters": [{"id": "pm25"}, {"id": "pm10"}, {"id": "so2"}], **changes,
    })  # fmt: skip


def registry(*stations: Station, **policies: Any) -> Registry:
    """Return a configuration with `stations` (one of air, one outfall if none are named)."""
    outfall = station("W-1", kind="outfall", parameters=[{"id": "cod"}, {"id": "ph"}])
    area = {"id": "area", "names": {"vi": "Khu", "en": "Area"}, "kind": "industrial", "latitude": 10.5,
            "longitude": 106.5}  # fmt: skip
    parameters = (Parameter.model_validate({"names": {"vi": one["id"], "en": one["id"]}, **one}) for one in _PARAMETERS)
    return Registry(
        province=Province.model_validate({**_PROVINCE, "policies": policies}),
        areas={"area": Area.model_validate(area)},
        facilities={},
        stations={one.id: one for one in stations or (station(), outfall)},
        parameters={one.id: one for one in parameters},
        regulations={},
        rules={},
        teams={},
        people={},
        hash=1,
    )


def message(payload: bytes | str, topic: str = "quantrac/A-1/air", number: int = 0, **changes: Any) -> JournalMessage:
    """Return a message of the journal, received one second after NOON and `number` seconds more."""
    received_at = NOON + timedelta(seconds=1 + number)
    incoming = Incoming(topic, payload.encode() if isinstance(payload, str) else payload, **changes)
    return JournalMessage(micros(received_at) * 64, received_at, incoming)


def native(*, time: str = "2026-03-01T12:00:00+07:00", **values: tuple[float | None, str]) -> str:
    """Return the body of a native message with (value, unit) of each parameter."""
    written = ", ".join(
        f'"{name}": {{"value": {"null" if value is None else value}, "unit": "{unit}"}}'
        for name, (value, unit) in values.items()
    )
    return f'{{"time": "{time}", "values": {{{written}}}}}'
