"""The messages of real devices beside the repository: each gives exactly the readings that are written with it."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from domain.message import Incoming, JournalMessage
from ingest.decoders import DECODERS
from ingest.understand import Reader, Understood
from registry.lookup import Registry
from registry.schema import Parameter
from registry.source import read_text
from registry.trial import with_decoder
from support.configured import registry, station
from support.shared import shared

RECEIVED = datetime(2026, 11, 24, 1, 36, tzinfo=UTC)
# Not MQTT: read over HTTP or FTP, or not JSON on the wire.
OUT = {"sparkplug-ddata-shape", "vn-tt10-file", "wyndham-bin-geojson"}
TASMOTA = """
name: fields
topic: {topic}
time: Time
timezone: Asia/Ho_Chi_Minh
ignore: [Uptime]
fields:
"""
CHIRPSTACK = """
name: lorawan
topic: application/17c82e96-be03-4f38-aef3-f83d48582d97/device/0101010101010101/event/#
device_id: "0101010101010101"
fields:
  - {path: distance, parameter: distance, unit: mm}
  - {path: temperature, parameter: temperature, unit: degC}
  - {path: battery, parameter: battery, unit: "%"}
"""
FEINSTAUB = """
name: scalar
receipt_time: true
topics:
  - {topic: ibg10/feinstaub/911386/SDS_P1, parameter: pm10, unit: ug/m3}
  - {topic: ibg10/feinstaub/911386/BME280_pressure, parameter: air_pressure, unit: Pa}
"""
ESPHOME = """
name: scalar
receipt_time: true
topics:
  - {topic: river-node/sensor/water_temperature/state, parameter: water_temperature, unit: degC}
  - {topic: river-node/sensor/ph/state, parameter: ph}
"""
# How a station that sends such a message is configured.
CONFIGURED = {
    "tasmota-sds011": TASMOTA.format(topic="tele/node_mcu_terrace/SENSOR") + """
  - {path: SDS0X1."PM2.5", parameter: pm25, unit: ug/m3}
  - {path: SDS0X1.PM10, parameter: pm10, unit: ug/m3}
  - {path: BME280.Temperature, parameter: air_temperature, unit: degC}
  - {path: BME280.Humidity, parameter: relative_humidity, unit: "%"}
  - {path: BME280.Pressure, parameter: air_pressure, unit: hPa}
""",
    "tasmota-state": TASMOTA.format(topic="tele/TH16/#") + """
  - {path: AM2301.Temperature, parameter: air_temperature, unit: degC}
""",
    "tasmota-th16": TASMOTA.format(topic="tele/TH16/#") + """
  - {path: AM2301.Temperature, parameter: air_temperature, unit: degC}
  - {path: AM2301.Humidity, parameter: relative_humidity, unit: "%"}
""",
    "zigbee2mqtt-sen55": """
name: fields
topic: zigbee2mqtt/ZB_SEN55
receipt_time: true
fields:
  - {path: pm1, parameter: pm1, unit: ug/m3}
  - {path: pm25, parameter: pm25, unit: ug/m3}
  - {path: pm10, parameter: pm10, unit: ug/m3}
  - {path: temperature, parameter: air_temperature, unit: degC}
  - {path: humidity, parameter: relative_humidity, unit: "%"}
  - {path: voc_index, parameter: voc_index, unit: index}
""",
    "airgradient": """
name: fields
topic: airgradient/readings/ecda3b1eaaaf
receipt_time: true
device: serialno
device_id: ecda3b1eaaaf
fields:
  - {path: pm02, parameter: pm25, unit: ug/m3}
  - {path: pm10, parameter: pm10, unit: ug/m3}
  - {path: pm01, parameter: pm1, unit: ug/m3}
  - {path: rco2, parameter: co2, unit: ppm}
  - {path: atmp, parameter: air_temperature, unit: degC}
  - {path: rhum, parameter: relative_humidity, unit: "%"}
""",
    "sensorcommunity-json": """
name: fields
topic: bridge/airrohr/911386
receipt_time: true
numbers_as_text: true
fields:
  - {path: "sensordatavalues[value_type=SDS_P1].value", parameter: pm10, unit: ug/m3}
  - {path: "sensordatavalues[value_type=SDS_P2].value", parameter: pm25, unit: ug/m3}
  - {path: "sensordatavalues[value_type=BME280_temperature].value", parameter: air_temperature_BME280, unit: degC}
  - {path: "sensordatavalues[value_type=temperature].value", parameter: air_temperature_DHT22, unit: degC}
  - {path: "sensordatavalues[value_type=BME280_humidity].value", parameter: relative_humidity_BME280, unit: "%"}
  - {path: "sensordatavalues[value_type=humidity].value", parameter: relative_humidity_DHT22, unit: "%"}
  - {path: "sensordatavalues[value_type=BME280_pressure].value", parameter: air_pressure, unit: Pa}
""",
    "scalar-topic-sds_p1": FEINSTAUB,
    "scalar-topic-bme280_pressure": FEINSTAUB,
    "scalar-topic-signal": FEINSTAUB,
    "esphome-scalar": ESPHOME,
    "esphome-nan": ESPHOME,
    "tts-v3-uplink": """
name: lorawan
topic: v3/my-app@ttn/devices/em320-th-01/#
device_id: em320-th-01
fields:
  - {path: temperature, parameter: air_temperature, unit: degC}
  - {path: humidity, parameter: relative_humidity, unit: "%"}
""",
    "chirpstack-v4-up-undecoded": CHIRPSTACK,
    "chirpstack-v4-up-bin": CHIRPSTACK,
    "chirpstack-v4-join": CHIRPSTACK,
    "libelium-meshlium": """
name: fields
topic: meshlium/MSK_SA/#
time: datetime
numbers_as_text: true
device: id_wasp
device_id: MSK_SA
fields:
  - {path: "[sensor=PRES].value", parameter: air_pressure, unit: Pa}
  - {path: "[sensor=TC].value", parameter: air_temperature, unit: degC}
""",
    "senml-multi": """
name: senml
topic: sites/roof/senml
device_id: "urn:dev:ow:10e2073a01080063"
records:
  - {name: voltage, parameter: voltage}
  - {name: current, parameter: current}
""",
    "senml-single": """
name: senml
topic: sites/roof/senml
receipt_time: true
device_id: "urn:dev:ow:10e2073a01080063"
records:
  - {name: "urn:dev:ow:10e2073a01080063", parameter: temperature}
""",
    "rtu-scaled-integers": """
name: fields
topic: gw/test01/data
receipt_time: true
device: Uid
device_id: Test01
fields:
  - {path: Wa, parameter: soil_moisture, unit: "%", scale: 0.1}
  - {path: Te, parameter: temperature, unit: degC, scale: 0.1}
  - {path: Us, parameter: conductivity, unit: uS/cm}
  - {path: Ph, parameter: ph, scale: 0.1}
""",
}  # fmt: skip
# What says nothing is no reading of its own account, or waits in quarantine with its remedy.
NO_READING = {"tasmota-state": [], "esphome-nan": [], "chirpstack-v4-join": [], "scalar-topic-signal": ["unknown_topic"],
              "chirpstack-v4-up-undecoded": ["not_decoded"]}  # fmt: skip
# Of seven records of the pack three are listed.
LISTED_IN_PART = {"senml-multi"}


def entries() -> dict[str, dict[str, Any]]:
    lines = shared("data/device-payloads/payloads.jsonl").read_text("utf-8").splitlines()
    return {one["id"]: one for one in map(json.loads, lines)}


def named(one: Mapping[str, Any]) -> str:
    return f"{one['parameter']}_{one['sensor']}" if "sensor" in one else str(one["parameter"])


def configuration(entry: Mapping[str, Any], decoder: str) -> Registry:
    """Return a registry whose parameters have, as their canonical units, those that are expected."""
    units = {"ph": "", "pm25": "ug/m3"} | {named(one): one["unit"] for one in entry["expected"]}
    known = {
        name: Parameter.model_validate({
            "id": name, "symbol": name, "names": {"vi": name, "en": name}, "media": ["air"], "unit": unit,
            "plausible": [-1000, 1000000],
        })
        for name, unit in units.items()
    }  # fmt: skip
    known |= {one.id: one for one in known_elsewhere(decoder, known)}
    of = replace(registry(), parameters=known)
    measuring = station("A-1", parameters=[{"id": one} for one in known])
    spoken = with_decoder(read_text("decoder", decoder), measuring, of, DECODERS)
    return replace(of, stations={"A-1": spoken})


def known_elsewhere(decoder: str, known: Mapping[str, Parameter]) -> list[Parameter]:
    """Return what a decoder names that this one message does not hold."""
    found = re.findall(r"parameter: (\w+)(?:, unit: \"?([^,}\"]+))?", decoder)
    return [
        Parameter.model_validate({
            "id": name, "symbol": name, "names": {"vi": name, "en": name}, "media": ["air"], "unit": unit,
            "plausible": [-1000, 1000000],
        })
        for name, unit in found if name not in known
    ]  # fmt: skip


def read(entry: Mapping[str, Any]) -> tuple[Understood, Registry]:
    of = configuration(entry, CONFIGURED[entry["id"]])
    topic = entry["topic"].removeprefix("(configurable) e.g. ")
    if topic.startswith("("):
        topic = next(iter(of.stations["A-1"].topics))
    message = JournalMessage(64, RECEIVED, Incoming(topic, entry["payload"].encode()))
    return Reader(of).read(message), of


def moment_of(written: str | None) -> datetime | None:
    """Return the moment that an entry expects; a local one is in the time zone of the configuration."""
    if written is None:
        return None
    plain = re.match(r"[0-9T:.+-]+Z?", written)
    assert plain is not None
    if re.fullmatch(r"[0-9.]+", plain[0]):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(plain[0]))
    found = datetime.fromisoformat(plain[0])
    return (found if found.tzinfo else found.replace(tzinfo=timezone(timedelta(hours=7)))).astimezone(UTC)


@pytest.mark.parametrize("name", CONFIGURED)
def test_a_devices_message_gives_exactly_the_readings_that_are_expected(name: str) -> None:
    """Parameter, value, canonical unit, and the time where it is given; else the message's other time, or its receipt."""
    entry = entries()[name]
    found, of = read(entry)
    got = {(one.parameter, one.measured_at, one.value, of.parameters[one.parameter].unit) for one in found.readings}
    given = next((moment_of(one["timestamp"]) for one in entry["expected"] if one["timestamp"]), RECEIVED)
    expected = {
        (named(one), moment_of(one["timestamp"]) or given, float(one["value"]), one["unit"])
        for one in entry["expected"]
    }
    assert got >= expected if name in LISTED_IN_PART else got == expected
    assert len(found.readings) == (7 if name in LISTED_IN_PART else len(entry["expected"]))
    assert [one.reason.value for one in found.refused] == NO_READING.get(name, [])


def test_every_message_over_mqtt_is_read() -> None:
    """What is left out is left out by name."""
    assert set(entries()) == {*CONFIGURED, *OUT}
    assert {name for name in CONFIGURED if not entries()[name]["expected"]} == set(NO_READING)
